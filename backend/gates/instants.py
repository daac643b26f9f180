"""Takes instants that people and devices state to UTC, refusing what the database could store but not give back."""

from datetime import UTC, datetime

from backend.kit.errors import InvalidBody


def in_utc(path: str, instant: datetime) -> datetime:
    """Return the instant in UTC; raises InvalidBody naming `path` without an offset or outside of years 1 to 9999."""
    if instant.tzinfo is None:
        raise InvalidBody(errors=[{"path": path, "message": "an instant needs its offset"}])
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise InvalidBody(errors=[{"path": path, "message": "year outside of 1 to 9999"}]) from error
