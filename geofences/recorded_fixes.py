"""Reads the exact fixes of recorded punches, many at once, out of their private rows once these are unsealed (pure).

A check-in seals `{"fixes": […], "person": …}` as canonical JSON (mobile_api); only the fixes are looked at here.
"""

from collections.abc import Sequence
from itertools import chain
from operator import attrgetter
from typing import TypeAlias

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from geofences.bulk_evaluation import ManyFixes
from geofences.choice import Fix
from geofences.coordinates import coordinate_system, to_wgs84
from geofences.evaluation import SIGMA_PER_ACCURACY, Platform

Indices: TypeAlias = NDArray[np.intp]


class RecordedFix(Struct, frozen=True, gc=False):
    """One fix as the phone sent it, in its own coordinate system; it refers to nothing that could refer to it."""

    lon: float
    lat: float
    crs: str
    accuracy_m: float
    platform: Platform
    age_s: float = 0.0
    mock: bool = False

    def fix(self) -> Fix:
        """Return it in WGS-84."""
        lon, lat = to_wgs84(coordinate_system(self.crs), self.lon, self.lat)
        return Fix(float(lon), float(lat), self.accuracy_m, self.platform, self.age_s, self.mock)


class _Private(Struct, frozen=True):
    fixes: tuple[RecordedFix, ...] = ()


_decoder = msgspec.json.Decoder(_Private)


def read_private(private: bytes) -> tuple[RecordedFix, ...]:
    """Return the fixes of one unsealed private row; raises msgspec.DecodeError for what is no such row."""
    return _decoder.decode(private).fixes


def join_fixes(punches: Sequence[Sequence[RecordedFix]]) -> tuple[Indices, ManyFixes]:
    """Return the index of each punch's first fix, and all fixes one after the other in WGS-84."""
    count = np.fromiter(map(len, punches), dtype=np.intp, count=len(punches))
    flat = list(chain.from_iterable(punches))
    lon, lat = _column(flat, "lon"), _column(flat, "lat")
    named = list(map(attrgetter("crs"), flat))
    for crs in set(named) - {"wgs84", "cgcs2000"}:
        rows = np.flatnonzero(np.fromiter((one == crs for one in named), np.bool_, len(flat)))
        lon[rows], lat[rows] = to_wgs84(coordinate_system(crs), lon[rows], lat[rows])
    sigmas = map(SIGMA_PER_ACCURACY.__getitem__, map(attrgetter("platform"), flat))
    return np.cumsum(count) - count, ManyFixes(
        lon,
        lat,
        _column(flat, "accuracy_m"),
        np.fromiter(sigmas, np.float64, len(flat)),
        _column(flat, "age_s"),
        np.fromiter(map(attrgetter("mock"), flat), np.bool_, len(flat)),
    )


def _column(fixes: Sequence[RecordedFix], name: str) -> NDArray[np.float64]:
    return np.fromiter(map(attrgetter(name), fixes), np.float64, len(fixes))
