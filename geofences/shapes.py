"""The kinds of fences as values: what a person draws, in WGS-84, before it becomes an area.

Positions are `Point(lon, lat)` in degrees (EPSG:4326), lengths are metres. Build shapes from declared coordinates with
`geofences.construction`, which checks them and names the place of a fault; turn them into areas with
`geofences.materialise`.
"""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

MAX_VERTICES: Final = 20_000
MAX_LINE_VERTICES: Final = 5_000
"""A centreline has fewer: a line of 30 km with a vertex every 6 m. A walked track is simplified before."""
MAX_RADIUS_M: Final = 5_000.0
MAX_HALF_WIDTH_M: Final = 500.0
MAX_BUFFER_M: Final = 500.0
"""Beyond these a fence says nothing about presence."""
MIN_SIZE_M: Final = 0.5
"""Smallest radius and half-width; zero or less is a slip of the pen."""

Cap: TypeAlias = Literal["flat", "round"]
Kind: TypeAlias = Literal["polygon", "corridor", "circle", "point"]


class Point(NamedTuple):
    """A position: longitude and latitude in degrees, EPSG:4326."""

    lon: float
    lat: float


Ring: TypeAlias = tuple[Point, ...]
"""A closed ring: the first point stands again at the end. Outer rings run counter-clockwise, holes clockwise."""


@dataclass(frozen=True, slots=True)
class Polygon:
    """One area with holes."""

    shell: Ring
    holes: tuple[Ring, ...] = ()


@dataclass(frozen=True, slots=True)
class MultiPolygon:
    """Several areas that are one fence; they do not overlap."""

    polygons: tuple[Polygon, ...]


@dataclass(frozen=True, slots=True)
class WidthRange:
    """Half-widths of a corridor on one stretch of its centreline.

    `from_m` and `to_m` are distances along the centreline from its first point in metres, by its chainages (`to_m`
    None: to its end);
    `left_m` and `right_m` are seen in the direction of the centreline.
    """

    from_m: float
    to_m: float | None
    left_m: float
    right_m: float


@dataclass(frozen=True, slots=True)
class Corridor:
    """A strip along a centreline.

    `widths` are consecutive ranges that begin at 0; `cap` is the form of its beginning and `cap_end` that of its end
    (None: the same): flat ends at the end of the centreline, round ones reach as far beyond it as the corridor is wide.
    `start_m` is the chainage of the first point; `chainages` those of all points in metres where an alignment tells
    them, empty where they grow with the ground distance from `start_m`. `areas` belong to the fence beside the strip
    (camps, portals, spoil grounds); `exclusions` are cut out of all of it, tolerance included.
    """

    centreline: tuple[Point, ...]
    widths: tuple[WidthRange, ...]
    cap: Cap = "flat"
    start_m: float = 0.0
    cap_end: Cap | None = None
    chainages: tuple[float, ...] = ()
    areas: tuple[Polygon, ...] = ()
    exclusions: tuple[Polygon, ...] = ()


@dataclass(frozen=True, slots=True)
class Circle:
    """All within a radius (metres) of a centre."""

    centre: Point
    radius_m: float


@dataclass(frozen=True, slots=True)
class FixedPoint:
    """A place where one punches, such as a site office door, with the radius (metres) in which one counts as there."""

    at: Point
    radius_m: float


Shape: TypeAlias = Polygon | MultiPolygon | Corridor | Circle | FixedPoint


def parts_of(shape: Polygon | MultiPolygon) -> tuple[Polygon, ...]:
    """Return the single areas of an area."""
    return shape.polygons if isinstance(shape, MultiPolygon) else (shape,)


def kind_of(shape: Shape) -> Kind:
    """Return the name of a shape's kind as it is stored and spoken on the wire."""
    match shape:
        case Polygon() | MultiPolygon():
            return "polygon"
        case Corridor():
            return "corridor"
        case Circle():
            return "circle"
        case FixedPoint():
            return "point"
