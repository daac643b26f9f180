"""Translates what face terminals publish under `mqtt/face/…` into passes, signs of life and refusals (pure).

The payloads are JSON written by many firmwares: numbers come as strings, fields are missing or misspelt, texts are in
UTF-8 or GB18030. What is not understood is told as such, never raised: one odd message must not stop the others.
"""

import hashlib
import re
from datetime import tzinfo
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from backend.gates.device_time import read_device_time
from backend.gates.events import NumberKind
from backend.gates.translation import Remark, TranslatedEvent

ROOT: Final = "mqtt/face/"
PAYLOAD_LIMIT: Final = 2_000_000
"""Bytes of one message: a record with the largest photo is half of that; photos are never decoded."""

_KEY_LIMIT: Final = 100
_NUMBER_LIMIT: Final = 64
_MARK: Final = "@@@"
_PLAIN: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f]+")
# Identifiers of records: whole numbers of 64 bits, as numbers or in quotation marks.
_WHOLE: Final = re.compile(r"-?\d{1,18}")

RecordId = int | str
PASSED: Final = 1
"""The VerifyStatus of a person who was recognised and let through; all others are refusals."""


class FacePass(Struct, frozen=True, kw_only=True):
    """One record of a terminal; `record_id` is what an acknowledgement names, None when it can be sent none.

    Somebody whom the terminal let through without recognising him has an empty number: the event is nobody's.
    """

    terminal: str
    event: TranslatedEvent
    record_id: RecordId | None


class TurnedAway(Struct, frozen=True, kw_only=True):
    """A face that the terminal did not know and did not let through: remarked upon, no event of anybody's."""

    terminal: str
    remark: Remark
    record_id: RecordId | None


class Snapshot(Struct, frozen=True):
    """A picture of a stranger: acknowledged, so that it is not repeated for ever, and not kept."""

    terminal: str
    record_id: RecordId | None


class LifeSign(Struct, frozen=True, kw_only=True):
    """A terminal came on line, beats, or was reported gone by the broker (its last will)."""

    terminal: str
    kind: Literal["online", "heartbeat", "offline"]


class Foreign(Struct, frozen=True):
    """A message under one terminal's topic that speaks for another one: refused, never acknowledged."""

    terminal: str
    claimed: str


class Unread(Struct, frozen=True):
    """A message that could not be understood, with the reason; acknowledged where it names its record."""

    terminal: str | None
    reason: str
    record_id: RecordId | None = None


class Noted(Struct, frozen=True):
    """A message that asks for nothing, such as the answer to one of ours."""

    terminal: str | None
    operator: str


Heard = FacePass | TurnedAway | Snapshot | LifeSign | Foreign | Unread | Noted


class _Message(Struct):
    operator: Any = None
    info: Any = None
    facesluiceId: Any = None  # noqa: N815 - the terminals' own name


_messages = msgspec.json.Decoder(_Message)


def terminal_of(topic: str) -> str | None:
    """Return the terminal whose topic this is, None for those that all terminals share and for foreign ones."""
    parts = topic.split("/")
    if len(parts) != 4 or not topic.startswith(ROOT) or not parts[2]:  # noqa: PLR2004 - mqtt/face/ID/WORD
        return None
    return parts[2]


def own_id(told: str) -> str:
    """Return a terminal's id without what some firmwares put before it (`server@@@id`)."""
    before, _, after = told.rpartition(_MARK)
    return after or before.rpartition(_MARK)[2]


def translate(topic: str, payload: bytes, zone: tzinfo) -> Heard:
    """Return what a message means; `zone` is the time zone that the terminal's clock shows. Raises nothing."""
    terminal = terminal_of(topic)
    if len(payload) > PAYLOAD_LIMIT:
        return Unread(terminal, "too large")
    try:
        message = _messages.decode(_text(payload))
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError) as error:
        return Unread(terminal, f"no JSON object: {str(error)[:200]}")
    operator = message.operator if isinstance(message.operator, str) else ""
    info: dict[str, Any] = message.info if isinstance(message.info, dict) else {}
    told = _word(info, "facesluiceId") or _word({"id": message.facesluiceId}, "id")
    if terminal is None:
        return _life_sign(topic, operator, told)
    if told is not None and own_id(told) != own_id(terminal):
        return Foreign(terminal, told[:_KEY_LIMIT])
    return _pushed(terminal, operator, info, zone)


def push_ack(kind: Literal["snap", "record"], record_id: RecordId, message_id: str) -> bytes:
    """Return the answer after which a terminal stops repeating a record (2) or a snapshot (1)."""
    info = {"PushAckType": 2 if kind == "record" else 1, "SnapOrRecordID": record_id}
    return msgspec.json.encode({"operator": "PushAck", "messageId": message_id, "info": info})


