"""Bounds how many requests a second are taken in the name of one serial number, in bounded memory.

Nobody who calls in another one's name must be able to keep the true device from being heard: the bound holds per
number and network address. It is one process's: several servers together let in so many times more.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

PER_S: Final = 10.0
AT_ONCE: Final = 100
"""Requests that may come together after a silence: a terminal that was cut off brings its backlog in a row."""
CALLERS_KEPT: Final = 20_000


class Pace:
    """A bucket of requests for each caller, which fills with time; those who called longest ago are forgotten."""

    def __init__(
        self,
        *,
        per_s: float = PER_S,
        at_once: int = AT_ONCE,
        kept: int = CALLERS_KEPT,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take `per_s` requests a second of each caller, `at_once` after a silence; `monotonic` counts seconds."""
        self._per_s, self._at_once, self._kept = per_s, float(at_once), kept
        self._monotonic = monotonic
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def wait_s(self, caller: Hashable) -> float:
        """Take one request of a caller; returns 0, or after how many seconds another one is taken."""
        now = self._monotonic()
        left, then = self._left.pop(caller, (self._at_once, now))
        left = min(self._at_once, left + max(0.0, now - then) * self._per_s)
        taken = left >= 1
        # Whoever is forgotten begins with a full bucket: with more callers than are kept nobody is held up.
        self._left[caller] = (left - 1 if taken else left, now)
        if len(self._left) > self._kept:
            self._left.popitem(last=False)
        return 0.0 if taken else (1 - left) / self._per_s

    def __len__(self) -> int:
        """Return how many callers are remembered."""
        return len(self._left)
