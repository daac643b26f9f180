"""Reads the items of a phone's queue: one spelling (RFC 8785), one digest, one signature each (pure).

docs/offline-protocol.md is the specification; its test vectors are made with what stands here.
"""

import base64
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from backend.decision.occurrence import ClockKind, Made, Reading
from backend.identity.phone_keys import digest_text
from backend.kit.canonical import canonical_bytes
from backend.kit.ids import VERSION
from backend.kit.wire import Wire
from mobile_api.offline.errors import ItemMalformed, ItemTooLarge
from mobile_api.schemas import FixIn, NoFixReason

ITEM_FORMAT: Final = 1
"""The `v` of the items that are read here."""
ITEM_LIMIT: Final = 16_384
"""Bytes of an item; one with ten fixes and five photos has some 3 000."""
HIGHEST: Final = 2**53 - 1
E7: Final = 10**7

ITEM_LABEL: Final = b"daogang.item.1\n"
SYNC_LABEL: Final = b"daogang.sync.1\n"
KEY_LABEL: Final = b"daogang.key.1\n"
"""What stands before that which a phone signs: a signature made for one purpose is worth nothing for another."""

Digest = Annotated[str, Meta(pattern="^[0-9A-Za-z_-]{43}$", description="SHA-256 in base64url without padding")]
Salt = Annotated[str, Meta(pattern="^[0-9A-Za-z_-]{22}$", description="16 random bytes in base64url")]
Counter = Annotated[int, Meta(ge=1, le=HIGHEST, description="counts up by one for each item of a key")]
Milliseconds = Annotated[int, Meta(ge=0, le=4_102_444_800_000, description="since 1970-01-01 UTC")]
Monotonic = Annotated[int, Meta(ge=0, le=HIGHEST, description="milliseconds of a clock that nobody can set")]


class ItemFix(Wire, frozen=True, kw_only=True):
    """One position: degrees in whole ten-millionths, accuracy in millimetres, age in milliseconds."""

    lon_e7: Annotated[int, Meta(ge=-180 * E7, le=180 * E7)]
    lat_e7: Annotated[int, Meta(ge=-90 * E7, le=90 * E7)]
    crs: Literal["wgs84", "cgcs2000", "gcj02", "bd09"]
    accuracy_mm: Annotated[int, Meta(ge=0, le=1_000_000_000)]
    platform: Literal["android", "ios", "web"]
    provider: Literal["gps", "fused", "network", "unknown"] = "unknown"
    age_ms: Annotated[int, Meta(ge=0, le=86_400_000)] = 0
    mock: bool = False

    def plain(self) -> FixIn:
        """Return it in the form and the units of a check-in."""
        return FixIn(
            lon=self.lon_e7 / E7,
            lat=self.lat_e7 / E7,
            crs=self.crs,
            accuracy_m=self.accuracy_mm / 1000,
            platform=self.platform,
            provider=self.provider,
            age_s=self.age_ms / 1000,
            mock=self.mock,
        )


class ItemAnchor(Wire, frozen=True, kw_only=True):
    """The anchor that the phone held: its id, what the clocks showed when it came in, how long that was waited for."""

    id: UUID
    at: Milliseconds
    mono_ms: Monotonic
    boot: UUID
    waited_ms: Annotated[int, Meta(ge=0, le=120_000)]


class QueueItem(Wire, frozen=True, kw_only=True):
    """One punch as the phone wrote it down; members without a value are left out, numbers are whole."""

    v: Literal[1]
    key: Digest
    counter: Counter
    prev: Digest
    salt: Salt
    event_id: UUID
    project_id: UUID
    at: Milliseconds
    mono_ms: Monotonic
    boot: UUID
    clock: ClockKind
    fixes: Annotated[list[ItemFix], Meta(max_length=10)]
    anchor: ItemAnchor | None = None
    direction: Literal["in", "out"] | None = None
    no_fix_reason: NoFixReason | None = None
    photos: Annotated[tuple[Annotated[str, Meta(pattern="^[0-9a-f]{64}$")], ...], Meta(max_length=5)] = ()
    app: Annotated[str, Meta(pattern="^[0-9A-Za-z.+_-]{1,40}$")] | None = None
    proof_id: UUID | None = None

    @property
    def made(self) -> Made:
        """When the phone says that it was made."""
        return Made(Reading(self.at, self.mono_ms, str(self.boot)), self.clock)


class ReadItem(Struct, frozen=True):
    """An item with the text that was signed, its digest and its signature, which nobody has checked yet."""

    item: QueueItem
    text: str
    digest: str
    signature: str

    @property
    def payload_digest(self) -> str:
        """The digest in hexadecimal, as the ledger keeps it."""
        return hex_digest(self.digest)


class SentItem(Wire, frozen=True, kw_only=True):
    """An item on its way: the text as it was signed, and the signature."""

    item: str
    signature: Annotated[str, Meta(max_length=200)]


_items = msgspec.json.Decoder(QueueItem, strict=True)
_sent = msgspec.json.Decoder(SentItem, strict=True)


def read_item(raw: bytes) -> ReadItem:
    """Read one element of a call's items; raises ItemTooLarge or ItemMalformed (naming what is wrong)."""
    if len(raw) > ITEM_LIMIT:
        raise ItemTooLarge(limit_bytes=ITEM_LIMIT)
    try:
        sent = _sent.decode(raw)
        text = sent.item.encode()
        item = _items.decode(text)
        # What is decoded into plain values and spelled again shows double keys, spaces, and numbers in other spellings.
        respelled = canonical_bytes(msgspec.json.decode(text))
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ItemMalformed(reason=str(error)) from error
    if respelled != text:
        raise ItemMalformed(reason="The text is not spelled as RFC 8785 says")
    if item.event_id.version != VERSION:
        raise ItemMalformed(reason="Expected a UUID of version 7 - at `$.event_id`")
    return ReadItem(item, sent.item, digest_text(text), sent.signature)


def hex_digest(digest: str) -> str:
    """Return a digest of 43 characters as hexadecimal digits."""
    return base64.urlsafe_b64decode(digest + "=").hex()


def item_message(text: str) -> bytes:
    """Return what the phone signs for an item."""
    return ITEM_LABEL + text.encode()


def sync_message(body: bytes) -> bytes:
    """Return what the phone signs for a call, or for an exported queue."""
    return SYNC_LABEL + body


def key_message(challenge: str, thumbprint: str) -> bytes:
    """Return what the phone signs to show that it has the private part of a key."""
    return KEY_LABEL + challenge.encode() + b"\n" + thumbprint.encode()


def spell_item(item: QueueItem) -> str:
    """Return the one text of an item: for tests, vectors and the demo; phones do this themselves."""
    plain: dict[str, object] = msgspec.to_builtins(item)
    return canonical_bytes(_without_defaults(plain)).decode()


def _without_defaults(plain: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in plain.items() if value is not None and (name != "photos" or value)}
