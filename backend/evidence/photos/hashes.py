"""Makes perceptual hashes, by which a picture is found again after it was shrunk, recompressed or lightened (pure).

Two of 64 bits. `frequencies` is the sign pattern of the 64 lowest frequencies of a DCT (Zauner, "Implementation and
benchmarking of perceptual image hash functions", 2010, §3.2.1, with a triangle of frequencies in place of a square and
without the mean): half of its bits are set, so that every part of it spreads well in an index. `differences` tells
which of two neighbours is lighter (dHash): it looks at other things, and confirms.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from PIL import Image

from backend.evidence.photos.examined import Hashes

BITS: Final = 64
BANDS: Final = 4
BAND_BITS: Final = BITS // BANDS
NEAR: Final = 2 * BANDS - 1
"""Bits in which two hashes may differ and still be found: then one of four bands differs in at most one bit."""

_SIDE: Final = 32
_Grey = np.ndarray[tuple[int, int], np.dtype[np.float64]]


def _cosines() -> _Grey:
    """Return the matrix of the orthonormal DCT-II of _SIDE samples."""
    k, n = np.ogrid[:_SIDE, :_SIDE]
    matrix = np.cos(np.pi * (2 * n + 1) * k / (2 * _SIDE)) * np.sqrt(2 / _SIDE)
    matrix[0] *= np.sqrt(0.5)
    return matrix


_COSINES: Final = _cosines()
# From low to high; the mean of the picture, (0, 0), says only how light it is.
_LOWEST: Final = sorted(((u, v) for u in range(_SIDE) for v in range(_SIDE) if u + v), key=lambda at: (sum(at), at))[
    :BITS
]


def hash_picture(grey: Image.Image) -> Hashes:
    """Return the hashes of a picture in grey (mode L), of any size."""
    small = np.asarray(grey.resize((_SIDE, _SIDE), Image.Resampling.BOX), dtype=np.float64)
    spectrum = _COSINES @ small @ _COSINES.T
    lowest = np.array([spectrum[at] for at in _LOWEST])
    nine = np.asarray(grey.resize((9, 8), Image.Resampling.BOX), dtype=np.float64)
    return Hashes(
        frequencies=_packed(lowest > np.median(lowest)),
        differences=_packed((nine[:, 1:] > nine[:, :-1]).ravel()),
    )


def _packed(bits: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> int:
    return int.from_bytes(np.packbits(bits).tobytes(), "big", signed=True)


def distance(one: int, other: int) -> int:
    """Return in how many of 64 bits two hashes differ."""
    return ((one ^ other) & (2**BITS - 1)).bit_count()


def bands(value: int) -> tuple[int, int, int, int]:
    """Return the four parts of 16 bits of a hash, the highest first, as the database's columns hold them."""
    plain = value & (2**BITS - 1)
    return (plain >> 48 & 0xFFFF, plain >> 32 & 0xFFFF, plain >> 16 & 0xFFFF, plain & 0xFFFF)


def near_bands(band: int) -> Iterator[int]:
    """Yield the 17 values of a band that differ from it in at most one bit.

    Of two hashes that differ in at most NEAR bits, at least one of the four bands is among these (multi-index hashing,
    Norouzi, Punjani, Fleet, CVPR 2012): else each band would differ in two bits or more, eight in all.
    """
    yield band
    for bit in range(BAND_BITS):
        yield band ^ (1 << bit)
