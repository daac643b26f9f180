"""Time-ordered identifiers (UUID version 7, RFC 9562), which keep the hot end of every index small."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

VERSION = 7
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def new_id(at: datetime) -> UUID:
    """Make a UUIDv7 whose timestamp is the aware instant `at`, to the millisecond."""
    return uuid7(nanoseconds=(at - EPOCH) // MILLISECOND * 1_000_000)


def id_instant(value: UUID) -> datetime:
    """Return the instant inside a UUIDv7, to the millisecond in UTC; ValueError for any other version."""
    if value.version != VERSION:
        msg = f"{value} is not a UUID of version 7"
        raise ValueError(msg)
    return datetime.fromtimestamp((value.int >> 80) / 1000, UTC)