def online_ack(terminal: str, message_id: str) -> bytes:
    """Return the answer without which a terminal repeats that it is on line."""
    info = {"facesluiceId": terminal, "result": "ok", "detail": ""}
    return msgspec.json.encode({"operator": "Online-Ack", "messageId": message_id, "info": info})


def answer_topic(terminal: str) -> str:
    """Return the topic that a terminal listens to."""
    return ROOT + terminal


def _text(payload: bytes) -> str:
    """Decode UTF-8, else GB18030, else UTF-8 with replacements; an order mark and zeros at the end are dropped."""
    trimmed = payload.removeprefix(b"\xef\xbb\xbf").rstrip(b"\0 \r\n\t")
    for encoding in ("utf-8", "gb18030"):
        try:
            return trimmed.decode(encoding)
        except UnicodeDecodeError:
            continue
    return trimmed.decode("utf-8", "replace")


def _life_sign(topic: str, operator: str, told: str | None) -> Heard:
    kinds: dict[str, Literal["online", "heartbeat", "offline"]] = {
        "online": "online",
        "offline": "offline",
        "heartbeat": "heartbeat",
    }
    kind = kinds.get(operator.casefold())
    if topic not in {ROOT + "basic", ROOT + "heartbeat"} or kind is None:
        return Noted(None, operator[:_NUMBER_LIMIT])
    if told is None:
        return Unread(None, "a sign of life without facesluiceId")
    return LifeSign(terminal=own_id(told)[:_KEY_LIMIT], kind=kind)


def _pushed(terminal: str, operator: str, info: dict[str, Any], zone: tzinfo) -> Heard:
    match operator.casefold():
        case "recpush" | "verifypush":
            return _record(terminal, info, zone)
        case "strsnappush" | "snappush":
            return Snapshot(terminal, _record_id(info, "SnapID", "SnapOrRecordID", "RecordID"))
        case _:
            return Noted(terminal, operator[:_NUMBER_LIMIT])


def _record(terminal: str, info: dict[str, Any], zone: tzinfo) -> Heard:
    record_id = _record_id(info, "RecordID", "SnapOrRecordID")
    told = _word(info, "time") or _word(info, "CreateTime")
    time = None if told is None else read_device_time(told, zone)
    if time is None:
        return Unread(terminal, "no time" if told is None else "the time is no instant", record_id)
    kind, number = _person(info)
    status = _whole(info.get("VerifyStatus"))
    granted = None if status is None else status == PASSED
    key = _event_key(record_id, kind, number, time.text)
    if not number and granted is False:
        remark = Remark(kind="audit", code="face_unknown", key=f"face|{key}", at=time.at)
        return TurnedAway(terminal=terminal, remark=remark, record_id=record_id)
    event = TranslatedEvent(
        event_key=key,
        number_kind=kind,
        number=number,
        at=time.at,
        device_time=time.text,
        own_month=time.own_month,
        live=_is_live(info),
        granted=granted,
        content=(kind, number, granted),
        method="face",
    )
    return FacePass(terminal=terminal, event=event, record_id=record_id)


def _is_live(info: dict[str, Any]) -> bool:
    """Tell whether the terminal says that it sends this as it happens; one that says nothing claims nothing."""
    in_time, push_type = _whole(info.get("Sendintime")), _whole(info.get("PushType"))
    if in_time is None and push_type is None:
        return False
    return in_time in {None, 1} and push_type in {None, 0}


def _person(info: dict[str, Any]) -> tuple[NumberKind, str]:
    fields: tuple[tuple[NumberKind, str], ...] = (
        ("employee", "customId"),
        ("pin", "personId"),
        ("card", "RFIDCard"),
    )
    for kind, name in fields:
        value = _word(info, name)
        if value is not None and value not in {"0", "-1"} and len(value) <= _NUMBER_LIMIT:
            return kind, value
    return "employee", ""


def _event_key(record_id: RecordId | None, kind: NumberKind, number: str, device_time: str) -> str:
    """Name the event: its record's number begins anew after a reset, so the time always belongs to it."""
    numbered = record_id is not None and not (isinstance(record_id, int) and record_id <= 0)
    key = f"rec:{record_id}@{device_time}" if numbered else f"who:{kind}:{number}@{device_time}"
    return key if len(key) <= _KEY_LIMIT else f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def _record_id(info: dict[str, Any], *names: str) -> RecordId | None:
    for name in names:
        value = info.get(name)
        number = _whole(value)
        if number is not None:
            return number
        word = _word(info, name)
        if word is not None and len(word) <= _NUMBER_LIMIT:
            return word
    return None


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else None
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    return None


def _word(info: dict[str, Any], name: str) -> str | None:
    """Return a field as text when it holds some that can be stored, trimmed; whole numbers count as text."""
    value = info.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if -(2**63) <= value < 2**63 else ""
    if not isinstance(value, str):
        return None
    word = value.strip()
    try:
        word.encode()
    except UnicodeEncodeError:
        return None
    return word if _PLAIN.fullmatch(word) else None
