"""Encrypts columns, makes keyed look-up digests, seals private rows and signs, all with keys of the ring."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from backend.kit.keyring import KEY_BYTES, Key, KeyRing, KeyRingError, Purpose

_FIELD_VERSION = 1
_WRAP_VERSION = 2
_NONCE_BYTES = 12
_SALT_BYTES = 32
_COMMITMENT_LABEL = b"daogang.private.v1\x00"


class DecryptionError(Exception):
    """A stored ciphertext does not belong where it was found, was altered, or its key is gone.

    This is a fault of stored data and ends as an internal error; the message never holds the data.
    """


class Looked(StrEnum):
    """Kinds of value that are looked up by digest."""

    ID_NUMBER = "id_number"
    PHONE_NUMBER = "phone_number"


# --- fields -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a ciphertext lives: it can be decrypted there and nowhere else."""

    table: str
    column: str
    row_id: UUID

    def label(self) -> bytes:
        """Return the associated data: table, column and row, unambiguously joined."""
        return f"daogang.field\x00{self.table}\x00{self.column}\x00".encode() + self.row_id.bytes


class FieldCipher:
    """AES-256-GCM for single columns.

    Envelope: version byte, length and bytes of the key id, 12-byte random nonce, ciphertext with a
    16-byte tag. Header and cell are associated data. Random nonces allow 2^32 encryptions per key
    (NIST SP 800-38D §8.3), far above what one city's people need.
    """

    def __init__(self, ring: KeyRing, now: Callable[[], datetime]) -> None:
        """Use the field keys of `ring`; `now` tells whether a replaced key may still decrypt."""
        self._ring = ring
        self._now = now

    def encrypt(self, plain: str, cell: Cell) -> bytes:
        """Encrypt `plain` for `cell` with the active field key."""
        return _envelope(
            self._ring.active(Purpose.FIELD),
            _FIELD_VERSION,
            plain.encode(),
            cell.label(),
        )

    def decrypt(self, stored: bytes, cell: Cell) -> str:
        """Return the text stored in `cell`; raises `DecryptionError`."""
        return _open_envelope(self._ring, self._now(), _FIELD_VERSION, stored, cell.label()).decode()

    def is_current(self, stored: bytes) -> bool:
        """Tell whether `stored` was made with the key that is active now (re-encryption asks)."""
        header = _header(self._ring.active(Purpose.FIELD).id, _FIELD_VERSION)
        return stored.startswith(header)


def _header(key_id: str, version: int) -> bytes:
    encoded = key_id.encode()
    return bytes((version, len(encoded))) + encoded


@lru_cache(maxsize=64)
def _aead(secret: bytes) -> AESGCM:
    return AESGCM(secret)


def _envelope(key: Key, version: int, plain: bytes, label: bytes) -> bytes:
    header = _header(key.id, version)
    nonce = os.urandom(_NONCE_BYTES)
    return header + nonce + _aead(key.secret).encrypt(nonce, plain, header + label)


def _open_envelope(ring: KeyRing, at: datetime, version: int, stored: bytes, label: bytes) -> bytes:
    try:
        if stored[0] != version:
            msg = "the ciphertext has another format"
            raise DecryptionError(msg)
        end = 2 + stored[1]
        header, nonce, body = (
            stored[:end],
            stored[end : end + _NONCE_BYTES],
            stored[end + _NONCE_BYTES :],
        )
        key = ring.find(Purpose.FIELD, header[2:].decode("ascii"), at)
        return _aead(key.secret).decrypt(nonce, body, header + label)
    except (IndexError, UnicodeDecodeError, ValueError):
        msg = "the ciphertext is malformed"
        raise DecryptionError(msg) from None
    except InvalidTag:
        msg = "the ciphertext was altered or belongs to another row"
        raise DecryptionError(msg) from None
    except KeyRingError as fault:
        msg = f"the ciphertext cannot be read: {fault}"
        raise DecryptionError(msg) from None


# --- look-up digests --------------------------------------------------------------------------------


