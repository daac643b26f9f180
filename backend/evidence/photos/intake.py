"""Takes photos in, one after the other: examined, sealed and stored, then recorded; never lost, whenever it is cut off.

A photo waits in its row from the transaction that received it. Whoever takes it notes the attempt first and stores
under a name of that attempt; only the last one to begin can finish. What a killed one left is deleted by the next.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import insert, update

from backend.evidence.photos import model, queries
from backend.evidence.photos.arrivals import ArrivalsBySource
from backend.evidence.photos.examined import (
    EXAMINATION,
    FACE_NOT_EVALUATED,
    Examination,
    Examined,
    Refusal,
    Refused,
)
from backend.evidence.photos.examiner import Examiner
from backend.evidence.photos.hashes import bands
from backend.evidence.photos.queries import Taken
from backend.evidence.photos.tables import PhotoFile, PhotoHash, PhotoResult
from backend.evidence.uploads import drop_blobs
from backend.kit.blobs import BlobMissing, BlobsAway, BlobStore
from backend.kit.canonical import canonical_bytes
from backend.kit.clock import Clock
from backend.kit.crypto import DataKey, DataKeys
from backend.kit.db import Database, Tx

log = structlog.get_logger()

AT_ONCE = 20
"""Photos that one run begins with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class IntakeTools:
    """What intake works with; `arrivals` knows each source's originals."""

    database: Database
    data_keys: DataKeys
    blobs: BlobStore
    examiner: Examiner
    arrivals: ArrivalsBySource
    clock: Clock


async def take_in_waiting(tools: IntakeTools) -> int:
    """Take in photos that wait, longest waiting first, some at most; return how many were finished.

    When the store or the database is away the rest goes on waiting. Raises DatabaseAway or Contended.
    """
    finished = 0
    for _ in range(AT_ONCE):
        async with tools.database.transaction() as tx:
            photo = await queries.take_next(tx, tools.clock.now(), model.LEASE)
        if photo is None:
            break
        try:
            finished += await take_in(tools, photo)
        except BlobsAway:
            log.warning("photos.store_away", photo_id=photo.arrived.id)
            break
    return finished


async def take_in(tools: IntakeTools, photo: Taken) -> bool:
    """Examine and keep one photo; tell whether this attempt finished it. Raises BlobsAway."""
    arrived = photo.arrived
    arrivals = tools.arrivals[arrived.source]
    async with tools.database.transaction() as tx:
        wrapped = await arrivals.find_key(tx, arrived)
    if wrapped is None:
        log.error("photos.key_missing", photo_id=arrived.id)
        return False
    try:
        content = await arrivals.read(arrived, wrapped)
    except BlobMissing as fault:
        raise BlobsAway from fault
    if photo.attempt > model.MOST_TRIES:
        found: Examination = Refused(reason=Refusal.EXHAUSTING)
    else:
        found = await tools.examiner.examine(content, arrived.media_type)
    # An earlier attempt that was cut off may have stored something under its own name.
    left = [model.kept_name(arrived.id, number) for number in range(1, photo.attempt)]
    await drop_blobs(tools.blobs, *(name for kept in left for name in (kept, model.thumbnail_name(kept))))
    return await (_refuse(tools, photo, found) if isinstance(found, Refused) else _keep(tools, photo, found))


async def _refuse(tools: IntakeTools, photo: Taken, found: Refused) -> bool:
    now = tools.clock.now()
    async with tools.database.transaction() as tx:
        if not await _advance(tx, photo, state="refused", photo_class="refused"):
            return False
        await tx.execute(
            insert(PhotoResult).values(
                photo_id=photo.arrived.id,
                examined_at=now,
                examination=EXAMINATION,
                outcome="refused",
                reason=found.reason.value,
                format=found.format,
                width=found.width,
                height=found.height,
                notes=[],
                face=FACE_NOT_EVALUATED,
            )
        )
    log.info("photos.refused", photo_id=photo.arrived.id, reason=found.reason.value)
    return True


async def _keep(tools: IntakeTools, photo: Taken, found: Examined) -> bool:
    photo_id = photo.arrived.id
    wrapped, key = tools.data_keys.create_data_key(model.kept_key_label(photo_id))
    name = model.kept_name(photo_id, photo.attempt)
    await tools.blobs.put(name, key.seal(found.picture, model.picture_label(photo_id)).ciphertext)
    await tools.blobs.put(
        model.thumbnail_name(name), key.seal(found.thumbnail, model.thumbnail_label(photo_id)).ciphertext
    )
    async with tools.database.transaction() as tx:
        ours = await _advance(tx, photo, state="kept", wrapped_key=wrapped, blob=name)
        if ours:
            await _record(tx, photo_id, found, key, tools.clock.now())
    if not ours:
        await drop_blobs(tools.blobs, name, model.thumbnail_name(name))
    return ours


async def _advance(tx: Tx, photo: Taken, **changes: Any) -> bool:  # noqa: ANN401 - columns
    """Change the photo's row if nobody else began with it since; of two who finish at once one fails here."""
    moved = await tx.execute(
        update(PhotoFile)
        .where(PhotoFile.id == photo.arrived.id, PhotoFile.state == "waiting", PhotoFile.tries == photo.attempt)
        .values(**changes)
    )
    return moved.rowcount == 1


async def _record(tx: Tx, photo_id: UUID, found: Examined, key: DataKey, now: datetime) -> None:
    sealed = key.seal(canonical_bytes(found.facts), model.facts_label(photo_id)).ciphertext
    await tx.execute(
        insert(PhotoResult).values(
            photo_id=photo_id,
            examined_at=now,
            examination=EXAMINATION,
            outcome="kept",
            format=found.format,
            width=found.width,
            height=found.height,
            mode=found.mode,
            orientation=found.orientation,
            notes=[note.value for note in found.notes],
            measures={
                name: getattr(found.measures, name) for name in found.measures.__struct_fields__ if name != "face"
            },
            face=found.measures.face,
            picture_sha256=hashlib.sha256(found.picture).digest(),
            picture_bytes=len(found.picture),
            picture_width=found.picture_width,
            picture_height=found.picture_height,
            sealed_facts=sealed,
        )
    )
    if found.hashes is not None:
        first, second, third, last = bands(found.hashes.frequencies)
        await tx.execute(
            insert(PhotoHash).values(
                photo_id=photo_id,
                frequencies=found.hashes.frequencies,
                differences=found.hashes.differences,
                band_1=first,
                band_2=second,
                band_3=third,
                band_4=last,
            )
        )
