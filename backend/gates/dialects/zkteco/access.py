"""Reads the security protocol's tables: passes and door events, states, turnstile counters, uploaded tables (pure)."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from msgspec import Struct

from backend.gates.bodies import plain_line
from backend.gates.device_time import DeviceTime, read_counted_time, read_device_time
from backend.gates.translation import Remark, TranslatedEvent, UnreadLine

LIVE_WITHIN: Final = timedelta(seconds=30)
"""A controller sends what is older than 15 s as stored."""

_LINE_LIMIT: Final = 4000
_FIELD: Final = re.compile(r"([A-Za-z_~]\w{0,40})=(.*?)(?=[\t ][A-Za-z_~]\w{0,40}=|\t|$)")
_NUMBER: Final = re.compile(r"[^\x00-\x1f\x7f]{1,64}")
_WORD: Final = re.compile(r"[0-9A-Za-z_.:-]{1,32}")
_COUNT: Final = re.compile(r"\d{1,15}")
_NOBODY: Final = frozenset({"", "0"})

# Names of the live table, and those of the stored one that mean the same.
_SPELLINGS: Final = {
    "cardno": "cardno",
    "pin": "pin",
    "verified": "verifytype",
    "verifytype": "verifytype",
    "doorid": "eventaddr",
    "eventaddr": "eventaddr",
    "eventtype": "event",
    "event": "event",
    "inoutstate": "inoutstatus",
    "inoutstatus": "inoutstatus",
    "index": "index",
    "time": "time",
    "time_second": "time_second",
}

_NORMAL: Final = (range(20), range(200, 254))
_REFUSED: Final = range(20, 100)
_ALARMS: Final = range(100, 200)


class Records(Struct, frozen=True):
    """What a body of records holds."""

    events: tuple[TranslatedEvent, ...]
    remarks: tuple[Remark, ...]
    unread: tuple[UnreadLine, ...]
    count: int


def read_records(lines: Iterable[str], zone: tzinfo, received_at: datetime, *, first_line: int = 1) -> Records:
    """Read `rtlog`, or `transaction` rows of an uploaded table; fields go by name, so their order is free.

    With a person it is an event; without, a remark: a door is no attendance. What the controller refused is an event
    that it did not grant.
    """
    events: list[TranslatedEvent] = []
    remarks: list[Remark] = []
    unread: list[UnreadLine] = []
    count = 0
    for number, line in enumerate(lines, first_line):
        if not line.strip():
            continue
        count += 1
        read = _read_record(line.strip("\r\n"), zone, received_at)
        if isinstance(read, str):
            unread.append(UnreadLine(number, read, plain_line(line)))
        elif isinstance(read, Remark):
            remarks.append(read)
        else:
            events.append(read)
    return Records(tuple(events), tuple(remarks), tuple(unread), count)


def read_fields(line: str) -> dict[str, str]:
    """Return the `name=value` fields of a line by lower-case name, apart by tabs or by spaces."""
    return {found[1].lower(): found[2].strip() for found in _FIELD.finditer(line)}


def read_counters(body: str, received_at: datetime) -> Remark | None:
    """Return a turnstile's infrared counters, against which passes can be held; None if there are none."""
    fields = read_fields(body.strip())
    numbers = {name: int(value) for name, value in fields.items() if _COUNT.fullmatch(value)}
    if "incount" not in numbers and "outcount" not in numbers:
        return None
    told = ",".join(f"{name}={value}" for name, value in sorted(numbers.items()))
    minute = received_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    return Remark(kind="telemetry", code="turnstile", key=f"ir|{minute}|{told}"[:200], at=received_at, detail=numbers)


def _read_record(line: str, zone: tzinfo, received_at: datetime) -> TranslatedEvent | Remark | str:
    if len(line) > _LINE_LIMIT:
        return "line_too_long"
    told = read_fields(line)
    fields = {name: told[spelled] for spelled, name in _SPELLINGS.items() if spelled in told}
    time = _time(fields, zone)
    if time is None:
        return "no_time" if fields else "not_a_record"
    code = fields.get("event", "")
    if _COUNT.fullmatch(code) is None:
        return "not_a_record"
    index = fields.get("index", "")
    if _COUNT.fullmatch(index) is None:
        index = f"-{code}-{_word(fields, 'eventaddr')}-{_word(fields, 'pin')}"
    person = fields.get("pin", "")
    if person in _NOBODY:
        return _remark(fields, time, int(code), index)
    if _NUMBER.fullmatch(person) is None:
        return "no_person"
    return _event(fields, time, int(code), f"acc|{index}|{time.text}", received_at)


def _event(fields: dict[str, str], time: DeviceTime, code: int, key: str, received_at: datetime) -> TranslatedEvent:
    direction = {"0": "in", "1": "out"}.get(fields.get("inoutstatus", ""))
    verify = _word(fields, "verifytype")
    return TranslatedEvent(
        event_key=key[:200],
        number_kind="pin",
        number=fields["pin"],
        at=time.at,
        device_time=time.text,
        own_month=time.own_month,
        live=time.at >= received_at.astimezone(UTC) - LIVE_WITHIN,
        granted=_granted(code),
        content=(fields["pin"], time.text, code, fields.get("inoutstatus", ""), _word(fields, "eventaddr")),
        wire_direction="in" if direction == "in" else "out" if direction == "out" else None,
        direction_is_wired=True,
        # A way of recognition may be a mask of sixteen bits: it is kept as it is written.
        method=f"verify_{verify}"[:40] if verify else None,
        signals=("door_alarm",) if code in _ALARMS else (),
    )


def _granted(code: int) -> bool | None:
    if any(code in normal for normal in _NORMAL):
        return True
    # Alarms with a person (opened under duress) and extensions of models are for a person to judge.
    return False if code in _REFUSED else None


def _remark(fields: dict[str, str], time: DeviceTime, code: int, index: str) -> Remark:
    return Remark(
        kind="alarm" if code in _ALARMS else "audit",
        code=f"event_{code}",
        key=f"acc|{index}|{time.text}"[:200],
        at=time.at,
        detail={"event": code, "door": _word(fields, "eventaddr"), "device_time": time.text},
    )


def _time(fields: dict[str, str], zone: tzinfo) -> DeviceTime | None:
    counted = fields.get("time_second", "")
    if "time" not in fields and _COUNT.fullmatch(counted):
        return read_counted_time(int(counted), zone)
    return read_device_time(fields.get("time", ""), zone)


def _word(fields: dict[str, str], name: str) -> str:
    value = fields.get(name, "")
    return value if _WORD.fullmatch(value) else ""
