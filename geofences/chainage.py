"""Chainage labels (桩号) such as `K12+345.678` as text: written from metres and taken apart again.

A label is speech. What it means along an alignment with station equations is told by `geofences.stationing`; what is
stored is the continuous chainage in metres.
"""

import re
from typing import Final, NamedTuple

from geofences.errors import ChainageInvalid

_LABEL: Final = re.compile(
    r"(?P<prefix>[A-Z]{0,4}K)(?P<km>\d{1,4})\+(?P<m>\d{3}(?:\.\d{1,3})?)\(?(?P<mark>[A-Z]{0,2})\)?"
)

END_M: Final = 10_000_000.0
"""Labels end before this: there is none beyond K9999+999.999."""
_DECIMALS: Final = 3


class Chainage(NamedTuple):
    """A label taken apart.

    `metres` is what it says; `prefix` that of its alignment (`K`; `ZK` and `YK` for left and right carriageways);
    `mark` the branch between two station equations that it names (`A` in `K50+621.500A`), empty if it names none.
    """

    prefix: str
    metres: float
    mark: str = ""


def format_chainage(metres: float, prefix: str = "K", decimals: int = 3) -> str:
    """Write metres as a label, rounded to 0-3 decimals: 12345.6784 m is `K12+345.678`.

    Raises ChainageInvalid for a negative or infinite number: labels before the origin do not exist.
    """
    if not 0.0 <= metres < END_M:
        raise ChainageInvalid(label=f"{prefix} {metres}")
    scale = 10**decimals
    whole, part = divmod(round(metres * scale), 1000 * scale)  # in whole units, so that 12999.9996 becomes K13+000.000
    digits = f"{part // scale:03d}"
    return f"{prefix}{whole}+{digits}" + (f".{part % scale:0{decimals}d}" if decimals else "")


def parse_chainage(label: str) -> Chainage:
    """Take a label apart (`K12+345.678`, `ZK3+420`, `K50+621.500A`); raises ChainageInvalid.

    Spaces, case and the wide signs of Chinese keyboards do not matter.
    """
    found = _LABEL.fullmatch("".join(label.split()).upper().translate(_WIDE))
    if found is None:
        raise ChainageInvalid(label=label[:40])
    return Chainage(found["prefix"], int(found["km"]) * 1000.0 + float(found["m"]), found["mark"])


_WIDE: Final = str.maketrans("＋（）．", "+().")
