"""What labels mean with station equations: both ways, long and short chains, marks, sections."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofences.alignment_errors import (
    BeforeOrigin,
    BranchUnknown,
    ChainageAmbiguous,
    ChainageBeyond,
    ChainageInGap,
    EquationInvalid,
    LabelOfOtherAlignment,
    StretchReversed,
)
from geofences.chainage import format_chainage, parse_chainage
from geofences.errors import ChainageInvalid
from geofences.projection import Stretch
from geofences.stationing import MAX_EQUATIONS, Equation, Stationing, build_stationing

LONG = build_stationing("K", 50_000.0, 52_000.0, (Equation(50_622.760, 50_621.166),))
SHORT = build_stationing("K", 0.0, 9_000.0, (Equation(3_000.0, 3_100.5),))


@st.composite
def stationings(draw: st.DrawFn) -> Stationing:
    """Draw alignments with up to six breaks of either kind, some of them of kilometres."""
    begin_m = draw(st.floats(0.0, 20_000.0))
    at_m, label_m = begin_m, begin_m
    equations: list[Equation] = []
    for _ in range(draw(st.integers(0, 6))):
        step_m = draw(st.floats(0.02, 5_000.0))
        at_m, back_m = at_m + step_m, label_m + step_m
        jump_m = draw(st.one_of(st.floats(0.011, 50.0), st.floats(50.0, 30_000.0)))
        ahead_m = back_m - jump_m if draw(st.booleans()) and back_m > jump_m else back_m + jump_m
        equations.append(Equation(back_m, ahead_m))
        label_m = ahead_m
    return build_stationing("ZK", begin_m, at_m + draw(st.floats(0.02, 5_000.0)), tuple(equations))


SHARE = st.floats(0.0, 1.0)


@given(stationings(), SHARE)
def test_a_spoken_label_is_read_back_to_the_millimetre(one: Stationing, share: float) -> None:
    chainage_m = one.from_m + share * (one.to_m - one.from_m)
    assert one.read(one.speak(chainage_m)) == pytest.approx(chainage_m, abs=0.000_51)


@given(stationings(), SHARE, st.integers(0, 2))
def test_a_label_rounded_for_the_ear_still_is_a_place_near_by(one: Stationing, share: float, decimals: int) -> None:
    chainage_m = one.from_m + share * (one.to_m - one.from_m)
    assert one.read(one.speak(chainage_m, decimals)) == pytest.approx(chainage_m, abs=10.0**-decimals)


@given(stationings(), SHARE)
def test_a_label_is_marked_exactly_when_it_stands_at_several_places(one: Stationing, share: float) -> None:
    label = one.speak(one.from_m + share * (one.to_m - one.from_m))
    asked = parse_chainage(label)
    places = [branch for branch in one.branches if branch.has(asked.metres)]
    assert bool(asked.mark) is (len(places) > 1)
    if asked.mark:
        with pytest.raises(ChainageAmbiguous) as fault:
            one.read(label.removesuffix(asked.mark))
        named = str(fault.value.detail["meant"]).split("、")
        assert len(named) == len(places)
        assert {round(one.read(name), 3) for name in named} == {
            round(branch.chainage_of(asked.metres), 3) for branch in places
        }


@given(stationings(), st.integers(0, 99_999_999))
def test_whatever_is_asked_is_a_place_or_an_error_that_says_why(one: Stationing, millimetres: int) -> None:
    label = format_chainage(millimetres / 1000.0, "ZK")
    metres = parse_chainage(label).metres
    if not any(branch.has(metres) for branch in one.branches):
        with pytest.raises((ChainageInGap, ChainageBeyond)):
            one.read(label)
        return
    if sum(branch.has(metres) for branch in one.branches) > 1:
        with pytest.raises(ChainageAmbiguous):
            one.read(label)
    else:
        assert one.from_m <= one.read(label) <= one.to_m


@given(stationings())
def test_equations_come_back_as_they_were_laid(one: Stationing) -> None:
    again = build_stationing(one.prefix, one.from_m, one.to_m, one.equations())
    assert [branch.mark for branch in again.branches] == [branch.mark for branch in one.branches]
    for mine, theirs in zip(one.branches, again.branches, strict=True):
        assert mine[1:] == pytest.approx(theirs[1:], abs=1e-6)


def test_in_a_long_chain_a_label_stands_twice_and_the_error_names_both() -> None:
    with pytest.raises(ChainageAmbiguous) as fault:
        LONG.read("K50+622")
    assert fault.value.detail == {"label": "K50+622.000", "meant": "K50+622.000A、K50+622.000B"}
    assert LONG.read("K50+622A") == pytest.approx(50_622.0)
    assert LONG.read("k50+622.000（b）") == pytest.approx(50_622.0 + 1.594)
    assert LONG.speak(50_622.0) == "K50+622.000A"
    assert LONG.speak(50_623.594) == "K50+622.000B"
    # The break itself: the label ahead goes on, the one behind still is that place.
    assert LONG.speak(50_622.760) == "K50+621.166B"
    assert LONG.read("K50+622.760A") == pytest.approx(50_622.760)
    assert LONG.speak(51_000.0) == "K50+998.406"


def test_a_section_tells_which_of_two_places_is_meant() -> None:
    assert LONG.read("K50+622", [Stretch(50_000.0, 50_622.5)]) == pytest.approx(50_622.0)
    assert LONG.read("K50+622", [Stretch(50_622.5, 52_000.0)]) == pytest.approx(50_623.594)
    with pytest.raises(ChainageAmbiguous):
        LONG.read("K50+622", [Stretch(50_000.0, 52_000.0)])
    with pytest.raises(ChainageAmbiguous):
        LONG.read("K50+622", [Stretch(51_000.0, 52_000.0)])


def test_a_label_in_the_gap_of_a_short_chain_is_an_error_with_its_ends() -> None:
    for label in ("K3+050", "K3+000.001", "K3+100.499"):
        with pytest.raises(ChainageInGap) as fault:
            SHORT.read(label)
        assert fault.value.detail == {
            "label": label if "." in label else label + ".000",
            "back": "K3+000.000",
            "ahead": "K3+100.500",
        }
    assert SHORT.read("K3+000") == SHORT.read("K3+100.5") == 3_000.0
    assert SHORT.speak(3_000.0) == "K3+100.500"
    assert SHORT.speak(2_999.999) == "K2+999.999"
    assert SHORT.speak(2_999.9, 0) == "K3+000"
    # Rounded to metres the label ahead would fall into the gap.
    assert SHORT.speak(3_000.0, 0) == "K3+101"


def test_a_label_off_the_alignment_says_where_it_runs() -> None:
    with pytest.raises(ChainageBeyond) as fault:
        SHORT.read("K9+100.6")
    assert fault.value.detail == {"label": "K9+100.600", "begin": "K0+000.000", "end": "K9+100.500"}
    with pytest.raises(ChainageBeyond):
        SHORT.speak(9_000.1)
    with pytest.raises(ChainageBeyond):
        LONG.read("K1+000")


def test_prefix_and_mark_must_be_the_alignment_s() -> None:
    with pytest.raises(LabelOfOtherAlignment) as fault:
        LONG.read("ZK50+100")
    assert fault.value.detail == {"label": "ZK50+100.000", "prefix": "K"}
    with pytest.raises(BranchUnknown) as wrong:
        LONG.read("K50+100B")
    assert wrong.value.detail == {"label": "K50+100.000B", "mark": "B", "marks": "A"}
    assert LONG.read("K50+100A") == pytest.approx(50_100.0)
    with pytest.raises(ChainageInvalid):
        LONG.read("K50")


def test_a_stretch_runs_forward_along_the_alignment_not_by_its_labels() -> None:
    assert LONG.read_stretch("K50+622.5A", "K50+621.5B") == pytest.approx((50_622.5, 50_623.094))
    with pytest.raises(StretchReversed):
        LONG.read_stretch("K50+100", "K50+100")
    with pytest.raises(StretchReversed):
        LONG.read_stretch("K50+622.5B", "K50+622.5A")


@pytest.mark.parametrize(
    "equation",
    [
        Equation(3_000.0, 3_000.0),
        Equation(3_000.0, 3_000.005),
        Equation(1_000.0, 1_100.0),
        Equation(500.0, 600.0),
        Equation(9_000.0, 9_100.0),
        Equation(3_000.0, -1.0),
        Equation(3_000.0, 9_999_999.0),
    ],
)
def test_a_break_that_breaks_nothing_or_lies_off_the_line_is_refused(equation: Equation) -> None:
    with pytest.raises(EquationInvalid) as fault:
        build_stationing("K", 1_000.0, 9_000.0, (equation,))
    assert fault.value.detail["number"] == 1


def test_breaks_come_in_order() -> None:
    with pytest.raises(EquationInvalid) as fault:
        build_stationing("K", 0.0, 9_000.0, (Equation(5_000.0, 5_100.0), Equation(5_050.0, 6_000.0)))
    assert fault.value.detail == {"number": 2, "back": "K5+050.000", "ahead": "K6+000.000"}


def test_an_alignment_begins_at_the_origin_or_later() -> None:
    with pytest.raises(BeforeOrigin):
        build_stationing("K", -0.5, 100.0)


def test_marks_go_on_after_z() -> None:
    equations = tuple(Equation(10.0 * n + 5.0 * (n - 1), 10.0 * n + 5.0 * n) for n in range(1, 40))
    marks = [branch.mark for branch in build_stationing("K", 0.0, 1_000.0, equations).branches]
    assert marks[:2] == ["A", "B"]
    assert marks[25:28] == ["Z", "AA", "AB"]
    too_many = tuple(Equation(10.0 * n + 5.0 * (n - 1), 10.0 * n + 5.0 * n) for n in range(1, MAX_EQUATIONS + 2))
    with pytest.raises(EquationInvalid):
        build_stationing("K", 0.0, 9_000.0, too_many)
