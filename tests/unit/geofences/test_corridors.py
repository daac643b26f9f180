"""Corridors: widths by chainage, ends, areas beside them, holes in them, and chords that do not sag."""

import math
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geofences import materialise as materialising
from geofences.alignment import AlignmentPlan, StakePlan, build_alignment
from geofences.alignment_corridors import LabelledWidth, corridor_on
from geofences.alignment_errors import ChainageAmbiguous, ChainageInGap, StretchReversed, WidthsOutOfOrder
from geofences.construction import MAX_CHORD_M, build_corridor
from geofences.coordinates import GCJ02, WGS84, coordinate_system, zone_meridian, zone_of, zone_transformers
from geofences.drawing import (
    AlignedCorridorDrawing,
    AlignedWidthDrawing,
    AreaDrawing,
    CorridorDrawing,
    ExclusionDrawing,
    Position,
    WidthDrawing,
    shape_from,
)
from geofences.errors import SelfCrossing, ShapeEmpty, SizeInvalid, TooTangled
from geofences.evaluation import EvaluationPolicy, evaluate
from geofences.materialise import materialise
from geofences.preparation import AxisReference, prepare_fence
from geofences.shapes import Corridor, WidthRange
from tests.support.fences import EAST_M, NORTH_M, PLANE, metres, metro_coordinates, prepared

STRAIGHT = metres([(0.0, 0.0), (3_000.0, 0.0)])
POLICY = EvaluationPolicy()
CHORD_SAG_M = 0.03
"""The bound that docs/geometry.md states: an east-west chord of 1 km at 54 N sags 2.7 cm."""


def square(x: float, y: float, side: float) -> list[list[Position]]:
    ring = metres([(x, y), (x + side, y), (x + side, y + side), (x, y + side)])
    return [[(one[0], one[1]) for one in ring]]


def drawn(**changes: Any) -> CorridorDrawing:
    line = [(one[0], one[1]) for one in STRAIGHT]
    values: dict[str, Any] = {"coordinates": line, "widths": [WidthDrawing(left_m=20.0, right_m=10.0)]}
    return CorridorDrawing(**{**values, **changes})


def covers(shape: Any, x: float, y: float) -> bool:
    forward, backward = zone_transformers(4547)
    del forward
    lon, lat = backward.transform(EAST_M + x, NORTH_M + y)
    return bool(materialise(shape).area.covers(shapely.Point(lon, lat)))


def test_each_end_has_its_own_form() -> None:
    both = shape_from(drawn(cap="round"), PLANE)
    first = shape_from(drawn(cap="round", cap_end="flat"), PLANE)
    last = shape_from(drawn(cap_end="round"), PLANE)
    for shape, at_begin, at_end in ((both, True, True), (first, True, False), (last, False, True)):
        assert covers(shape, -8.0, 2.0) is at_begin
        assert covers(shape, 3_008.0, 2.0) is at_end
        assert not covers(shape, -21.0, 0.0)
        # Seen in the direction of rising chainage the left side is the wider one.
        assert covers(shape, 1_500.0, 19.0)
        assert not covers(shape, 1_500.0, -11.0)


def test_areas_belong_to_the_corridor_and_exclusions_do_not() -> None:
    shape = shape_from(
        drawn(
            areas=[
                AreaDrawing(purpose="camp", name="1号营地", coordinates=square(500.0, 200.0, 100.0)),
                AreaDrawing(purpose="portal", coordinates=square(2_950.0, -30.0, 120.0)),
            ],
            exclusions=[ExclusionDrawing(name="居民楼", coordinates=square(1_000.0, -5.0, 12.0))],
        ),
        PLANE,
    )
    assert covers(shape, 550.0, 250.0)
    assert covers(shape, 3_050.0, 40.0)
    assert not covers(shape, 1_006.0, 0.0)
    assert covers(shape, 1_013.0, 0.0)
    area = materialise(shape)
    expected = 3_000.0 * 30.0 + 100.0**2 + 120.0**2 - 50.0 * 30.0 - 12.0**2
    assert area.area_m2 == pytest.approx(expected, rel=1e-4)
    assert len(area.area.geoms) == 2


