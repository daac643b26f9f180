"""Chainage labels (桩号) such as `K12+345.678`: how raw distance along an alignment is spoken.

The raw distance in metres is the only key that is stored; a label is made from it for people and read back from them.
"""

import re
from typing import Final, NamedTuple

from geofences.errors import ChainageInvalid

_LABEL: Final = re.compile(r"(?P<prefix>[A-Z]{0,4}K)(?P<km>\d{1,4})\+(?P<m>\d{3}(?:\.\d{1,3})?)")

_END_M: Final = 10_000_000.0


class Chainage(NamedTuple):
    """A chainage in metres and the prefix of its alignment (`K`; `ZK` and `YK` for left and right carriageways)."""

    prefix: str
    metres: float


def format_chainage(metres: float, prefix: str = "K", decimals: int = 3) -> str:
    """Write metres as a label, rounded to 0-3 decimals: 12345.6784 m is `K12+345.678`.

    Raises ChainageInvalid for a negative or infinite number: labels before the origin do not exist.
    """
    if not 0.0 <= metres < _END_M:
        raise ChainageInvalid(label=f"{prefix} {metres}")
    scale = 10**decimals
    whole, part = divmod(round(metres * scale), 1000 * scale)  # in whole units, so that 12999.9996 becomes K13+000.000
    digits = f"{part // scale:03d}"
    return f"{prefix}{whole}+{digits}" + (f".{part % scale:0{decimals}d}" if decimals else "")


def parse_chainage(label: str) -> Chainage:
    """Read a label (`K12+345.678`, `ZK3+420`; spaces and case do not matter); raises ChainageInvalid."""
    found = _LABEL.fullmatch("".join(label.split()).upper().replace("＋", "+"))
    if found is None:
        raise ChainageInvalid(label=label[:40])
    return Chainage(found["prefix"], int(found["km"]) * 1000.0 + float(found["m"]))
