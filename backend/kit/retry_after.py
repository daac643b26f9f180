"""Reads the Retry-After header (RFC 9110 §10.2.3): seconds, or a date (pure)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST: Final = timedelta(hours=6)
"""Nobody keeps a channel silent for longer than that by a header."""
_DIGITS: Final = 8


def read_retry_after(value: str | None, now: datetime) -> datetime | None:
    """Return the instant that the header asks for, between now and six hours later; None if it says nothing."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        # As many digits as fit; whoever asks for more means "long".
        return now + min(timedelta(seconds=int(text[:_DIGITS])), LONGEST)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return min(max(at, now), now + LONGEST)
