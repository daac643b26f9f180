"""Takes photos in pieces: what was acknowledged is on stable storage, the whole is kept only if its digest is right.

No transaction is open while bytes come in or go to the store. Bytes are sealed and stored first, the row that names
them is committed second, the answer is given last; whatever a crash leaves without a row is swept with its upload.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex
from uuid import UUID

import structlog
from sqlalchemy import delete, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from backend.evidence import model, queries
from backend.evidence.errors import (
    ChecksumWrong,
    DigestWrong,
    OffsetWrong,
    PhotoTooLarge,
    PhotoUnknown,
    QuotaReached,
    UploadOverrun,
    UploadUnknown,
)
from backend.evidence.model import Claim
from backend.evidence.photos.arrivals import enqueue
from backend.evidence.photos.reading import read_kept
from backend.evidence.queries import UploadRow
from backend.evidence.tables import Photo, PhotoUpload, PhotoUploadPart
from backend.kit.blobs import BlobMissing, BlobsAway, BlobStore
from backend.kit.clock import Clock
from backend.kit.crypto import DataKey, DataKeys
from backend.kit.db import Database, Tx
from backend.kit.ids import new_id

log = structlog.get_logger()

PART_BYTES = 256 * 1024
"""So much of a long request may be lost when it is cut off by a crash of the server; what a client loses is less."""


@dataclass(frozen=True, kw_only=True)
class UploadTools:
    """What uploads work with."""

    database: Database
    data_keys: DataKeys
    blobs: BlobStore
    clock: Clock


class BodyCutOff(Exception):
    """The request's body ended before it was whole; what came of it counts."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a client says of the bytes of one request: `algorithm` as hashlib names it."""

    algorithm: str
    digest: bytes

    def fits(self, content: bytes) -> bool:
        """Tell whether the bytes are those that were meant."""
        return hashlib.new(self.algorithm, content, usedforsecurity=False).digest() == self.digest


async def begin_upload(tx: Tx, person_id: UUID, claim: Claim, *, tools: UploadTools) -> UploadRow:
    """Make room for a photo; raises PhotoTooLarge or QuotaReached."""
    if claim.size > model.MAX_PHOTO_BYTES:
        raise PhotoTooLarge(limit=model.MAX_PHOTO_BYTES)
    now = tools.clock.now()
    await queries.hold_quota(tx, person_id)
    wait = model.wait_for_room(await queries.list_sent(tx, person_id, now - model.LIFE), claim.size, now)
    if wait is not None:
        raise QuotaReached(retry_after_s=int(wait.total_seconds()) + 1)
    upload_id = new_id(now)
    wrapped, _ = tools.data_keys.create_data_key(model.key_label(upload_id))
    row = UploadRow(
        id=upload_id,
        person_id=person_id,
        sha256=claim.sha256,
        size=claim.size,
        offset=0,
        media_type=claim.media_type,
        wrapped_key=wrapped,
        expires_at=now + model.LIFE,
    )
    await tx.execute(
        insert(PhotoUpload).values(
            id=upload_id,
            person_id=person_id,
            sha256=claim.sha256,
            size_bytes=claim.size,
            media_type=claim.media_type,
            wrapped_key=wrapped,
            created_at=now,
            expires_at=row.expires_at,
        )
    )
    return row


async def find_upload(tx: Tx, person_id: UUID, upload_id: UUID, *, clock: Clock) -> UploadRow:
    """Return the person's upload; raises UploadUnknown."""
    row = await queries.find_upload(tx, person_id, upload_id, clock.now())
    if row is None:
        raise UploadUnknown
    return row


async def take_bytes(
    upload: UploadRow, offset: int, body: AsyncIterator[bytes], checksum: Checksum | None, *, tools: UploadTools
) -> int:
    """Store the bytes of one request and return where the stored ones end now.

    With a checksum all of the request counts or nothing of it; without, whatever arrived, also when `body` ends with
    BodyCutOff, which is raised again after that. Raises OffsetWrong, UploadOverrun, ChecksumWrong, DigestWrong,
    UploadUnknown (it was ended meanwhile) or BlobsAway.
    """
    if offset != upload.offset:
        raise OffsetWrong(offset=upload.offset)
    arrival = _Arrival(upload, tools)
    try:
        async for piece in body:
            arrival.take(piece)
            if checksum is None and len(arrival.waiting) >= PART_BYTES and not arrival.is_whole:
                await arrival.store_part()
    except BodyCutOff:
        if checksum is None:
            await arrival.settle()
        raise
    if checksum is not None and not checksum.fits(bytes(arrival.waiting)):
        raise ChecksumWrong
    await arrival.settle()
    return arrival.offset


