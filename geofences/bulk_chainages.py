"""Chainages of many positions at once: the nearest place of an axis, or that in a person's sections."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from geofences.edge_search import Edges, edges_of_axis
from geofences.projection import Axis, Stretch

Array: TypeAlias = NDArray[np.float64]


def chainages(axis: Axis, x: Array, y: Array) -> tuple[Array, Array]:
    """Return chainage and distance (metres) of the nearest place of an axis for positions in its plane (metres)."""
    edges = edges_of_axis(axis)
    edge, distance2 = edges.nearest(x, y)
    foot = edges.feet(edge, x, y)
    return axis.chainage[edge] + foot * axis.scale[edge], np.sqrt(distance2)


def chainages_within(axis: Axis, x: Array, y: Array, reach_m: Array, within: Sequence[Stretch]) -> tuple[Array, Array]:
    """Return chainage and distance of the places that people with sections are at, as `projection.place_on` does."""
    nearest_m, distance_m = chainages(axis, x, y)
    parts = [_part(axis, stretch) for stretch in within]
    chainage_m = np.concatenate([one[0] for one in parts]) if parts else np.zeros(0)
    if not chainage_m.size:
        return nearest_m, distance_m
    scale = np.concatenate([one[1] for one in parts])
    edges = Edges(*(np.concatenate([one[2][column] for one in parts]) for column in range(5)))
    edge, held2 = edges.nearest(x, y)
    held_m = chainage_m[edge] + edges.feet(edge, x, y) * scale[edge]
    held = np.sqrt(held2)
    meant = held <= distance_m + axis.half_width_m + reach_m
    return np.where(meant, held_m, nearest_m), np.where(meant, held, distance_m)


def _part(axis: Axis, stretch: Stretch) -> tuple[Array, Array, tuple[Array, Array, Array, Array, Array]]:
    """Return the part of an axis in a stretch: chainages of its edges' starts, chainage per metre, the edges."""
    low = np.maximum((stretch.from_m - axis.chainage) / axis.scale, 0.0)
    high = np.minimum((stretch.to_m - axis.chainage) / axis.scale, axis.length)
    rows = np.flatnonzero(low <= high)
    low, high, ux, uy = low[rows], high[rows], axis.ux[rows], axis.uy[rows]
    edges = axis.x[rows] + low * ux, axis.y[rows] + low * uy, ux, uy, high - low
    return axis.chainage[rows] + low * axis.scale[rows], axis.scale[rows], edges
