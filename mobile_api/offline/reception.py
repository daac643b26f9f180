"""Opens a call: who signed it, which of its items are honest ones, and what is to be said of the others (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Raw

from backend.decision.occurrence import Held, Reading, Sent
from backend.identity.phone_keys import has_signed
from backend.kit.errors import DaogangError, InvalidBody, MalformedBody
from backend.kit.wire import decode
from mobile_api.offline.anchors import Anchor, Anchors, milliseconds
from mobile_api.offline.errors import ItemForeign, ItemForged, KeyUnknown, SignatureWrong
from mobile_api.offline.items import Counter, ReadItem, SentItem, item_message, read_item, sync_message
from mobile_api.offline.records import KnownKey
from mobile_api.offline.schemas import SyncEnvelope

BODY_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class SignedCall:
    """A call as it came in: the key it names, its signature, its body, and when by our clock.

    An `exported` queue comes by other hands, so that its clocks say nothing about the moment of its receipt.
    """

    key_id: str
    signature: str
    body: bytes
    envelope: SyncEnvelope
    at: datetime
    exported: bool = False

    @property
    def sent(self) -> Sent:
        """What is known of the sending."""
        clocks = Reading(self.envelope.sent_at, self.envelope.mono_ms, str(self.envelope.boot))
        return Sent(milliseconds(self.at), None if self.exported else clocks)


@dataclass(frozen=True, slots=True)
class Faulty:
    """An item that is not recorded, with what could be told of it."""

    error: DaogangError
    event_id: UUID | None
    counter: int | None


Opened = ReadItem | Faulty


def read_envelope(body: bytes) -> SyncEnvelope:
    """Decode a call; what is wrong with single items is told with them.

    Raises BodyTooLarge, MalformedBody or InvalidBody of the envelope.
    """
    try:
        return decode(body, _envelopes, BODY_LIMIT)
    except (InvalidBody, MalformedBody) as fault:
        # When an item of a body that is not strictly right is at fault, the envelope is not.
        try:
            envelope = _envelopes.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise fault from None
        if not any(_is_faulty(raw) for raw in envelope.items):
            raise
        return envelope


def open_call(call: SignedCall, keys: Mapping[str, KnownKey]) -> list[Opened]:
    """Check the call's signature, then read each item and check its own; one result for each item, in order.

    Raises KeyUnknown or SignatureWrong for the call as a whole.
    """
    known = keys.get(call.key_id)
    if known is None:
        raise KeyUnknown
    if not has_signed(known.der, call.signature, sync_message(call.body)):
        raise SignatureWrong
    return [_open(raw, known.phone_id, keys) for raw in call.envelope.items]


def _open(raw: Raw, phone_id: UUID, keys: Mapping[str, KnownKey]) -> Opened:
    read: ReadItem | None = None
    try:
        read = read_item(bytes(raw))
        key = keys.get(read.item.key)
        if key is None or key.phone_id != phone_id:
            raise ItemForeign
        if not has_signed(key.der, read.signature, item_message(read.text)):
            raise ItemForged
    except DaogangError as error:
        return Faulty(error, *(_salvage(raw) if read is None else (read.item.event_id, read.item.counter)))
    return read


def named_keys(call: SignedCall) -> set[str]:
    """Return the keys that a call names, as far as it can be read before its signature is checked."""
    found = {call.key_id}
    for raw in call.envelope.items:
        try:
            found.add(_Named.read(raw))
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            continue
    return found


class _Named(msgspec.Struct, frozen=True):
    key: str

    @staticmethod
    def read(raw: Raw) -> str:
        return _named.decode(_sent.decode(raw).item).key


def held_anchors(call: SignedCall, phone_id: UUID, anchors: Anchors) -> dict[UUID, Anchor]:
    """Return the anchors of a call that are ours and this phone's, by id."""
    read = (anchors.read(token, call.at) for token in call.envelope.anchors)
    return {anchor.id: anchor for anchor in read if anchor is not None and anchor.phone_id == phone_id}


def held_of(read: ReadItem, anchors: Mapping[UUID, Anchor]) -> Held | None:
    """Return the anchor of an item as its phone holds it; None if the call does not bring it."""
    named = read.item.anchor
    anchor = None if named is None else anchors.get(named.id)
    if named is None or anchor is None:
        return None
    clocks = Reading(named.at, named.mono_ms, str(named.boot))
    return Held(anchor.at, anchor.expires_at, clocks, named.waited_ms)


def _is_faulty(raw: Raw) -> bool:
    try:
        decode(bytes(raw), _sent)
    except (InvalidBody, MalformedBody):
        return True
    return False


def _salvage(raw: Raw) -> tuple[UUID | None, int | None]:
    try:
        found: Any = msgspec.json.decode(_sent.decode(raw).item)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None, None
    return _value(found, "event_id", UUID), _value(found, "counter", Counter)


def _value(found: Any, name: str, kind: Any) -> Any:  # noqa: ANN401 - whatever stands there
    try:
        return msgspec.convert(found[name], kind)
    except (msgspec.ValidationError, KeyError, TypeError, IndexError):
        return None


_envelopes = msgspec.json.Decoder(SyncEnvelope, strict=True)
_sent = msgspec.json.Decoder(SentItem, strict=True)
_named = msgspec.json.Decoder(_Named)


def faults(opened: Sequence[Opened]) -> list[str]:
    """Return the codes of the items that are not recorded."""
    return [one.error.code for one in opened if isinstance(one, Faulty)]
