"""Reads the times that terminals write, without offset or with one, and writes zones as terminals want them (pure)."""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

ZoneForm = Literal["hours", "minutes", "seconds"]

FURTHEST_OFFSET_S: Final = 50_400
"""No zone is further than 14 hours from UTC."""
OFFSET_STEP_S: Final = 900
"""Every zone's offset is a multiple of a quarter of an hour."""

OFFSET: Final = re.compile(r"([+-])(0\d|1[0-4]):?([0-5]\d)", re.ASCII)
"""An offset from UTC, as a zone's name too: terminals stand where summer time does not matter to them."""

_LOCAL: Final = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[ T]+(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d{1,9})?\s*"
    r"(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_DAYS_IN_MONTH, _MONTHS, _FIRST_YEAR, _DAY_S = 31, 12, 2000, 86_400


class DeviceTime(NamedTuple):
    """A device's time: its instant in UTC, its text in one spelling, and the first day of the month that it names."""

    at: datetime
    text: str
    own_month: date


@lru_cache(maxsize=256)
def zone_of(name: str) -> tzinfo:
    """Return the zone of an IANA name or of an offset such as `+05:30`; raises ValueError."""
    found = OFFSET.fullmatch(name)
    if found is not None:
        return timezone(_offset(found))
    try:
        return ZoneInfo(name)
    except (OSError, KeyError) as error:  # directories, and names that nobody has
        raise ValueError(name) from error


def read_device_time(text: str, zone: tzinfo, *, offset_s: int | None = None) -> DeviceTime | None:
    """Read `YYYY-MM-DD hh:mm:ss`; None for what is no time, or lies outside of the years that a clock can hold.

    The offset in the text itself counts first, then `offset_s` (seconds east of UTC), then `zone`. Of the hour that a
    clock shows twice when summer time ends the first one is taken.
    """
    found = _LOCAL.fullmatch(text.strip())
    if found is None:
        return None
    try:
        year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
        local = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - its zone is set below
        own = found.group(7)
        if own is not None:
            given = OFFSET.fullmatch(own)
            zone = UTC if given is None else timezone(_offset(given))
        elif offset_s is not None:
            zone = timezone(timedelta(seconds=offset_s))
        at = local.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    spelled = local.isoformat(sep=" ") + (own or "")
    return DeviceTime(at, spelled, date(local.year, local.month, 1))


def read_counted_time(count: int, zone: tzinfo) -> DeviceTime | None:
    """Read the security protocol's count of seconds since 2000, of which every month has 31 days."""
    days, seconds = divmod(count, _DAY_S)
    months, day = divmod(days, _DAYS_IN_MONTH)
    year, month = divmod(months, _MONTHS)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    text = f"{_FIRST_YEAR + year:04}-{month + 1:02}-{day + 1:02} {hour:02}:{minute:02}:{second:02}"
    return read_device_time(text, zone) if count >= 0 else None


def count_time(at: datetime) -> int:
    """Return the security protocol's count of an instant, in UTC."""
    utc = at.astimezone(UTC)
    days = ((utc.year - _FIRST_YEAR) * _MONTHS + utc.month - 1) * _DAYS_IN_MONTH + utc.day - 1
    return days * _DAY_S + utc.hour * 3600 + utc.minute * 60 + utc.second


def read_time_offset(text: str) -> int | None:
    """Return a row's own offset in seconds east of UTC, or None when the column holds something else.

    An offset is a multiple of 900 and at most 50 400. A bare `0` is how firmwares fill columns that they do not use;
    UTC is meant by `+0`.
    """
    if not re.fullmatch(r"[+-]?\d{1,6}", text, re.ASCII) or text == "0":
        return None
    value = int(text)
    return value if value % OFFSET_STEP_S == 0 and abs(value) <= FURTHEST_OFFSET_S else None


def write_zone(zone: tzinfo, at: datetime, form: ZoneForm | None) -> str:
    """Return the zone's offset at an instant as a device wants it: `8`, `5:30` (hours, the default), `330`, `19800`."""
    seconds = round((at.astimezone(zone).utcoffset() or timedelta()).total_seconds())
    if form == "seconds":
        return str(seconds)
    sign, minutes = ("-" if seconds < 0 else ""), abs(seconds) // 60
    if form == "minutes":
        return f"{sign}{minutes}"
    hours, rest = divmod(minutes, 60)
    return f"{sign}{hours}:{rest:02}" if rest else f"{sign}{hours}"


def write_local(zone: tzinfo, at: datetime) -> str:
    """Return an instant with the zone's offset, to the second: `2026-09-28T08:00:00+08:00`."""
    return at.astimezone(zone).isoformat(timespec="seconds")


def _offset(found: re.Match[str]) -> timedelta:
    value = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return -value if found[1] == "-" else value
