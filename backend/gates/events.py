"""Reads a batch: the envelope strictly, each item by itself, so that one malformed item does not spoil the others."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Raw, Struct

from backend.gates.errors import ItemMalformed
from backend.kit.errors import DaogangError, InvalidBody, MalformedBody
from backend.kit.wire import INSTANT_WANTED, Instant, Wire, decode

BATCH_LIMIT: Final = 500
BODY_LIMIT: Final = 1_000_000
HIGHEST_SEQ: Final = 2**53 - 1
_ID_LIMIT: Final = 100
_TIME_PATH: Final = "$.occurred_at"

# PostgreSQL's text holds no NUL, and no identifier needs another control character.
_NO_CONTROLS: Final = r"^[^\x00-\x1f\x7f]+$"

EventId = Annotated[str, Meta(min_length=1, max_length=_ID_LIMIT, pattern=_NO_CONTROLS)]
PersonNumber = Annotated[str, Meta(min_length=1, max_length=64, pattern=_NO_CONTROLS)]
Seq = Annotated[int, Meta(ge=1, le=HIGHEST_SEQ, description="counts up by one per event")]
NumberKind = Literal["pin", "employee", "card"]


class GatePerson(Wire, frozen=True):
    """Whom the gate recognised: the platform's person id, or a number that a binding of the project explains."""

    kind: Literal["person", "pin", "employee", "card"]
    value: PersonNumber


class GateEvent(Wire, frozen=True):
    """One pass as the gate tells it; `occurred_at` is the device's own time and is kept as it was written."""

    device_event_id: EventId
    seq: Seq
    occurred_at: Annotated[str, Meta(min_length=20, max_length=40, description="RFC 3339 with offset")]
    person: GatePerson
    live: Annotated[bool, Meta(description="false for what was stored during an outage")]
    direction: Literal["in", "out"] | None = None
    granted: Annotated[bool | None, Meta(description="null when the device does not say")] = None
    method: Annotated[str, Meta(min_length=1, max_length=40, pattern=_NO_CONTROLS)] | None = None
    photo_sha256: Annotated[str, Meta(max_length=64, pattern=r"^[0-9a-f]{64}$")] | None = None


class EventsEnvelope(Wire, frozen=True):
    """A batch: the device's clock at the moment of sending and up to 500 events, oldest first if it can."""

    clock_now: Instant
    items: Annotated[list[Raw], Meta(min_length=1, max_length=BATCH_LIMIT)]


class ReadEvent(Struct, frozen=True):
    """An event with its instant in UTC."""

    event: GateEvent
    at: datetime


class FaultyItem(Struct, frozen=True):
    """What could be told of an item that is not of the documented form; `message` is for the device's maker."""

    device_event_id: str | None
    seq: int | None
    message: str


ReadItem = ReadEvent | FaultyItem

_envelopes = msgspec.json.Decoder(EventsEnvelope, strict=True)
_events = msgspec.json.Decoder(GateEvent, strict=True)


def read_batch(body: bytes) -> tuple[EventsEnvelope, list[ReadItem]]:
    """Decode a batch and read each item by itself, in order.

    Raises BodyTooLarge, MalformedBody or InvalidBody of the envelope; faults of single items are told with the item.
    """
    try:
        envelope = decode(body, _envelopes, BODY_LIMIT)
    except (InvalidBody, MalformedBody) as fault:
        return _read_piecemeal(body, fault)
    return envelope, [_read_item(raw, _events.decode) for raw in envelope.items]


def _read_piecemeal(body: bytes, fault: DaogangError) -> tuple[EventsEnvelope, list[ReadItem]]:
    """Read a body that is not strictly right as a whole: when no item of it is at fault, the envelope is."""
    try:
        envelope = _envelopes.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise fault from None
    items = [_read_item(raw, _decode_strictly) for raw in envelope.items]
    if not any(isinstance(item, FaultyItem) for item in items):
        raise fault
    return envelope, items


def _decode_strictly(raw: Raw) -> GateEvent:
    try:
        return decode(bytes(raw), _events)
    except InvalidBody as fault:
        places: Any = fault.detail["errors"]
        raise ItemMalformed(reason=f"{places[0]['message']} - at `{places[0]['path']}`") from fault
    except MalformedBody as fault:
        raise ItemMalformed(reason=str(fault.detail["reason"])) from fault


def _read_item(raw: Raw, decode_event: Callable[[Raw], GateEvent]) -> ReadItem:
    try:
        event = _read_event(raw, decode_event)
        return ReadEvent(event, to_utc(event.occurred_at))
    except ItemMalformed as fault:
        found = _salvage(raw)
        return FaultyItem(_known_id(found), _known_seq(found), _in_words(str(fault.detail["reason"])))


def _in_words(reason: str) -> str:
    """Say of a faulty time what is wanted, whatever the decoder found first (a number, a length, an offset)."""
    return f"{INSTANT_WANTED} - at `{_TIME_PATH}`" if reason.endswith(f"- at `{_TIME_PATH}`") else reason


def _read_event(raw: Raw, decode_event: Callable[[Raw], GateEvent]) -> GateEvent:
    try:
        event = decode_event(raw)
        if event.person.kind == "person":
            msgspec.convert(event.person.value, UUID)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ItemMalformed(reason=str(error)) from error
    return event


def to_utc(text: str) -> datetime:
    """Return the instant of an RFC 3339 text; raises ItemMalformed, also for what lies outside of years 1 to 9999."""
    try:
        return msgspec.convert(text, Instant).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError) as error:
        raise ItemMalformed(reason=f"{INSTANT_WANTED} - at `{_TIME_PATH}`") from error


def _salvage(raw: Raw) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _known_id(found: dict[str, Any]) -> str | None:
    value = found.get("device_event_id")
    return value[:_ID_LIMIT] if isinstance(value, str) else None


def _known_seq(found: dict[str, Any]) -> int | None:
    value = found.get("seq")
    known = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= HIGHEST_SEQ
    return value if known else None
