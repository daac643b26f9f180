"""Signed tree heads: what is signed, in the form of C2SP's checkpoints, and how a signature is checked."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HASH_BYTES: Final = 32
_ED25519: Final = b"\x01"
_TIME: Final = "signed_at "


class HeadMalformed(ValueError):
    """A text is no signed tree head; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The state of a log: `origin` names the log for ever, `signed_at` is aware and in UTC."""

    origin: str
    size: int
    root: bytes
    signed_at: datetime

    def text(self) -> str:
        """Return what is signed: origin, size, root in base64 and the instant, a line each."""
        at = self.signed_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n{_TIME}{at}\n"


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head with the Ed25519 signature (64 bytes) of its text, and the 32 bytes of the public key that checks it."""

    head: TreeHead
    public_key: bytes
    signature: bytes

    def note(self) -> str:
        """Return the head as a signed note (C2SP signed-note, tlog-checkpoint)."""
        signed = base64.b64encode(key_hash(self.head.origin, self.public_key) + self.signature).decode()
        return f"{self.head.text()}\n\u2014 {self.head.origin} {signed}\n"

    def is_genuine(self) -> bool:
        """Tell whether the key that stands here made the signature; whether it may, only who knows the keys can say."""
        return is_signed(self.head.text(), self.public_key, self.signature)


def key_hash(name: str, public_key: bytes) -> bytes:
    """Return the four bytes by which a note tells keys of one name apart."""
    return sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:4]


def is_signed(text: str, public_key: bytes, signature: bytes) -> bool:
    """Tell whether the key made the signature of the text."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def read_note(note: str) -> tuple[TreeHead, list[tuple[bytes, bytes]]]:
    """Return the head of a signed note and its signatures as (key hash, signature); raises HeadMalformed.

    Nothing is checked: `find_signer` does that.
    """
    text, between, signed = note.partition("\n\n")
    lines = text.split("\n")
    if not between or len(lines) != 4 or not lines[3].startswith(_TIME):  # noqa: PLR2004 - origin, size, root, instant
        msg = "a head has four lines, an empty one, and signatures"
        raise HeadMalformed(msg)
    try:
        root = base64.b64decode(lines[2], validate=True)
        head = TreeHead(lines[0], int(lines[1]), root, datetime.fromisoformat(lines[3].removeprefix(_TIME)))
        signatures = [_read_signature(line, head.origin) for line in signed.splitlines() if line]
    except (ValueError, binascii.Error) as error:
        msg = f"a line of the head cannot be read: {error}"
        raise HeadMalformed(msg) from error
    if len(root) != HASH_BYTES or head.size < 0 or f"{text}\n" != head.text():
        msg = "the head is not spelled as it would be written"
        raise HeadMalformed(msg)
    return head, signatures


def _read_signature(line: str, origin: str) -> tuple[bytes, bytes]:
    prefix = f"\u2014 {origin} "
    if not line.startswith(prefix):
        msg = "a signature names the log"
        raise HeadMalformed(msg)
    signed = base64.b64decode(line.removeprefix(prefix), validate=True)
    return signed[:4], signed[4:]


def find_signer(note: str, public_keys: list[bytes]) -> SignedHead | None:
    """Return the head of a note that one of the keys signed, None if none did; raises HeadMalformed."""
    head, signatures = read_note(note)
    for key in public_keys:
        for hashed, signature in signatures:
            found = SignedHead(head, key, signature)
            if hashed == key_hash(head.origin, key) and found.is_genuine():
                return found
    return None
