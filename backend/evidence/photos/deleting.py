"""Ends photos whose time is over: first their keys, with a record that stays, then their bytes.

A key that is gone is the end of a photo, in every copy of the store. What follows is done again by the next run if this
one is cut off. A hold keeps both from happening.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import delete, insert, select, update

from backend.evidence.photos import model
from backend.evidence.photos.arrivals import ArrivalsBySource, Arrived
from backend.evidence.photos.retention_queries import (
    Rule,
    current_rules,
    next_due,
    next_original_due,
    share_holds_lock,
)
from backend.evidence.photos.tables import PhotoDeletion, PhotoDeletionEnd, PhotoFile, PhotoHash, PhotoResult
from backend.kit.blobs import BlobMissing, BlobsAway, BlobStore
from backend.kit.canonical import canonical_bytes
from backend.kit.clock import Clock
from backend.kit.db import Database, Tx
from backend.kit.erasures import Erasure, Subject, is_recorded, record_erasures

log = structlog.get_logger()

MOST_AT_ONCE: Final = 5000
"""Of one run; an hourly run ends more photos than any city takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeletionTools:
    """What deletion works with."""

    database: Database
    blobs: BlobStore
    arrivals: ArrivalsBySource
    clock: Clock


async def delete_what_is_due(tools: DeletionTools) -> tuple[int, int]:
    """End originals and photos whose time is over; return how many of each. Raises BlobsAway."""
    await _finish_begun(tools)
    return await end_originals(tools), await _delete_photos(tools)


async def end_originals(tools: DeletionTools) -> int:
    """End the originals of examined photos that their class keeps no longer; return how many. Raises BlobsAway."""
    ended = 0
    for rule in await _rules(tools):
        while ended < MOST_AT_ONCE:
            now = tools.clock.now()
            async with tools.database.transaction() as tx:
                await share_holds_lock(tx)
                photo = await next_original_due(tx, rule, now)
                if photo is not None:
                    key = await tools.arrivals[photo.source].end_key(tx, photo)
                    # While the store is away this is begun again and again: what has no key any more has one record.
                    if key is not None or not await is_recorded(tx, "original", photo.id):
                        await record_erasures(tx, [_erasure("original", photo, rule, [key])], now)
            if photo is None:
                break
            await tools.blobs.delete(tools.arrivals[photo.source].blob(photo))
            async with tools.database.transaction() as tx:
                await tx.execute(update(PhotoFile).where(PhotoFile.id == photo.id).values(has_original=False))
            ended += 1
    return ended


async def _rules(tools: DeletionTools) -> list[Rule]:
    async with tools.database.transaction() as tx:
        return await current_rules(tx)


async def _delete_photos(tools: DeletionTools) -> int:
    deleted = 0
    for rule in await _rules(tools):
        while deleted < MOST_AT_ONCE:
            async with tools.database.transaction() as tx:
                await share_holds_lock(tx)
                photo = await next_due(tx, rule, tools.clock.now())
                blobs = [] if photo is None else await _destroy_keys(tx, tools, photo, rule)
            if photo is None:
                break
            await _end_blobs(tools, photo.id, blobs)
            deleted += 1
    return deleted


async def _destroy_keys(tx: Tx, tools: DeletionTools, photo: Arrived, rule: Rule) -> list[str]:
    """Destroy a locked photo's keys and write down that it was done; return the blobs that are noise from now on."""
    row = (
        await tx.execute(
            select(PhotoFile.wrapped_key, PhotoFile.blob, PhotoFile.has_original, PhotoResult.picture_sha256)
            .join(PhotoResult, PhotoResult.photo_id == PhotoFile.id)
            .where(PhotoFile.id == photo.id)
        )
    ).one()
    arrivals, now = tools.arrivals[photo.source], tools.clock.now()
    keys = [await arrivals.end_key(tx, photo), row.wrapped_key]
    blobs = [] if row.blob is None else [row.blob, model.thumbnail_name(row.blob)]
    if row.has_original:
        blobs.append(arrivals.blob(photo))
    facts: dict[str, Any] = {
        "photo_id": photo.id,
        "class": rule.photo_class,
        "version": rule.version,
        "due_at": model.due_at(photo.received_at, rule.keep_days),
        "destroyed_at": now,
        "sha256": photo.sha256,
        "picture_sha256": row.picture_sha256,
        "key_digests": [hashlib.sha256(key).digest() for key in keys if key is not None],
        "blobs": blobs,
    }
    await tx.execute(
        insert(PhotoDeletion).values(
            **{("photo_class" if name == "class" else name): value for name, value in facts.items()},
            digest=deletion_digest(facts),
        )
    )
    await record_erasures(tx, [_erasure("photo", photo, rule, keys)], now)
    await tx.execute(delete(PhotoHash).where(PhotoHash.photo_id == photo.id))
    await tx.execute(
        update(PhotoFile)
        .where(PhotoFile.id == photo.id)
        .values(state="deleting", wrapped_key=None, blob=None, has_original=False)
    )
    return blobs


def _erasure(subject: Subject, photo: Arrived, rule: Rule, keys: Sequence[bytes | None]) -> Erasure:
    return Erasure(
        subject=subject,
        subject_id=photo.id,
        project_id=photo.project_id,
        keys=[key for key in keys if key is not None],
        reason=f"retention: {rule.photo_class} {rule.version}",
    )


def deletion_digest(facts: dict[str, Any]) -> bytes:
    """Return the SHA-256 of a deletion's facts, canonically written: bytes as hexadecimal digits, instants in UTC."""
    return hashlib.sha256(canonical_bytes({name: _spelled(value) for name, value in facts.items()})).digest()


def _spelled(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return [_spelled(one) for one in value]
    return str(value) if isinstance(value, UUID) else value


async def _end_blobs(tools: DeletionTools, photo_id: UUID, blobs: Sequence[str]) -> None:
    """Delete the blobs, ask the store for them, and write down that it has none. Raises BlobsAway."""
    for name in blobs:
        await tools.blobs.delete(name)
    for name in blobs:
        try:
            await tools.blobs.get(name)
        except BlobMissing:
            continue
        log.error("photos.not_deleted", photo_id=photo_id)
        raise BlobsAway
    async with tools.database.transaction() as tx:
        moved = await tx.execute(
            update(PhotoFile).where(PhotoFile.id == photo_id, PhotoFile.state == "deleting").values(state="deleted")
        )
        if moved.rowcount:
            await tx.execute(insert(PhotoDeletionEnd).values(photo_id=photo_id, confirmed_at=tools.clock.now()))


async def _finish_begun(tools: DeletionTools) -> None:
    """Go on where an earlier run was cut off after the keys were gone."""
    async with tools.database.transaction() as tx:
        rows = await tx.execute(
            select(PhotoFile.id, PhotoDeletion.blobs)
            .join(PhotoDeletion, PhotoDeletion.photo_id == PhotoFile.id)
            .where(PhotoFile.state == "deleting")
            .limit(MOST_AT_ONCE)
        )
        begun = [(row[0], list(row[1])) for row in rows]
    for photo_id, blobs in begun:
        await _end_blobs(tools, photo_id, blobs)
