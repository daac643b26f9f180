"""When phones may check in at a site of gates."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from backend.gates.outages.phone_paths import Down, Path, open_paths

ZERO = datetime(2026, 3, 16, tzinfo=UTC)
NORTH_1, NORTH_2, SOUTH = (UUID(int=number) for number in (1, 2, 3))
GATES = {NORTH_1: "北门", NORTH_2: "北门", SOUTH: "南门"}


def at(minutes: int | None) -> datetime:
    assert minutes is not None
    return ZERO + timedelta(minutes=minutes)


def down(number: int, gate: UUID, begin: int, end: int | None = None) -> Down:
    return Down(UUID(int=100 + number), gate, at(begin), None if end is None else at(end))


def test_one_gate_of_two_leaves_the_entrance_open() -> None:
    assert open_paths(GATES, [down(1, NORTH_1, 5)]) == {}


def test_an_entrance_is_down_since_its_last_gate_is() -> None:
    found = open_paths(GATES, [down(1, NORTH_1, 5), down(2, NORTH_2, 9)])
    assert found == {"北门": Path("北门", at(9), None, (UUID(int=101), UUID(int=102)))}


def test_the_other_entrance_working_closes_nothing() -> None:
    assert set(open_paths(GATES, [down(1, SOUTH, 5)])) == {"南门"}


def test_a_declared_outage_ends_by_itself() -> None:
    paths = open_paths(GATES, [down(1, NORTH_1, 5), down(2, NORTH_2, 9, 60)])
    assert paths["北门"].until_at == at(60)


def test_a_gate_that_is_down_twice_is_down_from_the_first_to_the_last() -> None:
    paths = open_paths(GATES, [down(1, SOUTH, 5, 60), down(2, SOUTH, 30)])
    assert (paths["南门"].from_at, paths["南门"].until_at) == (at(5), None)


def test_an_entrance_without_gates_in_use_has_no_outage() -> None:
    assert open_paths({}, [down(1, SOUTH, 5)]) == {}


outages = st.lists(
    st.builds(
        down,
        st.integers(0, 50),
        st.sampled_from([NORTH_1, NORTH_2, SOUTH]),
        st.integers(0, 100),
        st.one_of(st.none(), st.integers(101, 200)),
    ),
    max_size=8,
)


@given(outages=outages, probe=st.integers(0, 250))
def test_a_path_is_open_exactly_while_every_gate_of_the_entrance_is_down(outages: list[Down], probe: int) -> None:
    """The outages all last at minute 100; around it a path reaches as far as each gate has one."""
    paths = open_paths(GATES, outages)
    for entrance in ("北门", "南门"):
        gates = [gate for gate, place in GATES.items() if place == entrance]
        of_gate = {gate: [one for one in outages if one.device_id == gate] for gate in gates}
        path = paths.get(entrance)
        assert (path is not None) == all(of_gate.values())
        if path is not None:
            inside = path.from_at <= at(probe) and (path.until_at is None or at(probe) < path.until_at)
            each = all(
                min(one.from_at for one in mine) <= at(probe)
                and any(one.until_at is None or at(probe) < one.until_at for one in mine)
                for mine in of_gate.values()
            )
            assert inside == each
