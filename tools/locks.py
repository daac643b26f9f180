"""Locks between processes of one checkout, held on small files."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tools.say import Trouble

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from typing import IO


@contextmanager
def locked(path: Path, *, within_s: float | None = None) -> Generator[None]:
    """Wait until no other process holds the lock, and hold it alone.

    With `within_s` seconds to wait at most: raises Trouble naming the process that holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        if within_s is None:
            fcntl.flock(file, fcntl.LOCK_EX)
        else:
            _wait_for(file, path, within_s)
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
        yield


def _wait_for(file: IO[str], path: Path, within_s: float) -> None:
    until = time.monotonic() + within_s
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                file.seek(0)
                what = f"process {file.read().strip() or '?'} has held {path} for more than {within_s:.0f} s"
                raise Trouble(what, "look what it waits for, end it, and run this again.") from None
            time.sleep(0.05)
        else:
            return


@contextmanager
def locked_at_once(path: Path) -> Generator[bool]:
    """Hold the lock alone if no other process holds it; yields False when one does, without waiting for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        yield alone(file)


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
