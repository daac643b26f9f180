"""A position on an alignment: chainage along it and signed offset from it, with every candidate where legs run close.

The nearest point alone jumps: between two legs 30 m apart a step of 2 m moves the chainage by a kilometre. So all local
minima within reach are returned, and a caller who knows the person's section restricts the search to its range.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

Array: TypeAlias = NDArray[np.float64]


class Stretch(NamedTuple):
    """A range of chainage in metres, both ends belonging to it."""

    from_m: float
    to_m: float


class Candidate(NamedTuple):
    """One place on an axis that is locally nearest to a position.

    `chainage_m` is the raw distance along the axis plus its start chainage; `offset_m` how far the position lies to the
    left (positive) or right (negative) of the axis, seen in its direction; `overrun_m` how far it lies beyond the end
    of the axis or of the stretch, along it (0 beside it); `distance_m` the straight distance; `x`, `y` the place itself
    in the axis' plane (metres).
    """

    chainage_m: float
    offset_m: float
    overrun_m: float
    distance_m: float
    x: float
    y: float


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """An alignment prepared for projection: edges in a plane in metres, and the true length of each on the ellipsoid.

    Arrays have one entry per edge: start point, unit direction, length in the plane, chainage of the start, metres of
    chainage per metre in the plane (1 within 257 ppm where it grows as on the ground). `half_width_m` is about how far
    the corridor reaches to either side, 0 for an alignment without one.
    """

    x: Array
    y: Array
    ux: Array
    uy: Array
    length: Array
    chainage: Array
    scale: Array
    start_m: float
    end_m: float
    half_width_m: float = 0.0


@lru_cache(maxsize=1)
def _ellipsoid() -> Geod:
    return Geod(ellps="GRS80")


def raw_distances(lon: Array, lat: Array) -> Array:
    """Distance in metres along a path (degrees) at each of its points, on the ellipsoid; begins with 0.

    Ground lengths do not depend on the zone: in the plane of EPSG:4547 Wuhan's metro line 11 is 1 m longer than it is.
    """
    _, _, steps = _ellipsoid().inv(lon[:-1], lat[:-1], lon[1:], lat[1:])
    return np.append(0.0, np.cumsum(steps))


def ground_distance_m(lon: float, lat: float, to_lon: float, to_lat: float) -> tuple[float, float]:
    """Distance in metres and initial azimuth in degrees (0 north, 90 east) from one position to another (degrees)."""
    azimuth, _, distance = _ellipsoid().inv(lon, lat, to_lon, to_lat)
    return float(distance), float(azimuth) % 360.0


def prepare_axis(x: Array, y: Array, raw_m: Array, start_m: float = 0.0, half_width_m: float = 0.0) -> Axis:
    """Prepare an axis from its points in a plane (metres), their raw distances and the chainage of the first.

    Raw distances are those along the axis by its chainages, on the ground where no alignment tells others.
    """
    dx, dy = np.diff(x), np.diff(y)
    length = np.hypot(dx, dy)
    keep = length > 0.0
    dx, dy, length = dx[keep], dy[keep], length[keep]
    return Axis(
        x=x[:-1][keep],
        y=y[:-1][keep],
        ux=dx / length,
        uy=dy / length,
        length=length,
        chainage=start_m + raw_m[:-1][keep],
        scale=np.diff(raw_m)[keep] / length,
        start_m=start_m,
        end_m=start_m + float(raw_m[-1]),
        half_width_m=half_width_m,
    )


def nearest_on(axis: Axis, x: float, y: float, within: Sequence[Stretch] = ()) -> Candidate | None:
    """Return the nearest place to a position in the axis' plane (metres); None if no part of the axis is `within`."""
    measured = _measured(axis, x, y, within)
    index = int(measured.distance2.argmin())
    return measured.candidate(axis, index) if np.isfinite(measured.distance2[index]) else None


def place_on(axis: Axis, x: float, y: float, reach_m: float, within: Sequence[Stretch] = ()) -> Candidate | None:
    """Return the place of an axis that a person with sections is at: in his sections if it can be, else the nearest.

    A place in the sections can be meant if it is further off than the nearest one by no more than the corridor's
    half-width and `reach_m` metres: so hairpins and parallel legs do not jump, and nobody who stands kilometres from
    his section is told its end.
    """
    nearest = nearest_on(axis, x, y)
    held = nearest_on(axis, x, y, within) if within else None
    if held is None or nearest is None:
        return nearest
    return held if held.distance_m <= nearest.distance_m + axis.half_width_m + reach_m else nearest


