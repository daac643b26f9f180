"""A walked track becomes a centreline, and a suggestion of its half-width with the numbers that speak for it.

Phones wander some metres about the way that was walked. Standing still draws a knot, a lost signal a spike. The
centreline leaves those out and keeps what bends more than the wandering. How wide the site is nobody can walk: the
suggestion is only what phones need, so that people on the line are inside; whoever draws adds the site's own width.
"""

import math
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from geofences.coordinates import CoordinateSystem, from_wgs84, to_wgs84, zone_of, zone_transformers
from geofences.readers.content import Array
from geofences.shapes import MAX_HALF_WIDTH_M, MAX_LINE_VERTICES

Geometries: TypeAlias = NDArray[np.object_]

STEP_M: Final = 2.0
"""Positions nearer to the last kept one than this are standing still."""
SPIKE_M: Final = 30.0
"""A position this far off the line of its neighbours, when these lie nearer to each other, is a spike."""
SIMPLIFY_M: Final = 3.0
"""The centreline stays this near to the track: half of what a phone wanders in the open (accuracy 5.6 m, median)."""
PHONE_M: Final = 10.0
"""What a phone that stands on the line is off by, nearly always: 1.5 times the median accuracy of 5.6 m, rounded up."""
ROUND_M: Final = 5.0
LEAST_M: Final = 15.0
_CHUNK: Final = 2_000
_SAMPLE: Final = 20_000
_LAG: Final = 20
_SMOOTH_M: Final = 15.0
_LEFT_M: Final = 0.5
_MOST_SMOOTH: Final = 25
_DEVIATION_PER_MEDIAN: Final = 1.4826  # standard deviation of a normal per median of its absolute values
_FAR_NORTH: Final = 85.0  # beyond, no zone projects anything
_BACK_M: Final = 15.0
_BACK_ALONG_M: Final = 100.0
_BACK_SHARE: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """A centreline in the numbers of the track's own system, and why its half-width is suggested.

    `scatter_m` is the distance from the centreline within which 95 % of the kept positions lie; `half_width_m` =
    `scatter_m` + `phone_m`, rounded up to 5 m, at least 15 m. `came_back` tells that much of the way was walked twice.
    """

    centreline: Array
    half_width_m: float
    scatter_m: float
    phone_m: float
    length_m: float
    positions: int
    kept: int
    spikes: int
    came_back: bool


