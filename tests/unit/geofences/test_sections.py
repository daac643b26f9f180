"""The ranges of a person's sections on a line: read by their labels, those of other lines and lost ones left out."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofences.projection import Stretch
from geofences.sections import SectionRange, holds, read_or_none, stretches_on
from geofences.stationing import Equation, Stationing, build_stationing

MINE, OTHER = UUID(int=1), UUID(int=2)
PLAIN = build_stationing("K", 0.0, 5_000.0)
# K1+000 = K1+200: the labels between stand nowhere.
SHORTENED = build_stationing("K", 0.0, 5_000.0, (Equation(1_000.0, 1_200.0),))

SHARE = st.floats(0.0, 1.0)


@st.composite
def stationings(draw: st.DrawFn) -> Stationing:
    begin_m = draw(st.floats(0.0, 5_000.0))
    at_m, label_m = begin_m, begin_m
    equations: list[Equation] = []
    for _ in range(draw(st.integers(0, 3))):
        step_m = draw(st.floats(10.0, 2_000.0))
        at_m, back_m = at_m + step_m, label_m + step_m
        jump_m = draw(st.floats(0.011, 500.0))
        label_m = back_m - jump_m if draw(st.booleans()) and back_m > jump_m else back_m + jump_m
        equations.append(Equation(back_m, label_m))
    return build_stationing("K", begin_m, at_m + draw(st.floats(10.0, 2_000.0)), tuple(equations))


@given(stationings(), SHARE, SHARE)
def test_a_range_by_labels_is_the_range_that_was_meant(labels: Stationing, one: float, other: float) -> None:
    low, high = sorted((one, other))
    length_m = labels.to_m - labels.from_m
    begin_m, end_m = labels.from_m + low * length_m, labels.from_m + high * length_m
    if end_m - begin_m < 0.01:
        end_m = min(begin_m + 0.01, labels.to_m)
        begin_m = end_m - 0.01
    # Labels are spoken to the millimetre.
    said = SectionRange(MINE, labels.speak(begin_m), labels.speak_end(end_m))
    (found,) = stretches_on(labels, MINE, [said])
    assert found.from_m == pytest.approx(begin_m, abs=0.001)
    assert found.to_m == pytest.approx(end_m, abs=0.001)
    assert holds([found], (found.from_m + found.to_m) / 2.0)


def test_ranges_of_other_lines_say_nothing() -> None:
    ranges = [SectionRange(MINE, "K1+000", "K2+000"), SectionRange(OTHER, "K3+000", "K4+000")]
    assert stretches_on(PLAIN, MINE, ranges) == (Stretch(1_000.0, 2_000.0),)
    assert stretches_on(PLAIN, OTHER, ranges) == (Stretch(3_000.0, 4_000.0),)
    assert stretches_on(PLAIN, None, ranges) == ()


def test_metres_are_for_lines_without_an_alignment() -> None:
    ranges = [SectionRange(None, 250.0, 750.5), SectionRange(MINE, "K1+000", "K2+000")]
    assert stretches_on(PLAIN, None, ranges) == (Stretch(250.0, 750.5),)
    assert stretches_on(PLAIN, MINE, ranges) == (Stretch(1_000.0, 2_000.0),)


def test_a_fence_without_a_line_has_no_ranges() -> None:
    assert stretches_on(None, None, [SectionRange(None, 0.0, 100.0)]) == ()


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("K1+050", "K1+400"),  # its beginning lies where labels were taken away
        ("K0+500", "K1+150"),  # its end does
        ("K4+000", "K9+000"),  # beyond the end
        ("ZK0+500", "ZK0+600"),  # of the left carriageway
        ("K0+600", "K0+500"),  # against the direction
        ("somewhere", "K0+500"),
    ],
)
def test_a_range_that_the_line_does_not_have_holds_nobody(begin: str, end: str) -> None:
    assert read_or_none(SHORTENED, begin, end) is None
    kept = SectionRange(MINE, "K0+100", "K0+200")
    assert stretches_on(SHORTENED, MINE, [SectionRange(MINE, begin, end), kept]) == (Stretch(100.0, 200.0),)


def test_both_ends_belong_to_a_range() -> None:
    ranges = [Stretch(100.0, 200.0), Stretch(400.0, 500.0)]
    inside = [one for one in (99.9, 100.0, 150.0, 200.0, 200.1, 399.0, 400.0, 500.0, 501.0) if holds(ranges, one)]
    assert inside == [100.0, 150.0, 200.0, 400.0, 500.0]
    assert not holds(ranges, None)
    assert not holds([], 100.0)
