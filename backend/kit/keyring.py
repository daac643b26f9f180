"""Names keys by purpose, id and state, and hands out only those that a process was allowed to load."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable

KEY_BYTES = 32
"""Length of every secret: an AES-256 key, an HMAC-SHA256 key or an Ed25519 seed."""


class Purpose(StrEnum):
    """What a key is for; a key of one purpose is never used for another."""

    JWT = "jwt"
    ANCHOR = "anchor"
    SEAL = "seal"
    FIELD = "field"
    BLIND_INDEX = "blind_index"
    GATE_SECRET = "gate_secret"  # noqa: S105 - the name of a purpose, not a secret
    WEB_PUSH = "web_push"


SERVER_PURPOSES: frozenset[Purpose] = frozenset(Purpose) - {Purpose.SEAL}
"""What the web server and the worker load. The seal key lives in the sealer's process alone."""

SEALER_PURPOSES: frozenset[Purpose] = frozenset({Purpose.SEAL})
"""What the process that signs tree heads loads, and nothing else."""

OVERLAP: Mapping[Purpose, timedelta | None] = {
    Purpose.JWT: timedelta(days=1),
    Purpose.ANCHOR: timedelta(days=45),
    Purpose.SEAL: None,
    Purpose.FIELD: None,
    Purpose.BLIND_INDEX: None,
    Purpose.GATE_SECRET: None,
    Purpose.WEB_PUSH: None,
}
"""How long a replaced key still verifies or decrypts. None: until a person retires it by name,
because rows, proofs or subscriptions made with it live on."""


class KeyState(StrEnum):
    """Life of a key: makes new things, only checks old ones, or is out of use."""

    ACTIVE = "active"
    VERIFY_ONLY = "verify-only"
    RETIRED = "retired"


class KeyRingError(Exception):
    """A key is missing, out of use or not loaded: a fault of the installation, never of a caller."""


class KeyUnknownError(KeyRingError):
    """No usable key has this id (a token may name any id, so callers of `find` expect this)."""


class PurposeNotLoadedError(KeyRingError):
    """This process was not given keys of that purpose."""


@dataclass(frozen=True, slots=True)
class Key:
    """One secret with its history. `secret` is 32 bytes and never shows in a repr or a log."""

    id: str
    purpose: Purpose
    state: KeyState
    created_at: datetime
    secret: bytes = field(repr=False)
    verify_until: datetime | None = None

    def usable(self, at: datetime) -> bool:
        """Tell whether the key may still check or decrypt at `at` (aware)."""
        if self.state is KeyState.RETIRED:
            return False
        return self.verify_until is None or at < self.verify_until


@runtime_checkable
class KeyRing(Protocol):
    """Port to wherever keys live: files now, a key service later."""

    def active(self, purpose: Purpose) -> Key:
        """Return the key that makes new things.

        Raises `PurposeNotLoadedError` or `KeyUnknownError` (a ring without an active key).
        """
        ...

    def find(self, purpose: Purpose, key_id: str, at: datetime) -> Key:
        """Return a key that may check or decrypt at `at`; raises `KeyUnknownError` otherwise."""
        ...

    def usable(self, purpose: Purpose, at: datetime) -> tuple[Key, ...]:
        """Return every key that may check at `at`, the active one first, then newest first."""
        ...


def new_key(purpose: Purpose, at: datetime) -> Key:
    """Draw a fresh active key from the operating system's generator; its id tells purpose and date."""
    label = purpose.value.replace("_", "")
    return Key(
        id=f"{label}-{at:%Y%m%d}-{secrets.token_hex(4)}",
        purpose=purpose,
        state=KeyState.ACTIVE,
        created_at=at,
        secret=secrets.token_bytes(KEY_BYTES),
    )


def rotated(keys: Iterable[Key], purpose: Purpose, at: datetime) -> tuple[Key, ...]:
    """Return `keys` with a new active one in front.

    The one active until now goes on checking for the overlap of its purpose; keys whose overlap is
    over become retired and lose their secret's use, though their record stays.
    """
    overlap = OVERLAP[purpose]
    kept: list[Key] = []
    for key in keys:
        if key.state is KeyState.ACTIVE:
            until = None if overlap is None else at + overlap
            kept.append(replace(key, state=KeyState.VERIFY_ONLY, verify_until=until))
        elif not key.usable(at):
            kept.append(replace(key, state=KeyState.RETIRED))
        else:
            kept.append(key)
    return (new_key(purpose, at), *kept)


