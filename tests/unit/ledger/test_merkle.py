"""The tree against the definitions of RFC 9162, written down as they stand there."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.ledger.seals import merkle
from backend.ledger.seals.merkle import Node, Peaks

# The leaves and roots that implementations of Certificate Transparency test themselves by.
VECTOR = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
SIZES = st.integers(1, 70)


def split(size: int) -> int:
    """Return the largest power of two smaller than `size`."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def mth(leaves: Sequence[bytes]) -> bytes:
    """2.1.1: MTH."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = split(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """2.1.3.1: PATH."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: Sequence[bytes], *, known: bool) -> list[bytes]:
    """2.1.4.1: SUBPROOF."""
    if m == len(leaves):
        return [] if known else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], known=known), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], known=False), mth(leaves[:k])]


def leaves_of(size: int) -> list[bytes]:
    return [number.to_bytes(2, "big") for number in range(size)]


def reader(leaves: Sequence[bytes]) -> merkle.Read:
    def read(node: Node) -> bytes:
        begin, end = node.number << node.level, (node.number + 1) << node.level
        assert end <= len(leaves), "only nodes that are perfect are asked for"
        return mth(leaves[begin:end])

    return read


def test_the_published_roots() -> None:
    peaks = Peaks()
    for leaf, root in zip(VECTOR, ROOTS, strict=True):
        peaks.append(merkle.leaf_hash(leaf))
        assert peaks.root().hex() == root
    assert Peaks().root() == mth([]) == merkle.EMPTY_ROOT


@given(SIZES)
def test_a_growing_tree_has_the_defined_root_and_tells_its_perfect_nodes(size: int) -> None:
    leaves = leaves_of(size)
    peaks = Peaks()
    made: dict[Node, bytes] = {}
    for leaf in leaves:
        made.update(peaks.append(merkle.leaf_hash(leaf)))
    read = reader(leaves)
    assert peaks.root() == mth(leaves)
    wanted = {Node(level, index) for level in range(1, 8) for index in range(size >> level)}
    assert made == {node: read(node) for node in wanted}


@given(SIZES, SIZES)
def test_a_tree_is_taken_up_where_it_stood(size: int, more: int) -> None:
    leaves = leaves_of(size + more)
    peaks = Peaks(size, [reader(leaves)(node) for node in merkle.cover(0, size)])
    copied = peaks.copy()
    for leaf in leaves[size:]:
        peaks.append(merkle.leaf_hash(leaf))
    assert (peaks.root(), copied.root()) == (mth(leaves), mth(leaves[:size]))


def test_peaks_that_do_not_fit_the_size() -> None:
    with pytest.raises(ValueError, match="3 leaves has 2 peaks, not 1"):
        Peaks(3, [bytes(32)])


@given(st.integers(0, 400), st.integers(0, 400))
def test_a_cover_is_whole_ordered_and_small(begin: int, length: int) -> None:
    nodes = merkle.cover(begin, begin + length)
    leaves = [leaf for node in nodes for leaf in range(node.number << node.level, (node.number + 1) << node.level)]
    assert leaves == list(range(begin, begin + length))
    assert len(nodes) <= 2 * max(1, length.bit_length())


@given(st.data())
def test_inclusion(data: st.DataObject) -> None:
    size = data.draw(SIZES)
    index = data.draw(st.integers(0, size - 1))
    leaves = leaves_of(size)
    found = merkle.path_of(merkle.inclusion_nodes(index, size), reader(leaves))
    leaf, root = merkle.leaf_hash(leaves[index]), mth(leaves)
    assert found == path(index, leaves)
    assert merkle.includes(leaf, index, size, found, root)
    other = (index + 1) % size
    if other != index:
        assert not merkle.includes(leaf, other, size, found, root)
    assert not merkle.includes(merkle.leaf_hash(b"other"), index, size, found, root)
    assert not merkle.includes(leaf, index, size, [*found, root], root)
    if found:
        assert not merkle.includes(leaf, index, size, found[:-1], root)
        place = data.draw(st.integers(0, len(found) - 1))
        spoilt = [bytes([one[0] ^ 1]) + one[1:] if number == place else one for number, one in enumerate(found)]
        assert not merkle.includes(leaf, index, size, spoilt, root)


@given(st.data())
def test_consistency(data: st.DataObject) -> None:
    new = data.draw(SIZES)
    old = data.draw(st.integers(0, new))
    leaves = leaves_of(new)
    found = merkle.path_of(merkle.consistency_nodes(old, new), reader(leaves))
    old_root, new_root = mth(leaves[:old]), mth(leaves)
    assert found == (subproof(old, leaves, known=True) if old else [])
    assert merkle.extends(old, new, found, old_root, new_root)
    another = mth([b"x", *leaves[1:]])
    if old:
        assert not merkle.extends(old, new, found, old_root, another)
        assert not merkle.extends(old, new, found, mth([b"x", *leaves[1:old]]), new_root)
    assert not merkle.extends(old, new, [*found, new_root], old_root, new_root)
    assert not merkle.extends(new + 1, new, found, old_root, new_root)
    for place in range(len(found)):
        spoilt = [bytes([one[0] ^ 1]) + one[1:] if number == place else one for number, one in enumerate(found)]
        assert not merkle.extends(old, new, spoilt, old_root, new_root)


def test_what_is_not_there_has_no_proof() -> None:
    for index, size in ((3, 3), (-1, 3), (0, 0)):
        with pytest.raises(ValueError, match="has no leaf"):
            merkle.inclusion_nodes(index, size)
        assert not merkle.includes(bytes(32), index, size, [], bytes(32))
    with pytest.raises(ValueError, match="does not begin"):
        merkle.consistency_nodes(4, 3)
