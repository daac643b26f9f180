"""Reads the few facts of a photo's metadata that may speak for or against it; the rest is never looked at (pure)."""

import math
import re
from typing import Any, Final

from PIL import Image

from backend.evidence.photos.examined import Facts

_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_MAKE, _MODEL, _SOFTWARE, _CHANGED = 0x010F, 0x0110, 0x0131, 0x0132
_TAKEN, _TAKEN_OFFSET = 0x9003, 0x9011
_LAT_REF, _LAT, _LON_REF, _LON = 1, 2, 3, 4
_TIME: Final = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")
_OFFSET: Final = re.compile(r"[+-](?:0\d|1[0-4]):[0-5]\d")
_LONGEST: Final = 64
_FAULTS: Final = (ValueError, TypeError, KeyError, ZeroDivisionError, OverflowError, OSError, SyntaxError, EOFError)


def read_facts(exif: Image.Exif | None) -> Facts:
    """Return what the metadata claims; what is malformed or impossible is left out, never an error."""
    if exif is None:
        return Facts()
    taken, gps = _directory(exif, _EXIF_IFD), _directory(exif, _GPS_IFD)
    lon, lat = _degrees(gps, _LON, _LON_REF, "W", 180.0), _degrees(gps, _LAT, _LAT_REF, "S", 90.0)
    if lon is None or lat is None or (lon, lat) == (0.0, 0.0):  # nobody is there; phones write it for "unknown"
        lon = lat = None
    offset = _text(taken.get(_TAKEN_OFFSET)) or ""
    local = _instant(taken.get(_TAKEN)) or _instant(exif.get(_CHANGED))
    return Facts(
        taken_local=local,
        taken_offset=offset if local and _OFFSET.fullmatch(offset) else None,
        lon=lon,
        lat=lat,
        make=_text(exif.get(_MAKE)),
        model=_text(exif.get(_MODEL)),
        software=_text(exif.get(_SOFTWARE)),
    )


def _directory(exif: Image.Exif, tag: int) -> dict[int, Any]:
    try:
        return exif.get_ifd(tag)
    except _FAULTS:
        return {}


def _text(value: object) -> str | None:
    """Return a short text of printable characters; None for anything else."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return None
    plain = "".join(letter for letter in value if letter.isprintable() and letter != "\ufffd").strip()
    return plain[:_LONGEST] or None


def _instant(value: object) -> str | None:
    """Return EXIF's `YYYY:MM:DD HH:MM:SS` as ISO 8601; None if it is none."""
    match = _TIME.fullmatch(_text(value) or "")
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups())
    if not (1990 <= year <= 2100 and 1 <= month <= 12 and 1 <= day <= 31):  # noqa: PLR2004 - a calendar's
        return None
    if hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004 - a clock's
        return None
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"


def _degrees(gps: dict[int, Any], tag: int, ref_tag: int, negative: str, limit: float) -> float | None:
    """Return degrees from EXIF's degrees, minutes and seconds, to 6 decimals (0.1 m)."""
    try:
        whole, minutes, seconds = (float(part) for part in gps[tag])
    except _FAULTS:
        return None
    value = whole + minutes / 60 + seconds / 3600
    if not math.isfinite(value) or not 0 <= value <= limit:
        return None
    sign = -1 if (_text(gps.get(ref_tag)) or "").upper() == negative else 1
    return round(sign * value, 6)