def normal_form(kind: Looked, text: str) -> str:
    """Return the one spelling under which a value is indexed.

    NFKC folds full-width digits; blanks and hyphens go; an ID number is upper-case; a phone number
    loses +86, 0086 or 86. Nothing is validated here.
    """
    compact = re.sub(r"[\s\-\u2010-\u2015]", "", unicodedata.normalize("NFKC", text))
    if kind is Looked.PHONE_NUMBER:
        return re.sub(r"^(?:\+86|0086|86)(?=1\d{10}$)", "", compact)
    return compact.upper()


class BlindIndex:
    """Keyed digests (HMAC-SHA256) by which a value is found without being readable.

    Kind and extent (whole, last four) are separated, so that equal digits of another kind or extent
    give another digest. Equality of two rows is visible to who reads the table; the value is not,
    unless he also holds the key.
    """

    def __init__(self, ring: KeyRing, now: Callable[[], datetime]) -> None:
        """Use the blind-index keys of `ring`."""
        self._ring = ring
        self._now = now

    def whole(self, kind: Looked, text: str) -> bytes:
        """Return the 32-byte digest to store for the whole value."""
        return _indexed(
            self._ring.active(Purpose.BLIND_INDEX),
            kind,
            "whole",
            normal_form(kind, text),
        )

    def last_four(self, kind: Looked, text: str) -> bytes:
        """Return the 32-byte digest to store for the last four characters."""
        return _indexed(
            self._ring.active(Purpose.BLIND_INDEX),
            kind,
            "last4",
            normal_form(kind, text)[-4:],
        )

    def whole_candidates(self, kind: Looked, text: str) -> list[bytes]:
        """Return every digest a stored row may carry, the active key's first (look-up during overlap)."""
        value = normal_form(kind, text)
        keys = self._ring.usable(Purpose.BLIND_INDEX, self._now())
        return [_indexed(key, kind, "whole", value) for key in keys]

    def last_four_candidates(self, kind: Looked, text: str) -> list[bytes]:
        """Like `whole_candidates`, for the last four characters."""
        value = normal_form(kind, text)[-4:]
        keys = self._ring.usable(Purpose.BLIND_INDEX, self._now())
        return [_indexed(key, kind, "last4", value) for key in keys]

    def digest(self, label: str, value: bytes) -> bytes:
        """Return a keyed digest of anything else that must not be readable (codes, addresses)."""
        key = self._ring.active(Purpose.BLIND_INDEX)
        return hmac.digest(
            key.secret,
            b"daogang.digest\x00" + label.encode() + b"\x00" + value,
            "sha256",
        )


def _indexed(key: Key, kind: Looked, extent: str, value: str) -> bytes:
    message = f"daogang.blind\x00{kind.value}\x00{extent}\x00{value}"
    return hmac.digest(key.secret, message.encode(), "sha256")


# --- private rows under a data key of their own -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sealed:
    """A private row as stored: ciphertext, and the salted commitment that the ledger leaf carries."""

    ciphertext: bytes
    commitment: bytes


class DataKey:
    """The key of one (project, month): seals private bytes and opens them again.

    Stored: 12-byte nonce, then AES-256-GCM of a 32-byte random salt and the private bytes. The salt is
    part of the plaintext on purpose: when the key is destroyed nobody can test guesses against the
    commitment, yet the leaf that holds it stays valid.
    """

    __slots__ = ("_aead",)

    def __init__(self, plain: bytes) -> None:
        """Wrap 32 plain key bytes; the caller never stores them."""
        self._aead = AESGCM(plain)

    def seal(self, private: bytes, label: bytes) -> Sealed:
        """Encrypt `private` for the row named by `label` and commit to it."""
        drawn = os.urandom(_NONCE_BYTES + _SALT_BYTES)
        nonce, salted = drawn[:_NONCE_BYTES], drawn[_NONCE_BYTES:] + private
        commitment = hashlib.sha256(_COMMITMENT_LABEL + salted).digest()
        return Sealed(nonce + self._aead.encrypt(nonce, salted, label), commitment)

    def open(self, ciphertext: bytes, label: bytes) -> bytes:
        """Return the private bytes of the row named by `label`; raises `DecryptionError`."""
        return self._salted(ciphertext, label)[_SALT_BYTES:]

    def verify(self, sealed: Sealed, label: bytes) -> bool:
        """Tell whether the ciphertext still holds what the commitment was made of."""
        try:
            salted = self._salted(sealed.ciphertext, label)
        except DecryptionError:
            return False
        return hmac.compare_digest(hashlib.sha256(_COMMITMENT_LABEL + salted).digest(), sealed.commitment)

    def _salted(self, ciphertext: bytes, label: bytes) -> bytes:
        try:
            return self._aead.decrypt(ciphertext[:_NONCE_BYTES], ciphertext[_NONCE_BYTES:], label)
        except (InvalidTag, ValueError):
            msg = "the private row was altered or belongs to another row"
            raise DecryptionError(msg) from None


