"""Makes the copy of a published fence that phones keep: small, valid, and provably nowhere more than a metre off.

The form. Coordinates are whole numbers of `1 / scale` degrees (a millionth, 0.11 m, unless that would break the shape).
A ring or line is one list `[lon, lat, step_lon, step_lat, step_lon, step_lat, ...]`: the first vertex, then the steps
from each to the next, longitude first. A ring's closing vertex is left out. The alignment of a corridor has the
chainage of its vertices beside it in the same way, in decimetres.

The proof. Every vertex that is left out belongs to the edge that took its place, and is measured against that edge as
the phone will have it, rounded. Distances to one straight edge have no maximum but at vertices, so that the greatest
of them, `deviation_m`, bounds how far the published boundary leaves the copy's; and since the nearest places on the
edge run on from its beginning to its end, it bounds how far the copy's leaves the published one's too. The same map
drags one boundary onto the other without ever going farther, so that a position farther from the boundary than that is
inside both or outside both: no part, hole or strait can be lost. Edges of at most a kilometre, straight in degrees,
leave the straight line of the plane by at most 3 cm up to 54 N; that is added.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

import msgspec
import numpy as np
import shapely
from msgspec import Meta, field
from numpy.typing import NDArray
from pyproj import Transformer

from backend.kit.wire import Wire
from geofences.coordinates import zone_of, zone_transformers
from geofences.errors import AreaInvalid
from geofences.preparation import AxisReference
from geofences.projection import raw_distances
from geofences.simplification import distance_to_edge, weights_of_line, weights_of_ring

Array: TypeAlias = NDArray[np.float64]
Whole: TypeAlias = NDArray[np.int64]
Indices: TypeAlias = NDArray[np.intp]
Steps: TypeAlias = Annotated[list[int], Meta(min_length=4)]

FORM: Final = 2
"""Number of the form of coordinates and of the way in which copies are made."""
LIMIT_BYTES: Final = 20_000
"""Most bytes of one fence in the phone's answer."""
FRAME_BYTES: Final = 2_000
"""Of these as many are left to what stands about the copy: ids, times, and a name of 200 characters."""
MOST_OFF_M: Final = 1.0

_BENT_M: Final = 0.03
_TOLERANCES_M: Final = (0.1, 0.2, 0.35, 0.5, 0.7, 0.88, 0.95)
# Millionths of a degree serve nearly always. Straits thinner than that need finer numbers to stay open.
_SCALES: Final = (10**6, 10**7, 10**9, 10**11, 10**13)
_MENDINGS: Final = 40
_LAST_RESORT: Final = 0.0


class FieldBranch(Wire, frozen=True, kw_only=True):
    """The labels of an alignment from one station equation on, metres; `mark` is said where a label stands twice."""

    mark: str
    from_m: float
    label_m: float


class FieldAxis(Wire, frozen=True, kw_only=True):
    """The alignment: `line` in steps as in the fence's rings, `chainage_dm` at its vertices, first and then steps.

    The chainages are continuous, in decimetres. A label is `prefix` and, from the `from_m` of a branch on, the chainage
    less `from_m` plus its `label_m`.
    """

    line: Steps
    chainage_dm: Annotated[list[int], Meta(min_length=2)]
    prefix: str = "K"
    branches: list[FieldBranch] = field(default_factory=list[FieldBranch])


class FieldCopy(Wire, frozen=True, kw_only=True):
    """The shape of a fence as a phone keeps it.

    `parts` are areas, each with its outer ring first and holes after it; a ring or line is
    `[lon, lat, step_lon, step_lat, ...]` in units of 1/`scale` degrees (WGS-84), without the closing vertex.
    `deviation_m` bounds how far its boundary and the published one are from each other anywhere.
    """

    scale: Annotated[int, Meta(ge=10**6)]
    parts: list[list[Steps]]
    axis: FieldAxis | None
    deviation_m: Annotated[float, Meta(ge=0, le=MOST_OFF_M)]


@dataclass(frozen=True, slots=True)
class MadeCopy:
    """A copy with its JSON, and what it was made of: corners left and corners published."""

    copy: FieldCopy
    body: bytes
    vertices: int
    published_vertices: int

    @property
    def fits(self) -> bool:
        """Tell whether a fence with this copy has at most LIMIT_BYTES on the wire."""
        return len(self.body) + FRAME_BYTES <= LIMIT_BYTES


@dataclass(frozen=True, slots=True)
class _Path:
    """A ring or line of the published fence: degrees, metres in the zone, weights, and the part it belongs to."""

    lonlat: Array
    plane: Array
    weights: Array
    forward: Transformer
    part: int
    closed: bool


