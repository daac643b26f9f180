"""The Merkle tree of RFC 9162 over a growing list of leaves, as pure functions of 32-byte hashes.

A node is *perfect* when it covers 2**level leaves that are all there: it never changes again. Everything a proof needs
is made of perfect nodes, so that only these are kept. `Peaks` is the tree's right edge: the few perfect nodes that
cover all leaves so far (a "compact range"), enough to append and to tell the root.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of a tree without leaves (RFC 9162, 2.1.1)."""

LEAF: Final = b"\x00"
NODE: Final = b"\x01"


class Node(NamedTuple):
    """A perfect node: it covers the leaves from `number << level` to `(number + 1) << level`, not included."""

    level: int
    number: int


Read = Callable[[Node], bytes]


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of a leaf's bytes (RFC 9162, 2.1.1)."""
    return sha256(LEAF + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two nodes' parent (RFC 9162, 2.1.1)."""
    return sha256(NODE + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root over perfect nodes of falling size from left to right, such as `cover` names."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def cover(begin: int, end: int) -> list[Node]:
    """Return the fewest perfect nodes that cover the leaves in [begin, end), from left to right."""
    nodes: list[Node] = []
    while begin < end:
        widest = (end - begin).bit_length() - 1
        level = min(widest, (begin & -begin).bit_length() - 1) if begin else widest
        nodes.append(Node(level, begin >> level))
        begin += 1 << level
    return nodes


class Peaks:
    """The right edge of a growing tree."""

    __slots__ = ("_hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        """Take up a tree of `size` leaves with the hashes of `cover(0, size)`; raises ValueError for another number."""
        self.size = size
        self._hashes = list(hashes)
        if len(self._hashes) != size.bit_count():
            msg = f"a tree of {size} leaves has {size.bit_count()} peaks, not {len(self._hashes)}"
            raise ValueError(msg)

    def copy(self) -> Peaks:
        """Return an edge that grows apart from this one."""
        return Peaks(self.size, self._hashes)

    def append(self, leaf: bytes) -> list[tuple[Node, bytes]]:
        """Add a leaf's hash; return the nodes above it that became perfect, lowest first."""
        made: list[tuple[Node, bytes]] = []
        level, index, found = 0, self.size, leaf
        while index & 1:
            found = node_hash(self._hashes.pop(), found)
            level, index = level + 1, index >> 1
            made.append((Node(level, index), found))
        self._hashes.append(found)
        self.size += 1
        return made

    def root(self) -> bytes:
        """Return the root of the tree as it is."""
        return fold(self._hashes)


def inclusion_nodes(index: int, size: int) -> list[list[Node]]:
    """Return what the path of leaf `index` in a tree of `size` is made of, from the leaf upwards (RFC 9162, 2.1.3.1).

    Each step is the list of perfect nodes whose `fold` is the sibling. Raises ValueError for a leaf that is not there.
    """
    if not 0 <= index < size:
        msg = f"a tree of {size} leaves has no leaf {index}"
        raise ValueError(msg)
    steps: list[list[Node]] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            steps.append(cover(middle, end))
            end = middle
        else:
            steps.append(cover(begin, middle))
            begin = middle
    return steps[::-1]


def consistency_nodes(old: int, new: int) -> list[list[Node]]:
    """Return what the proof is made of that a tree of `new` leaves begins with one of `old` (RFC 9162, 2.1.4.1).

    Nothing needs to be shown for equal sizes or an empty old tree. Raises ValueError for `old` above `new`.
    """
    if not 0 <= old <= new:
        msg = f"a tree of {new} leaves does not begin with one of {old}"
        raise ValueError(msg)
    if old in {0, new}:
        return []
    steps: list[list[Node]] = []
    begin, end = 0, new
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            steps.append(cover(middle, end))
            end = middle
        else:
            steps.append(cover(begin, middle))
            begin = middle
    if begin:
        steps.append(cover(begin, end))
    return steps[::-1]


def path_of(steps: Iterable[Sequence[Node]], read: Read) -> list[bytes]:
    """Return the hashes of a proof; `read` tells the hash of a perfect node."""
    return [fold([read(node) for node in step]) for step in steps]


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Tell whether `path` shows that `leaf` (a hash) is number `index` of the tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def extends(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Tell whether `path` shows that the new tree begins with the old one (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    # An old tree that is a perfect node of the new one is not repeated in the path.
    rest = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not rest:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_found = new_found = rest[0]
    for sibling in rest[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old_found, new_found = node_hash(sibling, old_found), node_hash(sibling, new_found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new_found = node_hash(new_found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and old_found == old_root and new_found == new_root


def _split(size: int) -> int:
    """Return the largest power of two below `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)