def test_the_tolerance_does_not_reach_into_an_exclusion() -> None:
    shape = shape_from(drawn(exclusions=[ExclusionDrawing(coordinates=square(1_000.0, 18.0, 30.0))]), PLANE)
    wide = materialise(shape, 15.0)
    _, backward = zone_transformers(4547)
    beside, within = (shapely.Point(*backward.transform(EAST_M + x, NORTH_M + 25.0)) for x in (990.0, 1_010.0))
    assert wide.area.covers(beside)
    assert not wide.area.covers(within)


def test_what_is_drawn_beside_a_corridor_is_checked_with_its_place() -> None:
    bow_tie = [[(EAST_M + x, NORTH_M + y) for x, y in [(0.0, 0.0), (50.0, 50.0), (50.0, 0.0), (0.0, 50.0)]]]
    with pytest.raises(SelfCrossing) as fault:
        shape_from(drawn(areas=[AreaDrawing(purpose="other", coordinates=bow_tie)]), PLANE)
    assert str(fault.value.detail["where"]).startswith("areas[0].coordinates")
    with pytest.raises(SelfCrossing) as fault:
        shape_from(drawn(exclusions=[ExclusionDrawing(coordinates=bow_tie)]), PLANE)
    assert str(fault.value.detail["where"]).startswith("exclusions[0].coordinates")
    swallowed = shape_from(drawn(exclusions=[ExclusionDrawing(coordinates=square(-100.0, -1_600.0, 3_200.0))]), PLANE)
    with pytest.raises(ShapeEmpty):
        materialise(swallowed)


def test_combs_beside_a_corridor_are_refused_before_they_cost_minutes() -> None:
    def comb(*, lying: bool) -> list[list[Position]]:
        path = [(10.0 * (index // 2), 0.0 if (index + 1) // 2 % 2 else 900.0) for index in range(200)]
        path = [*path, (1_000.0, -50.0), (-10.0, -50.0)]
        ring = metres([(y, x) if lying else (x, y) for x, y in path])
        return [[(one[0], one[1]) for one in ring]]

    areas = [AreaDrawing(purpose="other", coordinates=comb(lying=lying)) for lying in (False, True)]
    with pytest.raises(TooTangled):
        materialise(shape_from(drawn(areas=areas), PLANE))


def aligned(**changes: Any) -> AlignedCorridorDrawing:
    values: dict[str, Any] = {
        "alignment_id": uuid4(),
        "begin": "ZK1+500",
        "end": "ZK3+500",
        "widths": [
            AlignedWidthDrawing(left_m=20.0, right_m=20.0),
            AlignedWidthDrawing(begin="ZK2+500", left_m=50.0, right_m=5.0),
        ],
    }
    return AlignedCorridorDrawing(**{**values, **changes})


# 100 m of labels are missing from ZK2+000 on, and the design is 20 m longer than the ground over the first 2 km.
BROKEN = build_alignment(
    AlignmentPlan(
        system=PLANE,
        line=STRAIGHT,
        prefix="ZK",
        start="ZK1+000",
        equations=[("ZK2+000", "ZK2+100")],
        stakes=[StakePlan("ZK3+120", EAST_M + 2_000.0, NORTH_M)],
    )
)


def test_a_corridor_on_an_alignment_is_drawn_by_its_labels() -> None:
    shape = shape_from(aligned(), PLANE, alignment=BROKEN)
    assert isinstance(shape, Corridor)
    assert (shape.chainages[0], shape.chainages[-1]) == (1_500.0, 3_400.0)
    # ZK2+500 is continuous chainage 2 400, 900 m from the corridor's begin; on the ground that is x = 1 400 / 1.01.
    assert shape.widths == (WidthRange(0.0, 900.0, 20.0, 20.0), WidthRange(900.0, None, 50.0, 5.0))
    change = 1_400.0 / 1.01
    assert covers(shape, change - 1.0, -15.0)
    assert not covers(shape, change + 1.0, -15.0)
    assert covers(shape, change + 1.0, 45.0)
    assert not covers(shape, 500.0 / 1.01 - 1.0, 0.0)
    assert covers(shape, 2_379.0, 0.0)
    assert not covers(shape, 2_381.0, 0.0)


def test_a_fix_in_it_is_told_the_alignment_s_chainage() -> None:
    shape = shape_from(aligned(), PLANE, alignment=BROKEN)
    assert isinstance(shape, Corridor)
    alignment_id = uuid4()
    fence = prepare_fence(
        uuid4(),
        materialise(shape).wkb,
        shapely.to_wkb(shapely.LineString(shape.centreline)),
        shape.start_m,
        reference=AxisReference(alignment_id, BROKEN.stationing, shape.chainages),
    )
    _, backward = zone_transformers(4547)
    for x, label in ((600.0, "ZK1+606"), (1_500.0, "ZK2+615"), (2_300.0, "ZK3+420")):
        found = evaluate(fence, *backward.transform(EAST_M + x, NORTH_M + 4.0), 8.0, "android", POLICY)
        assert found.chainage_m is not None
        assert found.offset_m == pytest.approx(4.0, abs=0.01)
        assert fence.stationing is not None
        assert fence.stationing.speak(found.chainage_m, 0) == label
    assert fence.alignment_id == alignment_id


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"begin": "ZK2+050"}, ChainageInGap),
        ({"begin": "ZK3+500", "end": "ZK1+500"}, StretchReversed),
        ({"begin": "ZK1+500", "end": "ZK1+500"}, StretchReversed),
        ({"widths": [AlignedWidthDrawing(begin="ZK1+600", left_m=5.0, right_m=5.0)]}, WidthsOutOfOrder),
        ({"widths": [AlignedWidthDrawing(left_m=5.0, right_m=5.0)] * 2}, WidthsOutOfOrder),
        ({"end": "ZK2+400"}, WidthsOutOfOrder),
        ({"widths": [AlignedWidthDrawing(left_m=0.0, right_m=5.0)]}, SizeInvalid),
        ({"widths": [AlignedWidthDrawing(left_m=5.0, right_m=501.0)]}, SizeInvalid),
    ],
)
def test_labels_and_widths_that_cannot_be_are_refused(changes: dict[str, Any], fault: type[Exception]) -> None:
    with pytest.raises(fault):
        shape_from(aligned(**changes), PLANE, alignment=BROKEN)


