"""Reads how long photos are kept, and which one's time is over and not held."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from backend.evidence.photos.arrivals import Arrived
from backend.evidence.photos.queries import COLUMNS, arrived_of
from backend.evidence.photos.tables import PhotoFile, PhotoHold, PhotoRetention, PhotoUse
from backend.kit.db import Tx

_LOCK = func.hashtextextended("photo-holds", 0)


@dataclass(frozen=True, slots=True)
class Rule:
    """How many days photos of a class are kept from their receipt on, and their originals."""

    photo_class: str
    version: int
    keep_days: int
    original_days: int


async def current_rules(tx: Tx) -> list[Rule]:
    """Return the rule in force of every class."""
    rows = await tx.execute(
        select(
            PhotoRetention.photo_class, PhotoRetention.version, PhotoRetention.keep_days, PhotoRetention.original_days
        )
        .ext(distinct_on(PhotoRetention.photo_class))
        .order_by(PhotoRetention.photo_class, PhotoRetention.version.desc())
    )
    return [Rule(*row) for row in rows]


async def share_holds_lock(tx: Tx) -> None:
    """Make whoever places a hold wait until this transaction ends: a hold that is in force is seen by all deletions."""
    await tx.execute(select(func.pg_advisory_xact_lock_shared(_LOCK)))


async def take_holds_lock(tx: Tx) -> None:
    """Wait until all deletions that did not see a hold are done."""
    await tx.execute(select(func.pg_advisory_xact_lock(_LOCK)))


async def next_original_due(tx: Tx, rule: Rule, now: datetime) -> Arrived | None:
    """Return an examined photo whose original is not kept any longer, locked."""
    return await _next(
        tx,
        and_(
            PhotoFile.photo_class == rule.photo_class,
            PhotoFile.has_original,
            PhotoFile.state.in_(("kept", "refused")),
            PhotoFile.received_at <= now - timedelta(days=rule.original_days),
        ),
    )


async def next_due(tx: Tx, rule: Rule, now: datetime) -> Arrived | None:
    """Return a photo that is not kept any longer, locked."""
    return await _next(
        tx,
        and_(
            PhotoFile.photo_class == rule.photo_class,
            PhotoFile.state.in_(("kept", "refused")),
            PhotoFile.received_at <= now - timedelta(days=rule.keep_days),
        ),
    )


async def _next(tx: Tx, due: ColumnElement[bool]) -> Arrived | None:
    row = (
        await tx.execute(
            select(*COLUMNS)
            .where(due, ~_is_held())
            .order_by(PhotoFile.received_at)
            .limit(1)
            .with_for_update(of=PhotoFile, skip_locked=True)
        )
    ).one_or_none()
    return None if row is None else arrived_of(row)


def _is_held() -> ColumnElement[bool]:
    """Tell in SQL whether a hold in force covers the photo: its project's, its person's, or one of a punch with it."""
    of_use = or_(
        PhotoUse.photo_id == PhotoFile.id,
        and_(PhotoUse.person_id == PhotoFile.person_id, PhotoUse.sha256 == PhotoFile.sha256),
    )
    used = exists(
        select(PhotoUse.punch_id)
        .where(
            of_use,
            PhotoUse.project_id == PhotoHold.project_id,
            or_(PhotoHold.person_id.is_(None), PhotoUse.person_id == PhotoHold.person_id),
        )
        .correlate(PhotoFile, PhotoHold)
    )
    return exists(
        select(PhotoHold.id).where(
            PhotoHold.lifted_at.is_(None),
            or_(
                and_(PhotoHold.person_id.is_(None), PhotoHold.project_id == PhotoFile.project_id),
                PhotoHold.person_id == PhotoFile.person_id,
                used,
            ),
        )
    )
