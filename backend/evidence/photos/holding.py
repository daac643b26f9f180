"""Places holds on photos and lifts them, by two people; sets how long photos are kept. Each is on record."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, update

from backend.evidence.photos import viewing_queries as queries
from backend.evidence.photos.errors import (
    HoldLifted,
    HoldNeedsAnother,
    HoldPersonUnknown,
    HoldUnknown,
    OriginalsOutlive,
    PhotoClassUnknown,
)
from backend.evidence.photos.retention_queries import Rule, current_rules, take_holds_lock
from backend.evidence.photos.schemas import HoldBody, HoldOut, LiftBody, RetentionBody
from backend.evidence.photos.tables import PhotoHold, PhotoRetention
from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites.projects import require_project


async def place_hold(tx: Tx, actor: Actor, project_id: UUID, body: HoldBody, *, clock: Clock) -> HoldOut:
    """Keep photos of a project, or of one person on it, from deletion; in force when this is committed.

    Raises ProjectUnknown or HoldPersonUnknown.
    """
    await require_project(tx, actor, project_id, scope=queries.HOLD)
    if body.person_id is not None and not await queries.was_posted(tx, project_id, body.person_id):
        raise HoldPersonUnknown
    await take_holds_lock(tx)
    now = clock.now()
    hold = HoldOut(
        id=new_id(now),
        person_id=body.person_id,
        reason=body.reason,
        placed_by=actor.account_id,
        placed_at=now,
        lifted_by=None,
        lifted_at=None,
        lift_reason=None,
    )
    await tx.execute(
        insert(PhotoHold).values(
            project_id=project_id,
            id=hold.id,
            person_id=hold.person_id,
            reason=hold.reason,
            placed_by=hold.placed_by,
            placed_at=now,
        )
    )
    await _tell(tx, actor, "photo_hold.placed", project_id, hold.id, body.reason, clock)
    return hold


async def lift_hold(tx: Tx, actor: Actor, project_id: UUID, hold_id: UUID, body: LiftBody, *, clock: Clock) -> HoldOut:
    """End a hold that somebody else placed; raises ProjectUnknown, HoldUnknown, HoldLifted or HoldNeedsAnother."""
    await require_project(tx, actor, project_id, scope=queries.HOLD)
    row = await queries.find_hold(tx, project_id, hold_id)
    if row is None:
        raise HoldUnknown
    if row.lifted_at is not None:
        raise HoldLifted
    if row.placed_by == actor.account_id:
        raise HoldNeedsAnother
    now = clock.now()
    await tx.execute(
        update(PhotoHold)
        .where(PhotoHold.project_id == project_id, PhotoHold.id == hold_id)
        .values(lifted_by=actor.account_id, lifted_at=now, lift_reason=body.reason)
    )
    await _tell(tx, actor, "photo_hold.lifted", project_id, hold_id, body.reason, clock)
    return HoldOut(
        id=row.id,
        person_id=row.person_id,
        reason=row.reason,
        placed_by=row.placed_by,
        placed_at=row.placed_at,
        lifted_by=actor.account_id,
        lifted_at=now,
        lift_reason=body.reason,
    )


async def _tell(tx: Tx, actor: Actor, action: str, project_id: UUID, hold_id: UUID, reason: str, clock: Clock) -> None:
    await record_act(tx, actor, action, "photo_hold", hold_id, {"reason": reason}, clock=clock, project_id=project_id)


async def set_retention(tx: Tx, actor: Actor, photo_class: str, body: RetentionBody, *, clock: Clock) -> Rule:
    """Set how long photos of a class are kept, those too that are here; raises PhotoClassUnknown or OriginalsOutlive.

    Deletion follows within the hour: what a shorter time ends is gone for good.
    """
    if body.original_days > body.keep_days:
        raise OriginalsOutlive
    await take_holds_lock(tx)
    current = {rule.photo_class: rule for rule in await current_rules(tx)}.get(photo_class)
    if current is None:
        raise PhotoClassUnknown
    now: datetime = clock.now()
    rule = Rule(photo_class, current.version + 1, body.keep_days, body.original_days)
    await tx.execute(
        insert(PhotoRetention).values(
            photo_class=photo_class,
            version=rule.version,
            keep_days=rule.keep_days,
            original_days=rule.original_days,
            set_at=now,
            set_by=actor.account_id,
            reason=body.reason,
        )
    )
    told = {"version": rule.version, "keep_days": rule.keep_days, "original_days": rule.original_days}
    await record_act(
        tx, actor, "photo_retention.set", "photo_class", photo_class, {**told, "reason": body.reason}, clock=clock
    )
    return rule