def retired(keys: Iterable[Key], key_id: str) -> tuple[Key, ...]:
    """Return `keys` with the named one out of use.

    Raises `KeyRingError` if it is active (rotate first) and `KeyUnknownError` if there is none.
    """
    known = tuple(keys)
    for key in known:
        if key.id == key_id and key.state is KeyState.ACTIVE:
            msg = f"key {key_id} is active; rotate {key.purpose.value} first, then retire it"
            raise KeyRingError(msg)
    if all(key.id != key_id for key in known):
        msg = f"no key has the id {key_id}"
        raise KeyUnknownError(msg)
    return tuple(replace(key, state=KeyState.RETIRED) if key.id == key_id else key for key in known)


class KeyTable:
    """Immutable look-up over the keys of some purposes; both adapters answer from one."""

    __slots__ = ("_active", "_by_id", "_ordered")

    def __init__(self, keys: Mapping[Purpose, Iterable[Key]]) -> None:
        """Index `keys`; raises `KeyRingError` when a purpose has two active keys or an id twice."""
        self._ordered: dict[Purpose, tuple[Key, ...]] = {}
        self._active: dict[Purpose, Key] = {}
        self._by_id: dict[tuple[Purpose, str], Key] = {}
        for purpose, of_purpose in keys.items():
            ordered = tuple(
                sorted(
                    of_purpose,
                    key=lambda key: (key.state is KeyState.ACTIVE, key.created_at),
                    reverse=True,
                )
            )
            self._ordered[purpose] = ordered
            for key in ordered:
                if (purpose, key.id) in self._by_id:
                    msg = f"key id {key.id} occurs twice in purpose {purpose.value}"
                    raise KeyRingError(msg)
                self._by_id[purpose, key.id] = key
                if key.state is KeyState.ACTIVE and self._active.setdefault(purpose, key) is not key:
                    msg = f"purpose {purpose.value} has two active keys"
                    raise KeyRingError(msg)

    def active(self, purpose: Purpose) -> Key:
        """See `KeyRing.active`."""
        key = self._active.get(purpose)
        if key is not None:
            return key
        self._refuse_unloaded(purpose)
        msg = f"purpose {purpose.value} has no active key; run: daogang keys rotate {purpose.value}"
        raise KeyUnknownError(msg)

    def find(self, purpose: Purpose, key_id: str, at: datetime) -> Key:
        """See `KeyRing.find`."""
        key = self._by_id.get((purpose, key_id))
        if key is not None and key.usable(at):
            return key
        self._refuse_unloaded(purpose)
        msg = f"no usable key of purpose {purpose.value} has that id"
        raise KeyUnknownError(msg)

    def usable(self, purpose: Purpose, at: datetime) -> tuple[Key, ...]:
        """See `KeyRing.usable`."""
        self._refuse_unloaded(purpose)
        return tuple(key for key in self._ordered[purpose] if key.usable(at))

    def _refuse_unloaded(self, purpose: Purpose) -> None:
        if purpose not in self._ordered:
            msg = f"this process does not hold keys of purpose {purpose.value}"
            raise PurposeNotLoadedError(msg)


class MemoryKeyRing:
    """Keys that live and die with the process: for tests and trials, never for stored data."""

    def __init__(self, at: datetime, purposes: Iterable[Purpose] = SERVER_PURPOSES) -> None:
        """Draw one active key per purpose, created at `at` (aware)."""
        self._keys: dict[Purpose, tuple[Key, ...]] = {purpose: (new_key(purpose, at),) for purpose in purposes}
        self._table = KeyTable(self._keys)

    def active(self, purpose: Purpose) -> Key:
        """See `KeyRing.active`."""
        return self._table.active(purpose)

    def find(self, purpose: Purpose, key_id: str, at: datetime) -> Key:
        """See `KeyRing.find`."""
        return self._table.find(purpose, key_id, at)

    def usable(self, purpose: Purpose, at: datetime) -> tuple[Key, ...]:
        """See `KeyRing.usable`."""
        return self._table.usable(purpose, at)

    def rotate(self, purpose: Purpose, at: datetime) -> Key:
        """Make a new active key of `purpose` and return it."""
        self._keys[purpose] = rotated(self._keys.get(purpose, ()), purpose, at)
        self._table = KeyTable(self._keys)
        return self._table.active(purpose)

    def retire(self, purpose: Purpose, key_id: str) -> None:
        """Take a verify-only key out of use at once."""
        self._keys[purpose] = retired(self._keys.get(purpose, ()), key_id)
        self._table = KeyTable(self._keys)
