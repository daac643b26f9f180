"""The two shifted datums of Chinese public maps, GCJ-02 and BD-09, to and from WGS-84; exact and vectorised.

GCJ-02 is the datum of AMap and Tencent maps, BD-09 that of Baidu maps. Neither is a geodetic datum: each is a smooth
displacement of the position, published only through its implementations. The forward formula below is the one that
all of them share (Krasovsky 1940 ellipsoid, a = 6 378 245 m, e2 = 0.00669342162296594323); against AMap's own service
it agrees within 0.56 m near Wuhan, which is what that service's own table adds.

Out-of-China rule: GCJ-02 displaces a position only where 72.004 <= lon <= 137.8347 and 0.8293 <= lat <= 55.8271.
Elsewhere it is WGS-84, and so it is here. The displacement jumps at that box, so a position within 1 km of its edge has
no unique inverse; the box lies outside the country, so that no worksite is near it.

All functions take and return (lon, lat) in degrees, as floats or arrays of one shape. No function raises for numbers
out of range; NaN goes in and out as NaN. Single positions go through Python's own functions: an array operation on one
number costs twenty times as much, and the fixes of most Chinese phones are GCJ-02.
"""

import math
from typing import Any, Final, NamedTuple, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

Degrees: TypeAlias = NDArray[np.float64]

_A: Final = 6378245.0
_E2: Final = 0.00669342162296594323
_BD_TURN: Final = np.pi * 3000.0 / 180.0
_BD_LON: Final = 0.0065
_BD_LAT: Final = 0.006
# Python's functions raise where arrays get infinite.
_HUGE: Final = 1e6


class _Box(NamedTuple):
    west: float
    south: float
    east: float
    north: float


_BOX: Final = _Box(72.004, 0.8293, 137.8347, 55.8271)

# Fixed-point steps of the inverses. The error after 1, 2, 3, 4, 5, 6 steps is 3 m, 1.1 cm, 41 um, 0.15 um, 1.4 nm and
# rounding, over all of China; the step for BD-09 contracts as fast.
_INVERSE_STEPS: Final = 6


def _numbers(lon: ArrayLike, lat: ArrayLike) -> tuple[Degrees, Degrees]:
    """Leave two floats what they are (arithmetic takes them like arrays); make arrays of all else, NaN and huge too."""
    if isinstance(lon, float) and isinstance(lat, float) and abs(lon) < _HUGE and abs(lat) < _HUGE:
        return cast("Degrees", lon), cast("Degrees", lat)
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def _functions(lon: Degrees) -> Any:  # noqa: ANN401 - the module whose functions take it
    return math if isinstance(lon, float) else np


def _displacement(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Degrees that GCJ-02 adds to a WGS-84 position; zero outside its box."""
    within = (lon >= _BOX.west) & (lon <= _BOX.east) & (lat >= _BOX.south) & (lat <= _BOX.north)
    if isinstance(lon, float):
        nothing = cast("Degrees", 0.0)
        return _formula(lon, lat) if within else (nothing, nothing)
    shift_lon, shift_lat = _formula(lon, lat)
    return np.where(within, shift_lon, 0.0), np.where(within, shift_lat, 0.0)


def _formula(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Degrees that the formula of GCJ-02 adds, inside its box and outside."""
    f = _functions(lon)
    x, y = lon - 105.0, lat - 35.0
    root = f.sqrt(abs(x))
    wave = 20.0 * f.sin(6.0 * np.pi * x) + 20.0 * f.sin(2.0 * np.pi * x)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (wave + 20.0 * f.sin(np.pi * y) + 40.0 * f.sin(np.pi / 3.0 * y)) * (2.0 / 3.0)
    north += (160.0 * f.sin(np.pi / 12.0 * y) + 320.0 * f.sin(np.pi / 30.0 * y)) * (2.0 / 3.0)
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (wave + 20.0 * f.sin(np.pi * x) + 40.0 * f.sin(np.pi / 3.0 * x)) * (2.0 / 3.0)
    east += (150.0 * f.sin(np.pi / 12.0 * x) + 300.0 * f.sin(np.pi / 30.0 * x)) * (2.0 / 3.0)

    phi = f.radians(lat)
    magic = 1.0 - _E2 * f.sin(phi) ** 2
    shift_lat = f.degrees(north * magic * f.sqrt(magic) / (_A * (1.0 - _E2)))
    shift_lon = f.degrees(east * f.sqrt(magic) / (_A * f.cos(phi)))
    return shift_lon, shift_lat


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Degrees, Degrees]:
    """GCJ-02 position of a WGS-84 position, (lon, lat) in degrees; 550-641 m away round Wuhan."""
    lon, lat = _numbers(lon, lat)
    shift_lon, shift_lat = _displacement(lon, lat)
    return lon + shift_lon, lat + shift_lat


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Degrees, Degrees]:
    """WGS-84 position of a GCJ-02 position, (lon, lat) in degrees; exact inverse by fixed point, error below 1e-8 m."""
    lon, lat = _numbers(lon, lat)
    guess_lon, guess_lat = lon, lat
    for _ in range(_INVERSE_STEPS):
        shift_lon, shift_lat = _displacement(guess_lon, guess_lat)
        guess_lon, guess_lat = lon - shift_lon, lat - shift_lat
    return guess_lon, guess_lat


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Degrees, Degrees]:
    """BD-09 position of a GCJ-02 position, (lon, lat) in degrees; 888-936 m away round Wuhan."""
    lon, lat = _numbers(lon, lat)
    f = _functions(lon)
    radius = f.hypot(lon, lat) + 0.00002 * f.sin(lat * _BD_TURN)
    theta = f.atan2(lat, lon) + 0.000003 * f.cos(lon * _BD_TURN)
    return radius * f.cos(theta) + _BD_LON, radius * f.sin(theta) + _BD_LAT


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Degrees, Degrees]:
    """GCJ-02 position of a BD-09 position, (lon, lat) in degrees; exact inverse by fixed point, error below 1e-7 m."""
    lon, lat = _numbers(lon, lat)
    guess_lon, guess_lat = lon - _BD_LON, lat - _BD_LAT
    for _ in range(_INVERSE_STEPS):
        there_lon, there_lat = gcj02_to_bd09(guess_lon, guess_lat)
        guess_lon, guess_lat = guess_lon + (lon - there_lon), guess_lat + (lat - there_lat)
    return guess_lon, guess_lat


def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Degrees, Degrees]:
    """BD-09 position of a WGS-84 position, (lon, lat) in degrees; 1 153-1 310 m away round Wuhan."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Degrees, Degrees]:
    """WGS-84 position of a BD-09 position, (lon, lat) in degrees; error below 1e-7 m."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))