@dataclass(frozen=True, slots=True)
class _Said:
    """What is said of the axis: chainage of its first point, or what an alignment says of all."""

    start_m: float
    reference: AxisReference | None

    def chainages(self, lonlat: Array) -> Array:
        if self.reference is not None:
            return np.array(self.reference.chainage_m, dtype=np.float64)
        return self.start_m + raw_distances(lonlat[:, 0], lonlat[:, 1])

    @property
    def prefix(self) -> str:
        return "K" if self.reference is None else self.reference.stationing.prefix

    @property
    def branches(self) -> list[FieldBranch]:
        found = () if self.reference is None else self.reference.stationing.branches
        return [FieldBranch(mark=one.mark, from_m=one.from_m, label_m=one.label_m) for one in found]


def make_copy(
    area_wkb: bytes,
    axis_wkb: bytes | None = None,
    axis_start_m: float = 0.0,
    reference: AxisReference | None = None,
) -> MadeCopy:
    """Make the most exact copy that fits into LIMIT_BYTES, or the smallest that is at most a metre off.

    Takes the stored area and axis (well-known binary, EPSG:4326, longitude first), and what an alignment says of the
    axis if the corridor was drawn on one. The same input gives the same
    bytes. Raises AreaInvalid for an area that has no valid copy within a metre.
    """
    paths = list(_paths(area_wkb, axis_wkb))
    made = list(_copies(paths, _Said(axis_start_m, reference)))
    if not made:
        raise AreaInvalid
    return next((one for one in made if one.fits), min(made, key=lambda one: len(one.body)))


def rings_of(copy: FieldCopy) -> list[list[Array]]:
    """Read the parts of a copy back: closed rings of (lon, lat) in degrees, as a phone does."""
    return [[_closed(_read(ring, copy.scale)) for ring in part] for part in copy.parts]


def line_of(copy: FieldCopy) -> tuple[Array, Array] | None:
    """Read the alignment of a copy back: (lon, lat) in degrees, and chainages in metres."""
    if copy.axis is None:
        return None
    return _read(copy.axis.line, copy.scale), np.cumsum(copy.axis.chainage_dm) / 10.0


def _copies(paths: list[_Path], said: _Said) -> Iterator[MadeCopy]:
    """Make copies coarser and coarser, at the first precision at which there are any."""
    for scale in _SCALES:
        found = False
        for tolerance_m in (*_TOLERANCES_M, _LAST_RESORT):
            if tolerance_m == _LAST_RESORT and found:
                continue
            made = _copy(paths, tolerance_m, scale, said)
            if made is not None:
                found = True
                yield made
                if made.fits:
                    return
        if found:
            return


def _paths(area_wkb: bytes, axis_wkb: bytes | None) -> Iterator[_Path]:
    area = shapely.from_wkb(area_wkb)
    lons = shapely.get_coordinates(area)[:, 0]
    forward, _ = zone_transformers(zone_of(float(lons.min() + lons.max()) / 2.0))

    def path(line: shapely.Geometry, part: int, *, closed: bool) -> _Path:
        lonlat = shapely.get_coordinates(line)
        plane = _moved(lonlat, forward)
        weigh = weights_of_ring if closed else weights_of_line
        return _Path(lonlat, plane, weigh(plane, _TOLERANCES_M[0]), forward, part, closed)

    for number, polygon in enumerate(shapely.get_parts(area)):
        for ring in shapely.get_rings(polygon):
            yield path(ring, number, closed=True)
    if axis_wkb is not None:
        yield path(shapely.from_wkb(axis_wkb), -1, closed=False)


def _copy(paths: list[_Path], tolerance_m: float, scale: int, said: _Said) -> MadeCopy | None:
    """Make the copy of one tolerance and precision; None where none is valid and near enough."""
    whole = [np.rint(path.lonlat * scale).astype(np.int64) for path in paths]
    also: list[set[int]] = [set() for _ in paths]
    for _ in range(_MENDINGS):
        kept = [_keep(path, tolerance_m, more) for path, more in zip(paths, also, strict=True)]
        area = _area(paths, whole, kept, scale)
        if area is not None and shapely.is_valid(area):
            return _written(paths, whole, kept, scale, said)
        if area is None or tolerance_m == _LAST_RESORT or not _mend(paths, kept, also, area, tolerance_m):
            return None
    return None


def _keep(path: _Path, tolerance_m: float, also: set[int]) -> Indices:
    if tolerance_m == _LAST_RESORT:
        return np.arange(len(path.plane))
    stays = path.weights > tolerance_m
    stays[list(also)] = True
    return np.flatnonzero(stays)


