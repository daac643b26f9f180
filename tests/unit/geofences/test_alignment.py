"""Alignments as values: calibration at stakes, places by chainage, parts, the stored form."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geofences.alignment import (
    Alignment,
    AlignmentPlan,
    StakePlan,
    alignment_of,
    build_alignment,
    part_of,
    place_at,
    places_near,
)
from geofences.alignment_errors import (
    BeforeOrigin,
    ChainageAmbiguous,
    ChainageInGap,
    LabelOfOtherAlignment,
    StakeFarOff,
    StakeOutOfOrder,
    StakeStrained,
    StartMissing,
)
from geofences.chainage import format_chainage
from geofences.coordinates import GCJ02, WGS84
from geofences.errors import ChainageInvalid, OutOfChina
from geofences.projection import Stretch
from tests.support.fences import EAST_M, NORTH_M, PLANE, metres, metro_coordinates

STRAIGHT = metres([(0.0, 0.0), (3_000.0, 0.0), (6_000.0, 0.0)])
# Two legs 20 m apart, joined at the east.
HAIRPIN = metres([(0.0, 0.0), (1_000.0, 0.0), (1_000.0, 20.0), (0.0, 20.0)])


def plan(line: Sequence[Sequence[float]] = STRAIGHT, **changes: Any) -> AlignmentPlan:
    values: dict[str, Any] = {"system": PLANE, "line": line, "prefix": "K", "start": "K1+000"}
    return AlignmentPlan(**{**values, **changes})


def stake(label: str, x: float, y: float = 0.0) -> StakePlan:
    return StakePlan(label, EAST_M + x, NORTH_M + y)


def at(alignment: Alignment, x: float, y: float = 0.0, reach_m: float = 50.0) -> float:
    lonlat = shapely.get_coordinates(shapely.Point(EAST_M + x, NORTH_M + y))
    from geofences.coordinates import to_wgs84

    lon, lat = to_wgs84(PLANE, *lonlat.T)
    return places_near(alignment, float(lon[0]), float(lat[0]), reach_m)[0].chainage_m


def test_without_stakes_chainage_grows_as_on_the_ground() -> None:
    one = build_alignment(plan())
    assert one.chainage_m[0] == 1_000.0
    assert one.length_m == pytest.approx(6_000.0, abs=0.01)
    assert one.stakes == ()
    assert at(one, 2_500.0, 7.0) == pytest.approx(3_500.0, abs=0.01)


def test_stakes_tie_the_line_down_piece_by_piece() -> None:
    given = [stake("K2+010", 1_000.0, 3.0), stake("K4+990", 4_000.0, -2.0), stake("K6+000", 5_000.0)]
    one = build_alignment(plan(stakes=given))
    for x, chainage_m in [(0.0, 1_000.0), (500.0, 1_505.0), (1_000.0, 2_010.0), (2_500.0, 3_500.0), (4_000.0, 4_990.0)]:
        assert at(one, x) == pytest.approx(chainage_m, abs=0.02)
    # After the last tie it grows as on the ground.
    assert at(one, 5_700.0) == pytest.approx(6_700.0, abs=0.02)
    first, second, third = one.stakes
    assert [round(tied.offset_m) for tied in one.stakes] == [3, -2, 0]
    assert [round(tied.ground_m) for tied in one.stakes] == [1_000, 4_000, 5_000]
    assert [round(tied.shift_m) for tied in one.stakes] == [10, -10, 0]
    # Without the first stake the start and the second one would have given 1 997.5 there.
    assert first.residual_m == pytest.approx(2_010.0 - 1_997.5, abs=0.05)
    assert second.residual_m == pytest.approx(4_990.0 - (2_010.0 + 3_990.0 * 3 / 4), abs=0.05)
    assert third.residual_m == pytest.approx(10.0, abs=0.05)


def test_a_stake_alone_tells_where_the_line_begins() -> None:
    one = build_alignment(plan(start=None, stakes=[stake("K12+345.678", 2_000.0)]))
    assert one.chainage_m[0] == pytest.approx(10_345.678, abs=0.01)
    assert one.stakes[0].residual_m == 0.0
    assert one.stationing.speak(at(one, 2_000.0)) in {"K12+345.677", "K12+345.678", "K12+345.679"}


@settings(max_examples=30, deadline=None)
@given(
    ground=st.lists(st.integers(1, 299), min_size=1, max_size=8, unique=True),
    errors=st.lists(st.floats(-4.0, 4.0), min_size=8, max_size=8),
)
def test_every_stake_has_its_own_chainage_and_it_rises_between(ground: list[int], errors: list[float]) -> None:
    places = [20.0 * one for one in sorted(ground)]
    labels = [5_000.0 + x + error for x, error in zip(places, errors, strict=False)]
    stakes = [stake(format_chainage(label), x) for label, x in zip(labels, places, strict=True)]
    one = build_alignment(plan(start=None, stakes=stakes[::-1]))
    assert (np.diff(one.chainage_m) > 0).all()
    for x, label in zip(places, labels, strict=True):
        assert at(one, x) == pytest.approx(label, abs=0.01)


def test_on_a_hairpin_a_stake_is_looked_for_where_its_label_belongs() -> None:
    # The stakes stand between the legs, nearer to the wrong one.
    given = [stake("K1+500", 500.0, 12.0), stake("K2+520", 500.0, 8.0)]
    one = build_alignment(plan(HAIRPIN, stakes=given))
    assert [round(tied.ground_m) for tied in one.stakes] == [500, 1_520]
    places = places_near(one, *place_at(one, 1_500.0), 30.0)
    assert [round(place.chainage_m) for place in places] == [1_500, 2_520]
    (held,) = places_near(one, *place_at(one, 1_500.0), 30.0, [Stretch(2_100.0, 3_000.0)])
    assert round(held.chainage_m) == 2_520


@pytest.mark.parametrize(
    ("stakes", "fault", "detail"),
    [
        ([("K2+000", 1_000.0, 31.0)], StakeFarOff, {"label": "K2+000", "offset_m": 31.0, "limit_m": 30.0}),
        ([("K2+000", 1_000.0, 2_000.0)], StakeFarOff, {"label": "K2+000", "offset_m": None, "limit_m": 30.0}),
        (
            [("K3+000", 1_000.0, 0.0), ("K2+000", 2_000.0, 0.0)],
            StakeStrained,
            {"label": "K2+000", "before": "K1+000", "design_m": 1_000.0, "ground_m": 2_000.0},
        ),
        (
            [("K2+000", 1_000.0, 0.0), ("K2+005", 990.0, 0.0)],
            StakeOutOfOrder,
            {"label": "K2+005", "before": "K2+000"},
        ),
        (
            [("K2+000", 1_000.0, 0.0), ("K2+000", 1_001.0, 0.0)],
            StakeOutOfOrder,
            {"label": "K2+000", "before": "K2+000"},
        ),
    ],
)
def test_a_stake_that_cannot_be_is_refused(
    stakes: list[tuple[str, float, float]], fault: type[StakeFarOff], detail: dict[str, object]
) -> None:
    with pytest.raises(fault) as raised:
        build_alignment(plan(stakes=[stake(*one) for one in stakes]))
    assert raised.value.detail == detail


def test_stakes_out_of_order_without_a_start_are_refused() -> None:
    with pytest.raises(StakeOutOfOrder):
        build_alignment(plan(start=None, stakes=[stake("K3+000", 1_000.0), stake("K2+000", 2_000.0)]))


def test_somebody_must_say_where_it_begins() -> None:
    with pytest.raises(StartMissing):
        build_alignment(plan(start=None))
    with pytest.raises(BeforeOrigin):
        build_alignment(plan(start=None, stakes=[stake("K1+000", 2_000.0)]))


def test_a_stake_at_the_beginning_may_repeat_the_start() -> None:
    one = build_alignment(plan(stakes=[stake("K1+000", 0.0)]))
    assert (one.chainage_m[0], one.stakes[0].residual_m) == (1_000.0, 0.0)


def test_labels_of_breaks_and_stakes_must_be_the_line_s_own() -> None:
    with pytest.raises(LabelOfOtherAlignment):
        build_alignment(plan(start="ZK1+000"))
    with pytest.raises(LabelOfOtherAlignment):
        build_alignment(plan(stakes=[stake("YK2+000", 1_000.0)]))
    with pytest.raises(ChainageInvalid):
        build_alignment(plan(start="K1+000A"))
    with pytest.raises(OutOfChina):
        build_alignment(plan(stakes=[StakePlan("K2+000", 1.0, 2.0)]))


def test_stakes_behind_a_break_are_read_through_it() -> None:
    # 200 m of labels are missing from K3+000 on, and the stake behind the break knows it.
    broken = plan(equations=[("K3+000", "K3+200")], stakes=[stake("K5+205", 4_000.0)])
    one = build_alignment(broken)
    assert one.stationing.speak(at(one, 4_000.0), 0) == "K5+205"
    assert at(one, 4_000.0) == pytest.approx(5_005.0, abs=0.01)
    with pytest.raises(ChainageInGap):
        build_alignment(plan(equations=[("K3+000", "K3+200")], stakes=[stake("K3+100", 2_000.0)]))
    with pytest.raises(ChainageAmbiguous):
        build_alignment(plan(equations=[("K3+000", "K2+900")], stakes=[stake("K2+950", 1_950.0)]))
    marked = build_alignment(plan(equations=[("K3+000", "K2+900")], stakes=[stake("K2+950B", 2_050.0)]))
    assert at(marked, 2_050.0) == pytest.approx(3_050.0, abs=0.01)


def test_a_part_keeps_its_chainages() -> None:
    one = build_alignment(plan(stakes=[stake("K4+020", 3_000.0)]))
    lonlat, chainage_m = part_of(one, Stretch(1_500.25, 4_100.5))
    assert (chainage_m[0], chainage_m[-1]) == (1_500.25, 4_100.5)
    assert (np.diff(chainage_m) > 0).all()
    for place, value in zip(lonlat, chainage_m, strict=True):
        assert place == pytest.approx(place_at(one, float(value)), abs=1e-12)


def test_what_is_stored_is_what_was_built() -> None:
    one = build_alignment(plan(equations=[("K3+000", "K3+200")], stakes=[stake("K5+205", 4_000.0)]))
    again = alignment_of(one.wkb, "K", one.stationing.equations(), one.zone)
    assert np.array_equal(again.lonlat, one.lonlat)
    assert np.array_equal(again.chainage_m, one.chainage_m)
    assert again.stationing == one.stationing
    assert shapely.from_wkb(one.wkb).has_m


def test_the_metro_line_is_the_same_in_both_datums() -> None:
    ours, theirs = (
        build_alignment(AlignmentPlan(system=system, line=metro_coordinates(system), prefix="K", start="K0+000"))
        for system in (WGS84, GCJ02)
    )
    assert ours.length_m == pytest.approx(40_709.5, abs=0.5)
    # What GCJ-02 bends on its 1 km chords adds up to some centimetres over 40 km.
    assert theirs.length_m == pytest.approx(ours.length_m, abs=0.1)
    for share in np.linspace(0.0, 1.0, 50):
        chainage_m = float(share) * ours.length_m
        (near, *_) = places_near(theirs, *place_at(ours, chainage_m), 30.0)
        assert near.chainage_m == pytest.approx(chainage_m, abs=0.3)
        # Both are published to the sixth decimal of a degree, 0.1 m.
        assert math.fabs(near.offset_m) < 0.2
