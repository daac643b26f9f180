"""What the phone reads of a fence's copy, against the server's own judgement of the published fence."""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias
from uuid import UUID

import msgspec
import numpy as np
import pytest
import shapely
from hypothesis import assume, event, example, given, settings
from hypothesis import strategies as st

from backend.decision.ruling import compass
from geofences.construction import build_corridor
from geofences.coordinates import CoordinateSystem
from geofences.drawing import Drawing, shape_from
from geofences.errors import AreaInvalid, ShapeFault
from geofences.evaluation import EvaluationPolicy, Fence, chainage_candidates, evaluate
from geofences.field_copy import FieldCopy, line_of, make_copy, rings_of
from geofences.materialise import materialise
from geofences.preparation import prepare_fence
from geofences.shapes import Corridor, Shape, WidthRange
from geofences.stationing import Stationing
from tests.support.drawings import drawings
from tests.support.fences import PLANE, metres
from tests.support.typescript import Call, calling
from tests.unit.geofences.test_stationing import LONG, SHORT, stationings

Ask: TypeAlias = Callable[[list[Call]], list[Any]]

FILE = "src/shared/fieldcopy.ts"
SLACK_M = 0.06
"""Chainages of copies are whole decimetres, and phones measure in a plane that touches the ellipsoid where they are."""
SLACK_SHARE = 1e-3
"""The zone's plane stretches by 0.3 ‰ at its edges, the phone's by 0.1 ‰ for a kilometre to the north or south."""
# Degrees round the place that fences are drawn at: among them, beside them, kilometres off.
STEP = st.integers(-200, 200).map(lambda step: step * 1.7e-5) | st.floats(-0.02, 0.02)
POSITIONS = st.lists(st.tuples(STEP, STEP), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def phone() -> Iterator[Ask]:
    with calling(FILE) as ask:
        yield ask


def published(shape: Shape) -> tuple[Fence, FieldCopy, dict[str, Any]]:
    """Publish a shape; return how the server judges by it, its copy, and the copy as it travels."""
    axis = shapely.to_wkb(shapely.LineString(shape.centreline)) if isinstance(shape, Corridor) else None
    start_m = shape.start_m if isinstance(shape, Corridor) else 0.0
    area = materialise(shape).wkb
    made = make_copy(area, axis, start_m)
    return prepare_fence(UUID(int=1), area, axis, start_m), made.copy, msgspec.json.decode(made.body)


def off_m(fence: Fence, place: tuple[float, float], chainage_m: float) -> float:
    """Return how far a position lies from a chainage of the published alignment, metres in the fence's plane."""
    axis = fence.axis
    assert axis is not None
    x, y = fence.forward.transform(*place)
    edge = max(0, int(np.searchsorted(axis.chainage, chainage_m, side="right")) - 1)
    along = min(max((chainage_m - axis.chainage[edge]) / axis.scale[edge], 0.0), axis.length[edge])
    return math.hypot(axis.x[edge] + along * axis.ux[edge] - x, axis.y[edge] + along * axis.uy[edge] - y)


def holds(phone: Ask, shape: Shape, positions: list[tuple[float, float]]) -> None:
    fence, copy, told = published(shape)
    seen = phone([("placed", [told, place]) for place in positions])
    for place, one in zip(positions, seen, strict=True):
        judged = evaluate(fence, *place, 8.0, "web", EvaluationPolicy())
        distance_m = abs(judged.signed_distance_m)
        within_m = copy.deviation_m + SLACK_M + SLACK_SHARE * distance_m
        assert one["distanceM"] == pytest.approx(distance_m, abs=within_m)
        assert one["distanceM"] == pytest.approx(math.hypot(*one["toEdge"]), abs=1e-9)
        if distance_m > within_m:
            assert one["isInside"] == judged.covered
        if fence.axis is None:
            assert one["chainageM"] is None
            continue
        (nearest, *_) = chainage_candidates(fence, *place, math.inf)
        slack_m = 2.0 * copy.deviation_m + 2.0 * SLACK_M + SLACK_SHARE * nearest.distance_m
        assert off_m(fence, place, one["chainageM"]) <= nearest.distance_m + slack_m


@settings(max_examples=60, deadline=None)
@given(drawings(), POSITIONS)
def test_a_position_lies_where_the_server_judges_it_to_lie(
    phone: Ask, drawing: tuple[Drawing, CoordinateSystem], steps: list[tuple[float, float]]
) -> None:
    try:
        holds(phone, shape_from(*drawing), [(114.1 + east, 30.6 + north) for east, north in steps])
    except (ShapeFault, AreaInvalid):
        event("refused")


def test_every_turn_of_a_winding_corridor_is_read_back(phone: Ask) -> None:
    x = np.arange(0.0, 6_000.0, 5.0)
    path = metres(list(zip(x.tolist(), (200.0 * np.sin(x / 300.0)).tolist(), strict=True)))
    shape = build_corridor(PLANE, path, [WidthRange(0.0, None, 15.0, 40.0)], start_m=1_234.5)
    rng = np.random.default_rng(5)
    middle = np.array(shape.centreline)[rng.integers(0, len(path), 200)]
    holds(phone, shape, (middle + rng.uniform(-1e-3, 1e-3, (200, 2))).tolist())


@settings(max_examples=40, deadline=None)
@given(drawings())
def test_corners_are_read_to_the_last_digit(phone: Ask, drawing: tuple[Drawing, CoordinateSystem]) -> None:
    try:
        _, copy, _ = published(shape_from(*drawing))
    except (ShapeFault, AreaInvalid):
        event("refused")
        return
    rings = [ring for part in copy.parts for ring in part]
    lines = rings if copy.axis is None else [*rings, copy.axis.line]
    # The phone leaves the closing corner out, as the copy does.
    wanted = [ring[:-1].tolist() for part in rings_of(copy) for ring in part]
    axis = line_of(copy)
    if axis is not None:
        wanted.append(axis[0].tolist())
    assert phone([("unrolled", [line, copy.scale]) for line in lines]) == wanted


def axis_of(labels: Stationing) -> dict[str, Any]:
    """Return what a copy tells of labels."""
    branches = [{"mark": one.mark, "from_m": one.from_m, "label_m": one.label_m} for one in labels.branches]
    return {"line": [0, 0, 1, 1], "chainage_dm": [0, 1], "prefix": labels.prefix, "branches": branches}


MARKS = re.compile("[A-Z]+$")


def label_m(labels: Stationing, mark_m: float) -> float:
    """Return the number of the label at a continuous chainage."""
    branch = next(one for one in reversed(labels.branches) if one.from_m <= mark_m)
    return branch.label_m + mark_m - branch.from_m


def is_half_way(number: float) -> bool:
    """Tell whether a number lies between two labels of a metre, 10 or 1 cm: rounded to the even one here, up there."""
    return any(abs(number * unit % 1.0 - 0.5) < 1e-6 for unit in (1.0, 10.0, 100.0))


@settings(max_examples=80, deadline=None)
@given(stationings(), st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20))
@example(LONG, [0.0, 0.31138, 0.3113, 0.32, 1.0])
@example(SHORT, [0.0, 1 / 3, 0.333333, 0.34, 1.0])
def test_labels_are_those_that_the_server_speaks(phone: Ask, labels: Stationing, shares: list[float]) -> None:
    marks = [labels.from_m + share * (labels.to_m - labels.from_m) for share in shares]
    marks += [one.from_m for one in labels.branches]
    # The copy does not tell where the last branch ends: there the phone rounds beyond the end.
    marks = [one for one in marks if one < labels.to_m - 1.0 and not is_half_way(label_m(labels, one))]
    assume(marks)
    spoken = phone([("chainageLabel", [axis_of(labels), one]) for one in marks])
    last_m = labels.branches[-1].label_to_m
    for label, mark_m in zip(spoken, marks, strict=True):
        wanted = labels.speak(mark_m, 0)
        if label_m(labels, mark_m) > last_m - 1.0:
            # A label that stands once, and would stand twice if the last branch went on.
            assert MARKS.sub("", label) == MARKS.sub("", wanted)
        else:
            assert label == wanted


@given(st.floats(-5e4, 5e4), st.floats(-5e4, 5e4))
@settings(max_examples=100, deadline=None)
@example(0.0, -1.0)
@example(-1.0, 1e-9)
def test_ways_have_the_servers_names(phone: Ask, east_m: float, north_m: float) -> None:
    bearing = math.degrees(math.atan2(east_m, north_m)) % 360.0
    assume(abs((bearing + 22.5) % 45.0) > 1e-6)
    assert phone([("compassPoint", [[east_m, north_m]])]) == [compass(bearing)]
