"""Takes a step of a request: moves its state, writes the step down, and tells those who follow."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import cast
from uuid import UUID

from sqlalchemy import insert, update

from backend.attendance.requests.course import Step, next_state
from backend.attendance.requests.errors import ClaimTaken, LeaveOverlaps, RequestMoved, StepImpossible
from backend.attendance.requests.kinds import RequestKind, State
from backend.attendance.requests.tables import RequestClaim, RequestState, RequestStep
from backend.kit.announcements import announce
from backend.kit.db import AnyRow, Tx, translate_violations

FILED, MOVED = "requests.filed", "requests.moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStep:
    """A step by whom and why; `account_id` None is the term that ended. A higher office gets a term of its own.

    `last_on` is the last day of leave that is shortened.
    """

    kind: Step
    at: datetime
    account_id: UUID | None
    note: str | None = None
    appeal_id: UUID | None = None
    level: int | None = None
    due_on: date | None = None
    last_on: date | None = None


async def take_step(tx: Tx, row: AnyRow, step: NewStep) -> State:
    """Move a request (as `find_request` returned it) and return its new state; what it asked for falls with it.

    Raises StepImpossible, RequestMoved, ClaimTaken or LeaveOverlaps.
    """
    kind, state = cast("RequestKind", row.kind), cast("State", row.state)
    then = next_state(kind, state, step.kind)
    if then is None:
        raise StepImpossible(state=state)
    level = row.level if step.level is None else step.level
    with translate_violations({"uq_request_claim_standing": ClaimTaken, "ex_request_state_leave": LeaveOverlaps}):
        moved = await tx.execute(
            update(RequestState)
            .where(
                RequestState.project_id == row.project_id,
                RequestState.request_id == row.id,
                RequestState.seq == row.seq,
            )
            .values(
                state=then,
                seq=row.seq + 1,
                level=level,
                due_on=row.due_on if step.due_on is None else step.due_on,
                changed_at=step.at,
                **({} if step.last_on is None else {"last_on": step.last_on}),
            )
        )
        if moved.rowcount != 1:
            raise RequestMoved
        if then in {"rejected", "withdrawn"} or step.kind == "overturned":
            await tx.execute(
                update(RequestClaim)
                .where(RequestClaim.project_id == row.project_id, RequestClaim.request_id == row.id)
                .values(stands=step.kind == "overturned")
            )
    await tx.execute(
        insert(RequestStep).values(
            project_id=row.project_id,
            request_id=row.id,
            seq=row.seq + 1,
            kind=step.kind,
            at=step.at,
            account_id=step.account_id,
            note=step.note,
            appeal_id=step.appeal_id,
            last_on=step.last_on,
        )
    )
    told = Told(
        project_id=row.project_id,
        request_id=row.id,
        kind=row.kind,
        person_id=row.person_id,
        deputy_id=row.deputy_id,
        step=step.kind,
        state=then,
        level=level,
        seq=row.seq + 1,
    )
    await tell(tx, told, step.at)
    return then


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What followers are told of a step: ids and codes, no words and no names."""

    project_id: UUID
    request_id: UUID
    kind: str
    person_id: UUID
    deputy_id: UUID | None
    step: str
    state: str
    level: int
    seq: int


async def tell(tx: Tx, told: Told, now: datetime) -> None:
    """Announce that a request was filed or moved."""
    await announce(
        tx,
        FILED if told.step == "filed" else MOVED,
        str(told.request_id),
        occurred_at=now,
        now=now,
        project_id=told.project_id,
        detail={
            "kind": told.kind,
            "step": told.step,
            "state": told.state,
            "level": told.level,
            "seq": told.seq,
            "person_id": str(told.person_id),
            "deputy_id": None if told.deputy_id is None else str(told.deputy_id),
        },
    )