def _area(paths: list[_Path], whole: list[Whole], kept: list[Indices], scale: int) -> shapely.MultiPolygon | None:
    """Draw what a phone will read; None if a ring has shrunk to less than a triangle."""
    parts: dict[int, list[Array]] = {}
    for path, numbers, keep in zip(paths, whole, kept, strict=True):
        if not path.closed:
            continue
        ring = _without_repeats(numbers[keep])[0]
        if len(ring) < 4:  # noqa: PLR2004 - a closed triangle
            return None
        parts.setdefault(path.part, []).append(ring / scale)
    return shapely.MultiPolygon([shapely.Polygon(rings[0], rings[1:]) for rings in parts.values()])


def _mend(
    paths: list[_Path], kept: list[Indices], also: list[set[int]], area: shapely.Geometry, tolerance_m: float
) -> bool:
    """Give the vertices back that were left out near the place where the area is invalid; tell whether there were any.

    The reason that GEOS gives ends with the place: `Self-intersection[114.3 30.6]`.
    """
    said = shapely.is_valid_reason(area)
    if "[" not in said:
        return False
    place = np.array([float(number) for number in said.partition("[")[2].rstrip("]").split()[:2]])
    given = False
    for path, keep, more in zip(paths, kept, also, strict=True):
        if not path.closed:
            continue
        # Nearness by degrees, two tolerances wide and as long as 1e5 m a degree: giving back too many does no harm.
        near = distance_to_edge(place, path.lonlat[keep[:-1]], path.lonlat[keep[1:]]) < 2.0 * tolerance_m / 1e5
        for edge in np.flatnonzero(near).tolist():
            between = range(int(keep[edge]) + 1, int(keep[edge + 1]))
            given = given or len(between) > 0
            more.update(between)
    return given


def _written(paths: list[_Path], whole: list[Whole], kept: list[Indices], scale: int, said: _Said) -> MadeCopy | None:
    parts: dict[int, list[list[int]]] = {}
    axis: FieldAxis | None = None
    off_m, vertices = 0.0, 0
    for path, numbers, keep in zip(paths, whole, kept, strict=True):
        off_m = max(off_m, _deviation_m(path, numbers, keep, scale))
        line, used = _without_repeats(numbers[keep])
        if path.closed:
            line = line[:-1]
            parts.setdefault(path.part, []).append(_steps(line))
        elif len(line) > 1:
            decimetres = np.rint(said.chainages(path.lonlat)[keep][used] * 10.0).astype(np.int64)
            axis = FieldAxis(
                line=_steps(line),
                chainage_dm=np.diff(decimetres, prepend=0).tolist(),
                prefix=said.prefix,
                branches=said.branches,
            )
        vertices += len(line)
    off_m += _BENT_M
    if off_m > MOST_OFF_M:
        return None
    copy = FieldCopy(scale=scale, parts=list(parts.values()), axis=axis, deviation_m=float(np.ceil(off_m * 1e3) / 1e3))
    published = sum(len(path.plane) - path.closed for path in paths)
    return MadeCopy(copy, msgspec.json.encode(copy), vertices, published)


def _deviation_m(path: _Path, numbers: Whole, keep: Indices, scale: int) -> float:
    """Return how far any vertex lies from the edge of the copy that stands for it, in metres in the zone."""
    corners = _moved(numbers[keep] / scale, path.forward)
    edge = np.repeat(np.arange(len(keep) - 1), np.diff(keep))
    begun = distance_to_edge(path.plane[:-1], corners[edge], corners[edge + 1])
    # Where one edge ends and the next begins a vertex is no farther from both than from the corner they share.
    ended = np.hypot(*(path.plane[keep] - corners).T)
    return float(max(begun.max(), ended.max()))


def _moved(lonlat: Array, forward: Transformer) -> Array:
    return np.column_stack(forward.transform(lonlat[:, 0], lonlat[:, 1]))


def _without_repeats(numbers: Whole) -> tuple[Whole, NDArray[np.bool_]]:
    """Leave out vertices that rounding has put upon the one before; return which are left, too."""
    used = np.append(True, np.any(np.diff(numbers, axis=0) != 0, axis=1))
    return numbers[used], used


def _steps(numbers: Whole) -> list[int]:
    return np.diff(numbers, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)).ravel().tolist()


def _read(steps: list[int], scale: int) -> Array:
    return np.cumsum(np.array(steps, dtype=np.int64).reshape(-1, 2), axis=0) / scale


def _closed(ring: Array) -> Array:
    return np.vstack([ring, ring[:1]])
