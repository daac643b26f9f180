"""Keeps gate secrets encrypted under the ring's gate-secret keys, and the opened ones in memory."""

import secrets
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from backend.kit.crypto import Cell, FieldCipher
from backend.kit.keyring import Key, KeyRing, Purpose

SECRET_BYTES = 32
OPEN_SECRETS = 4096


class _GateSecretKeys:
    """Shows the gate-secret keys of a ring where the cipher asks for field keys."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def active(self, purpose: Purpose) -> Key:
        del purpose
        return self._ring.active(Purpose.GATE_SECRET)

    def find(self, purpose: Purpose, key_id: str, at: datetime) -> Key:
        del purpose
        return self._ring.find(Purpose.GATE_SECRET, key_id, at)

    def usable(self, purpose: Purpose, at: datetime) -> tuple[Key, ...]:
        del purpose
        return self._ring.usable(Purpose.GATE_SECRET, at)


class GateSecrets:
    """Draws, encrypts and opens the secrets of gate keys; one per process."""

    def __init__(self, ring: KeyRing, now: Callable[[], datetime]) -> None:
        """Use the gate-secret keys of `ring`; `now` tells whether a replaced one may still decrypt."""
        self._cipher = FieldCipher(_GateSecretKeys(ring), now)
        self._opened = lru_cache(maxsize=OPEN_SECRETS)(self._open)

    def draw(self) -> str:
        """Draw a new secret: 32 random bytes as 43 url-safe characters."""
        return secrets.token_urlsafe(SECRET_BYTES)

    def encrypt(self, key_id: UUID, secret: str) -> bytes:
        """Encrypt a secret for its key's row."""
        return self._cipher.encrypt(secret, _cell(key_id))

    def open(self, key_id: UUID, stored: bytes) -> str:
        """Return the secret of a key's row, remembered by its ciphertext; raises DecryptionError."""
        return self._opened(key_id, stored)

    def _open(self, key_id: UUID, stored: bytes) -> str:
        return self._cipher.decrypt(stored, _cell(key_id))


def _cell(key_id: UUID) -> Cell:
    return Cell("gate_key", "secret_cipher", key_id)
