"""Use cases of attendance for staff: days of a project, one day with its entries, who was on post."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from backend.attendance import queries
from backend.attendance.errors import DayUnknown
from backend.attendance.schemas import OnPostAnswer, OnPostLine, PersonDayOut
from backend.kit.clock import Clock
from backend.kit.cursors import read_cursor, write_cursor
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.sites.errors import ProjectUnknown
from backend.sites.model import work_on
from backend.sites.posts import POST_KINDS
from backend.sites.queries import ProjectRow, find_project

SPAN = timedelta(days=31)
# Key posts first, each group in the order in which the trade names them.
_RANK = {kind.code: (not kind.key, place) for place, kind in enumerate(POST_KINDS.values())}


async def _project(tx: Tx, actor: Actor, project_id: UUID) -> ProjectRow:
    project = await find_project(tx, actor, project_id, scope=queries.READ)
    if project is None:
        raise ProjectUnknown
    return project


def _day(row: AnyRow) -> PersonDayOut:
    return PersonDayOut(
        project_id=row.project_id,
        person_id=row.person_id,
        person_name=row.person_name,
        work_on=row.work_on,
        first_at=row.first_at,
        last_at=row.last_at,
        span_s=row.span_s,
        punches=row.punches,
        in_review=row.in_review,
        sources=row.sources,
        valid=row.valid,
        provisional=row.provisional,
        rule=row.rule,
        revision=row.revision,
        computed_at=row.computed_at,
        entries=row.entries,
    )


async def list_project_days(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    *,
    clock: Clock,
    since: date | None,
    until: date | None,
    after: str | None,
    limit: int,
) -> Page[PersonDayOut]:
    """Return one page of a project's person-days by day and person; the last 31 days unless told otherwise."""
    project = await _project(tx, actor, project_id)
    last = until or work_on(clock.now(), project.time_zone, project.cutover)
    # The year 1 has no month before it, and no days of anybody.
    first = last - SPAN if last.year > 1 else last
    cursor = None
    if after is not None:
        at, person_id = read_cursor(after)
        cursor = (at.date(), person_id)
    rows = await queries.list_days(
        tx, actor, project_id, since=since or first, until=last, after=cursor, limit=limit + 1
    )
    days = [_day(row) for row in rows[:limit]]
    end = days[-1] if len(rows) > limit else None
    following = None if end is None else write_cursor(datetime.combine(end.work_on, time(), UTC), end.person_id)
    return Page(items=days, next=following)


async def show_day(tx: Tx, actor: Actor, project_id: UUID, person_id: UUID, on: date) -> PersonDayOut:
    """Return one person-day with the entries that made it; raises ProjectUnknown or DayUnknown."""
    await _project(tx, actor, project_id)
    row = await queries.find_day(tx, actor, project_id, person_id, on)
    if row is None:
        raise DayUnknown
    return _day(row)


async def show_on_post(
    tx: Tx, actor: Actor, project_id: UUID, on: date | None, *, key_only: bool, language: str, clock: Clock
) -> OnPostAnswer:
    """Return who held which post on a day (today unless told otherwise) and whether he was there, key posts first."""
    project = await _project(tx, actor, project_id)
    day = on or work_on(clock.now(), project.time_zone, project.cutover)
    lines = [
        OnPostLine(
            post_id=row.post_id,
            post_kind=row.post_kind,
            post_name=POST_KINDS[row.post_kind].zh if language == "zh-CN" else POST_KINDS[row.post_kind].en,
            key=POST_KINDS[row.post_kind].key,
            party_kind=row.party_kind,
            company_name=row.company_name,
            person_id=row.person_id,
            person_name=row.person_name,
            present=bool(row.punches),
            valid=bool(row.valid),
            provisional=bool(row.provisional),
            first_at=row.first_at,
            last_at=row.last_at,
            punches=row.punches or 0,
            in_review=row.in_review or 0,
            sources=row.sources or [],
        )
        for row in await queries.list_posts_on(tx, actor, project_id, day)
        if POST_KINDS[row.post_kind].key or not key_only
    ]
    lines.sort(key=lambda line: _RANK[line.post_kind])
    held = [line for line in lines if line.person_id is not None]
    return OnPostAnswer(
        project_id=project_id,
        work_on=day,
        holders=len(held),
        present=sum(line.present for line in held),
        valid=sum(line.valid for line in held),
        vacant_posts=len(lines) - len(held),
        lines=lines,
    )
