"""What numbers say of themselves: which of two goes east, whether they are degrees, and which zone prefix they carry.

In China the answers do not overlap. Longitudes are 73-135.2, latitudes 3-54. Northings of Gauss-Krueger zones are
1 000-6 000 km (north of the 9th parallel), eastings 500 km +- 350 km, with the number of the zone in front where a
register writes it: 38 500 123.4 lies in zone 38, 123 m east of its meridian 114 E. Numbers 13-23 are zones of 6
degrees, 25-45 of 3 degrees. A prefix tells the zone, never the datum.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from geofences.coordinates import EAST, NORTH, SOUTH, WEST, CoordinateSystem
from geofences.readers.content import Array
from geofences.readers.errors import ZonePrefixWrong

Order: TypeAlias = Literal["xy", "yx"]
Unit: TypeAlias = Literal["degrees", "metres"]

SURE: Final = 0.95
"""Share of the positions that must agree; the rest may be strays, such as a legend at the origin of a drawing."""
_MILLION: Final = 1_000_000.0
_LEAST_NORTHING, _MOST_NORTHING = 1_000_000.0, 6_100_000.0
_LEAST_EASTING, _MOST_EASTING = 150_000.0, 850_000.0
_SIX_DEGREES: Final = range(13, 24)
_THREE_DEGREES: Final = range(25, 46)
# First codes of each datum's series in the EPSG register, for zones 13 or 25: with prefix, and by meridian without.
_SERIES: Final[dict[str, tuple[tuple[int, int], tuple[int, int]]]] = {
    "cgcs2000": ((4491, 4502), (4513, 4534)),
    "xian1980": ((2327, 2338), (2349, 2370)),
    "beijing1954": ((21413, 21453), (2401, 2422)),
}


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the numbers of a file show.

    `order` is `xy` if the first of two goes east, `yx` if north, None if it cannot be told; `unit` likewise; `prefix`
    is the zone number in front of the eastings, if any. `share` of the positions agree. `first` and `second` are the
    least and greatest of each number among those that agree, which is the evidence.
    """

    order: Order | None
    unit: Unit | None
    prefix: int | None
    share: float
    first: tuple[float, float]
    second: tuple[float, float]


def look_at(first: Array, second: Array) -> Numbers:
    """Tell what two columns of numbers show."""
    best = Numbers(None, None, None, 0.0, _range(first), _range(second))
    if not len(first):
        return best
    ways: tuple[tuple[Order, Array, Array], ...] = (("xy", first, second), ("yx", second, first))
    for order, east, north in ways:
        tests: tuple[tuple[Unit, NDArray[np.bool_]], ...] = (
            ("degrees", _degrees(east, north)),
            ("metres", _metres(east, north)),
        )
        for unit, fits in tests:
            share = float(np.count_nonzero(fits)) / len(first)
            if share >= SURE and share > best.share:
                prefix = _prefix(east[fits]) if unit == "metres" else None
                best = Numbers(order, unit, prefix, share, _range(first[fits]), _range(second[fits]))
    return best


def check_prefix(system: CoordinateSystem, numbers: Numbers) -> None:
    """Compare the zone prefix of eastings with that of the declared system; raises ZonePrefixWrong with the right one.

    Nothing is raised where the numbers do not show whether they have a prefix, or the system is none of zones.
    """
    if numbers.unit != "metres" or system.kind != "projected":
        return
    zone = _zone_of(system.code)
    if zone is None:
        return
    datum, declared, number = zone
    if declared != numbers.prefix:
        wanted = numbers.prefix or number
        raise ZonePrefixWrong(
            declared=system.code,
            prefix=declared or 0,
            found=numbers.prefix or 0,
            suggested=_code(datum, wanted, prefixed=numbers.prefix is not None),
        )


def candidates(numbers: Numbers) -> tuple[str, ...]:
    """Systems in which such numbers make sense, for a person to choose from; none is more likely than another here."""
    if numbers.unit == "degrees":
        return "wgs84", "cgcs2000", "gcj02", "bd09"
    if numbers.prefix is None:
        return ()
    return tuple(_code(datum, numbers.prefix, prefixed=True) for datum in _SERIES)


def _degrees(east: Array, north: Array) -> NDArray[np.bool_]:
    return (east >= WEST) & (east <= EAST) & (north >= SOUTH) & (north <= NORTH)


def _metres(east: Array, north: Array) -> NDArray[np.bool_]:
    rest = np.mod(east, _MILLION)
    zone = np.floor_divide(east, _MILLION)
    plausible = (zone == 0.0) | ((zone >= _SIX_DEGREES.start) & (zone < _THREE_DEGREES.stop))
    easting = plausible & (rest >= _LEAST_EASTING) & (rest <= _MOST_EASTING)
    return easting & (north >= _LEAST_NORTHING) & (north <= _MOST_NORTHING)


def _prefix(east: Array) -> int | None:
    zones, counts = np.unique(np.floor_divide(east, _MILLION), return_counts=True)
    prefix = int(zones[int(np.argmax(counts))])
    return prefix if prefix in _SIX_DEGREES or prefix in _THREE_DEGREES else None


def _range(numbers: Array) -> tuple[float, float]:
    finite = numbers[np.isfinite(numbers)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)


@lru_cache(maxsize=256)
def _zone_of(code: str) -> tuple[str, int | None, int] | None:
    """Return datum, prefix and number of a declared zone; None for systems that are no Gauss-Krueger zones."""
    number = int(code[5:])
    for datum, ((six, six_bare), (three, three_bare)) in _SERIES.items():
        for first, zones in ((six, _SIX_DEGREES), (three, _THREE_DEGREES)):
            if 0 <= number - first < len(zones):
                return datum, zones[number - first], zones[number - first]
        for first, zones in ((six_bare, _SIX_DEGREES), (three_bare, _THREE_DEGREES)):
            if 0 <= number - first < len(zones):
                return datum, None, zones[number - first]
    return None


def _code(datum: str, zone: int, *, prefixed: bool) -> str:
    """Return the code of a zone; the register has all of them in unbroken series."""
    is_six = zone in _SIX_DEGREES
    firsts = _SERIES[datum][0 if is_six else 1]
    number = firsts[0 if prefixed else 1] + zone - (_SIX_DEGREES if is_six else _THREE_DEGREES).start
    return f"EPSG:{number}"
