"""Ends uploads whose time is over: their parts, their rows, and what a crash left of them in the store."""

from collections import defaultdict
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete

from backend.evidence import model, queries
from backend.evidence.tables import PhotoUpload
from backend.evidence.uploads import UploadTools

GRACE = timedelta(hours=1)
"""A request that began in time may still be writing."""

BATCH = 500


async def purge_uploads(tools: UploadTools) -> int:
    """Delete expired uploads, blobs first, so that a purge that is cut off is begun again; return how many.

    Finished ones are forgotten too: their photos stay. Raises BlobsAway.
    """
    ended = 0
    while True:
        async with tools.database.transaction() as tx:
            expired = await queries.list_expired(tx, tools.clock.now() - GRACE, BATCH)
            kept = await queries.kept_photos(tx, [upload_id for upload_id, _ in expired])
        if not expired:
            return ended
        await _sweep_parts(tools, [upload_id for upload_id, _ in expired])
        for upload_id, digest in expired:
            if upload_id not in kept:
                await tools.blobs.delete(model.photo_name(digest, upload_id))
        async with tools.database.transaction() as tx:
            await tx.execute(delete(PhotoUpload).where(PhotoUpload.id.in_([upload_id for upload_id, _ in expired])))
        ended += len(expired)


async def _sweep_parts(tools: UploadTools, upload_ids: list[UUID]) -> None:
    """Delete all parts of these uploads, those too that no row names; each folder is listed once."""
    folders: dict[str, set[str]] = defaultdict(set)
    for upload_id in upload_ids:
        folders[model.part_folder(upload_id)].add(upload_id.hex)
    for folder, ours in folders.items():
        for name in await tools.blobs.names(folder):
            if name.rpartition("/")[2].partition(".")[0] in ours:
                await tools.blobs.delete(name)
