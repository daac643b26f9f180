"""What a person drew, in his own coordinates: the form in which shapes are sent and stored beside their area.

Positions are pairs (x, y) in the coordinate system that is declared beside the drawing: longitude or easting first.
Numbers are kept as they came; `shape_from` checks and converts them.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from msgspec import Meta, field

from backend.kit.wire import Wire
from geofences.alignment import Alignment
from geofences.alignment_corridors import LabelledWidth, corridor_on
from geofences.construction import (
    build_circle,
    build_corridor,
    build_fixed_point,
    build_multipolygon,
    build_polygon,
)
from geofences.coordinates import CoordinateSystem
from geofences.shapes import Cap, Corridor, Polygon, Shape, WidthRange, parts_of

Position: TypeAlias = tuple[float, float]
Metres = Annotated[float, Meta(ge=0, le=10_000_000, description="metres")]
ChainageLabel = Annotated[
    str, Meta(min_length=6, max_length=24, description="chainage label", examples=["K12+345.678", "ZK3+420"])
]
AreaName = Annotated[str, Meta(max_length=100)]

MAX_AREAS = 100
"""Areas beside one corridor, and holes in it, at most."""


class PolygonDrawing(Wire, frozen=True, kw_only=True, tag_field="kind", tag="polygon"):
    """One or more areas with holes: `coordinates` as of a GeoJSON MultiPolygon."""

    coordinates: Annotated[
        list[list[list[Position]]], Meta(description="polygons of rings of (x, y), outer ring first")
    ]


class WidthDrawing(Wire, frozen=True, kw_only=True):
    """Half-widths on one stretch of a corridor, by raw distance from the first point."""

    from_m: Metres = 0.0
    to_m: Metres | None = None
    left_m: Metres
    right_m: Metres


class AreaDrawing(Wire, frozen=True, kw_only=True):
    """An area that belongs to a corridor beside its strip: one polygon, outer ring first."""

    purpose: Literal["camp", "portal", "shaft", "spoil_ground", "access_road", "other"]
    coordinates: list[list[Position]]
    name: AreaName = ""


class ExclusionDrawing(Wire, frozen=True, kw_only=True):
    """An area that is cut out of a corridor, its tolerance included: one polygon, outer ring first."""

    coordinates: list[list[Position]]
    name: AreaName = ""


class CorridorDrawing(Wire, frozen=True, kw_only=True, tag_field="kind", tag="corridor"):
    """A strip along a centreline of its own; the first range of `widths` begins at 0, the last has no end.

    `cap` is the form of both ends unless `cap_end` says another for the end of rising chainage.
    """

    coordinates: Annotated[list[Position], Meta(description="centreline, (x, y) in order of rising chainage")]
    widths: list[WidthDrawing]
    cap: Literal["flat", "round"] = "flat"
    start_m: Metres = 0.0
    cap_end: Literal["flat", "round"] | None = None
    areas: Annotated[list[AreaDrawing], Meta(max_length=MAX_AREAS)] = field(default_factory=list[AreaDrawing])
    exclusions: Annotated[list[ExclusionDrawing], Meta(max_length=MAX_AREAS)] = field(
        default_factory=list[ExclusionDrawing]
    )


class AlignedWidthDrawing(Wire, frozen=True, kw_only=True):
    """Half-widths from a chainage on; the first one begins where the corridor does and says none."""

    begin: ChainageLabel | None = None
    left_m: Metres
    right_m: Metres


class AlignedCorridorDrawing(Wire, frozen=True, kw_only=True, tag_field="kind", tag="aligned_corridor"):
    """A strip along an alignment of the project from one chainage to another (its ends if left out).

    `alignment_version` is the one in force if left out; what is stored says which it was.
    """

    alignment_id: UUID
    alignment_version: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    begin: ChainageLabel | None = None
    end: ChainageLabel | None = None
    widths: Annotated[list[AlignedWidthDrawing], Meta(min_length=1, max_length=1000)]
    cap: Literal["flat", "round"] = "flat"
    cap_end: Literal["flat", "round"] | None = None
    areas: Annotated[list[AreaDrawing], Meta(max_length=MAX_AREAS)] = field(default_factory=list[AreaDrawing])
    exclusions: Annotated[list[ExclusionDrawing], Meta(max_length=MAX_AREAS)] = field(
        default_factory=list[ExclusionDrawing]
    )


class CircleDrawing(Wire, frozen=True, kw_only=True, tag_field="kind", tag="circle"):
    """All within a radius of a centre."""

    coordinates: Annotated[Position, Meta(description="centre (x, y)")]
    radius_m: Metres


class PointDrawing(Wire, frozen=True, kw_only=True, tag_field="kind", tag="point"):
    """A fixed place to punch at, with the radius in which one counts as there."""

    coordinates: Annotated[Position, Meta(description="place (x, y)")]
    radius_m: Metres


Drawing: TypeAlias = PolygonDrawing | CorridorDrawing | AlignedCorridorDrawing | CircleDrawing | PointDrawing


def corridor_of(line: list[Position], left_m: float, right_m: float, cap: Cap, start_m: float) -> CorridorDrawing:
    """Draw a corridor of constant half-widths (metres)."""
    width = WidthDrawing(left_m=left_m, right_m=right_m)
    return CorridorDrawing(coordinates=line, widths=[width], cap=cap, start_m=start_m)


def shape_from(
    drawing: Drawing, system: CoordinateSystem, where: str = "coordinates", *, alignment: Alignment | None = None
) -> Shape:
    """Check a drawing in `system` and convert it; raises ShapeFault naming the place under `where`.

    A corridor on an alignment needs that `alignment`, and raises the faults of its labels too.
    """
    match drawing:
        case PolygonDrawing(coordinates=polygons):
            return build_multipolygon(system, polygons, where)
        case CorridorDrawing(coordinates=line, widths=widths, cap=cap, start_m=start_m):
            ranges = [WidthRange(one.from_m, one.to_m, one.left_m, one.right_m) for one in widths]
            corridor = build_corridor(system, line, ranges, cap=cap, start_m=start_m, where=where)
            return _completed(corridor, drawing, system)
        case AlignedCorridorDrawing(begin=begin, end=end, widths=widths, cap=cap):
            if alignment is None:
                msg = "a corridor on an alignment without the alignment"
                raise ValueError(msg)
            steps = [LabelledWidth(one.begin, one.left_m, one.right_m) for one in widths]
            return _completed(corridor_on(alignment, begin, end, steps, cap), drawing, system)
        case CircleDrawing(coordinates=centre, radius_m=radius_m):
            return build_circle(system, centre, radius_m, where)
        case PointDrawing(coordinates=at, radius_m=radius_m):
            return build_fixed_point(system, at, radius_m, where)


def _completed(
    corridor: Corridor, drawing: CorridorDrawing | AlignedCorridorDrawing, system: CoordinateSystem
) -> Corridor:
    """Add what the two drawings of corridors have in common: the other end, areas, exclusions."""
    areas = _polygons(system, [one.coordinates for one in drawing.areas], "areas")
    exclusions = _polygons(system, [one.coordinates for one in drawing.exclusions], "exclusions")
    return replace(corridor, cap_end=drawing.cap_end, areas=areas, exclusions=exclusions)


def _polygons(system: CoordinateSystem, drawn: Sequence[list[list[Position]]], where: str) -> tuple[Polygon, ...]:
    found = [build_polygon(system, rings, f"{where}[{index}].coordinates") for index, rings in enumerate(drawn)]
    return tuple(part for one in found for part in parts_of(one))
