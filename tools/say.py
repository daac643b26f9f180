"""How the tools speak: progress on standard error, and failures that name their remedy."""

from __future__ import annotations

import errno
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_OWNER = "it was made by another user, such as root: run as that one, or remove it as that one (`sudo make clean`)."
REMEDIES = {
    errno.EACCES: _OWNER,
    errno.EPERM: _OWNER,
    errno.EROFS: "the disk is read-only: work on another one, or set DAOGANG_LOCAL to a place elsewhere.",
    errno.ENOSPC: "the disk is full: free some space (`df -h .`), then run it again.",
}


class Trouble(Exception):
    """Something the tools cannot mend: what happened, and what the reader can do about it."""

    def __init__(self, what: str, remedy: str) -> None:
        """Take one sentence of what happened and the steps that mend it."""
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        """Both parts, as they are printed."""
        return f"{self.what}\n  What to do: {self.remedy}"


def say(text: str) -> None:
    """Print one line of progress at once, also when the output is a pipe."""
    sys.stderr.write(f"» {text}\n")
    sys.stderr.flush()


@contextmanager
def step(text: str) -> Generator[None]:
    """Announce a step, and say how long it took when that was long enough to wonder."""
    say(f"{text} …")
    began = time.monotonic()
    yield
    took_s = time.monotonic() - began
    if took_s > 1:
        say(f"  done in {took_s:.1f} s")


def told(main: Callable[[], int]) -> int:
    """Run a tool's main function and turn its Trouble, a full or closed disk and Ctrl-C into words and a status."""
    try:
        return main()
    except Trouble as trouble:
        sys.stderr.write(f"\nNot possible: {trouble}\n")
        return 1
    except OSError as error:
        remedy = REMEDIES.get(error.errno or 0)
        if remedy is None:
            raise
        trouble = Trouble(f"{error.strerror}: {error.filename or 'a file'}", remedy)
        sys.stderr.write(f"\nNot possible: {trouble}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted.\n")
        return 130
