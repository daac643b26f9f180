"""Coordinate systems as people declare them, and exact conversion of declared coordinates to and from WGS-84.

Every coordinate that enters says in which system it is: `wgs84`, `cgcs2000`, `gcj02`, `bd09` or `EPSG:<code>`. Nothing
is guessed. x is always longitude or easting and y latitude or northing, whatever the register says of a system's axes.
What is stored and judged is EPSG:4326.
"""

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer
from pyproj.enums import TransformDirection
from pyproj.exceptions import CRSError, ProjError

from geofences.errors import AxesSwapped, NotFinite, OutOfChina, SystemUnknown
from geofences.map_datums import bd09_to_wgs84, gcj02_to_wgs84, wgs84_to_bd09, wgs84_to_gcj02

Array = NDArray[np.float64]
Kind = Literal["geographic", "projected"]

WEST: Final = 73.0
EAST: Final = 135.2
SOUTH: Final = 3.0
NORTH: Final = 54.0

_EPSG: Final = re.compile(r"EPSG:(\d{4,6})", re.IGNORECASE | re.ASCII)
_FIRST_ZONE: Final = 4534  # EPSG: CGCS2000 / 3-degree Gauss-Kruger CM 75E, without zone prefix
_LAST_ZONE: Final = 4554  # CM 135E

# EPSG's "Beijing 1954 to WGS 84 (1)". Left to itself PROJ chooses among six by place, and another one on the way back,
# tens of metres apart; one for the whole country makes every way return to where it began.
_BEIJING_1954: Final = 4214
_BEIJING_1954_TO_WGS84: Final = (
    "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=push +v_3 "
    "+step +proj=cart +ellps=krass +step +proj=helmert +x=12.646 +y=-155.176 +z=-80.863 "
    "+step +inv +proj=cart +ellps=WGS84 +step +proj=pop +v_3 +step +proj=unitconvert +xy_in=rad +xy_out=deg"
)

_BEYOND_ALL: Final = 1e8  # no system has larger numbers, and formulas overflow somewhere

# Accuracy in metres on the way from each datum to WGS-84 that is open to everybody. None: no parameters are public, the
# datum shift is left out, and positions can be off by some 100 m. 15 m: six sets of parameters for Beijing 1954 in
# parts of the country differ by that. CGCS2000 is taken as WGS-84; plate motion since the year 2000 makes 0.9 m of it.
_DATUM_ACCURACY_M: Final[dict[str, float | None]] = {
    "World Geodetic System 1984": 0.0,
    "World Geodetic System 1984 ensemble": 0.0,
    "China 2000": 1.0,
    "Beijing 1954": 15.0,
    "New Beijing": None,
    "Xian 1980": None,
}


@dataclass(frozen=True, slots=True)
class CoordinateSystem:
    """A declared coordinate system.

    `code` is its one spelling; `accuracy_m` is how well positions in it can be turned into WGS-84 (metres), None where
    the datum shift is not public and is therefore left out (warn!).
    """

    code: str
    name: str
    kind: Kind
    accuracy_m: float | None


_NAMED: Final = {
    "wgs84": CoordinateSystem("wgs84", "WGS-84", "geographic", 0.0),
    "cgcs2000": CoordinateSystem("cgcs2000", "CGCS2000", "geographic", 1.0),
    "gcj02": CoordinateSystem("gcj02", "GCJ-02", "geographic", 0.6),
    "bd09": CoordinateSystem("bd09", "BD-09", "geographic", 1.0),
}
WGS84: Final = _NAMED["wgs84"]
GCJ02: Final = _NAMED["gcj02"]
BD09: Final = _NAMED["bd09"]


def _epsg(code: str) -> int | None:
    found = _EPSG.fullmatch(code)
    return None if found is None else int(found[1])


@lru_cache(maxsize=256)
def coordinate_system(declared: str) -> CoordinateSystem:
    """Return the system that somebody declared as `wgs84`, `cgcs2000`, `gcj02`, `bd09` or `EPSG:<code>`.

    Raises SystemUnknown for anything else, for systems in other units than degrees and metres, for datums other than
    WGS-84, CGCS2000, Xi'an 1980, Beijing 1954 and New Beijing, and for zones of other countries.
    """
    known = _NAMED.get(declared.lower())
    if known is not None:
        return known
    number = _epsg(declared)
    if number is None:
        raise SystemUnknown(system=declared[:40])
    try:
        crs = CRS.from_epsg(number)
    except CRSError as error:
        raise SystemUnknown(system=declared) from error
    area, datum = crs.area_of_use, crs.datum.name if crs.datum else ""
    kind: Kind = "geographic" if crs.is_geographic else "projected"
    usable = (
        (crs.is_projected or crs.is_geographic)
        and not crs.is_compound
        and len(crs.axis_info) == 2  # noqa: PLR2004 - east and north, no height
        and all(axis.unit_name == ("degree" if crs.is_geographic else "metre") for axis in crs.axis_info)
        and datum in _DATUM_ACCURACY_M
        and area is not None
        and area.west <= EAST
        and area.east >= WEST
        and area.south <= NORTH
        and area.north >= SOUTH
    )
    if not usable:
        raise SystemUnknown(system=declared)
    return CoordinateSystem(f"EPSG:{number}", crs.name, kind, _DATUM_ACCURACY_M[datum])


@lru_cache(maxsize=64)
def _transformer(source: int, target: int) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


