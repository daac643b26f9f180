"""When a punch happened: what honest phones say is right within its bounds; what was tampered with shows."""

from dataclasses import dataclass, replace

from hypothesis import assume, given
from hypothesis import strategies as st

from backend.decision.occurrence import (
    GRAIN_MS,
    Before,
    Held,
    Made,
    Occurrence,
    Reading,
    Sent,
    Witness,
    find_occurrence,
)

START = 1_773_600_000_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
TOLERANCE = 120_000
PACK = 7 * DAY
CLOCKS = st.sampled_from(["boot", "page"])


@dataclass(frozen=True)
class Phone:
    """A phone at a moment: the true time, how far its wall clock is ahead, its other clock with the drift it has."""

    at: int
    ahead: int
    boot: str = "one"
    since: int = START - HOUR
    drift: float = 0.0
    slept: int = 0

    @property
    def reading(self) -> Reading:
        mono = round((self.at - self.since - self.slept) * (1 + self.drift))
        return Reading(self.at + self.ahead, mono, self.boot)

    def later(self, span: int) -> "Phone":
        return replace(self, at=self.at + span)

    def restarted(self, boot: str = "two") -> "Phone":
        return replace(self, boot=boot, since=self.at - 1_000, slept=0)


def hold(phone: Phone, waited: int = 80, back: float = 0.5) -> Held:
    """Fetch an anchor; `back` is the part of the wait that was the way back."""
    at = phone.at - round(waited * back)
    return Held(at, at + PACK, phone.reading, waited)


def send(phone: Phone, way: int = 100) -> Sent:
    return Sent(phone.at + way, phone.reading)


def find(
    made: Phone, held: Held | None, sent: Sent, *, clock: str = "boot", before: Phone | None = None, whole: bool = True
) -> Occurrence:
    known = None if before is None else Before(before.reading, before.at - GRAIN_MS)
    return find_occurrence(Made(made.reading, clock), held, sent, known, whole=whole, tolerance=TOLERANCE)  # type: ignore[arg-type] - one of its words


def right(found: Occurrence, made: Phone) -> bool:
    return found.earliest <= made.at <= found.latest and found.earliest <= found.at <= found.latest


@given(
    ahead=st.integers(-DAY, DAY),
    waited=st.integers(0, 60_000),
    back=st.floats(0, 1),
    first=st.integers(0, 3 * DAY),
    then=st.integers(0, 3 * DAY),
    drift=st.floats(-100e-6, 100e-6),
    clock=CLOCKS,
)
def test_one_monotonic_clock_from_anchor_to_punch_is_right_whatever_the_wall_clock(
    ahead: int, waited: int, back: float, first: int, then: int, drift: float, clock: str
) -> None:
    phone = Phone(START, ahead, drift=drift)
    made = phone.later(first)
    found = find(made, hold(phone, waited, back), send(made.later(then)), clock=clock)
    assert (found.quality, found.doubts) == ("anchored", ())
    assert right(found, made)
    assert found.error <= waited / 2 + first * 100e-6 + 2 * GRAIN_MS


@given(first=st.integers(0, 3 * DAY), then=st.integers(0, 3 * DAY), ahead=st.integers(-60_000, 60_000), clock=CLOCKS)
def test_one_monotonic_clock_from_punch_to_sending_is_right(first: int, then: int, ahead: int, clock: str) -> None:
    phone = Phone(START, ahead)
    made = phone.later(first).restarted()
    found = find(made, hold(phone), send(made.later(then)), clock=clock)
    assert (found.quality, found.doubts) == ("anchored", ())
    assert right(found, made)
    assert found.error <= 6_000 + then * 100e-6


@given(
    first=st.integers(0, 3 * DAY),
    then=st.integers(0, 3 * DAY),
    ahead=st.integers(-100_000, 100_000),
    drifted=st.integers(-15_000, 15_000),
    clock=CLOCKS,
)
def test_a_page_that_was_closed_is_counted_by_a_wall_clock_that_was_right_twice(
    first: int, then: int, ahead: int, drifted: int, clock: str
) -> None:
    phone = Phone(START, ahead)
    made = phone.later(first).restarted()
    sent = replace(made.later(then).restarted("three"), ahead=ahead + drifted)
    found = find(made, hold(phone), send(sent), clock=clock)
    assert (found.quality, found.doubts) == ("bracketed", ())
    assert right(found, made)
    assert found.error <= abs(drifted) / 2 + 2_000 + (MINUTE if clock == "boot" else 0)


