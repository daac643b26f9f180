"""Every SELECT of corrections and of the rulings that they change."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exists, func, or_, select

from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.sites.person_rights import sees_person
from backend.sites.tables import Person
from geofences.correction_tables import FenceCorrection, FenceCorrectionChange
from geofences.period_queries import instant
from geofences.replay_queries import PEOPLE
from geofences.tables import FencePeriod, FenceVersion


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """A correction as it stands; `cursor_*`, `look_until` say how far receipts have been looked through."""

    project_id: UUID
    id: UUID
    fence_id: UUID
    version_id: UUID
    number: int
    state: str
    valid_from: datetime
    valid_until: datetime | None
    reason: str
    proposed_by: UUID
    proposed_at: datetime
    look_until: datetime
    cursor_at: datetime
    cursor_id: UUID
    examined: int
    left_out: dict[str, int]
    approved_by: UUID | None
    approved_at: datetime | None
    known_from: datetime | None
    dropped_by: UUID | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChangeCount:
    """How many rulings go from one outcome to another: all, ruled anew, and left since somebody ruled in between."""

    from_outcome: str
    to_outcome: str
    changes: int
    ruled: int
    kept: int


_COLUMNS = (
    FenceCorrection.project_id,
    FenceCorrection.id,
    FenceCorrection.fence_id,
    FenceCorrection.version_id,
    FenceVersion.number,
    FenceCorrection.state,
    FenceCorrection.valid_from,
    FenceCorrection.valid_until,
    FenceCorrection.reason,
    FenceCorrection.proposed_by,
    FenceCorrection.proposed_at,
    FenceCorrection.look_until,
    FenceCorrection.cursor_at,
    FenceCorrection.cursor_id,
    FenceCorrection.examined,
    FenceCorrection.left_out,
    FenceCorrection.approved_by,
    FenceCorrection.approved_at,
    FenceCorrection.known_from,
    FenceCorrection.dropped_by,
    FenceCorrection.ended_at,
)
_OF_VERSION = and_(FenceVersion.project_id == FenceCorrection.project_id, FenceVersion.id == FenceCorrection.version_id)


async def find_correction(tx: Tx, project_id: UUID, correction_id: UUID, *, lock: bool = False) -> CorrectionRow | None:
    """Return a correction; `lock` makes its steps queue up until the transaction ends."""
    statement = (
        select(*_COLUMNS)
        .join(FenceVersion, _OF_VERSION)
        .where(FenceCorrection.project_id == project_id, FenceCorrection.id == correction_id)
    )
    if lock:
        statement = statement.with_for_update(of=FenceCorrection)
    row = (await tx.execute(statement)).one_or_none()
    return None if row is None else CorrectionRow(*row)


async def list_corrections(tx: Tx, project_id: UUID, fence_id: UUID) -> list[CorrectionRow]:
    """Return the last hundred corrections of a fence, latest first."""
    statement = (
        select(*_COLUMNS)
        .join(FenceVersion, _OF_VERSION)
        .where(FenceCorrection.project_id == project_id, FenceCorrection.fence_id == fence_id)
        .order_by(FenceCorrection.proposed_at.desc(), FenceCorrection.id.desc())
        .limit(100)
    )
    return [CorrectionRow(*row) for row in await tx.execute(statement)]


async def list_open_corrections(tx: Tx) -> list[tuple[UUID, UUID]]:
    """Return (project, correction) of all that have work left, oldest first."""
    statement = (
        select(FenceCorrection.project_id, FenceCorrection.id)
        .where(FenceCorrection.state.in_(("looking", "applying")))
        .order_by(FenceCorrection.proposed_at)
        .limit(100)
    )
    return [(row[0], row[1]) for row in await tx.execute(statement)]


async def count_changes(tx: Tx, project_id: UUID, correction_id: UUID) -> list[ChangeCount]:
    """Count the rulings that a correction changes, by outcome before and after."""
    change = FenceCorrectionChange
    statement = (
        select(
            change.from_outcome,
            change.to_outcome,
            func.count(),
            func.count(change.ruling_id),
            func.count().filter(change.settled_at.is_not(None), change.ruling_id.is_(None)),
        )
        .where(change.project_id == project_id, change.correction_id == correction_id)
        .group_by(change.from_outcome, change.to_outcome)
        .order_by(change.from_outcome, change.to_outcome)
    )
    return [ChangeCount(*row) for row in await tx.execute(statement)]


async def count_visible_changes(tx: Tx, actor: Actor, project_id: UUID, correction_id: UUID) -> int:
    """Count those of them that are about people whom the actor may see."""
    statement = select(func.count()).where(*_visible(actor, project_id, correction_id))
    return await tx.scalar(statement) or 0


async def list_changes(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    correction_id: UUID,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[AnyRow]:
    """Return the changes about people whom the actor may see, with their names, in the order of the punches."""
    change = FenceCorrectionChange
    conditions = _visible(actor, project_id, correction_id)
    if after is not None:
        at, punch_id = after
        conditions.append(or_(change.occurred_at > at, and_(change.occurred_at == at, change.punch_id > punch_id)))
    statement = (
        select(change, Person.name.label("person_name"))
        .outerjoin(Person, Person.id == change.person_id)
        .where(*conditions)
        .order_by(change.occurred_at, change.punch_id)
        .limit(limit)
    )
    return list((await tx.execute(statement)).all())


async def list_unsettled(tx: Tx, project_id: UUID, correction_id: UUID, limit: int) -> list[UUID]:
    """Return the punches of the next changes to settle, by id."""
    change = FenceCorrectionChange
    statement = (
        select(change.punch_id)
        .where(change.project_id == project_id, change.correction_id == correction_id, change.settled_at.is_(None))
        .order_by(change.punch_id)
        .limit(limit)
    )
    return list((await tx.execute(statement)).scalars())


async def is_stale(tx: Tx, correction: CorrectionRow) -> bool:
    """Tell whether anything became known since the proposal that its preview would have looked at."""
    statement = select(
        exists(
            select(FencePeriod.id).where(
                FencePeriod.project_id == correction.project_id,
                func.lower(FencePeriod.known_during) >= correction.proposed_at,
                or_(
                    FencePeriod.fence_id == correction.fence_id,
                    func.lower(FencePeriod.valid_during) < instant(correction.look_until),
                ),
            )
        )
    )
    return bool(await tx.scalar(statement))


def _visible(actor: Actor, project_id: UUID, correction_id: UUID) -> list[Any]:
    change = FenceCorrectionChange
    return [
        change.project_id == project_id,
        change.correction_id == correction_id,
        sees_person(actor, PEOPLE, change.project_id, change.person_id),
    ]
