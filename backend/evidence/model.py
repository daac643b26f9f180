"""How big a photo may be, how much a person may send, how long an upload may take, and what blobs are called."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

MAX_PHOTO_BYTES: Final = 8 * 1024 * 1024
MEDIA_TYPES: Final = ("image/jpeg", "image/png", "image/webp")
HEIF_TYPES: Final = ("image/heic", "image/heif", "image/avif")
LIFE: Final = timedelta(days=7)
"""As long as a field pack: whoever had no network for that long fetches a new one and sends the photo anew."""

DAY: Final = timedelta(days=1)
MAX_OPEN: Final = 40
MAX_DAY_BYTES: Final = 200 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Claim:
    """What a person wants to send: a photo of this SHA-256, of `size` bytes."""

    sha256: bytes
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Sent:
    """An upload of the last days: when it began, its announced bytes, whether it is finished."""

    created_at: datetime
    size: int
    finished: bool


def wait_for_room(recent: Iterable[Sent], size: int, now: datetime) -> timedelta | None:
    """Return None if an upload of `size` bytes may begin, else how long to wait.

    Unfinished ones are at most MAX_OPEN; all that began within a day at most MAX_DAY_BYTES, as announced, finished or
    not. The wait ends when the oldest of those that are in the way has expired or is a day old.
    """
    recent = sorted(recent, key=lambda one: one.created_at)
    unfinished = [one for one in recent if not one.finished and one.created_at > now - LIFE]
    if len(unfinished) >= MAX_OPEN:
        return unfinished[len(unfinished) - MAX_OPEN].created_at + LIFE - now
    today = [one for one in recent if one.created_at > now - DAY]
    excess = sum(one.size for one in today) + size - MAX_DAY_BYTES
    for one in today:
        if excess <= 0:
            return None
        excess -= one.size
        if excess <= 0:
            return one.created_at + DAY - now
    return None


def part_folder(upload_id: UUID) -> str:
    """Return the folder in which the parts of an upload lie, with those of others: 256 folders in all."""
    return f"uploads/{upload_id.hex[-2:]}"


def part_name(upload_id: UUID, offset: int, nonce: str) -> str:
    """Return the name of a part; the nonce keeps apart two that are sent for the same place at once."""
    return f"{part_folder(upload_id)}/{upload_id.hex}.{offset}.{nonce}"


def photo_name(sha256: bytes, upload_id: UUID) -> str:
    """Return the name of a whole photo; two people's copies of the same bytes are two blobs under two keys."""
    return f"photos/{sha256.hex()[:2]}/{sha256.hex()}.{upload_id.hex}"


def key_label(upload_id: UUID) -> bytes:
    """Name the data key of a photo."""
    return b"photo\x00" + upload_id.bytes


def part_label(upload_id: UUID, offset: int) -> bytes:
    """Name the place at which a sealed part can be opened."""
    return b"part\x00" + upload_id.bytes + offset.to_bytes(8, "big")


def photo_label(upload_id: UUID) -> bytes:
    """Name the place at which a sealed photo can be opened."""
    return b"whole\x00" + upload_id.bytes
