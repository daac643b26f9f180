"""Reads the attendance protocol's ATTLOG: lines of person, time and status, of several makers (pure)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from backend.gates.bodies import plain_line
from backend.gates.device_time import DeviceTime, read_device_time, read_time_offset
from backend.gates.events import PersonNumber
from backend.gates.translation import TranslatedEvent, UnreadLine

LIVE_WITHIN: Final = timedelta(minutes=10)
"""The protocol does not say what was stored: what is older than this was."""

OFFSET_COLUMN: Final = 10
OFFSET_ROWS: Final = (11, 12)
"""Rows with so many columns hold an offset in the one above; longer ones hold job codes there."""

_LINE_LIMIT: Final = 4000
_NUMBER: Final = re.compile(r"[^\x00-\x1f\x7f]{1,64}")
_HEADER: Final = re.compile(r"(?i)\s*table\s*=\s*\w+\s*")
_PREFIX: Final = re.compile(r"(?i)ATTLOG[\t ]+")
_SPACED: Final = re.compile(r"(\S+)\s+(\S+[ T]\d{1,2}:\d{1,2}:\d{1,2})(?:\s+(.*))?")
_WORD: Final = re.compile(r"[0-9A-Za-z_.:-]{1,16}")
_WIRE_DIRECTIONS: Final = {"0": "in", "1": "out"}

__all__ = ["PersonNumber", "Row", "attendance_event", "read_rows"]


@dataclass(frozen=True, slots=True)
class Row:
    """A line that could be read; `offset_s` is the row's own offset from UTC."""

    line: int
    number: str
    time: DeviceTime
    status: str
    verify: str
    work_code: str
    offset_s: int | None


def read_rows(lines: Iterable[str], zone: tzinfo, *, first_line: int = 1) -> Iterator[Row | UnreadLine]:
    """Read lines one by one; blank lines and a leading `TABLE=ATTLOG` are no rows and no faults.

    Columns stand apart by tabs or, from bridges, by spaces. `zone` holds for rows without an offset of their own.
    """
    for number, line in enumerate(lines, first_line):
        text = line.strip("\r\n\0")
        if not text.strip() or _HEADER.fullmatch(text):
            continue
        read = _read_row(number, text, zone)
        yield UnreadLine(number, read, plain_line(text)) if isinstance(read, str) else read


def attendance_event(row: Row, received_at: datetime) -> TranslatedEvent:
    """Return the event of a row: the key is person, time and status, which is all the identity that it has.

    0 and 1 mean in and out where nobody changed the keys of the terminal: a hint. What else stands there (255, breaks,
    a way of recognition) tells no direction.
    """
    at = row.time.at
    direction = _WIRE_DIRECTIONS.get(row.status)
    return TranslatedEvent(
        event_key=f"att|{row.number}|{row.time.text}|{row.status}",
        number_kind="pin",
        number=row.number,
        at=at,
        device_time=row.time.text,
        own_month=row.time.own_month,
        live=at >= received_at.astimezone(UTC) - LIVE_WITHIN,
        granted=True,
        content=(row.number, row.time.text, row.status, row.verify, row.work_code, row.offset_s),
        wire_direction="in" if direction == "in" else "out" if direction == "out" else None,
        method=f"verify_{row.verify}" if row.verify else None,
    )


def _read_row(number: int, text: str, zone: tzinfo) -> Row | str:
    """Return the row, or the code of what is wrong with it."""
    if len(text) > _LINE_LIMIT:
        return "line_too_long"
    columns = _columns(_PREFIX.sub("", text.lstrip(" "), count=1))
    if columns is None:
        return "not_a_row"
    person, moment, *rest = columns
    if _NUMBER.fullmatch(person) is None or "=" in person:
        return "no_person"
    offset_s = _offset(columns)
    time = read_device_time(moment, zone, offset_s=offset_s)
    if time is None:
        return "no_time"
    status, verify, work_code = (*(_word(value) for value in rest[:3]), "", "", "")[:3]
    return Row(number, person, time, status, verify, work_code, offset_s)


def _columns(text: str) -> list[str] | None:
    if "\t" in text:
        columns = [column.strip() for column in text.split("\t")]
        if columns[-1] == "":
            columns.pop()
        return columns if len(columns) > 1 else None
    found = _SPACED.fullmatch(text.strip())
    # Where columns stand apart by spaces, empty ones leave no trace: those after the work code have no place.
    return None if found is None else [found[1], found[2], *(found[3] or "").split()[:3]]


def _offset(columns: list[str]) -> int | None:
    return read_time_offset(columns[OFFSET_COLUMN]) if len(columns) in OFFSET_ROWS else None


def _word(value: str) -> str:
    return value if _WORD.fullmatch(value) else ""