@given(slept=st.integers(TOLERANCE + 10_000, 6 * HOUR))
def test_a_page_that_slept_is_told_by_the_wall_clock(slept: int) -> None:
    phone = Phone(START, 300)
    made = replace(phone.later(slept + HOUR), slept=slept)
    found = find(made, hold(phone), send(made.later(HOUR).restarted()), clock="page")
    assert (found.quality, found.doubts) == ("bracketed", ())
    assert right(found, made)


@given(moved=st.integers(TOLERANCE + 5_000, 5 * DAY), forward=st.booleans(), then=st.integers(0, DAY))
def test_a_wall_clock_that_was_set_shows_and_changes_nothing(
    moved: int,
    forward: bool,
    then: int,
) -> None:
    phone = Phone(START, 0)
    made = replace(phone.later(HOUR), ahead=moved if forward else -moved)
    found = find(made, hold(phone), send(replace(made.later(then), ahead=0)))
    assert found.doubts == (("clock_turned_forward",) if forward else ("clock_turned_back",))
    assert found.quality == "anchored"
    assert right(found, made)


@given(wrong=st.integers(TOLERANCE + 5_000, DAY))
def test_setting_a_wrong_clock_right_is_no_offence(wrong: int) -> None:
    phone = Phone(START, wrong)
    made = replace(phone.later(HOUR), ahead=0)
    assert find(made, hold(phone), send(made.later(HOUR))).doubts == ()


@given(back=st.integers(TOLERANCE, 30 * DAY))
def test_a_punch_from_before_the_anchor_cannot_be(back: int) -> None:
    phone = Phone(START, 0)
    made = replace(phone.later(HOUR).restarted(), ahead=-HOUR - back - 2 * MINUTE)
    found = find(made, hold(phone), send(phone.later(2 * HOUR).restarted("three")))
    assert "clock_turned_back" in found.doubts
    assert found.quality == "claimed"
    assert found.at >= START - 80


@given(forward=st.integers(2 * HOUR + 3 * MINUTE, 30 * DAY))
def test_a_punch_from_after_its_receipt_cannot_be(forward: int) -> None:
    phone = Phone(START, 0)
    made = replace(phone.later(HOUR).restarted(), ahead=forward)
    sent = send(phone.later(2 * HOUR).restarted("three"))
    found = find(made, hold(phone), sent)
    assert "clock_turned_forward" in found.doubts
    assert found.at <= sent.received_at


@given(late=st.integers(2 * MINUTE, 20 * DAY), clock=CLOCKS)
def test_a_pack_that_had_expired(late: int, clock: str) -> None:
    phone = Phone(START, 0)
    made = phone.later(PACK + late)
    found = find(made, hold(phone), send(made.later(HOUR)), clock=clock)
    assert found.doubts == ("pack_expired",)
    assert right(found, made)
    assert "pack_expired" in find(made, None, send(made.later(HOUR)), clock=clock).doubts


@given(wrong=st.integers(TOLERANCE + 5_000, DAY), at_anchor=st.booleans())
def test_a_wall_clock_that_was_wrong_at_either_end_proves_nothing(
    wrong: int,
    at_anchor: bool,
) -> None:
    phone = Phone(START, wrong if at_anchor else 0)
    made = phone.later(HOUR).restarted()
    sent = replace(phone.later(2 * HOUR).restarted("three"), ahead=0 if at_anchor else wrong)
    found = find(made, hold(phone), send(sent))
    assert (found.quality, "time_unproven" in found.doubts) == ("claimed", True)


def test_a_gap_or_a_file_by_other_hands_leaves_the_wall_clock_alone() -> None:
    phone = Phone(START, 0)
    made, sent = phone.later(HOUR).restarted(), phone.later(2 * HOUR).restarted("three")
    assert find(made, hold(phone), send(sent)).doubts == ()
    assert "time_unproven" in find(made, hold(phone), send(sent), whole=False).doubts
    assert "time_unproven" in find(made, hold(phone), Sent(sent.at, None)).doubts
    # Where one monotonic clock ran from the anchor, neither matters.
    assert find(phone.later(HOUR), hold(phone), Sent(sent.at, None), whole=False).doubts == ()


@given(held_back=st.integers(TOLERANCE + 5_000, DAY))
def test_a_call_that_was_held_back_does_not_move_a_punch(held_back: int) -> None:
    phone = Phone(START, 0)
    made = phone.later(HOUR).restarted()
    found = find(made, hold(phone), send(made.later(MINUTE), way=held_back))
    assert "time_unproven" in found.doubts


