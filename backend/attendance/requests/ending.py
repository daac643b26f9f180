"""Ends approved leave early, by the person or by who may decide on it: a new step, never a change of what was approved.

The days behind the new last one are owed again and no quota counts them, from the moment of the step: rates, quotas,
overlaps and who stands in all read where the request stands.
"""

from datetime import date, datetime, timedelta
from typing import Final, cast
from uuid import UUID

from backend.attendance.requests import errors, filing_queries, queries
from backend.attendance.requests.deciding import find_own, lock_for, require_office
from backend.attendance.requests.filing_queries import SiteRow
from backend.attendance.requests.recording import NewStep, take_step
from backend.attendance.requests.rules import LeaveRule, rule_in_force
from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.sites.model import work_on

_DAY: Final = timedelta(days=1)


async def end_own_leave(
    tx: Tx, actor: Actor, person_id: UUID, request_id: UUID, *, last_on: date | None, note: str | None, clock: Clock
) -> AnyRow:
    """End one's own approved leave with `last_on` as its last day, None: nothing of it is taken.

    Raises RequestUnknown, StepImpossible, EndingInvalid, EndingWhole, EndingTooLate or RequestMoved.
    """
    row = await find_own(tx, person_id, request_id)
    await queries.lock_request(tx, row.project_id, row.id)
    row = await find_own(tx, person_id, request_id)
    await _end(tx, actor, row, last_on, note, clock.now())
    return row


async def end_leave(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    request_id: UUID,
    *,
    seq: int,
    last_on: date | None,
    note: str,
    clock: Clock,
) -> None:
    """End somebody's approved leave as one who may decide on it, also who approved it.

    Raises RequestUnknown, OwnRequest, OwnPartyRequest, HigherDecides, RequestMoved, StepImpossible, EndingInvalid,
    EndingWhole or EndingTooLate.
    """
    row = await lock_for(tx, actor, project_id, request_id, seq)
    await require_office(tx, actor, row)
    kind = await _end(tx, actor, row, last_on, note, clock.now())
    await record_act(tx, actor, f"request.{kind}", "attendance_request", request_id, clock=clock, project_id=project_id)


async def _end(tx: Tx, actor: Actor, row: AnyRow, last_on: date | None, note: str | None, now: datetime) -> str:
    if row.kind != "leave" or row.state != "approved":
        raise errors.StepImpossible(state=row.state)
    site = SiteRow(row.project_id, row.project_name, row.district_id, row.time_zone, row.cutover)
    today = work_on(now, site.time_zone, site.cutover)
    rule = cast("LeaveRule", rule_in_force(await filing_queries.list_rules(tx, site), "leave", today)[0])
    # Yesterday is the last day of who is back today; like a late filing, an ending may come some days late.
    earliest, latest = today - _DAY - timedelta(days=rule.late_days), row.stands_until - _DAY
    before = row.first_on - _DAY
    kept = before if last_on is None else last_on
    if not max(earliest, before) <= kept <= latest:
        if max(earliest, row.first_on) <= latest:
            raise errors.EndingInvalid(earliest=max(earliest, row.first_on).isoformat(), latest=latest.isoformat())
        raise errors.EndingWhole if earliest <= before else errors.EndingTooLate(days=rule.late_days)
    kind = "cancelled" if kept == before else "shortened"
    step = NewStep(
        kind=kind, at=now, account_id=actor.account_id, note=note, last_on=None if kind == "cancelled" else kept
    )
    await take_step(tx, row, step)
    return kind