def candidates_on(
    axis: Axis, x: float, y: float, reach_m: float, within: Sequence[Stretch] = ()
) -> tuple[Candidate, ...]:
    """Return every local minimum of the distance up to `reach_m` metres from a position, nearest first.

    `within` restricts the search to parts of the axis; empty means all of it.
    """
    found: list[Candidate] = []
    for searched in [[stretch] for stretch in within] or [[]]:
        measured = _measured(axis, x, y, searched)
        distance2 = measured.distance2
        before = np.append(np.inf, distance2[:-1])
        after = np.append(distance2[1:], np.inf)
        # Two edges that share the nearest corner have one distance: only the first of them is taken.
        minima = np.flatnonzero((distance2 < before) & (distance2 <= after) & (distance2 <= reach_m * reach_m))
        found += [measured.candidate(axis, int(index)) for index in minima]
    return tuple(sorted(set(found), key=lambda candidate: candidate.distance_m))


class _Measured(NamedTuple):
    """Where each edge comes nearest: along it, across it (left positive), and the clipped foot."""

    along: Array
    across: Array
    foot: Array
    distance2: Array

    def candidate(self, axis: Axis, index: int) -> Candidate:
        across, foot = float(self.across[index]), float(self.foot[index])
        distance = float(self.distance2[index]) ** 0.5
        chainage = float(axis.chainage[index]) + foot * float(axis.scale[index])
        beside = float(self.along[index]) - foot
        overrun = 0.0
        neighbour = self._neighbour(axis, index, forward=beside > 0)
        if neighbour is None:
            overrun = abs(beside)
        elif beside:
            across = math.copysign(distance, self._side_of_bend(axis, index, neighbour, forward=beside > 0))
        place_x = float(axis.x[index]) + foot * float(axis.ux[index])
        place_y = float(axis.y[index]) + foot * float(axis.uy[index])
        return Candidate(chainage, across, overrun, distance, place_x, place_y)

    def _side_of_bend(self, axis: Axis, index: int, neighbour: int, *, forward: bool) -> float:
        """Return a number with the sign of the side from which the corner of two edges is the nearest place.

        That is the side on which one lies of both edges. In the outer angle of a sharp bend one may lie left of one and
        right of the other; then it is the outer side, right where the axis turns left. On a corner that is none the
        turn is a matter of the last digit, and the edges decide.
        """
        here, there = float(self.across[index]), float(self.across[neighbour])
        if here * there > 0.0:
            return here
        bend = float(axis.ux[index] * axis.uy[neighbour] - axis.uy[index] * axis.ux[neighbour])
        return (-bend if forward else bend) or here

    def _neighbour(self, axis: Axis, index: int, *, forward: bool) -> int | None:
        """Return the edge that follows at this end of an edge, None where the searched part of the axis ends."""
        beyond = index + 1 if forward else index - 1
        if not 0 <= beyond < len(axis.x) or not np.isfinite(self.distance2[beyond]):
            return None
        foot = float(self.foot[index])
        at_corner = foot >= float(axis.length[index]) if forward else foot <= 0.0
        return beyond if at_corner else None


def _measured(axis: Axis, x: float, y: float, within: Sequence[Stretch]) -> _Measured:
    dx, dy = x - axis.x, y - axis.y
    along = dx * axis.ux + dy * axis.uy
    across = dy * axis.ux - dx * axis.uy
    if not within:
        foot = np.minimum(np.maximum(along, 0.0), axis.length)
        rest = along - foot
        return _Measured(along, across, foot, across * across + rest * rest)
    foot = np.zeros_like(along)
    distance2 = np.full_like(along, np.inf)
    for stretch in within:
        low = np.maximum((stretch.from_m - axis.chainage) / axis.scale, 0.0)
        high = np.minimum((stretch.to_m - axis.chainage) / axis.scale, axis.length)
        here = np.minimum(np.maximum(along, low), high)
        rest = along - here
        near2 = np.where(low <= high, across * across + rest * rest, np.inf)
        better = near2 < distance2
        foot, distance2 = np.where(better, here, foot), np.where(better, near2, distance2)
    return _Measured(along, across, foot, distance2)
