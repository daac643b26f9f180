"""Puts a fence right that has judged people wrongly: somebody proposes, all see what would change, another approves.

Nothing that was recorded is touched. The new shape becomes known for the past period, and punches whose outcome it
changes get a further ruling each (`correction_steps`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, update

from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.crypto import DataKeys
from backend.kit.cursors import read_cursor
from backend.kit.db import AnyRow, Database, Tx, translate_violations
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.ledger.append import DayFolder
from geofences import correction_queries, queries
from geofences.correction_queries import ChangeCount, CorrectionRow
from geofences.correction_tables import FenceCorrection
from geofences.errors import (
    ChangesDiffer,
    CorrectionRunning,
    CorrectionStale,
    CorrectionUnknown,
    FenceUnknown,
    NotBackdated,
    PeriodInvalid,
    SecondPersonNeeded,
    StateForbids,
    VersionUnknown,
)
from geofences.period_queries import list_periods
from geofences.periods import lay_period
from geofences.publication import enter_force, submit_version
from geofences.workbench import Workbench

SETTLE = timedelta(minutes=1)
"""No transaction lives as long (db.py ends idle ones after 30 s): whatever was received earlier is there or never."""
CLAIMED_AHEAD = timedelta(minutes=10)
"""A punch is received at most so long before the instant that it claims."""


@dataclass(frozen=True, slots=True)
class CorrectionTools:
    """What corrections work with besides the question."""

    database: Database
    data_keys: DataKeys
    workbench: Workbench
    fold_days: DayFolder
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A version that should have been in force from `valid_from` to before `valid_until` (None: from then on)."""

    number: int
    valid_from: datetime
    valid_until: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class CorrectionView:
    """A correction with what it changes; `hidden` changes are about people whom the asker may not see."""

    row: CorrectionRow
    counts: Sequence[ChangeCount]
    hidden: int


async def propose_correction(
    tx: Tx, actor: Actor, project_id: UUID, fence_id: UUID, wish: Wish, *, clock: Clock
) -> UUID:
    """Propose that a version judges a past period; a draft is submitted with it. Returns the correction's id.

    A version that is published for later keeps its time. Raises ProjectUnknown, FenceUnknown, VersionUnknown,
    StateForbids (the version was withdrawn), NotBackdated or PeriodInvalid.
    """
    await queries.require_project(tx, actor, project_id, queries.WRITE)
    if await queries.find_fence(tx, project_id, fence_id, lock=True) is None:
        raise FenceUnknown
    version = await queries.find_version(tx, project_id, fence_id, wish.number)
    if version is None:
        raise VersionUnknown
    if version.state == "withdrawn":
        raise StateForbids(state=version.state, step="correct")
    now = clock.now()
    if wish.valid_from >= now:
        raise NotBackdated(valid_from=wish.valid_from.isoformat(), now=now.isoformat())
    if version.state == "draft":
        await submit_version(tx, actor, project_id, fence_id, wish.number, clock=clock)
    later = [one.valid_from for one in await list_periods(tx, project_id, fence_id) if one.valid_from > now]
    until = min((at for at in (wish.valid_until, *later) if at is not None), default=None)
    if until is not None and until <= wish.valid_from:
        raise PeriodInvalid(valid_from=wish.valid_from.isoformat(), valid_until=until.isoformat())
    correction_id = new_id(now)
    await tx.execute(
        insert(FenceCorrection).values(
            project_id=project_id,
            id=correction_id,
            fence_id=fence_id,
            version_id=version.id,
            state="looking",
            valid_from=wish.valid_from,
            valid_until=until,
            reason=wish.reason,
            proposed_by=actor.account_id,
            proposed_at=now,
            look_until=now - SETTLE,
            cursor_at=wish.valid_from - CLAIMED_AHEAD,
            cursor_id=UUID(int=0),
            examined=0,
            left_out={},
        )
    )
    told = {
        "fence_id": str(fence_id),
        "number": wish.number,
        "valid_from": wish.valid_from.isoformat(),
        "valid_until": None if until is None else until.isoformat(),
        "reason": wish.reason,
    }
    await _note(tx, actor, project_id, correction_id, "proposed", told, clock)
    return correction_id


