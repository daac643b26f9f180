"""What photos are called in the store, under which labels they are sealed, and until when they are kept."""

from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

Source = Literal["phone", "gate"]
PhotoClass = Literal["punch", "gate", "unused", "refused"]
CLASSES: Final[tuple[PhotoClass, ...]] = ("punch", "gate", "unused", "refused")

LEASE: Final = timedelta(minutes=2)
"""So long one that examines a photo may take before somebody else begins with it."""
MOST_TRIES: Final = 8
"""Who examined it died so often, not the process beside it: whatever it is about this photo, it is left alone."""


def kept_name(photo_id: UUID, attempt: int) -> str:
    """Return the name of the picture that is kept; each attempt has its own, so that none overwrites another's."""
    return f"kept-photos/{photo_id.hex[-2:]}/{photo_id.hex}.{attempt}"


def thumbnail_name(kept: str) -> str:
    """Return the name of the thumbnail that belongs to a kept picture."""
    return f"{kept}.small"


def kept_key_label(photo_id: UUID) -> bytes:
    """Name the data key of what is kept of a photo."""
    return b"kept-photo\x00" + photo_id.bytes


def picture_label(photo_id: UUID) -> bytes:
    """Name the place at which a kept picture can be opened."""
    return b"picture\x00" + photo_id.bytes


def thumbnail_label(photo_id: UUID) -> bytes:
    """Name the place at which a thumbnail can be opened."""
    return b"thumbnail\x00" + photo_id.bytes


def facts_label(photo_id: UUID) -> bytes:
    """Name the place at which the facts of a photo's metadata can be opened."""
    return b"facts\x00" + photo_id.bytes


def due_at(received_at: datetime, days: int) -> datetime:
    """Return the instant from which something that came in at an instant is not kept any longer."""
    return received_at + timedelta(days=days)
