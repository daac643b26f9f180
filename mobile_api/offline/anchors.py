"""Makes and reads what the server signs for phones: time anchors, challenges for new keys, codes for witnesses."""

import base64
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

from backend.identity.phone_keys import read_base64url
from backend.kit.canonical import canonical_bytes
from backend.kit.crypto import Signer
from backend.kit.ids import EPOCH, MILLISECOND, new_id
from backend.kit.keyring import KeyRing, Purpose
from mobile_api.offline.schemas import AnchorOut

LONGEST: Final = 1_000
REMEMBERED: Final = 1024
CHALLENGE_LIFE: Final = timedelta(minutes=5)
_PARTS: Final = 3

Said = TypeVar("Said", bound=Struct)


class Anchor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The server's time `at`, told to one phone; `known_at` is when the contents of its pack were read.

    All instants in milliseconds since 1970-01-01 UTC; the pack is good until `expires_at`.
    """

    id: UUID
    pack_id: UUID
    phone_id: UUID
    at: int
    known_at: int
    expires_at: int


class _Challenge(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    family_id: UUID
    expires_at: int


class _Witness(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    binding_id: UUID
    expires_at: int


@dataclass(frozen=True, slots=True)
class Pack:
    """A field pack as anchors name it: its id, when its contents were read, until when it is good (milliseconds)."""

    id: UUID
    known_at: int
    expires_at: int


_anchors = msgspec.json.Decoder(Anchor, strict=True)
_witnesses = msgspec.json.Decoder(_Witness, strict=True)
_challenges = msgspec.json.Decoder(_Challenge, strict=True)


class Anchors:
    """Signs anchors and challenges with the keys of the anchors' purpose; phones return them as they got them."""

    def __init__(self, ring: KeyRing) -> None:
        """Use the anchor keys of `ring`; what was read stays read: a queue brings the same few again and again."""
        self._signer = Signer(ring, Purpose.ANCHOR)
        self._read = lru_cache(maxsize=REMEMBERED)(self._open_anchor)

    def make(self, phone_id: UUID, pack: Pack, now: datetime) -> AnchorOut:
        """Return an anchor for a phone that is being given a pack, or has it already."""
        anchor = Anchor(
            id=new_id(now),
            pack_id=pack.id,
            phone_id=phone_id,
            at=milliseconds(now),
            known_at=pack.known_at,
            expires_at=pack.expires_at,
        )
        return AnchorOut(
            id=anchor.id,
            pack_id=anchor.pack_id,
            server_time_ms=anchor.at,
            expires_at_ms=anchor.expires_at,
            token=self._spell(b"anchor", anchor),
        )

    def read(self, token: str, now: datetime) -> Anchor | None:
        """Return what an anchor says; None if it is not ours or its key is no longer in use."""
        return self._read(token, now.date())

    def challenge(self, family_id: UUID, now: datetime) -> str:
        """Return what the key of a phone has to sign, within five minutes and in this session."""
        said = _Challenge(family_id=family_id, expires_at=milliseconds(now + CHALLENGE_LIFE))
        return self._spell(b"challenge", said)

    def is_answerable(self, challenge: str, family_id: UUID, now: datetime) -> bool:
        """Tell whether a challenge is ours, of this session, and still good."""
        said = self._open(b"challenge", challenge, _challenges, now)
        return said is not None and said.family_id == family_id and milliseconds(now) < said.expires_at

    def witness_code(self, binding_id: UUID, now: datetime) -> str:
        """Return what a new phone shows to a colleague, good for five minutes."""
        said = _Witness(binding_id=binding_id, expires_at=milliseconds(now + CHALLENGE_LIFE))
        return self._spell(b"witness", said)

    def read_witness_code(self, code: str, now: datetime) -> UUID | None:
        """Return the binding that a code is for; None if it is not ours or too old."""
        said = self._open(b"witness", code, _witnesses, now)
        return said.binding_id if said is not None and milliseconds(now) < said.expires_at else None

    def _open_anchor(self, token: str, day: date) -> Anchor | None:
        return self._open(b"anchor", token, _anchors, datetime.combine(day, time(), EPOCH.tzinfo))

    def _spell(self, label: bytes, said: Struct) -> str:
        content = canonical_bytes(said)
        key_id, signature = self._signer.sign(label + b"\x00" + content)
        return f"{key_id}.{_base64url(content)}.{_base64url(signature)}"

    def _open(self, label: bytes, token: str, decoder: msgspec.json.Decoder[Said], at: datetime) -> Said | None:
        parts = token.split(".")
        if len(token) > LONGEST or len(parts) != _PARTS:
            return None
        content, signature = (read_base64url(part) for part in parts[1:])
        if content is None or signature is None:
            return None
        if not self._signer.verify(parts[0], signature, label + b"\x00" + content, at):
            return None
        return decoder.decode(content)


def milliseconds(at: datetime) -> int:
    """Return an aware instant as whole milliseconds since 1970-01-01 UTC."""
    return (at - EPOCH) // MILLISECOND


def instant(at: int) -> datetime:
    """Return milliseconds since 1970-01-01 UTC as an instant."""
    return EPOCH + at * MILLISECOND


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
