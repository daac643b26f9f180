"""Use cases of stops of work: file, decide by somebody else who supervises, end by the order to resume, list."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Select, and_, insert, select
from sqlalchemy.orm import aliased

from backend.attendance.rates.errors import SpanInvalid, StopWorkDecided, StopWorkOwn, StopWorkUnknown
from backend.attendance.rates.rights import RULES, STOP_WORK, supervises
from backend.attendance.rates.rule_schemas import StopDecisionBody, StopEndBody, StopWorkBody, StopWorkOut
from backend.attendance.rates.tables import StopWork, StopWorkStep
from backend.identity.audit import record_act
from backend.identity.tables import Account
from backend.kit.clock import Clock
from backend.kit.db import AnyRow, Tx, translate_violations
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites.errors import SupervisorNeeded
from backend.sites.projects import require_project

READ = "attendance.read"
_ONCE = {"pk_stop_work_step": StopWorkDecided}


async def file_stop_work(tx: Tx, actor: Actor, project_id: UUID, body: StopWorkBody, *, clock: Clock) -> StopWorkOut:
    """File a stop of work; raises ProjectUnknown or SpanInvalid."""
    await require_project(tx, actor, project_id, scope=STOP_WORK)
    if body.to_on is not None and body.to_on < body.from_on:
        raise SpanInvalid
    now = clock.now()
    stop_id = new_id(now)
    await tx.execute(
        insert(StopWork).values(
            project_id=project_id,
            id=stop_id,
            from_on=body.from_on,
            to_on=body.to_on,
            cause=body.cause,
            reason=body.reason,
            filed_by=actor.account_id,
            filed_at=now,
        )
    )
    detail = {"from_on": body.from_on.isoformat(), "cause": body.cause}
    await _note(tx, actor, project_id, stop_id, "filed", detail, clock)
    return _stop(await _find(tx, project_id, stop_id))


async def decide_stop_work(
    tx: Tx, actor: Actor, project_id: UUID, stop_id: UUID, body: StopDecisionBody, *, clock: Clock
) -> StopWorkOut:
    """Approve or refuse a stop.

    Raises ProjectUnknown, SupervisorNeeded, StopWorkUnknown, StopWorkOwn or StopWorkDecided.
    """
    await require_project(tx, actor, project_id, scope=RULES)
    if not await supervises(tx, actor, RULES, project_id):
        raise SupervisorNeeded
    row = await _find(tx, project_id, stop_id)
    if row.filed_by_id == actor.account_id:
        raise StopWorkOwn
    kind = "approved" if body.approved else "refused"
    await _take(tx, actor, project_id, stop_id, 1, clock, kind=kind, note=body.note)
    await _note(tx, actor, project_id, stop_id, kind, {}, clock)
    return _stop(await _find(tx, project_id, stop_id))


async def end_stop_work(
    tx: Tx, actor: Actor, project_id: UUID, stop_id: UUID, body: StopEndBody, *, clock: Clock
) -> StopWorkOut:
    """Say which day was the last of an approved stop.

    Raises ProjectUnknown, StopWorkUnknown, SpanInvalid or StopWorkDecided.
    """
    await require_project(tx, actor, project_id, scope=STOP_WORK)
    row = await _find(tx, project_id, stop_id)
    if row.decision != "approved":
        raise StopWorkDecided
    if body.last_on < row.from_on or (row.to_on is not None and body.last_on > row.to_on):
        raise SpanInvalid
    await _take(tx, actor, project_id, stop_id, 2, clock, kind="ended", note=body.note, last_on=body.last_on)
    await _note(tx, actor, project_id, stop_id, "ended", {"last_on": body.last_on.isoformat()}, clock)
    return _stop(await _find(tx, project_id, stop_id))


async def list_stop_work(tx: Tx, actor: Actor, project_id: UUID) -> list[StopWorkOut]:
    """Return a project's stops, the latest first; raises ProjectUnknown."""
    await require_project(tx, actor, project_id, scope=READ)
    rows = await tx.execute(
        _query().where(StopWork.project_id == project_id).order_by(StopWork.from_on.desc()).limit(500)
    )
    return [_stop(row) for row in rows]


async def _take(
    tx: Tx, actor: Actor, project_id: UUID, stop_id: UUID, seq: int, clock: Clock, **values: object
) -> None:
    with translate_violations(_ONCE):
        await tx.execute(
            insert(StopWorkStep).values(
                project_id=project_id,
                stop_work_id=stop_id,
                seq=seq,
                taken_by=actor.account_id,
                taken_at=clock.now(),
                **values,
            )
        )


async def _note(
    tx: Tx, actor: Actor, project_id: UUID, stop_id: UUID, what: str, detail: dict[str, str], clock: Clock
) -> None:
    await record_act(tx, actor, f"stop_work.{what}", "stop_work", stop_id, detail, clock=clock, project_id=project_id)


def _query() -> Select[*tuple[Any, ...]]:
    filer, decider = aliased(Account), aliased(Account)
    decision, end = aliased(StopWorkStep), aliased(StopWorkStep)
    return (
        select(
            StopWork.id,
            StopWork.from_on,
            StopWork.to_on,
            StopWork.cause,
            StopWork.reason,
            StopWork.filed_at,
            StopWork.filed_by.label("filed_by_id"),
            filer.display_name.label("filed_by"),
            decision.kind.label("decision"),
            decision.note,
            decision.taken_at,
            decider.display_name.label("decided_by"),
            end.last_on,
        )
        .join(filer, filer.id == StopWork.filed_by)
        .outerjoin(
            decision,
            and_(
                decision.project_id == StopWork.project_id,
                decision.stop_work_id == StopWork.id,
                decision.kind != "ended",
            ),
        )
        .outerjoin(decider, decider.id == decision.taken_by)
        .outerjoin(
            end, and_(end.project_id == StopWork.project_id, end.stop_work_id == StopWork.id, end.kind == "ended")
        )
    )


async def _find(tx: Tx, project_id: UUID, stop_id: UUID) -> AnyRow:
    row = (await tx.execute(_query().where(StopWork.project_id == project_id, StopWork.id == stop_id))).one_or_none()
    if row is None:
        raise StopWorkUnknown
    return row


def _stop(row: AnyRow) -> StopWorkOut:
    state: Literal["filed", "approved", "refused", "ended"] = "filed"
    if row.decision is not None:
        state = "refused" if row.decision == "refused" else "ended" if row.last_on else "approved"
    return StopWorkOut(
        stop_work_id=row.id,
        from_on=row.from_on,
        to_on=row.to_on,
        last_on=row.last_on or row.to_on,
        cause=row.cause,
        reason=row.reason,
        state=state,
        filed_at=row.filed_at,
        filed_by=row.filed_by,
        decided_at=row.taken_at,
        decided_by=row.decided_by,
        note=row.note,
    )
