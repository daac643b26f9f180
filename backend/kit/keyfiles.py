"""Keeps the key ring in a directory, one private JSON file per purpose, and serves the key commands."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from backend.kit.keyring import (
    KEY_BYTES,
    SERVER_PURPOSES,
    Key,
    KeyRingError,
    KeyState,
    KeyTable,
    KeyUnknownError,
    Purpose,
    new_key,
    retired,
    rotated,
)

_FORBIDDEN_BITS = stat.S_IWGRP | stat.S_IRWXO
_RELOAD_EVERY_S = 5.0


class KeyFileError(KeyRingError):
    """A key file is missing, unreadable, malformed or open to others; the message names the remedy."""


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What may be told about a key: everything but its secret."""

    purpose: str
    id: str
    state: str
    created_at: datetime
    verify_until: datetime | None


class _StoredKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    state: KeyState
    created_at: datetime
    verify_until: datetime | None
    secret: str


class _StoredFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    purpose: Purpose
    keys: list[_StoredKey]


def init_keys(directory: Path, at: datetime | None = None) -> list[KeyInfo]:
    """Create the directory and one active key for every purpose that has none; keep what is there.

    `at` is the creation instant (aware; the wall clock when None: keys belong to the installation,
    not to the day that is being played). Returns the list after the act. Raises `KeyFileError`.
    """
    instant = at or datetime.now(UTC)
    with _locked(directory, create=True):
        for purpose in Purpose:
            if not _file_of(directory, purpose).exists():
                _write(directory, purpose, (new_key(purpose, instant),))
    return list_keys(directory)


def rotate_key(directory: Path, purpose: str, at: datetime | None = None) -> KeyInfo:
    """Make a new active key of `purpose`; the one before goes on checking for its overlap.

    Running servers take the new file up by themselves within seconds. Raises `KeyFileError`.
    """
    instant = at or datetime.now(UTC)
    known = parse_purpose(purpose)
    with _locked(directory):
        keys = rotated(_read(directory, known), known, instant)
        _write(directory, known, keys)
    return _info(keys[0])


def retire_key(directory: Path, purpose: str, key_id: str) -> KeyInfo:
    """Take a verify-only key out of use now, e.g. after a leak; raises `KeyRingError` if it is active."""
    known = parse_purpose(purpose)
    with _locked(directory):
        keys = retired(_read(directory, known), key_id)
        _write(directory, known, keys)
    return next(_info(key) for key in keys if key.id == key_id)


def list_keys(directory: Path) -> list[KeyInfo]:
    """List every key that this user may read, without secrets, by purpose and newest first."""
    found: list[KeyInfo] = []
    for purpose in Purpose:
        path = _file_of(directory, purpose)
        if path.exists() and os.access(path, os.R_OK):
            keys = sorted(_read(directory, purpose), key=lambda key: key.created_at, reverse=True)
            found.extend(_info(key) for key in keys)
    return found


def parse_purpose(text: str) -> Purpose:
    """Turn a word of the command line into a purpose; raises `KeyFileError` that lists them."""
    try:
        return Purpose(text.replace("-", "_"))
    except ValueError:
        msg = f"no key purpose is called {text!r}; choose one of: {', '.join(Purpose)}"
        raise KeyFileError(msg) from None


