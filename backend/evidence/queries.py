"""Every SELECT of photos and uploads; each takes the person, so that rows are always his own, except for the purge."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from backend.evidence.model import Sent
from backend.evidence.tables import Photo, PhotoUpload, PhotoUploadPart
from backend.kit.db import Tx


@dataclass(frozen=True, slots=True)
class UploadRow:
    """An upload; `offset` is where the stored bytes end."""

    id: UUID
    person_id: UUID
    sha256: bytes
    size: int
    offset: int
    media_type: str
    wrapped_key: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PartRow:
    """A stored part."""

    offset: int
    size: int
    blob: str


@dataclass(frozen=True, slots=True)
class PhotoRow:
    """A whole photo."""

    id: UUID
    sha256: bytes
    media_type: str
    wrapped_key: bytes | None


async def hold_quota(tx: Tx, person_id: UUID) -> None:
    """Make other beginnings of this person wait until the transaction ends."""
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"photo-quota:{person_id}", 0))))


async def list_sent(tx: Tx, person_id: UUID, since: datetime) -> list[Sent]:
    """Return what the person began to send since the instant."""
    rows = await tx.execute(
        select(PhotoUpload.created_at, PhotoUpload.size_bytes, PhotoUpload.finished_at.is_not(None)).where(
            PhotoUpload.person_id == person_id, PhotoUpload.created_at > since
        )
    )
    return [Sent(*row) for row in rows]


async def find_upload(tx: Tx, person_id: UUID, upload_id: UUID, now: datetime) -> UploadRow | None:
    """Return the person's upload if it has not expired."""
    row = (
        await tx.execute(
            select(
                PhotoUpload.id,
                PhotoUpload.person_id,
                PhotoUpload.sha256,
                PhotoUpload.size_bytes,
                PhotoUpload.offset_bytes,
                PhotoUpload.media_type,
                PhotoUpload.wrapped_key,
                PhotoUpload.expires_at,
            ).where(PhotoUpload.id == upload_id, PhotoUpload.person_id == person_id, PhotoUpload.expires_at > now)
        )
    ).one_or_none()
    return None if row is None else UploadRow(*row)


async def list_parts(tx: Tx, upload_id: UUID) -> list[PartRow]:
    """Return the stored parts of an upload in order."""
    rows = await tx.execute(
        select(PhotoUploadPart.offset_bytes, PhotoUploadPart.size_bytes, PhotoUploadPart.blob)
        .where(PhotoUploadPart.upload_id == upload_id)
        .order_by(PhotoUploadPart.offset_bytes)
    )
    return [PartRow(*row) for row in rows]


async def find_photo(tx: Tx, person_id: UUID, sha256: bytes) -> PhotoRow | None:
    """Return the person's photo of this digest."""
    row = (
        await tx.execute(
            select(Photo.id, Photo.sha256, Photo.media_type, Photo.wrapped_key).where(
                Photo.person_id == person_id, Photo.sha256 == sha256
            )
        )
    ).one_or_none()
    return None if row is None else PhotoRow(*row)


async def list_expired(tx: Tx, before: datetime, limit: int) -> list[tuple[UUID, bytes]]:
    """Return id and digest of uploads that expired before the instant, longest ago first."""
    rows = await tx.execute(
        select(PhotoUpload.id, PhotoUpload.sha256)
        .where(PhotoUpload.expires_at < before)
        .order_by(PhotoUpload.expires_at)
        .limit(limit)
    )
    return [(row[0], bytes(row[1])) for row in rows]


async def kept_photos(tx: Tx, upload_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the uploads whose blob is a photo's."""
    rows = await tx.execute(select(Photo.id).where(Photo.id.in_(upload_ids)))
    return {row[0] for row in rows}
