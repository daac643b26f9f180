"""How much each vertex of a path matters to its form (Douglas and Peucker 1973, all tolerances in one pass)."""

from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

LONGEST_M: Final = 1_000.0
"""Edges are not joined beyond this: a line straight in degrees leaves one straight in the plane with its square."""

_CORNERS: Final = 3


def weights_of_line(path: Array, least_m: float) -> Array:
    """Return for each vertex of an open path (n x 2 metres) the tolerance in metres up to which it has to stay.

    Without the vertices that weigh no more than a tolerance, each of them lies within that of the edge that takes its
    place, and no edge made by leaving some out is longer than a kilometre. Vertices that are nearer than `least_m` to
    such an edge weigh 0 or less than it, the ends weigh infinitely much.
    """
    return _weights(path, [0, len(path) - 1], least_m)


def weights_of_ring(path: Array, least_m: float) -> Array:
    """Return the like for a closed path, whose first vertex stands again at the end; a triangle always stays.

    A ring has no ends to begin from: its first vertex, the one farthest from it and the one farthest from the line
    between them take their place.
    """
    count = len(path) - 1
    if count <= _CORNERS:
        return np.full(count + 1, np.inf)
    across = int(np.hypot(*(path[:count] - path[0]).T).argmax())
    aside = int(distance_to_edge(path[:count], path[0], path[across]).argmax())
    return _weights(path, sorted({0, across, aside, count}), least_m)


def distance_to_edge(points: Array, begin: Array, end: Array) -> Array:
    """Distance in metres of points (n x 2) from the straight edge between two others, or from as many edges."""
    step = end - begin
    square = np.sum(step * step, axis=-1)
    part = np.sum((points - begin) * step, axis=-1) / np.where(square > 0.0, square, 1.0)
    foot = begin + np.clip(part, 0.0, 1.0)[..., np.newaxis] * step
    return np.hypot(*(points - foot).T)


def _weights(path: Array, fixed: list[int], least_m: float) -> Array:
    weights = np.zeros(len(path))
    weights[fixed] = np.inf
    spans = [(begin, end, np.inf) for begin, end in pairwise(fixed)]
    while spans:
        begin, end, above_m = spans.pop()
        if end - begin < 2:  # noqa: PLR2004 - nothing lies between neighbours
            continue
        away = distance_to_edge(path[begin + 1 : end], path[begin], path[end])
        middle = int(away.argmax()) + begin + 1
        weight = min(float(away[middle - begin - 1]), above_m)
        if np.hypot(*(path[end] - path[begin])) > LONGEST_M:
            if weight < least_m:
                middle = (begin + end) // 2
            weight = above_m
        elif weight < least_m:
            continue
        weights[middle] = weight
        spans += [(begin, middle, weight), (middle, end, weight)]
    return weights
