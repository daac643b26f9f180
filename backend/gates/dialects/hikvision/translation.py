"""Translates ISAPI alerts of access terminals into events, remarks and signs of life (pure)."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final, Literal, NamedTuple

from backend.gates.bodies import plain_line
from backend.gates.device_time import DeviceTime, read_device_time
from backend.gates.dialects.hikvision.codes import codes
from backend.gates.dialects.hikvision.parts import Message, take_apart
from backend.gates.events import NumberKind
from backend.gates.translation import EventPhoto, Liveness, Remark, TranslatedEvent, Translation, UnreadLine

PHOTO_LIMIT: Final = 1_000_000
LIVE_WITHIN: Final = timedelta(seconds=30)
"""Of events that do not say whether they were stored."""

ACCESS: Final = "AccessControllerEvent"
_LIFE_SIGNS: Final = frozenset({"heartbeat", "videoloss"})
_IN: Final = frozenset({"checkin", "breakin", "overtimein"})
_OUT: Final = frozenset({"checkout", "breakout", "overtimeout"})
_MAC: Final = re.compile(r"([0-9a-f]{2}[:-]?){5}[0-9a-f]{2}")
_PLAIN: Final = re.compile(r"[^\x00-\x1f\x7f]{1,64}")
_WORD: Final = re.compile(r"[0-9A-Za-z_.:-]{1,40}")
_WHOLE: Final = re.compile(r"-?\d{1,15}")


class Serial(NamedTuple):
    """The number of an event in its device's count, and that of the one before it."""

    number: int
    before: int | None


class Alerts(NamedTuple):
    """A translated body, the network cards that its messages name, and the numbers of its access events."""

    translation: Translation
    macs: tuple[str, ...]
    serials: tuple[Serial, ...]
    life_sign: bool


def translate(
    headers: Mapping[str, str], body: bytes, zone: tzinfo, received_at: datetime, *, home_mac: str | None = None
) -> Alerts:
    """Translate a posted body.

    `zone` holds for times without offset. The key of an event is its number and its time: numbers begin anew after a
    factory reset. A device with another card than `home_mac` has a count of its own.
    """
    posted = take_apart(headers, body)
    if posted.fault is not None:
        return Alerts(Translation(unread=(UnreadLine(1, posted.fault, ""),)), (), (), life_sign=False)
    events: list[TranslatedEvent] = []
    remarks: list[Remark] = []
    unread: list[UnreadLine] = []
    macs: list[str] = []
    serials: list[Serial] = []
    skews: list[float] = []
    signs = 0
    for number, message in enumerate(posted.messages, 1):
        mac = read_mac(message)
        if mac is not None and mac not in macs:
            macs.append(mac)
        kind = _text(message, "eventType")
        if kind.lower() in _LIFE_SIGNS:
            signs += 1
            continue
        nested = message.get(ACCESS)
        access: Message | None = nested if isinstance(nested, dict) else None
        if access is None:
            told = f"eventType={kind}" if _WORD.fullmatch(kind) else ""
            unread.append(UnreadLine(number, "not_an_access_event", plain_line(told)))
            continue
        suffix = "" if mac is None or home_mac is None or mac == home_mac else f"|{mac}"
        read = _read_access(message, access, zone, received_at, suffix)
        if isinstance(read, str):
            unread.append(UnreadLine(number, read, plain_line(_shape(message, access))))
            continue
        serial = _serial(access)
        if serial is not None:
            serials.append(serial)
        if isinstance(read, Remark):
            remarks.append(read)
        else:
            events.append(read)
            if read.live:
                skews.append((received_at - read.at).total_seconds())
    photos, refused = _photos(posted.pictures, events, received_at)
    translation = Translation(
        events=tuple(events),
        remarks=(*remarks, *refused),
        unread=tuple(unread),
        photos=photos,
        liveness=Liveness(mac=macs[0] if macs else None, skews_s=tuple(skews)),
    )
    return Alerts(translation, tuple(macs), tuple(serials), signs == len(posted.messages))


def read_mac(message: Message) -> str | None:
    """Return the network card that a message names, spelled as the registry does."""
    given = _text(message, "macAddress").lower()
    if _MAC.fullmatch(given) is None:
        return None
    return ":".join(re.findall("..", re.sub("[:-]", "", given)))


