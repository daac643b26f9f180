"""The one source of business time, so that tests and the demo can say what time it is."""

from datetime import UTC, datetime, timedelta
from typing import Protocol, runtime_checkable


@runtime_checkable
class Clock(Protocol):
    """Tells the present instant."""

    def now(self) -> datetime:
        """Return the present instant, aware and in UTC."""
        ...


class SystemClock:
    """The machine's clock; keep it on NTP, since terminals set theirs by it."""

    def now(self) -> datetime:
        """Return the machine's present instant in UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that moves only when told to."""

    def __init__(self, at: datetime) -> None:
        """Start at `at`, which must be aware."""
        self.set(at)

    def now(self) -> datetime:
        """Return the instant it was last set to."""
        return self._at

    def set(self, at: datetime) -> None:
        """Jump to `at`; raises ValueError for a naive instant."""
        if at.tzinfo is None:
            msg = "an instant needs its offset"
            raise ValueError(msg)
        self._at = at.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        """Move by `by`."""
        self._at += by