class FileKeyRing:
    """Key ring read from a directory, for the given purposes only.

    Another process may rotate: the files are looked at again when an unknown key id is asked for and
    otherwise every few seconds, so that a server neither refuses a token that its neighbour signed
    nor goes on signing with a replaced key.
    """

    def __init__(
        self,
        directory: Path,
        purposes: Iterable[Purpose] = SERVER_PURPOSES,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Load now, so that a wrong directory stops the start; raises `KeyFileError`."""
        self._directory = directory
        self._purposes = frozenset(purposes)
        self._monotonic = monotonic
        self._stamps = self._current_stamps()
        self._table = self._load()
        self._looked_at = monotonic()

    def active(self, purpose: Purpose) -> Key:
        """See `KeyRing.active`."""
        return self._fresh().active(purpose)

    def find(self, purpose: Purpose, key_id: str, at: datetime) -> Key:
        """See `KeyRing.find`. A miss looks at the files again; only a changed file is read again."""
        try:
            return self._fresh().find(purpose, key_id, at)
        except KeyUnknownError:
            if not self._refresh():
                raise
            return self._table.find(purpose, key_id, at)

    def usable(self, purpose: Purpose, at: datetime) -> tuple[Key, ...]:
        """See `KeyRing.usable`."""
        return self._fresh().usable(purpose, at)

    def _fresh(self) -> KeyTable:
        if self._monotonic() - self._looked_at > _RELOAD_EVERY_S:
            self._refresh()
        return self._table

    def _refresh(self) -> bool:
        self._looked_at = self._monotonic()
        try:
            stamps = self._current_stamps()
            if stamps == self._stamps:
                return False
            self._table, self._stamps = self._load(), stamps
        except KeyFileError:
            # A file that went bad under a running server must not take it down: the loaded keys hold
            # until the operator repairs it; a restart refuses loudly.
            return False
        return True

    def _load(self) -> KeyTable:
        return KeyTable({purpose: _read(self._directory, purpose) for purpose in self._purposes})

    def _current_stamps(self) -> tuple[tuple[int, int], ...]:
        stamps: list[tuple[int, int]] = []
        for purpose in sorted(self._purposes):
            path = _file_of(self._directory, purpose)
            try:
                found = path.stat()
            except OSError as fault:
                raise _missing(path, fault) from None
            stamps.append((found.st_mtime_ns, found.st_ino))
        return tuple(stamps)


def _file_of(directory: Path, purpose: Purpose) -> Path:
    return directory / f"{purpose.value}.json"


def _missing(path: Path, fault: OSError) -> KeyFileError:
    msg = (
        f"key file {path} cannot be read ({fault.strerror}); "
        f"create missing keys with: daogang keys init, or point DAOGANG_KEYS_DIR at the right directory"
    )
    return KeyFileError(msg)


def _read(directory: Path, purpose: Purpose) -> tuple[Key, ...]:
    path = _file_of(directory, purpose)
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & _FORBIDDEN_BITS:
                msg = f"key file {path} is open to other users (mode {mode:04o}); run: chmod 600 {path}"
                raise KeyFileError(msg)
            body = file.read()
    except OSError as fault:
        raise _missing(path, fault) from None
    try:
        stored = msgspec.json.decode(body, type=_StoredFile)
        keys = tuple(_from_stored(purpose, key) for key in stored.keys)
    except (msgspec.MsgspecError, ValueError):
        # The decoder's own words could quote the file, which holds secrets.
        msg = f"key file {path} is malformed; restore it from the key backup"
        raise KeyFileError(msg) from None
    if stored.purpose is not purpose:
        msg = f"key file {path} holds keys of purpose {stored.purpose.value}; restore the right file"
        raise KeyFileError(msg)
    return keys


def _from_stored(purpose: Purpose, stored: _StoredKey) -> Key:
    secret = base64.urlsafe_b64decode(stored.secret)
    if len(secret) != KEY_BYTES or stored.created_at.tzinfo is None:
        raise ValueError
    return Key(
        id=stored.id,
        purpose=purpose,
        state=stored.state,
        created_at=stored.created_at,
        verify_until=stored.verify_until,
        secret=secret,
    )


def _write(directory: Path, purpose: Purpose, keys: tuple[Key, ...]) -> None:
    """Replace a key file so that a crash leaves the old or the new one, never half of one."""
    stored = _StoredFile(
        purpose=purpose,
        keys=[
            _StoredKey(
                id=key.id,
                state=key.state,
                created_at=key.created_at,
                verify_until=key.verify_until,
                secret=base64.urlsafe_b64encode(key.secret).decode(),
            )
            for key in keys
        ],
    )
    path = _file_of(directory, purpose)
    body = msgspec.json.format(msgspec.json.encode(stored), indent=2)
    handle, name = tempfile.mkstemp(dir=directory, prefix=f".{purpose.value}-")  # made with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            before = path.stat()
            os.chmod(name, stat.S_IMODE(before.st_mode) & ~_FORBIDDEN_BITS)  # noqa: PTH101 - keeps a group's read right
            if os.geteuid() == 0:
                os.chown(name, before.st_uid, before.st_gid)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    directory_handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(directory_handle)
    finally:
        os.close(directory_handle)


@contextlib.contextmanager
def _locked(directory: Path, *, create: bool = False) -> Generator[None]:
    """Hold the directory so that two commands at once cannot lose each other's key."""
    try:
        if create:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as fault:
        msg = f"key directory {directory} cannot be used ({fault.strerror}); create it with: daogang keys init"
        raise KeyFileError(msg) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _info(key: Key) -> KeyInfo:
    return KeyInfo(key.purpose.value, key.id, key.state.value, key.created_at, key.verify_until)