def _read_access(
    message: Message, access: Message, zone: tzinfo, received_at: datetime, suffix: str
) -> TranslatedEvent | Remark | str:
    time = read_device_time(_text(message, "dateTime") or _text(access, "dateTime"), zone)
    if time is None:
        return "no_time"
    major, minor = _whole(access, "majorEventType"), _whole(access, "subEventType")
    if major is None or minor is None:
        return "no_event_type"
    serial = _serial(access)
    number = f"-{major}.{minor}" if serial is None else str(serial.number)
    told = codes().device.get((major, minor))
    person = _person(access)
    if told is not None or person is None:
        key = f"hik|{number}|{time.text}{suffix}"
        detail = {"major": major, "minor": minor, "device_time": time.text}
        return Remark(kind="audit", code=told or f"event_{major}_{minor}", key=key[:200], at=time.at, detail=detail)
    if serial is None:
        number = f"-{person[1]}-{major}.{minor}"
    return _event(access, time, (major, minor), person, f"hik|{number}|{time.text}{suffix}", received_at)


def _event(
    access: Message,
    time: DeviceTime,
    pair: tuple[int, int],
    person: tuple[NumberKind, str],
    key: str,
    received_at: datetime,
) -> TranslatedEvent:
    known = codes().person.get(pair)
    status = _text(access, "attendanceStatus").lower()
    direction: Literal["in", "out"] | None = "in" if status in _IN else "out" if status in _OUT else None
    current = _flag(access, "currentEvent")
    verify = _text(access, "currentVerifyMode")
    return TranslatedEvent(
        event_key=key[:200],
        number_kind=person[0],
        number=person[1],
        at=time.at,
        device_time=time.text,
        own_month=time.own_month,
        live=time.at >= received_at.astimezone(UTC) - LIVE_WITHIN if current is None else current,
        granted=None if known is None else known.granted,
        content=(*person, time.text, *pair, direction),
        wire_direction=direction,
        direction_is_wired=True,
        method=known.method if known is not None else verify if _WORD.fullmatch(verify) else None,
    )


def _person(access: Message) -> tuple[NumberKind, str] | None:
    names: tuple[tuple[str, NumberKind], ...] = (
        ("employeeNoString", "employee"),
        ("employeeNo", "employee"),
        ("cardNo", "card"),
    )
    for name, kind in names:
        value = _text(access, name)
        if value not in {"", "0"} and _PLAIN.fullmatch(value):
            return kind, value
    return None


def _serial(access: Message) -> Serial | None:
    number = _whole(access, "serialNo")
    return None if number is None or number < 0 else Serial(number, _whole(access, "frontSerialNo"))


def _photos(
    pictures: tuple[bytes, ...], events: list[TranslatedEvent], received_at: datetime
) -> tuple[tuple[EventPhoto, ...], tuple[Remark, ...]]:
    """Return the photo of the one event that a body holds, and remarks on pictures that are not kept."""
    kept: list[EventPhoto] = []
    refused: list[Remark] = []
    for place, picture in enumerate(pictures):
        code = (
            "photo_too_large"
            if len(picture) > PHOTO_LIMIT
            else "photo_of_nobody"
            if not events
            else "photo_surplus"
            if kept
            else None
        )
        if code is None:
            kept.append(
                EventPhoto(
                    sha256=hashlib.sha256(picture).hexdigest(),
                    size=len(picture),
                    content=picture,
                    media_type="image/png" if picture.startswith(b"\x89PNG") else "image/jpeg",
                    number=events[0].number,
                    device_time=events[0].device_time,
                    event_key=events[0].event_key,
                )
            )
        else:
            key = f"drop|{code}|{received_at.isoformat()}|{place}"
            detail = {"bytes": len(picture)}
            refused.append(Remark(kind="dropped", code=code, key=key, at=received_at, detail=detail))
    return tuple(kept), tuple(refused)


def _shape(message: Message, access: Message) -> str:
    """Say of a message that could not be read what it looks like, without anything of the person."""
    wanted = (*((name, message) for name in ("eventType", "dateTime")), *((name, access) for name in _TYPES))
    return " ".join(f"{name}={_text(holder, name)[:40]}" for name, holder in wanted)


_TYPES: Final = ("majorEventType", "subEventType", "serialNo")


def _text(message: Message, name: str) -> str:
    value: Any = message.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()[:200]


def _whole(message: Message, name: str) -> int | None:
    text = _text(message, name)
    return int(text) if _WHOLE.fullmatch(text) else None


def _flag(message: Message, name: str) -> bool | None:
    value: Any = message.get(name)
    if isinstance(value, bool):
        return value
    text = _text(message, name).lower()
    return True if text in {"true", "1"} else False if text in {"false", "0"} else None
