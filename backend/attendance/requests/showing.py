"""Puts requests into words: what they are, where they stand, and what is still missing."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from backend.attendance.requests import queries
from backend.attendance.requests.clocks import overdue_days
from backend.attendance.requests.kinds import OPEN
from backend.attendance.requests.schemas import ClaimOut, RequestFile, RequestOut, StepOut
from backend.kit import messages
from backend.kit.cursors import write_cursor
from backend.kit.db import AnyRow, Tx
from backend.kit.wire import Page
from backend.sites.calendar_days import read_calendar
from backend.sites.model import work_on
from backend.sites.working_days import WorkCalendar


async def show_page(tx: Tx, rows: Sequence[AnyRow], limit: int, *, language: str, now: datetime) -> Page[RequestOut]:
    """Return the page of the first `limit` rows; one more was asked for."""
    shown = rows[:limit]
    items = await show_all(tx, shown, language=language, now=now)
    end = shown[-1] if len(rows) > limit else None
    return Page(items=items, next=None if end is None else write_cursor(end.filed_at, end.id))


def for_deputy(request: RequestOut) -> RequestOut:
    """Return leave as the one who stands in sees it: not what a colleague wrote about himself."""
    return msgspec.structs.replace(request, statement="", photos=[])


async def show_all(tx: Tx, rows: Sequence[AnyRow], *, language: str, now: datetime) -> list[RequestOut]:
    """Return requests as people read them."""
    claims = await queries.list_claims(tx, [(row.project_id, row.id) for row in rows if row.kind != "leave"])
    calendar = await read_calendar(tx) if any(row.state in OPEN for row in rows) else WorkCalendar()
    return [_request(row, claims.get(row.id, []), language, calendar, now) for row in rows]


async def show_one(tx: Tx, row: AnyRow, *, language: str, now: datetime) -> RequestFile:
    """Return a request with its steps."""
    (request,) = await show_all(tx, [row], language=language, now=now)
    steps = [
        StepOut(
            seq=one.seq,
            kind=one.kind,
            title=words(language, f"step_{one.kind}"),
            at=one.at,
            account_id=one.account_id,
            by=one.display_name,
            note=one.note,
            appeal_id=one.appeal_id,
            last_on=one.last_on,
        )
        for one in await queries.list_steps(tx, row.project_id, row.id)
    ]
    return RequestFile(request=request, steps=steps)


async def show_again(tx: Tx, project_id: UUID, request_id: UUID, *, language: str, now: datetime) -> RequestFile:
    """Return a request that was just moved, as it is now."""
    row = await queries.find_request(tx, project_id, request_id)
    if row is None:  # never deleted
        msg = f"request {request_id} is gone"
        raise RuntimeError(msg)
    return await show_one(tx, row, language=language, now=now)


def words(language: str, what: str, **numbers: object) -> str:
    """Return the words of a code of this module."""
    return messages.text(language, f"requests.{what}", numbers).title


def _request(row: AnyRow, claims: Sequence[AnyRow], language: str, calendar: WorkCalendar, now: datetime) -> RequestOut:
    is_open = row.state in OPEN
    overdue = overdue_days(calendar, row.due_on, work_on(now, row.time_zone, row.cutover)) if is_open else 0
    return RequestOut(
        request_id=row.id,
        project_id=row.project_id,
        project_name=row.project_name,
        kind=row.kind,
        title=words(language, f"kind_{row.kind}"),
        person_id=row.person_id,
        person_name=row.person_name,
        company_name=row.company_name,
        party_kind=row.party_kind,
        post_kind=row.post_kind,
        first_on=row.first_on,
        last_on=row.last_on,
        ended_on=None if row.stands_until == row.last_on else row.stands_until,
        counted_days=row.counted_days,
        reason=row.reason,
        reason_title=words(language, f"{row.kind}_{row.reason}"),
        statement=row.statement,
        photos=[bytes(one).hex() for one in row.photos],
        claims=[ClaimOut(direction=one.direction, at=one.at, punch_id=one.punch_id) for one in claims],
        against=row.against,
        punch_id=row.punch_id,
        decision_id=row.decision_id,
        deputy_id=row.deputy_id,
        deputy_name=row.deputy_name,
        state=row.state,
        state_title=words(language, f"state_{row.state}"),
        level=row.level,
        waiting=_waiting(row, language, overdue),
        due_on=row.due_on if is_open else None,
        overdue_days=overdue,
        filed_at=row.filed_at,
        changed_at=row.changed_at,
        seq=row.seq,
    )


def _waiting(row: AnyRow, language: str, overdue: int) -> str:
    if row.state not in OPEN:
        return ""
    of = f"deciding_{row.level}" if row.state == "deciding" else row.state
    missing = words(language, f"waits_{of}", deputy=row.deputy_name, due_on=row.due_on)
    return f"{missing}{words(language, 'overdue', days=overdue)}" if overdue else missing