@lru_cache(maxsize=1)
def _from_beijing_1954() -> Transformer:
    return Transformer.from_pipeline(_BEIJING_1954_TO_WGS84)


@lru_cache(maxsize=64)
def _is_beijing_1954(code: int) -> bool:
    datum = CRS.from_epsg(code).datum
    return datum is not None and datum.name == "Beijing 1954"


def _through_epsg(source: int, target: int, x: Array, y: Array) -> tuple[Array, Array]:
    try:
        if _is_beijing_1954(source):
            there_x, there_y = _from_beijing_1954().transform(*_transformer(source, _BEIJING_1954).transform(x, y))
        elif _is_beijing_1954(target):
            inverse = _from_beijing_1954().transform(x, y, direction=TransformDirection.INVERSE)
            there_x, there_y = _transformer(_BEIJING_1954, target).transform(*inverse)
        else:
            there_x, there_y = _transformer(source, target).transform(x, y)
    except ProjError:  # what PROJ cannot project at all is nowhere, like what it projects to infinity
        return np.full_like(x, np.inf), np.full_like(y, np.inf)
    return np.asarray(there_x, dtype=np.float64), np.asarray(there_y, dtype=np.float64)


def to_wgs84(system: CoordinateSystem, x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """Longitude and latitude in degrees (EPSG:4326) of coordinates in a system; inf where they lie nowhere.

    x is longitude or easting, y latitude or northing, in degrees or metres. The round trip with `from_wgs84` is exact
    to 1 mm. Raises nothing for bad numbers: see `checked_wgs84`.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    match system.code:
        case "wgs84" | "cgcs2000":
            return x, y
        case "gcj02":
            return gcj02_to_wgs84(x, y)
        case "bd09":
            return bd09_to_wgs84(x, y)
        case code:
            return _through_epsg(int(code[5:]), 4326, x, y)


def from_wgs84(system: CoordinateSystem, lon: ArrayLike, lat: ArrayLike) -> tuple[Array, Array]:
    """Coordinates (x, y) in a system of longitude and latitude in degrees (EPSG:4326); the inverse of `to_wgs84`."""
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    match system.code:
        case "wgs84" | "cgcs2000":
            return lon, lat
        case "gcj02":
            return wgs84_to_gcj02(lon, lat)
        case "bd09":
            return wgs84_to_bd09(lon, lat)
        case code:
            return _through_epsg(4326, int(code[5:]), lon, lat)


def in_china(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Tell which positions (degrees) lie in the box 73-135.2 E, 3-54 N, to which every fence and fix must belong."""
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    return (lon >= WEST) & (lon <= EAST) & (lat >= SOUTH) & (lat <= NORTH)


def checked_wgs84(system: CoordinateSystem, x: ArrayLike, y: ArrayLike, where: str = "") -> tuple[Array, Array]:
    """Longitude and latitude like `to_wgs84`, of a sequence of coordinates that must all make sense.

    Raises NotFinite, AxesSwapped (all of them lie in China when read the other way round) or OutOfChina, each naming
    the first bad one as `where[i]`.
    """
    x, y = np.atleast_1d(np.asarray(x, dtype=np.float64)), np.atleast_1d(np.asarray(y, dtype=np.float64))
    finite = np.isfinite(x) & np.isfinite(y)
    if not finite.all():
        raise NotFinite(where=f"{where}[{int(np.argmin(finite))}]")
    sane = (np.abs(x) < _BEYOND_ALL) & (np.abs(y) < _BEYOND_ALL)
    lon, lat = to_wgs84(system, np.where(sane, x, 0.0), np.where(sane, y, 0.0))
    inside = in_china(lon, lat) & sane
    if not inside.all():
        first = int(np.argmin(inside))
        place = {"where": f"{where}[{first}]", "x": float(x[first]), "y": float(y[first]), "system": system.code}
        if sane.all() and in_china(*to_wgs84(system, y, x)).all():
            raise AxesSwapped(**place)
        raise OutOfChina(**place)
    return lon, lat


def check_position(system: CoordinateSystem, x: float, y: float, where: str = "") -> tuple[float, float]:
    """Longitude and latitude (degrees) of one declared position; raises like `checked_wgs84`, naming `where`."""
    if system.code in {"wgs84", "cgcs2000"} and WEST <= x <= EAST and SOUTH <= y <= NORTH:
        return x, y
    try:
        lon, lat = checked_wgs84(system, x, y)
    except (NotFinite, AxesSwapped, OutOfChina) as fault:
        fault.detail["where"] = where
        raise
    return float(lon[0]), float(lat[0])


def zone_of(lon: float) -> int:
    """EPSG code of the CGCS2000 3-degree Gauss-Kruger zone (no zone prefix) whose meridian is nearest to a longitude.

    Lengths in a zone are true on its meridian and 257 ppm too long 1.5 degrees from it (measured at 30.6 N).
    """
    return min(max(_FIRST_ZONE + math.floor((lon - 75.0) / 3.0 + 0.5), _FIRST_ZONE), _LAST_ZONE)


def zone_meridian(zone: int) -> float:
    """Longitude in degrees of the central meridian of such a zone."""
    return 75.0 + 3.0 * (zone - _FIRST_ZONE)


def zone_transformers(zone: int) -> tuple[Transformer, Transformer]:
    """Return the transformers (lon, lat) -> (easting, northing) in metres of a zone and back; 1 us per scalar call."""
    return _transformer(4326, zone), _transformer(zone, 4326)
