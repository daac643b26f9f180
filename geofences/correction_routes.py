"""Routes of corrections: propose, look at what would change, approve, give up."""

from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.kit.cursors import CursorInvalid, write_cursor
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.sites.errors import ProjectUnknown
from geofences import corrections, errors
from geofences.addressing import FENCE, PROJECT, PUBLISHES, READS, UNKNOWN, WRITES
from geofences.correction_schemas import (
    ApprovalBody,
    ChangeAnswer,
    CorrectionAnswer,
    CorrectionBody,
    CorrectionsAnswer,
    change_answer,
    correction_answer,
)
from geofences.correction_steps import advance_correction
from geofences.corrections import CorrectionTools

CORRECTION = PROJECT + "/fence-corrections/{correction_id:uuid}"
STEPS_AT_ONCE = 10
"""Steps that a request takes itself; the worker takes the rest."""

_UNKNOWN = (ProjectUnknown, errors.CorrectionUnknown)
Limit = Annotated[int, QueryParameter(ge=1, le=200, description="rows per page")]


@post(
    f"{FENCE}/corrections",
    opt=WRITES
    | {
        "raises": (
            *UNKNOWN,
            errors.StateForbids,
            errors.NotBackdated,
            errors.PeriodInvalid,
            errors.WorkbenchFull,
        )
    },
    summary="Propose a correction of a fence",
)
async def propose_correction(
    project_id: FromPath[UUID],
    fence_id: FromPath[UUID],
    data: JSONBody[CorrectionBody],
    actor: NamedDependency[Actor],
    correction_tools: NamedDependency[CorrectionTools],
) -> CorrectionAnswer:
    """Propose that a version judges a past period, and look at what would change; nothing is ruled yet.

    Long periods are looked through further after the answer (`state` is `looking` until then).
    """
    tools = correction_tools
    async with tools.database.transaction() as tx:
        made = await corrections.propose_correction(tx, actor, project_id, fence_id, data.wish(), clock=tools.clock)
    return await _advanced(tools, actor, project_id, made)


@get(f"{FENCE}/corrections", opt=READS | {"raises": UNKNOWN[:2]}, summary="List the corrections of a fence")
async def list_corrections(
    project_id: FromPath[UUID], fence_id: FromPath[UUID], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> CorrectionsAnswer:
    """List the last hundred, latest first."""
    found = await corrections.list_corrections(tx, actor, project_id, fence_id)
    return CorrectionsAnswer(corrections=[correction_answer(one) for one in found])


@get(CORRECTION, opt=READS | {"raises": _UNKNOWN}, summary="Show a correction")
async def show_correction(
    project_id: FromPath[UUID],
    correction_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
) -> CorrectionAnswer:
    """Show how far it is and how many rulings it changes."""
    return correction_answer(await corrections.show_correction(tx, actor, project_id, correction_id))


@get(
    f"{CORRECTION}/changes",
    opt=READS | {"raises": (*_UNKNOWN, CursorInvalid)},
    summary="List the rulings that a correction changes",
)
async def list_changes(
    project_id: FromPath[UUID],
    correction_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    limit: Limit = 50,
    after: FromQuery[str | None] = None,
) -> Page[ChangeAnswer]:
    """List them by the instant of the punch, of the people whom the caller may see."""
    rows = await corrections.list_changes(tx, actor, project_id, correction_id, after=after, limit=limit + 1)
    items = [change_answer(row) for row in rows[:limit]]
    end = items[-1] if len(rows) > limit else None
    return Page(items=items, next=None if end is None else write_cursor(end.occurred_at, end.punch_id))


@post(
    f"{CORRECTION}/approval",
    status_code=200,
    opt=PUBLISHES
    | {
        "raises": (
            *_UNKNOWN,
            errors.StateForbids,
            errors.SecondPersonNeeded,
            errors.ChangesDiffer,
            errors.CorrectionStale,
            errors.CorrectionRunning,
            errors.AreaInvalid,
            errors.WorkbenchFull,
        )
    },
    summary="Approve a correction",
)
async def approve_correction(
    project_id: FromPath[UUID],
    correction_id: FromPath[UUID],
    data: JSONBody[ApprovalBody],
    actor: NamedDependency[Actor],
    correction_tools: NamedDependency[CorrectionTools],
) -> CorrectionAnswer:
    """Make the version known for the period and rule anew; only another person than proposed and drew it can.

    The same approval again changes nothing and answers how far it is.
    """
    tools = correction_tools
    async with tools.database.transaction() as tx:
        await corrections.approve_correction(
            tx, actor, project_id, correction_id, changes=data.changes, clock=tools.clock
        )
    return await _advanced(tools, actor, project_id, correction_id)


@post(
    f"{CORRECTION}/withdrawal",
    status_code=200,
    opt=WRITES | {"raises": (*_UNKNOWN, errors.StateForbids)},
    summary="Give a correction up",
)
async def drop_correction(
    project_id: FromPath[UUID],
    correction_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    correction_tools: NamedDependency[CorrectionTools],
) -> CorrectionAnswer:
    """Give up what nobody has approved yet."""
    async with correction_tools.database.transaction() as tx:
        await corrections.drop_correction(tx, actor, project_id, correction_id, clock=correction_tools.clock)
        return correction_answer(await corrections.show_correction(tx, actor, project_id, correction_id))


async def _advanced(tools: CorrectionTools, actor: Actor, project_id: UUID, correction_id: UUID) -> CorrectionAnswer:
    """Take the first steps at once and answer how far that came."""
    for _ in range(STEPS_AT_ONCE):
        if not await advance_correction(tools, project_id, correction_id):
            break
    async with tools.database.transaction() as tx:
        return correction_answer(await corrections.show_correction(tx, actor, project_id, correction_id))


HANDLERS = (
    propose_correction,
    list_corrections,
    show_correction,
    list_changes,
    approve_correction,
    drop_correction,
)
