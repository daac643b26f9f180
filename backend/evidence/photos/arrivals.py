"""Says what intake needs of who received photos: to read an original, and to end it; and does so for phones."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy import insert, select, update

from backend.evidence import model as uploads
from backend.evidence.photos.tables import PhotoFile
from backend.evidence.tables import Photo
from backend.kit.blobs import BlobMissing, BlobStore
from backend.kit.crypto import DataKeys
from backend.kit.db import Tx

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A photo as it came in; `person_id` of a phone's, `project_id` and `device_id` of a gate's."""

    id: UUID
    source: str
    person_id: UUID | None
    project_id: UUID | None
    device_id: UUID | None
    sha256: bytes
    media_type: str
    received_at: datetime


class OriginalGone(LookupError):
    """There is no key any more with which the original could be read."""


class Arrivals(Protocol):
    """Who received the photos of a source, and keeps their originals until they are examined."""

    async def find_key(self, tx: Tx, photo: Arrived) -> bytes | None:
        """Return the wrapped key of an original; None when it is gone."""
        ...

    async def read(self, photo: Arrived, wrapped_key: bytes) -> bytes:
        """Return the original's bytes; raises BlobMissing, BlobsAway or DecryptionError."""
        ...

    async def end_key(self, tx: Tx, photo: Arrived) -> bytes | None:
        """Take the key of an original out of its row in the caller's transaction, and return it as it was wrapped."""
        ...

    def blob(self, photo: Arrived) -> str:
        """Return the name of the original in the store."""
        ...


ArrivalsBySource = Mapping[str, Arrivals]


async def enqueue(
    tx: Tx, photo_id: UUID, person_id: UUID, sha256: bytes, *, size: int, media_type: str, now: datetime
) -> None:
    """Have a phone's photo examined, in the transaction that makes its row."""
    await tx.execute(
        insert(PhotoFile).values(
            id=photo_id,
            source="phone",
            person_id=person_id,
            sha256=sha256,
            size_bytes=size,
            media_type=media_type,
            received_at=now,
            photo_class="unused",
            try_after=now,
        )
    )


@dataclass(frozen=True, slots=True)
class PhoneArrivals:
    """Photos that phones sent in pieces (`backend/evidence/uploads.py`)."""

    blobs: BlobStore
    data_keys: DataKeys

    async def find_key(self, tx: Tx, photo: Arrived) -> bytes | None:
        """See Arrivals."""
        return await tx.scalar(select(Photo.wrapped_key).where(Photo.id == photo.id))

    async def read(self, photo: Arrived, wrapped_key: bytes) -> bytes:
        """See Arrivals."""
        try:
            stored = await self.blobs.get(self.blob(photo))
        except BlobMissing:
            log.error("photo.lost", photo_id=photo.id)  # noqa: TRY400 - the trace says nothing more
            raise
        key = self.data_keys.unwrap_once(wrapped_key, uploads.key_label(photo.id))
        return key.open(stored, uploads.photo_label(photo.id))

    async def end_key(self, tx: Tx, photo: Arrived) -> bytes | None:
        """See Arrivals."""
        wrapped = await tx.scalar(select(Photo.wrapped_key).where(Photo.id == photo.id).with_for_update())
        if wrapped is not None:
            await tx.execute(update(Photo).where(Photo.id == photo.id).values(wrapped_key=None))
        return wrapped

    def blob(self, photo: Arrived) -> str:
        """See Arrivals."""
        return uploads.photo_name(photo.sha256, photo.id)
