"""Reads a project's service record: stays on key posts, the rates of each month, leave, make-ups, rulings."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select, text

from backend.attendance.rates.figures import Figure, month_span, rates_of
from backend.attendance.rates.listing import READ
from backend.attendance.requests.facts import approved_leave
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.reports.service_records.content import (
    MONTHS,
    HeldPost,
    LeaveDays,
    MonthOfDuty,
    PersonRecord,
    PostRecord,
    ServiceRecord,
    post_record,
    tally,
)
from backend.sites.model import day_bounds, work_on
from backend.sites.posts import KEY_POSTS, POST_KINDS
from backend.sites.projects import require_project
from backend.sites.queries import visible_party
from backend.sites.tables import Assignment, Company, Person, Post, ProjectParty

_DAY: Final = timedelta(days=1)

MAKE_UPS: Final = """
SELECT person_id, outcome, count(*) FROM punch_status
WHERE project_id = :project_id AND person_id = ANY(CAST(:people AS uuid[])) AND source = 'make_up'
  AND occurred_at >= :begin AND occurred_at < :end AND NOT quarantined
GROUP BY 1, 2
"""
RULINGS: Final = """
SELECT s.person_id, r.outcome, count(*) FROM ruling r
JOIN punch_status s ON s.project_id = r.project_id AND s.punch_id = r.punch_id
WHERE r.project_id = :project_id AND r.ruled_by IS NOT NULL AND r.ruled_at >= :begin AND r.ruled_at < :end
  AND s.person_id = ANY(CAST(:people AS uuid[])) AND s.source <> 'make_up'
GROUP BY 1, 2
"""

Key = tuple[UUID, UUID]
"""A person and a post."""


async def read_service_record(
    tx: Tx, actor: Actor, project_id: UUID, year: int, person_id: UUID | None, *, now: datetime
) -> ServiceRecord:
    """Return the year of the people of the parties whom the actor sees, or of one of them; raises ProjectUnknown."""
    project = await require_project(tx, actor, project_id, scope=READ)
    yesterday = work_on(now, project.time_zone, project.cutover) - _DAY
    first, last = date(year, 1, 1), date(year, 12, 31)
    until = None if yesterday < first else min(last, yesterday)
    stays = await _stays(tx, actor, project_id, (first, last), person_id)
    months = await _months(tx, project_id, year, until) if stays else {}
    people = sorted({row.person_id for row in stays})
    begin, _ = day_bounds(first, project.time_zone, project.cutover)
    _, end = day_bounds(last, project.time_zone, project.cutover)
    given = {"project_id": project_id, "people": people, "begin": begin, "end": end}
    make_ups = await _counts(tx, MAKE_UPS, given)
    rulings = await _counts(tx, RULINGS, given)
    leaves: defaultdict[UUID, list[LeaveDays]] = defaultdict(list)
    for one in await approved_leave(tx, first, last, project_ids=[project_id], person_id=person_id):
        leaves[one.person_id].append(LeaveDays(first_on=one.first_on, last_on=one.last_on))
    return ServiceRecord(
        project_id=project.id,
        registration_no=project.registration_no,
        project_name=project.name,
        year=year,
        until=until,
        people=[
            PersonRecord(
                person_id=own[0].person_id,
                person_name=own[0].person_name,
                posts=[_post(rows, months) for rows in _by(own, "post_id")],
                leaves=leaves[own[0].person_id],
                make_ups=tally(make_ups.get(own[0].person_id, ())),
                rulings=tally(rulings.get(own[0].person_id, ())),
            )
            for own in _by(stays, "person_id")
        ],
    )


async def _stays(
    tx: Tx, actor: Actor, project_id: UUID, days: tuple[date, date], person_id: UUID | None
) -> Sequence[AnyRow]:
    """Return stays on key posts that touch the days, by post, name and day."""
    first, last = days
    query = (
        select(
            Assignment.person_id,
            Person.name.label("person_name"),
            Post.id.label("post_id"),
            Post.kind.label("post_kind"),
            Company.name.label("company_name"),
            Assignment.from_on,
            Assignment.to_on,
            Assignment.exit_confirmed_at,
        )
        .join(Post, (Post.project_id == Assignment.project_id) & (Post.id == Assignment.post_id))
        .join(ProjectParty, (ProjectParty.project_id == Post.project_id) & (ProjectParty.id == Post.party_id))
        .join(Company, Company.id == ProjectParty.company_id)
        .join(Person, Person.id == Assignment.person_id)
        .where(
            Assignment.project_id == project_id,
            Post.kind.in_(sorted(KEY_POSTS)),
            Assignment.from_on <= last,
            or_(Assignment.to_on.is_(None), Assignment.exit_confirmed_at.is_(None), Assignment.to_on >= first),
            visible_party(actor, READ, Assignment.project_id, Post.party_id),
        )
    )
    if person_id is not None:
        query = query.where(Assignment.person_id == person_id)
    order = list(POST_KINDS)
    rows = (await tx.execute(query)).all()
    return sorted(rows, key=lambda row: (order.index(row.post_kind), row.person_name, row.person_id, row.from_on))


async def _months(tx: Tx, project_id: UUID, year: int, until: date | None) -> Mapping[Key, list[MonthOfDuty]]:
    """Return each month's figures up to the last day that was over, by person and post."""
    found: defaultdict[Key, list[MonthOfDuty]] = defaultdict(list)
    for month in MONTHS:
        first = date(year, month, 1)
        if until is None or first > until:
            break
        whole = month_span(first)
        for one in await rates_of(tx, [project_id], month_span(first, min(whole.last, until))):
            found[one.person_id, one.post_id].append(_month(one, month))
    return found


def _month(one: Figure, month: int) -> MonthOfDuty:
    sums = one.sums
    return MonthOfDuty(
        month=month,
        due=sums.due,
        valid=sums.valid,
        own=sums.own,
        rate=one.rate,
        own_rate=one.own_rate,
        verdict=one.verdict,
        leave_days=sums.leave_days,
        stop_days=sums.stop_days,
        make_up_days=sums.make_up_days,
    )


async def _counts(tx: Tx, statement: str, given: Mapping[str, object]) -> dict[UUID, list[tuple[str, int]]]:
    found: defaultdict[UUID, list[tuple[str, int]]] = defaultdict(list)
    for person_id, outcome, count in await tx.execute(text(statement), given):
        found[person_id].append((outcome, count))
    return found


def _post(rows: Sequence[AnyRow], months: Mapping[Key, list[MonthOfDuty]]) -> PostRecord:
    first = rows[0]
    held = [
        HeldPost(from_on=row.from_on, to_on=row.to_on, exit_confirmed=row.exit_confirmed_at is not None) for row in rows
    ]
    return post_record(
        first.post_id, first.post_kind, first.company_name, held, months.get((first.person_id, first.post_id), [])
    )


def _by(rows: Iterable[AnyRow], column: str) -> list[list[AnyRow]]:
    """Return rows by the values of a column, in the order in which they come first."""
    found: dict[object, list[AnyRow]] = {}
    for row in rows:
        found.setdefault(getattr(row, column), []).append(row)
    return list(found.values())
