"""Reads that take photos out of their queues: the next to examine, the next whose time is over."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from backend.evidence.photos.arrivals import Arrived
from backend.evidence.photos.tables import PhotoFile
from backend.kit.db import AnyRow, Tx

COLUMNS = (
    PhotoFile.id,
    PhotoFile.source,
    PhotoFile.person_id,
    PhotoFile.project_id,
    PhotoFile.device_id,
    PhotoFile.sha256,
    PhotoFile.media_type,
    PhotoFile.received_at,
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A photo that somebody began to examine; `attempt` counts from 1."""

    arrived: Arrived
    attempt: int


def arrived_of(row: AnyRow) -> Arrived:
    """Return what a row that begins with COLUMNS says of how the photo came in."""
    return Arrived(
        id=row[0],
        source=row[1],
        person_id=row[2],
        project_id=row[3],
        device_id=row[4],
        sha256=bytes(row[5]),
        media_type=row[6],
        received_at=row[7],
    )


async def take_next(tx: Tx, now: datetime, lease: timedelta) -> Taken | None:
    """Begin with the photo that waits longest; nobody else gets it before the lease is over."""
    waiting = (
        select(PhotoFile.id)
        .where(PhotoFile.state == "waiting", PhotoFile.try_after <= now)
        .order_by(PhotoFile.try_after)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    row = (
        await tx.execute(
            update(PhotoFile)
            .where(PhotoFile.id == waiting)
            .values(tries=PhotoFile.tries + 1, try_after=now + lease)
            .returning(*COLUMNS, PhotoFile.tries)
        )
    ).one_or_none()
    return None if row is None else Taken(arrived_of(row), row.tries)
