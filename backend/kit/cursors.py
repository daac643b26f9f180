"""Opaque cursors of pages that are ordered by an instant and an id."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from uuid import UUID

from backend.kit.errors import InvalidInput


class CursorInvalid(InvalidInput):
    """`after` is not one that a page of ours gave."""

    code = "request.cursor"


def write_cursor(at: datetime, item_id: UUID) -> str:
    """Return a cursor to the item after which the next page begins."""
    return urlsafe_b64encode(f"{at.isoformat()} {item_id}".encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """Read a cursor of `write_cursor`; raises CursorInvalid."""
    try:
        at, item_id = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split(" ")
        instant = datetime.fromisoformat(at)
        if instant.tzinfo is None:
            raise CursorInvalid
        return instant.astimezone(UTC), UUID(item_id)
    except (ValueError, OverflowError) as error:
        raise CursorInvalid from error