async def approve_correction(
    tx: Tx, actor: Actor, project_id: UUID, correction_id: UUID, *, changes: int, clock: Clock
) -> None:
    """Make the new knowledge known; the rulings follow in steps. A repeated approval by the same person does nothing.

    `changes` is the number of changes that the approver has seen. Raises ProjectUnknown, CorrectionUnknown,
    StateForbids, SecondPersonNeeded (the proposer and who drew the version cannot approve), ChangesDiffer,
    CorrectionStale (something about the project's fences became known since), CorrectionRunning (another one of the
    project is being applied) or AreaInvalid.
    """
    await queries.require_project(tx, actor, project_id, queries.PUBLISH)
    correction = await correction_queries.find_correction(tx, project_id, correction_id, lock=True)
    if correction is None:
        raise CorrectionUnknown
    if correction.state in {"applying", "applied"} and correction.approved_by == actor.account_id:
        return
    if correction.state != "proposed":
        raise StateForbids(state=correction.state, step="approve")
    if await queries.find_fence(tx, project_id, correction.fence_id, lock=True) is None:
        raise FenceUnknown
    version = await queries.find_version(tx, project_id, correction.fence_id, correction.number)
    if version is None or version.state == "withdrawn":
        raise StateForbids(state="withdrawn", step="approve")
    if actor.account_id in {correction.proposed_by, version.created_by}:
        raise SecondPersonNeeded
    found = sum(one.changes for one in await correction_queries.count_changes(tx, project_id, correction_id))
    if found != changes:
        raise ChangesDiffer(seen=changes, found=found)
    if await correction_queries.is_stale(tx, correction):
        raise CorrectionStale
    now = clock.now()
    await enter_force(tx, actor, project_id, version, clock=clock)
    known_from = await lay_period(
        tx,
        actor,
        project_id,
        correction.fence_id,
        version.id,
        valid_from=correction.valid_from,
        valid_until=correction.valid_until,
        now=now,
    )
    with translate_violations({"uq_fence_correction_running": CorrectionRunning}):
        await change_correction(
            tx, correction, state="applying", approved_by=actor.account_id, approved_at=now, known_from=known_from
        )
    told = {"fence_id": str(correction.fence_id), "number": correction.number, "changes": found}
    await _note(tx, actor, project_id, correction_id, "approved", told, clock)


async def drop_correction(tx: Tx, actor: Actor, project_id: UUID, correction_id: UUID, *, clock: Clock) -> None:
    """Give a correction up that nobody has approved; its version stays as it is.

    Raises ProjectUnknown, CorrectionUnknown or StateForbids.
    """
    await queries.require_project(tx, actor, project_id, queries.WRITE)
    correction = await correction_queries.find_correction(tx, project_id, correction_id, lock=True)
    if correction is None:
        raise CorrectionUnknown
    if correction.state not in {"looking", "proposed"}:
        raise StateForbids(state=correction.state, step="withdraw")
    await change_correction(tx, correction, state="dropped", dropped_by=actor.account_id, ended_at=clock.now())
    await _note(tx, actor, project_id, correction_id, "dropped", {"fence_id": str(correction.fence_id)}, clock)


async def show_correction(tx: Tx, actor: Actor, project_id: UUID, correction_id: UUID) -> CorrectionView:
    """Return a correction with the number of its changes; raises ProjectUnknown or CorrectionUnknown."""
    await queries.require_project(tx, actor, project_id, queries.READ)
    row = await correction_queries.find_correction(tx, project_id, correction_id)
    if row is None:
        raise CorrectionUnknown
    counts = await correction_queries.count_changes(tx, project_id, correction_id)
    seen = await correction_queries.count_visible_changes(tx, actor, project_id, correction_id)
    return CorrectionView(row, counts, sum(one.changes for one in counts) - seen)


async def list_corrections(tx: Tx, actor: Actor, project_id: UUID, fence_id: UUID) -> list[CorrectionView]:
    """Return a fence's corrections, latest first, without their changes; raises ProjectUnknown or FenceUnknown."""
    await queries.require_project(tx, actor, project_id, queries.READ)
    if await queries.find_fence(tx, project_id, fence_id) is None:
        raise FenceUnknown
    return [CorrectionView(row, (), 0) for row in await correction_queries.list_corrections(tx, project_id, fence_id)]


async def list_changes(
    tx: Tx, actor: Actor, project_id: UUID, correction_id: UUID, *, after: str | None, limit: int
) -> list[AnyRow]:
    """Return the changes about people whom the actor may see, from a cursor on.

    Raises ProjectUnknown, CorrectionUnknown or CursorInvalid.
    """
    await queries.require_project(tx, actor, project_id, queries.READ)
    if await correction_queries.find_correction(tx, project_id, correction_id) is None:
        raise CorrectionUnknown
    cursor = None if after is None else read_cursor(after)
    return await correction_queries.list_changes(tx, actor, project_id, correction_id, after=cursor, limit=limit)


async def change_correction(tx: Tx, correction: CorrectionRow, **values: object) -> None:
    """Set columns of a correction whose row the caller has locked."""
    await tx.execute(
        update(FenceCorrection)
        .where(FenceCorrection.project_id == correction.project_id, FenceCorrection.id == correction.id)
        .values(**values)
    )


async def _note(
    tx: Tx, actor: Actor, project_id: UUID, correction_id: UUID, step: str, told: Mapping[str, object], clock: Clock
) -> None:
    action = f"fence_correction.{step}"
    await record_act(tx, actor, action, "fence_correction", correction_id, told, clock=clock, project_id=project_id)
