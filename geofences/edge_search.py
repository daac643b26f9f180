"""Finds for many positions at once the nearest of many straight edges, and those within reach.

Nearest edge. Samples are laid on the edges: their ends, and places between no farther apart than 2 h. The foot of a
position on its nearest edge is an end, which is a sample, or it is square to the edge and at most h from one, so that
a sample lies within sqrt(d^2 + h^2) of the position, d being its distance to the edge. A k-d tree gives the few nearest
samples; the edges they lie on are measured exactly. All samples of any other edge are at least as far off as the last
of these, s, so that the edge is no nearer than sqrt(s^2 - h^2): where that is not less than the best found, the best
is the nearest. The rest (where many edges are equally far off) goes to an exact search tree, ten times as slow.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from geofences.evaluation import Fence
from geofences.projection import Axis

if TYPE_CHECKING:
    from scipy.spatial import KDTree

Array: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.intp]

_SAMPLES: Final = 5_000
"""Samples at even steps, besides the ends of edges."""
_LOOKED_AT: Final = 6


class Edges:
    """Straight edges in a plane, in metres: starts, unit directions and lengths; the trees are made when asked for."""

    __slots__ = ("_half_step", "_samples", "_shapes", "length", "of_sample", "ux", "uy", "x", "y")

    def __init__(self, x: Array, y: Array, ux: Array, uy: Array, length: Array) -> None:
        """Take the edges; there is at least one."""
        self.x, self.y, self.ux, self.uy, self.length = x, y, ux, uy, length
        self._samples: KDTree | None = None
        self._shapes: shapely.STRtree | None = None

    def nearest(self, x: Array, y: Array) -> tuple[Indices, Array]:
        """Return for each position its nearest edge and the square of the distance to it (m2)."""
        if self._samples is None:
            self._samples = self._sampled()
        looked_at = min(_LOOKED_AT, self._samples.n)
        found: tuple[Any, Any] = self._samples.query(np.column_stack((x, y)), k=looked_at)
        away = np.asarray(found[0], dtype=np.float64).reshape(len(x), looked_at)
        edges = self.of_sample[np.asarray(found[1], dtype=np.intp).reshape(len(x), looked_at)]
        distance2 = self.distances2(edges, x[:, None], y[:, None])
        best = distance2.argmin(axis=1)[:, None]
        edge = np.take_along_axis(edges, best, axis=1)[:, 0]
        least2 = np.take_along_axis(distance2, best, axis=1)[:, 0]
        if looked_at < self._samples.n:
            last2 = away[:, -1] * away[:, -1]
            # Rounding of coordinates of some thousand kilometres, squared, is left to the exact search.
            unsure = np.flatnonzero(least2 > last2 - self._half_step**2 - 1e-9 * (1.0 + last2))
            if unsure.size:
                edge[unsure] = self._tree().query_nearest(shapely.points(x[unsure], y[unsure]), all_matches=False)[1]
                least2[unsure] = self.distances2(edge[unsure], x[unsure], y[unsure])
        return edge, least2

    def distances2(self, edge: Indices, x: Array, y: Array) -> Array:
        """Return the squares of the distances (m2) of positions to edges, both given alike or as broadcast."""
        dx, dy = x - self.x[edge], y - self.y[edge]
        ux, uy = self.ux[edge], self.uy[edge]
        along, across = dx * ux + dy * uy, dy * ux - dx * uy
        rest = along - np.minimum(np.maximum(along, 0.0), self.length[edge])
        return across * across + rest * rest

    def feet(self, edge: Indices, x: Array, y: Array) -> Array:
        """Return how far along its edge (metres from the start) each position is nearest to it."""
        along = (x - self.x[edge]) * self.ux[edge] + (y - self.y[edge]) * self.uy[edge]
        return np.minimum(np.maximum(along, 0.0), self.length[edge])

    def near(self, x: Array, y: Array, reach: Array, pairs: int) -> Iterator[tuple[int, int, Indices, Indices]]:
        """Yield runs of positions (begin, length) with the pairs of position and edge whose boxes are within reach (m).

        A run is short enough to hold at most `pairs` pairs, or one position.
        """
        tree = self._tree()
        step = max(1, min(8_192, pairs // len(self.x)))
        for begin in range(0, len(x), step):
            run = slice(begin, begin + step)
            boxes = shapely.box(x[run] - reach[run], y[run] - reach[run], x[run] + reach[run], y[run] + reach[run])
            position, edge = tree.query(boxes)
            yield begin, len(boxes), position + begin, edge

    def _sampled(self) -> "KDTree":
        from scipy.spatial import KDTree  # noqa: PLC0415 - slow to import, see geofences.evaluation.warm_up

        step = max(float(self.length.sum()) / _SAMPLES, 0.01)
        parts = np.maximum(np.ceil(self.length / step), 1.0).astype(np.intp)
        self._half_step = 0.5 * float((self.length / parts).max())
        self.of_sample = np.repeat(np.arange(len(parts)), parts + 1)
        number = np.arange(len(self.of_sample)) - np.repeat(np.cumsum(parts + 1) - parts - 1, parts + 1)
        along = number * (self.length / parts)[self.of_sample]
        return KDTree(
            np.column_stack(
                (
                    self.x[self.of_sample] + along * self.ux[self.of_sample],
                    self.y[self.of_sample] + along * self.uy[self.of_sample],
                )
            ),
            balanced_tree=False,
            compact_nodes=False,
        )

    def _tree(self) -> shapely.STRtree:
        if self._shapes is None:
            end_x, end_y = self.x + self.ux * self.length, self.y + self.uy * self.length
            ends = np.stack((np.column_stack((self.x, self.y)), np.column_stack((end_x, end_y))), axis=1)
            self._shapes = shapely.STRtree(np.atleast_1d(np.asarray(shapely.linestrings(ends), dtype=np.object_)))
        return self._shapes


@lru_cache(maxsize=8)
def edges_of(fence: Fence) -> Edges:
    """Return the edges of a fence; their trees are kept for the few fences that were asked for last."""
    return Edges(fence.x, fence.y, fence.ux, fence.uy, fence.length)


@lru_cache(maxsize=8)
def edges_of_axis(axis: Axis) -> Edges:
    """Return the edges of an axis, likewise."""
    return Edges(axis.x, axis.y, axis.ux, axis.uy, axis.length)
