"""A phone that works without network: its clocks, its key, its chain, and the calls by which it sends its queue."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_bytes
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import insert

from backend.identity.phone_keys import digest_text, jwk_thumbprint
from backend.identity.tables import PhoneKeyRow
from backend.kit.canonical import canonical_bytes
from backend.kit.db import Tx
from backend.kit.ids import new_id
from mobile_api.offline.anchors import Anchors, Pack, milliseconds
from mobile_api.offline.items import item_message, key_message, sync_message
from mobile_api.offline.tables import PhoneQueue
from tests.support.phones import CENTRE

PATH = "/mobile/v1/sync"
PACK_DAYS = 7


def base64url(content: bytes) -> str:
    """Spell bytes in base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass
class Signing:
    """A key pair as a phone has it."""

    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def jwk(self) -> dict[str, str]:
        """The public key as JWK."""
        numbers = self.private.public_key().public_numbers()
        x, y = (base64url(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y}

    @property
    def id(self) -> str:
        """Its thumbprint."""
        return jwk_thumbprint(self.jwk["x"], self.jwk["y"])

    @property
    def der(self) -> bytes:
        """The public key as SubjectPublicKeyInfo."""
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes, *, der: bool = False) -> str:
        """Sign as WebCrypto does (r and s), or as Android and Apple do (DER)."""
        signature = self.private.sign(message, ec.ECDSA(SHA256()))
        if der:
            return base64url(signature)
        return base64url(b"".join(part.to_bytes(32, "big") for part in decode_dss_signature(signature)))

    def prove(self, challenge: str) -> dict[str, Any]:
        """Return the body by which the key is registered."""
        return {"jwk": self.jwk, "challenge": challenge, "proof": self.sign(key_message(challenge, self.id))}


@dataclass
class Item:
    """An item of the queue: its text and signature, as they are sent."""

    value: dict[str, Any]
    text: str
    signature: str

    @property
    def digest(self) -> str:
        """The digest by which the next one names it."""
        return digest_text(self.text.encode())

    @property
    def wire(self) -> dict[str, str]:
        """The item on its way."""
        return {"item": self.text, "signature": self.signature}


@dataclass
class QueuePhone:
    """A phone: `at` is the true time, `ahead` how far its wall clock is ahead, `boot` and `mono` its other clock."""

    phone_id: UUID
    at: datetime
    clock: str = "page"
    signing: Signing = field(default_factory=Signing)
    ahead: timedelta = timedelta()
    boot: UUID = field(default_factory=uuid4)
    mono_ms: int = 5_000
    counter: int = 0
    prev: str = ""
    anchor: dict[str, Any] | None = None
    tokens: list[str] = field(default_factory=list[str])
    queue: list[Item] = field(default_factory=list[Item])

    def __post_init__(self) -> None:
        """Begin the chain."""
        self.prev = self.prev or self.signing.id

    @property
    def wall_ms(self) -> int:
        """What the wall clock shows."""
        return milliseconds(self.at + self.ahead)

    def passes(self, span: timedelta) -> None:
        """Let time pass."""
        self.at += span
        self.mono_ms += span // timedelta(milliseconds=1)

    def restarts(self) -> None:
        """Start the monotonic clock anew: the page was closed, or the phone was off."""
        self.boot, self.mono_ms = uuid4(), 1_000

    def takes(self, anchor: dict[str, Any], waited_ms: int = 80) -> None:
        """Keep an anchor that has just come in."""
        self.anchor = {
            "id": anchor["id"],
            "at": self.wall_ms,
            "mono_ms": self.mono_ms,
            "boot": str(self.boot),
            "waited_ms": waited_ms,
        }
        self.tokens.append(anchor["token"])

    def fetches_pack(self, anchors: Anchors, days: int = PACK_DAYS) -> None:
        """Keep an anchor that is made now, without asking a server."""
        pack = Pack(uuid4(), milliseconds(self.at), milliseconds(self.at + timedelta(days=days)))
        made = anchors.make(self.phone_id, pack, self.at)
        self.takes({"id": str(made.id), "token": made.token})

    def punches(self, project_id: UUID, *, keep: bool = True, **changes: Any) -> Item:
        """Write a punch at CENTRE down; with `keep` unset, as if the phone had forgotten it at once."""
        value: dict[str, Any] = {
            "v": 1,
            "key": self.signing.id,
            "counter": self.counter + 1,
            "prev": self.prev,
            "salt": base64url(token_bytes(16)),
            "event_id": str(new_id(self.at)),
            "project_id": str(project_id),
            "at": self.wall_ms,
            "mono_ms": self.mono_ms,
            "boot": str(self.boot),
            "clock": self.clock,
            "fixes": [item_fix()],
            "anchor": self.anchor,
            **changes,
        }
        item = self.signed({name: one for name, one in value.items() if one is not None})
        if keep:
            self.counter, self.prev = self.counter + 1, item.digest
            self.queue.append(item)
        return item

    def signed(self, value: dict[str, Any], signing: Signing | None = None) -> Item:
        """Spell an item and sign it."""
        text = canonical_bytes(value).decode()
        return Item(value, text, (signing or self.signing).sign(item_message(text)))

    def body(self, items: Sequence[Item | dict[str, Any]] | None = None, **changes: Any) -> bytes:
        """Return the body of a call with the queue, or with these items."""
        sent = self.queue if items is None else items
        envelope = {
            "sent_at": self.wall_ms,
            "mono_ms": self.mono_ms,
            "boot": str(self.boot),
            "anchors": self.tokens,
            "items": [one.wire if isinstance(one, Item) else one for one in sent],
            **changes,
        }
        return json.dumps(envelope, ensure_ascii=False).encode()

    def headers(self, body: bytes) -> dict[str, str]:
        """Return the headers that sign a call."""
        return {
            "Content-Type": "application/json",
            "X-Daogang-Phone-Key": self.signing.id,
            "X-Daogang-Phone-Signature": self.signing.sign(sync_message(body)),
        }


def item_fix(east_e7: int = 0, north_e7: int = 0, **changes: Any) -> dict[str, Any]:
    """Return a fix so many ten-millionths of a degree from CENTRE."""
    return {
        "lon_e7": round(CENTRE.lon * 1e7) + east_e7,
        "lat_e7": round(CENTRE.lat * 1e7) + north_e7,
        "crs": "wgs84",
        "accuracy_mm": 8000,
        "platform": "web",
        "age_ms": 1000,
        **changes,
    }


async def register(tx: Tx, phone: QueuePhone) -> QueuePhone:
    """Put a phone's key on record, without the call by which that is done."""
    await tx.execute(
        insert(PhoneKeyRow).values(
            id=phone.signing.id,
            phone_id=phone.phone_id,
            public_key=phone.signing.der,
            registered_at=phone.at,
            trust="software",
        )
    )
    await tx.execute(insert(PhoneQueue).values(key_id=phone.signing.id))
    return phone