def test_a_width_s_label_that_stands_twice_is_the_one_in_the_corridor() -> None:
    twice = build_alignment(
        AlignmentPlan(system=PLANE, line=STRAIGHT, prefix="K", start="K0+000", equations=[("K1+500", "K1+400")])
    )
    widths = [LabelledWidth(None, 10.0, 10.0), LabelledWidth("K1+450", 20.0, 20.0)]
    for begin, end, start_m in (("K1+000", "K1+480A", 450.0), ("K1+420B", "K2+000", 30.0)):
        assert corridor_on(twice, begin, end, widths).widths[1].from_m == pytest.approx(start_m)
    with pytest.raises(ChainageAmbiguous):
        corridor_on(twice, "K1+000", "K2+000", widths)


def test_without_labels_the_corridor_is_the_whole_alignment() -> None:
    whole = corridor_on(BROKEN, None, None, [LabelledWidth(None, 10.0, 10.0)])
    assert (whole.chainages[0], whole.chainages[-1]) == (BROKEN.stationing.from_m, BROKEN.stationing.to_m)


def test_the_metro_line_as_an_alignment_judges_alike_in_both_datums_and_as_a_centreline() -> None:
    fences = [prepared(build_corridor(WGS84, metro_coordinates(WGS84), [WidthRange(0.0, None, 50.0, 50.0)]))]
    for system in (WGS84, GCJ02):
        line = build_alignment(AlignmentPlan(system=system, line=metro_coordinates(system), prefix="K", start="K0+000"))
        shape = corridor_on(line, None, None, [LabelledWidth(None, 50.0, 50.0)])
        axis = shapely.to_wkb(shapely.LineString(shape.centreline))
        reference = AxisReference(uuid4(), line.stationing, shape.chainages)
        fences.append(prepare_fence(uuid4(), materialise(shape).wkb, axis, 0.0, reference=reference))
    rng = np.random.default_rng(11)
    corners = np.array(metro_coordinates(WGS84))
    sides: set[str] = set()
    for lon, lat in (corners[rng.integers(0, len(corners), 200)] + rng.normal(0.0, 6e-4, (200, 2))).tolist():
        own, ours, theirs = (evaluate(fence, lon, lat, 10.0, "android", POLICY) for fence in fences)
        assert ours.chainage_m == pytest.approx(own.chainage_m, abs=0.01)
        assert ours.signed_distance_m == pytest.approx(own.signed_distance_m, abs=1e-3)
        assert theirs.signed_distance_m == pytest.approx(ours.signed_distance_m, abs=0.35)
        if abs(ours.probability - 0.5) > 0.02 and abs(ours.probability - 0.05) > 0.02:
            assert (ours.side, theirs.side) == (own.side, own.side)
            sides.add(own.side)
    assert sides == {"inside", "uncertain", "outside"}