def centreline_of(track: Array, system: CoordinateSystem) -> Walked | None:
    """Simplify a track of (x, y) in `system`; None if nothing was walked, or nowhere on Earth.

    The work grows with the number of positions: the track is simplified in pieces of 2 000.
    """
    lon, lat = to_wgs84(system, track[:, 0], track[:, 1])
    if not len(track) or not (np.isfinite(lon) & np.isfinite(lat) & (np.abs(lat) < _FAR_NORTH)).all():
        return None
    zone = zone_of(float(np.median(lon)))
    forward, backward = zone_transformers(zone)
    plane = np.column_stack(forward.transform(lon, lat))
    if not np.isfinite(plane).all():
        return None
    moved = _without_standing(plane)
    path = _without_spikes(moved)
    if len(path) < 2:  # noqa: PLR2004 - a line
        return None
    smooth, noise_m = _smoothed(path)
    tolerance = max(SIMPLIFY_M, 3.0 * noise_m)
    line = _simplified(smooth, tolerance)
    while len(line) > MAX_LINE_VERTICES:
        tolerance *= 2.0
        line = _simplified(line, tolerance)
    scatter = float(np.percentile(_distances(path[:: len(path) // _SAMPLE + 1], line), 95.0))
    wanted = math.ceil((scatter + PHONE_M) / ROUND_M) * ROUND_M
    there = from_wgs84(system, *backward.transform(line[:, 0], line[:, 1]))
    return Walked(
        # What the way back from the plane leaves in the last digits is noise: 0.1 mm either way.
        centreline=np.round(np.column_stack(there), 9 if system.kind == "geographic" else 4),
        half_width_m=min(max(wanted, LEAST_M), MAX_HALF_WIDTH_M),
        scatter_m=round(scatter, 2),
        phone_m=PHONE_M,
        length_m=float(np.hypot(*np.diff(line, axis=0).T).sum()),
        positions=len(track),
        kept=len(path),
        spikes=len(moved) - len(path),
        came_back=_came_back(line),
    )


def _without_standing(path: Array) -> Array:
    """Keep positions that moved on since the last kept one, and the last of all."""
    kept = [0]
    at_x, at_y = path[0]
    for index, (x, y) in enumerate(path.tolist()):
        if math.hypot(x - at_x, y - at_y) >= STEP_M:
            kept.append(index)
            at_x, at_y = x, y
    return path[kept]


def _without_spikes(path: Array) -> Array:
    if len(path) < 3:  # noqa: PLR2004 - a middle one
        return path
    before, here, after = path[:-2], path[1:-1], path[2:]
    gap = np.hypot(*(after - before).T)
    way = np.minimum(np.hypot(*(here - before).T), np.hypot(*(after - here).T))
    return path[np.concatenate([[True], ~((way > SPIKE_M) & (gap < way)), [True]])]


def _smoothed(path: Array) -> tuple[Array, float]:
    """Average away what jitters from one position to the next; return the path and the jitter left in it (metres).

    The jitter of the track is estimated from how far positions lie off the middle of their neighbours (for independent
    errors of deviation s that has the deviation s sqrt(1.5) in x and y). So many neighbours are averaged that half a
    metre is left of it, but never more than 15 m of the way to either side: corners keep their place.
    """
    if len(path) <= 2 * _LAG:
        return path, 0.0
    off = (path[1:-1] - (path[:-2] + path[2:]) / 2.0).ravel()
    noise = _DEVIATION_PER_MEDIAN * float(np.median(np.abs(off))) / math.sqrt(1.5)
    spacing = float(np.median(np.hypot(*(path[_LAG:] - path[:-_LAG]).T))) / _LAG
    reach = min(math.ceil(((noise / _LEFT_M) ** 2 - 1.0) / 2.0), int(_SMOOTH_M / max(spacing, 0.1)), _MOST_SMOOTH)
    if reach < 1:
        return path, 0.0  # positions far apart show bends, not jitter
    sums = np.vstack([np.zeros(2), np.cumsum(path - path[0], axis=0)])
    at = np.arange(len(path))
    # Towards the ends the window shrinks on both sides, so that the line keeps its ends.
    half = np.minimum(np.minimum(at, len(path) - 1 - at), reach)
    means = (sums[at + half + 1] - sums[at - half]) / (2 * half + 1)[:, np.newaxis]
    return means + path[0], noise / math.sqrt(2.0 * reach + 1.0)


def _simplified(path: Array, tolerance_m: float) -> Array:
    """Simplify by Douglas and Peucker in pieces, whose ends stay; its work is the square of a piece's length."""
    begins = range(0, len(path) - 1, _CHUNK)
    pieces = shapely.simplify([shapely.LineString(path[begin : begin + _CHUNK + 1]) for begin in begins], tolerance_m)
    paths = [shapely.get_coordinates(piece) for piece in pieces]
    return np.vstack([paths[0], *(piece[1:] for piece in paths[1:])])


def _distances(path: Array, line: Array) -> Array:
    """Distance of each position from the nearest edge of the line, found through an index of the edges."""
    edges: Geometries = np.asarray(shapely.linestrings(np.stack([line[:-1], line[1:]], axis=1)), dtype=object)
    _, distances = shapely.STRtree(np.atleast_1d(edges)).query_nearest(
        shapely.points(path), return_distance=True, all_matches=False
    )
    return np.asarray(distances, dtype=np.float64)


def _came_back(line: Array) -> bool:
    """Tell whether much of the line runs beside an earlier part of itself, by marks every 15 m in cells of 15 m."""
    length = float(np.hypot(*np.diff(line, axis=0).T).sum())
    marks = min(int(length / _BACK_M), 200_000)
    if marks < 2:  # noqa: PLR2004 - nothing to come back to
        return False
    at = shapely.get_coordinates(
        shapely.line_interpolate_point(shapely.LineString(line), np.linspace(0.0, length, marks))
    )
    apart = _BACK_ALONG_M / (length / marks)
    seen: dict[tuple[int, int], int] = {}
    met = 0
    for index, cell in enumerate(map(tuple, np.floor_divide(at, 2.0 * _BACK_M).astype(np.int64).tolist())):
        met += index - seen.setdefault((cell[0], cell[1]), index) > apart
    return met > _BACK_SHARE * marks
