"""Locks between processes of one checkout, held on small files."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from typing import IO


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Wait until no other process holds the lock, and hold it alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def shared(path: Path) -> Generator[IO[str]]:
    """Hold the lock together with others who share it; yields the open file for `alone`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield file


def alone(file: IO[str]) -> bool:
    """Try to turn a shared lock into one of our own; False when somebody else still shares it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
