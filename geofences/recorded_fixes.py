"""Reads the exact fixes of recorded punches, many at once, out of their private rows once these are unsealed (pure).

A check-in seals `{"fixes": […], "person": …}` as canonical JSON (mobile_api); only the fixes are looked at here.
"""

from collections.abc import Sequence
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


class RecordedFix(Struct, frozen=True):
    """One fix as the phone sent it, in its own coordinate system."""

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
    flat = [fix for punch in punches for fix in punch]
    size = len(flat)
    lon = np.fromiter((fix.lon for fix in flat), np.float64, size)
    lat = np.fromiter((fix.lat for fix in flat), np.float64, size)
    systems = {fix.crs for fix in flat} - {"wgs84", "cgcs2000"}
    for crs in systems:
        rows = np.flatnonzero(np.fromiter((fix.crs == crs for fix in flat), np.bool_, size))
        lon[rows], lat[rows] = to_wgs84(coordinate_system(crs), lon[rows], lat[rows])
    return np.cumsum(count) - count, ManyFixes(
        lon,
        lat,
        np.fromiter((fix.accuracy_m for fix in flat), np.float64, size),
        np.fromiter((SIGMA_PER_ACCURACY[fix.platform] for fix in flat), np.float64, size),
        np.fromiter((fix.age_s for fix in flat), np.float64, size),
        np.fromiter((fix.mock for fix in flat), np.bool_, size),
    )