class DataKeys:
    """Makes and unwraps the data keys of (project, month); the field key wraps them."""

    def __init__(self, ring: KeyRing, now: Callable[[], datetime]) -> None:
        """Use the field keys of `ring` as wrapping keys."""
        self._ring = ring
        self._now = now
        self._unwrapped = lru_cache(maxsize=4096)(self._unwrap)

    def create_data_key(self, label: bytes) -> tuple[bytes, DataKey]:
        """Return (wrapped bytes to store, key to use) for the pair named by `label`."""
        plain = os.urandom(KEY_BYTES)
        wrapped = _envelope(
            self._ring.active(Purpose.FIELD),
            _WRAP_VERSION,
            plain,
            b"daogang.data-key\x00" + label,
        )
        return wrapped, DataKey(plain)

    def unwrap(self, wrapped: bytes, label: bytes) -> DataKey:
        """Return the key stored as `wrapped` (kept in memory by its bytes); raises `DecryptionError`."""
        return self._unwrapped(wrapped, label)

    def unwrap_once(self, wrapped: bytes, label: bytes) -> DataKey:
        """Like `unwrap`, for keys of single things: kept nowhere, so that deleting `wrapped` is the end of them."""
        return self._unwrap(wrapped, label)

    def forget(self) -> None:
        """Drop every unwrapped key from memory; called after a key was destroyed."""
        self._unwrapped.cache_clear()

    def _unwrap(self, wrapped: bytes, label: bytes) -> DataKey:
        plain = _open_envelope(
            self._ring,
            self._now(),
            _WRAP_VERSION,
            wrapped,
            b"daogang.data-key\x00" + label,
        )
        return DataKey(plain)


def data_key_label(project_id: UUID, month: str) -> bytes:
    """Name the data key of one project and month (`YYYY-MM`)."""
    return project_id.bytes + month.encode()


# --- signatures -------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def signing_key(secret: bytes) -> Ed25519PrivateKey:
    """Return the Ed25519 private key of a 32-byte seed (kept: making one costs 60 µs)."""
    return Ed25519PrivateKey.from_private_bytes(secret)


@lru_cache(maxsize=64)
def public_key(secret: bytes) -> Ed25519PublicKey:
    """Return the Ed25519 public key of a 32-byte seed."""
    return signing_key(secret).public_key()


class Signer:
    """Signs and checks with the Ed25519 keys of one purpose; the purpose is part of what is signed."""

    def __init__(self, ring: KeyRing, purpose: Purpose) -> None:
        """Use the keys of `purpose` (anchor, seal)."""
        self._ring = ring
        self._purpose = purpose
        self._prefix = f"daogang.{purpose.value}\x00".encode()

    def sign(self, message: bytes) -> tuple[str, bytes]:
        """Return (key id, 64-byte signature) of `message` by the active key."""
        key = self._ring.active(self._purpose)
        return key.id, signing_key(key.secret).sign(self._prefix + message)

    def verify(self, key_id: str, signature: bytes, message: bytes, at: datetime) -> bool:
        """Tell whether a key usable at `at` made `signature`; an unknown key id is simply false."""
        try:
            key = self._ring.find(self._purpose, key_id, at)
            public_key(key.secret).verify(signature, self._prefix + message)
        except (KeyRingError, InvalidSignature):
            return False
        return True
