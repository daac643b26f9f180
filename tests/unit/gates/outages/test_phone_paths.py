"""When phones may check in at a site of gates."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from backend.gates.outages.phone_paths import Down, InUse, Path, find_paths

ZERO = datetime(2026, 3, 16, tzinfo=UTC)
NORTH_1, NORTH_2, SOUTH = (UUID(int=number) for number in (1, 2, 3))


def at(minutes: int) -> datetime:
    return ZERO + timedelta(minutes=minutes)


GATES = [InUse(NORTH_1, "北门", at(0)), InUse(NORTH_2, "北门", at(0)), InUse(SOUTH, "南门", at(0))]


def down(number: int, gate: UUID, begin: int, end: int | None = None) -> Down:
    return Down(UUID(int=100 + number), gate, at(begin), None if end is None else at(end))


def test_one_gate_of_two_leaves_the_entrance_open() -> None:
    assert find_paths(GATES, [down(1, NORTH_1, 5)]) == []


def test_an_entrance_is_down_since_its_last_gate_is() -> None:
    found = find_paths(GATES, [down(1, NORTH_1, 5), down(2, NORTH_2, 9)])
    assert found == [Path("北门", at(9), None, (UUID(int=101), UUID(int=102)))]


def test_the_other_entrance_working_closes_nothing() -> None:
    assert [one.entrance for one in find_paths(GATES, [down(1, SOUTH, 5)])] == ["南门"]


def test_a_path_ends_with_the_first_gate_that_works_again() -> None:
    (path,) = find_paths(GATES, [down(1, NORTH_1, 5), down(2, NORTH_2, 9, 60)])
    assert (path.from_at, path.until_at) == (at(9), at(60))


def test_what_is_over_when_it_is_found_is_found_nevertheless() -> None:
    found = find_paths(GATES, [down(1, NORTH_1, 5, 30), down(2, NORTH_2, 9, 60), down(3, NORTH_1, 50, 70)])
    assert [(one.from_at, one.until_at) for one in found] == [(at(9), at(30)), (at(50), at(60))]


def test_a_gate_that_is_down_twice_is_down_from_the_first_to_the_last() -> None:
    (path,) = find_paths(GATES, [down(1, SOUTH, 5, 60), down(2, SOUTH, 30)])
    assert (path.from_at, path.until_at) == (at(5), None)


def test_a_gate_set_up_later_closes_the_path_by_working() -> None:
    gates = [InUse(NORTH_1, "北门", at(0)), InUse(NORTH_2, "北门", at(40))]
    (path,) = find_paths(gates, [down(1, NORTH_1, 5)])
    assert (path.from_at, path.until_at) == (at(5), at(40))


def test_a_gate_taken_out_of_use_opens_the_path_from_then_on_and_not_before() -> None:
    gates = [InUse(NORTH_1, "北门", at(0)), InUse(NORTH_2, "北门", at(0), at(40))]
    (path,) = find_paths(gates, [down(1, NORTH_1, 5)])
    assert (path.from_at, path.until_at) == (at(40), None)
    assert find_paths([InUse(NORTH_2, "北门", at(0), at(40))], [down(1, NORTH_2, 5)]) == []


def test_an_entrance_without_gates_in_use_has_no_outage() -> None:
    assert find_paths([], [down(1, NORTH_1, 5)]) == []


outages = st.lists(
    st.builds(
        lambda number, gate, begin, long: down(number, gate, begin, None if long is None else begin + long),
        st.integers(0, 50),
        st.sampled_from([NORTH_1, NORTH_2, SOUTH]),
        st.integers(-50, 200),
        st.one_of(st.none(), st.integers(1, 200)),
    ),
    max_size=10,
)
since = st.tuples(*[st.integers(-100, 150)] * 3)


@given(outages=outages, since=since, probe=st.integers(-150, 450))
def test_a_path_is_open_exactly_while_every_gate_of_the_entrance_is_down(
    outages: list[Down], since: tuple[int, int, int], probe: int
) -> None:
    gates = [InUse(gate.device_id, gate.entrance, at(begin)) for gate, begin in zip(GATES, since, strict=True)]
    paths = find_paths(gates, outages)
    moment = at(probe)

    def is_down(gate: InUse) -> bool:
        mine = [one for one in outages if one.device_id == gate.device_id]
        return moment < gate.since or any(
            one.from_at <= moment and (one.until_at is None or moment < one.until_at) for one in mine
        )

    for entrance in ("北门", "南门"):
        here = [gate for gate in gates if gate.entrance == entrance]
        wanted = all(map(is_down, here)) and any(gate.since <= moment for gate in here)
        found = [
            one
            for one in paths
            if one.entrance == entrance and one.from_at <= moment and (one.until_at is None or moment < one.until_at)
        ]
        assert len(found) == wanted
        assert all(one.outage_ids for one in found)