@given(set_back=st.integers(TOLERANCE + 5_000, 50 * MINUTE))
def test_the_clock_between_two_punches_of_one_page(set_back: int) -> None:
    phone = Phone(START, 0)
    one = phone.later(HOUR).restarted()
    two = replace(one.later(2 * HOUR), ahead=-set_back)
    sent = send(phone.later(5 * HOUR).restarted("three"))
    assert find(two, hold(phone), sent, clock="page", before=one).doubts == ("clock_turned_back",)
    assert find(one.later(2 * HOUR), hold(phone), sent, clock="page", before=one).doubts == ()


def test_a_punch_earlier_than_the_one_before() -> None:
    phone = Phone(START, 0)
    one = phone.later(3 * HOUR).restarted()
    two = replace(phone.later(4 * HOUR).restarted("three"), ahead=-2 * HOUR)
    sent = send(phone.later(5 * HOUR).restarted("four"))
    assert find(two, hold(phone), sent, clock="page", before=one).doubts == ("clock_turned_back",)


def test_a_monotonic_clock_that_ran_backwards() -> None:
    phone = Phone(START, 0)
    one = phone.later(2 * HOUR)
    assert find(phone.later(HOUR), hold(phone), send(phone.later(3 * HOUR)), before=one).doubts == (
        "clock_turned_back",
    )


READINGS = st.builds(
    Reading,
    st.integers(START - DAY, START + 10 * DAY),
    st.integers(0, 10 * DAY),
    st.sampled_from(["one", "two", "three"]),
)


@given(
    made=st.builds(Made, READINGS, CLOCKS),
    held=st.none()
    | st.builds(Held, st.integers(START, START + DAY), st.just(START + PACK), READINGS, st.integers(0, 120_000)),
    sent=st.builds(Sent, st.integers(START, START + 9 * DAY), st.none() | READINGS),
    before=st.none() | st.builds(Before, READINGS, st.integers(START, START + 5 * DAY)),
    whole=st.booleans(),
)
def test_whatever_is_claimed_lies_between_anchor_and_receipt(
    made: Made,
    held: Held | None,
    sent: Sent,
    before: Before | None,
    whole: bool,
) -> None:
    assume(held is None or held.at <= sent.received_at)
    found = find_occurrence(made, held, sent, before, whole=whole, tolerance=TOLERANCE)
    assert found.earliest <= found.at <= found.latest <= sent.received_at
    if held is not None:
        assert found.at >= held.at
    else:
        assert "pack_expired" in found.doubts
    if found.quality == "claimed":
        assert found.doubts


@given(st.integers(2 * MINUTE, 2 * DAY), st.integers(0, 30_000), st.integers(-60_000, 60_000))
def test_a_scanned_code_bears_out_a_clock_that_is_right(span: int, into: int, ahead: int) -> None:
    bought = Phone(START, ahead)
    held = hold(bought)
    made = bought.later(span).restarted()
    witness = Witness(made.at - into, made.at - into + 30_000 + 10 * MINUTE)
    sent = send(made.later(HOUR).restarted("three"))
    said = Made(made.reading, "boot")
    without = find_occurrence(said, held, sent, None, whole=False, tolerance=TOLERANCE)
    found = find_occurrence(said, held, sent, None, whole=False, tolerance=TOLERANCE, witness=witness)
    assert (without.quality, without.doubts) == ("claimed", ("time_unproven",))
    assert (found.quality, found.doubts) == ("bracketed", ())
    assert right(found, made)
    assert witness.begin <= found.earliest <= found.latest <= witness.end


@given(st.integers(TOLERANCE + 11 * MINUTE, DAY), st.booleans())
def test_a_scanned_code_of_another_time_does_not(apart: int, earlier: bool) -> None:
    bought = Phone(START, 0)
    made = bought.later(2 * DAY).restarted()
    begin = made.at - apart if earlier else made.at + apart
    witness = Witness(begin, begin + 30_000 + 10 * MINUTE)
    sent = send(made.later(HOUR).restarted("three"))
    found = find_occurrence(
        Made(made.reading, "boot"), hold(bought), sent, None, whole=False, tolerance=TOLERANCE, witness=witness
    )
    assert (found.quality, found.doubts) == ("claimed", ("time_unproven",))


def test_a_scanned_code_takes_nothing_from_what_is_known_better() -> None:
    bought = Phone(START, 0)
    made = bought.later(HOUR)
    witness = Witness(made.at - MINUTE, made.at + 10 * MINUTE)
    said, sent = Made(made.reading, "boot"), send(made.later(HOUR))
    plain = find_occurrence(said, hold(bought), sent, None, whole=True, tolerance=TOLERANCE)
    assert plain == find_occurrence(said, hold(bought), sent, None, whole=True, tolerance=TOLERANCE, witness=witness)