class _Arrival:
    """One request's bytes on their way into the store."""

    def __init__(self, upload: UploadRow, tools: UploadTools) -> None:
        self._upload = upload
        self._tools = tools
        self._key: DataKey = tools.data_keys.unwrap_once(upload.wrapped_key, model.key_label(upload.id))
        self.offset = upload.offset
        self.waiting = bytearray()

    @property
    def is_whole(self) -> bool:
        """Tell whether nothing is missing any more."""
        return self.offset + len(self.waiting) == self._upload.size

    def take(self, piece: bytes) -> None:
        """Add bytes; raises UploadOverrun."""
        if self.offset + len(self.waiting) + len(piece) > self._upload.size:
            raise UploadOverrun
        self.waiting += piece

    async def settle(self) -> None:
        """Store what is waiting, and the photo if it is whole."""
        if not self.waiting:
            return
        await (self._finish() if self.is_whole else self.store_part())

    async def store_part(self) -> None:
        """Seal and store what is waiting as a part; it counts once its row is committed."""
        content = bytes(self.waiting)
        name = model.part_name(self._upload.id, self.offset, token_hex(4))
        sealed = self._key.seal(content, model.part_label(self._upload.id, self.offset))
        await self._tools.blobs.put(name, sealed.ciphertext)
        try:
            async with self._tools.database.transaction() as tx:
                await self._advance(tx, len(content))
                await tx.execute(
                    insert(PhotoUploadPart).values(
                        upload_id=self._upload.id, offset_bytes=self.offset, size_bytes=len(content), blob=name
                    )
                )
        except (OffsetWrong, UploadUnknown):
            await drop_blobs(self._tools.blobs, name)
            raise
        self.offset += len(content)
        self.waiting.clear()

    async def _finish(self) -> None:
        """Put the photo together, check it and store it under its digest; only then does the offset reach the end."""
        upload, tools = self._upload, self._tools
        async with tools.database.transaction() as tx:
            parts = await queries.list_parts(tx, upload.id)
        whole = await self._joined(parts)
        if hashlib.sha256(whole).digest() != upload.sha256:
            async with tools.database.transaction() as tx:
                await tx.execute(delete(PhotoUpload).where(PhotoUpload.id == upload.id))
            await drop_blobs(tools.blobs, *(part.blob for part in parts))
            raise DigestWrong
        name = model.photo_name(upload.sha256, upload.id)
        await tools.blobs.put(name, self._key.seal(whole, model.photo_label(upload.id)).ciphertext)
        async with tools.database.transaction() as tx:
            await self._advance(tx, len(self.waiting))
            is_new = await _insert_photo(tx, upload, tools.clock)
            await tx.execute(delete(PhotoUploadPart).where(PhotoUploadPart.upload_id == upload.id))
        self.offset = upload.size
        self.waiting.clear()
        await drop_blobs(tools.blobs, *(part.blob for part in parts), *(() if is_new else (name,)))

    async def _joined(self, parts: list[queries.PartRow]) -> bytes:
        """Open the stored parts and put what is waiting after them; raises UploadUnknown if they went meanwhile."""
        whole = bytearray()
        for part in parts:
            try:
                stored = await self._tools.blobs.get(part.blob)
            except BlobMissing as fault:
                raise UploadUnknown from fault
            whole += self._key.open(stored, model.part_label(self._upload.id, part.offset))
        if len(whole) != self.offset:
            raise OffsetWrong(offset=len(whole))
        return bytes(whole + self.waiting)

    async def _advance(self, tx: Tx, by: int) -> None:
        """Move the offset if it still is where this request began; of two requests at once one fails here."""
        finished = self._tools.clock.now() if self.offset + by == self._upload.size else None
        moved = await tx.execute(
            update(PhotoUpload)
            .where(PhotoUpload.id == self._upload.id, PhotoUpload.offset_bytes == self.offset)
            .values(offset_bytes=self.offset + by, finished_at=finished)
        )
        if moved.rowcount == 0:
            now = await find_upload(tx, self._upload.person_id, self._upload.id, clock=self._tools.clock)
            raise OffsetWrong(offset=now.offset)


async def _insert_photo(tx: Tx, upload: UploadRow, clock: Clock) -> bool:
    """Insert the photo's row; tell whether it is new to the person."""
    now = clock.now()
    made = await tx.execute(
        upsert(Photo)
        .values(
            person_id=upload.person_id,
            sha256=upload.sha256,
            id=upload.id,
            size_bytes=upload.size,
            media_type=upload.media_type,
            wrapped_key=upload.wrapped_key,
            stored_at=now,
        )
        .on_conflict_do_nothing(constraint="pk_photo")
        .returning(Photo.id)
    )
    if made.one_or_none() is None:
        return False
    await enqueue(
        tx, upload.id, upload.person_id, upload.sha256, size=upload.size, media_type=upload.media_type, now=now
    )
    return True


async def end_upload(upload: UploadRow, *, tools: UploadTools) -> None:
    """Forget an upload and its parts; a photo that is whole stays."""
    async with tools.database.transaction() as tx:
        parts = await queries.list_parts(tx, upload.id)
        await tx.execute(delete(PhotoUpload).where(PhotoUpload.id == upload.id))
    await drop_blobs(tools.blobs, *(part.blob for part in parts))


async def read_photo(person_id: UUID, digest: bytes, *, tools: UploadTools) -> tuple[bytes, str]:
    """Return a person's photo and its media type: as it was sent, or as it is kept once it was examined.

    Raises PhotoUnknown, PhotoGone or BlobsAway.
    """
    for _ in range(2):
        async with tools.database.transaction() as tx:
            row = await queries.find_photo(tx, person_id, digest)
        if row is None:
            raise PhotoUnknown
        if row.wrapped_key is None:
            return await read_kept(tools.database, tools.data_keys, tools.blobs, row.id), "image/jpeg"
        with suppress(BlobMissing):  # its end may have come between the two looks
            stored = await tools.blobs.get(model.photo_name(row.sha256, row.id))
            key = tools.data_keys.unwrap_once(row.wrapped_key, model.key_label(row.id))
            return key.open(stored, model.photo_label(row.id)), row.media_type
    log.error("photo.lost", person_id=person_id)
    raise BlobsAway


async def drop_blobs(blobs: BlobStore, *names: str) -> None:
    """Delete blobs that no row names any more; what cannot be deleted now is swept when the upload has expired."""
    for name in names:
        with suppress(BlobsAway):
            await blobs.delete(name)
