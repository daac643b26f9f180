"""Notes which punches name which photos, before or after the photos are here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from backend.evidence.photos.tables import PhotoFollower, PhotoUse
from backend.kit.db import Tx

BEGINNING: Final = timedelta(days=30)
"""So far back looks a follower that never looked before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """That a punch names a photo by its SHA-256; `chainage` as people write it, `device_id` of a gate."""

    project_id: UUID
    punch_id: UUID
    sha256: bytes
    person_id: UUID | None
    device_id: UUID | None
    occurred_at: datetime
    work_on: date
    chainage: str | None


async def note_uses(tx: Tx, named: Sequence[Named], now: datetime) -> None:
    """Write uses that are new; one that is there already stays as it is."""
    if not named:
        return
    rows = [
        {
            "project_id": one.project_id,
            "punch_id": one.punch_id,
            "sha256": one.sha256,
            "person_id": one.person_id,
            "device_id": one.device_id,
            "occurred_at": one.occurred_at,
            "work_on": one.work_on,
            "chainage": one.chainage,
            "noted_at": now,
        }
        for one in named
    ]
    await tx.execute(insert(PhotoUse).on_conflict_do_nothing(constraint="pk_photo_use"), rows)


async def lock_follower(tx: Tx, name: str, now: datetime) -> datetime:
    """Return until when a follower has looked, and keep others of its name waiting until the transaction ends."""
    made = insert(PhotoFollower).values(name=name, seen_until=now - BEGINNING)
    kept = made.on_conflict_do_update(
        index_elements=[PhotoFollower.name], set_={"seen_until": PhotoFollower.seen_until}
    ).returning(PhotoFollower.seen_until)
    return (await tx.execute(kept)).scalar_one()


async def move_follower(tx: Tx, name: str, until: datetime) -> None:
    """Note until when a follower has looked."""
    await tx.execute(update(PhotoFollower).where(PhotoFollower.name == name).values(seen_until=until))