@settings(max_examples=40, deadline=None)
@given(
    lon=st.floats(76.0, 134.0),
    lat=st.floats(18.0, 53.3),
    turn=st.floats(0.0, math.pi),
    length_m=st.floats(2_000.0, 60_000.0),
)
def test_long_chords_do_not_sag(lon: float, lat: float, turn: float, length_m: float) -> None:
    """Every stored edge, straight in degrees, stays within 3 cm of what was straight in the zone."""
    zone = zone_of(lon)
    forward, backward = zone_transformers(zone)
    x, y = forward.transform(lon, lat)
    there = (x + length_m * math.cos(turn), y + length_m * math.sin(turn) * 0.2)
    end_lon, end_lat = backward.transform(*there)
    assume(73.5 < end_lon < 134.5 and end_lat < 53.5 and abs(end_lon - zone_meridian(zone)) <= 1.5)
    system = coordinate_system(f"EPSG:{zone}")
    widths = [WidthRange(0.0, None, 10.0, 10.0)]
    made = materialise(build_corridor(system, [(x, y), there], widths))
    assume(made.zone == zone)
    ring = shapely.get_coordinates(made.area)
    assert (np.hypot(*np.diff(np.column_stack(forward.transform(*ring.T)), axis=0).T) <= MAX_CHORD_M + 0.1).all()
    fine = np.column_stack(
        [np.interp(np.linspace(0, len(ring) - 1, 20 * len(ring)), np.arange(len(ring)), column) for column in ring.T]
    )
    plane = np.column_stack(forward.transform(*fine.T))
    axis = shapely.LineString([(x, y), there])
    along = shapely.line_locate_point(axis, shapely.points(plane))
    beside = (along > 1.0) & (along < axis.length - 1.0)
    offsets = shapely.distance(axis, shapely.points(plane[beside]))
    assert np.abs(offsets - 10.0).max() <= CHORD_SAG_M


def test_a_strip_of_too_many_corners_is_moved_by_decimetres_to_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    zigzag = metres([(12.0 * step, 8.0 * (step % 2)) for step in range(120)])
    shape = build_corridor(PLANE, zigzag, [WidthRange(0.0, None, 30.0, 30.0)])
    whole = materialise(shape)
    monkeypatch.setattr(materialising, "MAX_VERTICES", whole.vertices * 3 // 4)
    fewer = materialise(shape)
    assert fewer.vertices <= whole.vertices * 3 // 4
    assert fewer.area.is_valid
    forward = zone_transformers(whole.zone)[0]

    def in_metres(lonlat: Any) -> Any:
        return np.column_stack(forward.transform(lonlat[:, 0], lonlat[:, 1]))

    in_plane = [shapely.transform(one.area, in_metres) for one in (whole, fewer)]
    assert shapely.hausdorff_distance(*in_plane, densify=0.2) < 0.31
    assert fewer == materialise(shape), "the same input gives the same area"
