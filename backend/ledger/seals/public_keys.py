"""Public keys of the log as a JSON Web Key Set (RFC 7517, RFC 8037), which proofs are checked with."""

import base64
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec

from backend.ledger.seals.heads import HeadMalformed


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    """One Ed25519 key: `x` is its 32 bytes in base64url without padding, `kid` its id here."""

    kid: str
    x: str
    first_used_at: datetime
    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    use: Literal["sig"] = "sig"


class PublicKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Every key that heads of the log were signed with, and the log's name."""

    origin: str
    keys: list[PublicKey]


def public_keys(origin: str, rows: Iterable[tuple[str, bytes, datetime]]) -> PublicKeys:
    """Make the set of (id, 32 bytes, first use)."""
    return PublicKeys(
        origin=origin,
        keys=[
            PublicKey(kid=kid, x=base64.urlsafe_b64encode(key).decode().rstrip("="), first_used_at=at)
            for kid, key, at in rows
        ],
    )


def read_public_keys(content: bytes) -> list[bytes]:
    """Return the 32 bytes of each key of a set; raises HeadMalformed."""
    try:
        found = msgspec.json.decode(content, type=PublicKeys)
        return [base64.urlsafe_b64decode(key.x + "=" * (-len(key.x) % 4)) for key in found.keys]
    except (msgspec.MsgspecError, ValueError) as error:
        msg = f"no set of public keys: {error}"
        raise HeadMalformed(msg) from error
