"""Opens what is kept of a photo."""

from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import select

from backend.evidence.photos import model
from backend.evidence.photos.errors import PhotoGone
from backend.evidence.photos.tables import PhotoFile
from backend.kit.blobs import BlobMissing, BlobsAway, BlobStore
from backend.kit.crypto import DataKeys
from backend.kit.db import Database

log = structlog.get_logger()

MEDIA_TYPE: Final = "image/jpeg"


async def read_kept(
    database: Database, data_keys: DataKeys, blobs: BlobStore, photo_id: UUID, *, thumbnail: bool = False
) -> bytes:
    """Return the picture that is kept of a photo, or its thumbnail, as a JPEG.

    Whose it is, and who may see it, is for the caller. Raises PhotoGone when it was deleted or refused, BlobsAway.
    """
    async with database.transaction() as tx:
        row = (
            await tx.execute(select(PhotoFile.wrapped_key, PhotoFile.blob).where(PhotoFile.id == photo_id))
        ).one_or_none()
    if row is None or row.wrapped_key is None:
        raise PhotoGone
    try:
        stored = await blobs.get(model.thumbnail_name(row.blob) if thumbnail else row.blob)
    except BlobMissing as fault:
        log.error("photo.lost", photo_id=photo_id)  # noqa: TRY400 - the trace says nothing more
        raise BlobsAway from fault
    key = data_keys.unwrap_once(row.wrapped_key, model.kept_key_label(photo_id))
    return key.open(stored, model.thumbnail_label(photo_id) if thumbnail else model.picture_label(photo_id))
