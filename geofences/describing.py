"""What a drawing becomes: its area, measured and described, with what its author should know; nothing is stored."""

from dataclasses import dataclass
from datetime import time
from uuid import UUID

import numpy as np
import shapely

from geofences.alignment import Alignment
from geofences.coordinates import CoordinateSystem
from geofences.drawing import Drawing
from geofences.errors import TooManyVertices
from geofences.materialise import Materialised, materialise
from geofences.projection import raw_distances
from geofences.shapes import MAX_VERTICES, Corridor, Kind, Shape, kind_of

WARNINGS = (
    "geofences.datum_shift_unknown",
    "geofences.datum_shift_rough",
    "geofences.several_parts",
    "geofences.very_small",
)
# A disc of 20 m: smaller than what phones can tell apart.
_SMALL_M2 = 1_250.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody drew, in which system, with its tolerance in metres and its daily hours in the site's time.

    A corridor on an alignment carries that `alignment` and the id of its version.
    """

    drawing: Drawing
    system: CoordinateSystem
    buffer_m: float = 0.0
    opens_at: time | None = None
    closes_at: time | None = None
    alignment: Alignment | None = None
    alignment_version_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a draft would become; nothing of it is stored.

    Bounds in degrees (EPSG:4326), area in square metres, the length of the alignment in metres (None without one),
    `warnings` as codes that the message catalogues have.
    """

    kind: Kind
    west: float
    south: float
    east: float
    north: float
    area_m2: float
    vertices: int
    length_m: float | None
    parts: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Built:
    """A draft's shape and the area it becomes."""

    shape: Shape
    area: Materialised


def build_area(draft: Draft, shape: Shape) -> Built:
    """Materialise the shape of a draft; raises TooManyVertices."""
    area = materialise(shape, draft.buffer_m)
    if area.vertices > MAX_VERTICES:
        raise TooManyVertices(where="", limit=MAX_VERTICES, found=area.vertices)
    return Built(shape, area)


def describe(draft: Draft, built: Built) -> Preview:
    """Tell what a draft becomes, with what its author should know before he stores it."""
    path = shapely.get_coordinates(built.area.area)
    (west, south), (east, north) = path.min(axis=0).tolist(), path.max(axis=0).tolist()
    length_m = None
    if isinstance(built.shape, Corridor):
        lon, lat = np.array(built.shape.centreline, dtype=np.float64).T
        length_m = float(raw_distances(lon, lat)[-1])
    return Preview(
        kind=kind_of(built.shape),
        west=west,
        south=south,
        east=east,
        north=north,
        area_m2=built.area.area_m2,
        vertices=built.area.vertices,
        length_m=length_m,
        parts=len(built.area.area.geoms),
        warnings=_warnings(draft, built),
    )


def _warnings(draft: Draft, built: Built) -> tuple[str, ...]:
    found: list[str] = []
    accuracy_m = draft.system.accuracy_m
    if accuracy_m is None:
        found.append("geofences.datum_shift_unknown")
    elif accuracy_m > 1.0:
        found.append("geofences.datum_shift_rough")
    if len(built.area.area.geoms) > 1:
        found.append("geofences.several_parts")
    if built.area.area_m2 < _SMALL_M2:
        found.append("geofences.very_small")
    return tuple(found)
