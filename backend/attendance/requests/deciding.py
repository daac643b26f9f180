"""Takes the steps of those who decide on a request: endorse, approve, reject; and of deputies and the person himself.

Who may is known by three rules. Nobody decides on what he asked for. Who took an earlier step, or the decision that an
appeal disputes, does not take the next. A request is decided by another party of the project that oversees it (the
supervisor, the owner), never the person's own, or by district and city; an appeal that went up, by these alone.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from backend.attendance.requests import errors, queries
from backend.attendance.requests.kinds import PARTY_LEVEL
from backend.attendance.requests.outcomes import Decision, carry_out
from backend.attendance.requests.recording import NewStep, take_step
from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.db import AnyRow, Database, Tx
from backend.kit.guards import Actor
from backend.ledger.append import DayFolder
from backend.ledger.model import dedupe_bucket
from backend.ledger.partitions import in_ledger_transaction

_ENDORSING, _DECIDING = "endorsing", "deciding"


async def endorse(
    tx: Tx, actor: Actor, project_id: UUID, request_id: UUID, *, seq: int, yes: bool, note: str | None, clock: Clock
) -> None:
    """Say for the project that a make-up is right, or refuse it with a note.

    Raises RequestUnknown, OwnRequest, RequestMoved, StepImpossible or NoteMissing.
    """
    row = await lock_for(tx, actor, project_id, request_id, seq)
    if not await queries.may_endorse(tx, actor, project_id):
        raise errors.RequestUnknown
    _require_other(actor, row)
    if row.state != _ENDORSING:
        raise errors.StepImpossible(state=row.state)
    if not yes and note is None:
        raise errors.NoteMissing
    now = clock.now()
    kind = "endorsed" if yes else "rejected"
    await take_step(tx, row, NewStep(kind=kind, at=now, account_id=actor.account_id, note=note))
    await record_act(tx, actor, f"request.{kind}", "attendance_request", request_id, clock=clock, project_id=project_id)


async def decide(  # noqa: PLR0913 - a decision and what it works with
    database: Database,
    actor: Actor,
    project_id: UUID,
    request_id: UUID,
    *,
    seq: int,
    yes: bool,
    note: str,
    clock: Clock,
    fold: DayFolder,
) -> None:
    """Approve a request, which takes effect in the same transaction, or reject it.

    Raises RequestUnknown, OwnRequest, OwnPartyRequest, OwnStep, HigherDecides, RequestMoved, StepImpossible,
    ClaimTaken, LeaveOverlaps, NothingToAppeal or RulingStale.
    """
    now = clock.now()

    async def attempt() -> None:
        async with database.transaction() as tx:
            row = await lock_for(tx, actor, project_id, request_id, seq)
            await _require_right(tx, actor, row)
            if row.state != _DECIDING:
                raise errors.StepImpossible(state=row.state)
            kind = "approved" if yes else "rejected"
            await take_step(tx, row, NewStep(kind=kind, at=now, account_id=actor.account_id, note=note))
            if yes:
                await carry_out(tx, row, Decision(account_id=actor.account_id, note=note, now=now, fold=fold))
            await record_act(
                tx, actor, f"request.{kind}", "attendance_request", request_id, clock=clock, project_id=project_id
            )

    async with database.transaction() as tx:
        buckets = await _buckets(tx, project_id, request_id)
    await in_ledger_transaction(database, attempt, received=(now.date(),), buckets=buckets)


async def withdraw(tx: Tx, actor: Actor, person_id: UUID, request_id: UUID, *, clock: Clock) -> AnyRow:
    """Take one's own request back before it is decided; raises RequestUnknown, RequestMoved or StepImpossible."""
    row = await find_own(tx, person_id, request_id)
    await queries.lock_request(tx, row.project_id, row.id)
    await take_step(tx, row, NewStep(kind="withdrawn", at=clock.now(), account_id=actor.account_id))
    return row


async def answer_as_deputy(
    tx: Tx, actor: Actor, person_id: UUID, request_id: UUID, *, yes: bool, note: str | None, clock: Clock
) -> AnyRow:
    """Confirm that one stands in, or decline with a note; raises RequestUnknown, StepImpossible or NoteMissing."""
    row = await queries.find_by_id(tx, request_id)
    if row is None or row.deputy_id != person_id:
        raise errors.RequestUnknown
    if not yes and note is None:
        raise errors.NoteMissing
    await queries.lock_request(tx, row.project_id, row.id)
    kind = "deputy_confirmed" if yes else "deputy_declined"
    await take_step(tx, row, NewStep(kind=kind, at=clock.now(), account_id=actor.account_id, note=note))
    return row


async def find_own(tx: Tx, person_id: UUID, request_id: UUID) -> AnyRow:
    """Return one's own request; raises RequestUnknown."""
    row = await queries.find_by_id(tx, request_id)
    if row is None or row.person_id != person_id:
        raise errors.RequestUnknown
    return row


async def lock_for(tx: Tx, actor: Actor, project_id: UUID, request_id: UUID, seq: int) -> AnyRow:
    """Return the request as it is and keep it so; raises RequestUnknown, or RequestMoved when `seq` is another."""
    await queries.lock_request(tx, project_id, request_id)
    row = await queries.find_request(tx, project_id, request_id, actor=actor)
    if row is None:
        raise errors.RequestUnknown
    if row.seq != seq:
        raise errors.RequestMoved
    return row


def _require_other(actor: Actor, row: AnyRow) -> None:
    if row.filed_by == actor.account_id or row.person_id == actor.person_id:
        raise errors.OwnRequest


async def _require_right(tx: Tx, actor: Actor, row: AnyRow) -> None:
    await require_office(tx, actor, row)
    if actor.account_id in await _who_came_before(tx, row):
        raise errors.OwnStep


async def require_office(tx: Tx, actor: Actor, row: AnyRow) -> None:
    """Raise OwnRequest, OwnPartyRequest or HigherDecides for who holds no office that decides on the request."""
    _require_other(actor, row)
    highest = await queries.decides_for_public(tx, actor, row.project_id)
    if highest is None:
        if not await queries.decides_for_party(tx, actor, row.project_id, row.person_id):
            raise errors.OwnPartyRequest
        highest = PARTY_LEVEL
    if row.level > highest:
        raise errors.HigherDecides


async def _who_came_before(tx: Tx, row: AnyRow) -> set[UUID]:
    """Return who took a step of this request, of the refusal it disputes, or ruled on its punch last."""
    steps: Sequence[AnyRow] = await queries.list_steps(tx, row.project_id, row.id)
    if row.decision_id is not None:
        steps = [*steps, *await queries.list_steps(tx, row.project_id, row.decision_id)]
    before = {step.account_id for step in steps if step.account_id is not None}
    if row.punch_id is not None:
        before |= await queries.who_ruled(tx, row.project_id, row.punch_id)
    return before


async def _buckets(tx: Tx, project_id: UUID, request_id: UUID) -> set[date]:
    """Return the months in which the punches that are asked for are told apart, also those of a disputed refusal."""
    row = await queries.find_request(tx, project_id, request_id)
    keys = [(project_id, request_id)]
    while row is not None and row.decision_id is not None:
        keys.append((project_id, row.decision_id))
        row = await queries.find_request(tx, project_id, row.decision_id)
    claims = await queries.list_claims(tx, keys)
    return {dedupe_bucket(claim.at) for rows in claims.values() for claim in rows}
