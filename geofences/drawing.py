"""What a person drew, in his own coordinates: the form in which shapes are sent and stored beside their area.

Positions are pairs (x, y) in the coordinate system that is declared beside the drawing: longitude or easting first.
Numbers are kept as they came; `shape_from` checks and converts them.
"""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from backend.kit.wire import Wire
from geofences.construction import build_circle, build_corridor, build_fixed_point, build_multipolygon
from geofences.coordinates import CoordinateSystem
from geofences.shapes import Cap, Shape, WidthRange

Position: TypeAlias = tuple[float, float]
Metres = Annotated[float, Meta(ge=0, le=10_000_000, description="metres")]


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


class CorridorDrawing(Wire, frozen=True, kw_only=True, tag_field="kind", tag="corridor"):
    """A strip along a centreline; the first range of `widths` begins at 0, the last has no end."""

    coordinates: Annotated[list[Position], Meta(description="centreline, (x, y) in order of rising chainage")]
    widths: list[WidthDrawing]
    cap: Literal["flat", "round"] = "flat"
    start_m: Metres = 0.0


class CircleDrawing(Wire, frozen=True, kw_only=True, tag_field="kind", tag="circle"):
    """All within a radius of a centre."""

    coordinates: Annotated[Position, Meta(description="centre (x, y)")]
    radius_m: Metres


class PointDrawing(Wire, frozen=True, kw_only=True, tag_field="kind", tag="point"):
    """A fixed place to punch at, with the radius in which one counts as there."""

    coordinates: Annotated[Position, Meta(description="place (x, y)")]
    radius_m: Metres


Drawing: TypeAlias = PolygonDrawing | CorridorDrawing | CircleDrawing | PointDrawing


def corridor_of(line: list[Position], left_m: float, right_m: float, cap: Cap, start_m: float) -> CorridorDrawing:
    """Draw a corridor of constant half-widths (metres)."""
    width = WidthDrawing(left_m=left_m, right_m=right_m)
    return CorridorDrawing(coordinates=line, widths=[width], cap=cap, start_m=start_m)


def shape_from(drawing: Drawing, system: CoordinateSystem, where: str = "coordinates") -> Shape:
    """Check a drawing in `system` and convert it; raises ShapeFault naming the place under `where`."""
    match drawing:
        case PolygonDrawing(coordinates=polygons):
            return build_multipolygon(system, polygons, where)
        case CorridorDrawing(coordinates=line, widths=widths, cap=cap, start_m=start_m):
            ranges = [WidthRange(one.from_m, one.to_m, one.left_m, one.right_m) for one in widths]
            return build_corridor(system, line, ranges, cap=cap, start_m=start_m, where=where)
        case CircleDrawing(coordinates=centre, radius_m=radius_m):
            return build_circle(system, centre, radius_m, where)
        case PointDrawing(coordinates=at, radius_m=radius_m):
            return build_fixed_point(system, at, radius_m, where)
