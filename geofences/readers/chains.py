"""Joins single lines that meet end to end into long ones, in time that grows with their number only."""

from collections import defaultdict
from typing import Final, TypeAlias

import numpy as np

from geofences.readers.content import Array

Node: TypeAlias = tuple[int, int]
_STEP: Final = 0.001
"""Ends within the same millimetre are one place."""
_BEYOND_ALL: Final = 1e9


class Chains:
    """The single lines of one layer."""

    def __init__(self) -> None:
        """Begin with none."""
        self._pieces: list[Array] = []

    def add(self, piece: Array) -> None:
        """Take a line of at least two positions on Earth; others, and those without length, are dropped."""
        if len(piece) > 1 and (np.abs(piece) < _BEYOND_ALL).all() and (piece[0] != piece[-1]).any():
            self._pieces.append(piece)

    def joined(self) -> list[Array]:
        """Return the lines joined wherever exactly two of them meet; at forks and crossings they end.

        A chain runs in the direction of its first piece, and chains come in the order of those.
        """
        ends: defaultdict[Node, list[int]] = defaultdict(list)
        for index, piece in enumerate(self._pieces):
            ends[_node(piece[0])].append(index)
            ends[_node(piece[-1])].append(index)
        used = [False] * len(self._pieces)
        chains: list[Array] = []
        for index in range(len(self._pieces)):
            if not used[index]:
                used[index] = True
                before = [_reversed(piece) for piece in reversed(self._followed(index, 0, ends, used))]
                after = self._followed(index, -1, ends, used)
                chains.append(_glued([*before, self._pieces[index], *after]))
        return chains

    def _followed(self, index: int, end: int, ends: dict[Node, list[int]], used: list[bool]) -> list[Array]:
        """Walk on from one end of a piece; each piece comes in the direction of the walk."""
        found: list[Array] = []
        node = _node(self._pieces[index][end])
        while len(meeting := ends[node]) == 2:  # noqa: PLR2004 - two lines meet in a place without a fork
            index = meeting[1] if meeting[0] == index else meeting[0]
            if used[index]:
                break
            used[index] = True
            piece = self._pieces[index]
            piece = piece if _node(piece[0]) == node else _reversed(piece)
            found.append(piece)
            node = _node(piece[-1])
        return found


def is_closed(path: Array) -> bool:
    """Tell whether a joined line ends where it began, round an area."""
    return len(path) > 3 and _node(path[0]) == _node(path[-1])  # noqa: PLR2004 - three corners


def _node(position: Array) -> Node:
    return round(float(position[0]) / _STEP), round(float(position[1]) / _STEP)


def _reversed(piece: Array) -> Array:
    return piece[::-1]


def _glued(pieces: list[Array]) -> Array:
    return np.vstack([pieces[0], *(piece[1:] for piece in pieces[1:])])
