"""Reads rates: who owed how many days, had how many valid ones, under which rules, for many people at once.

`rates_of` is what bulletins, lists and computations build on; `duty_days_of` gives the days of one person for whom a
figure is explained. Both reckon from person-days, so that a punch shows in the transaction that took it in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import text

from backend.attendance.rates import statements
from backend.attendance.rates.evaluation import DutyDay, Seen, Sums, Verdict, judge_sums, rate_of
from backend.attendance.rates.force import InForce, PublishedRules, runs_of
from backend.attendance.rates.queries import ProjectDays, read_projects, read_published, read_set_days
from backend.attendance.requests.facts import approved_leave
from backend.kit.db import AnyRow, Tx
from backend.sites.posts import KEY_POSTS
from backend.sites.working_days import WorkCalendar

_FOREVER: Final = date(9999, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Days from `first` to `last`, both inclusive, reckoned up to `until` (the last day that is over).

    Raises ValueError when it is empty or longer than a year.
    """

    first: date
    last: date
    until: date

    def __post_init__(self) -> None:
        """Refuse what no rate is asked for."""
        if not self.first <= self.last <= self.first + timedelta(days=366):
            msg = f"no span of at most a year: {self.first} to {self.last}"
            raise ValueError(msg)

    @property
    def whole_month(self) -> bool:
        """Tell whether it is a calendar month."""
        after = self.last + timedelta(days=1)
        return (
            self.first.day == 1
            and after.day == 1
            and (self.last.year, self.last.month)
            == (
                self.first.year,
                self.first.month,
            )
        )


def month_span(month: date, until: date | None = None) -> Span:
    """Return the span of the month in which a day lies, reckoned up to `until`, all of it by default."""
    first = month.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return Span(first=first, last=last, until=last if until is None else until)


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One person's figure on one post of a project; `rules` are those in force on the last day of his duty."""

    project_id: UUID
    district_id: UUID
    post_id: UUID
    post_kind: str
    party_id: UUID
    person_id: UUID
    rules: PublishedRules
    sums: Sums
    whole_month: bool

    @property
    def rate(self) -> int | None:
        """Return valid ÷ due days in thousandths, make-ups and deputies' days included; None where nothing is due."""
        return rate_of(self.sums.valid, self.sums.due)

    @property
    def own_rate(self) -> int | None:
        """Return the same without make-ups."""
        return rate_of(self.sums.own, self.sums.due)

    @property
    def likely_rate(self) -> int | None:
        """Return the same as if everything in review were counted."""
        return rate_of(self.sums.likely, self.sums.due)

    @property
    def verdict(self) -> Verdict:
        """Return whether it suffices."""
        return judge_sums(self.sums, self.rules.rules, self.post_kind, whole_month=self.whole_month)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What figures are reckoned by: projects, the versions in force, the calendar, leave; `parameters` for SQL."""

    projects: dict[UUID, ProjectDays]
    versions: list[PublishedRules]
    parameters: dict[str, Any] = field(repr=False)


async def rates_of(
    tx: Tx,
    project_ids: Sequence[UUID] | None,
    span: Span,
    *,
    post_kinds: frozenset[str] = KEY_POSTS,
    published: Sequence[PublishedRules] | None = None,
) -> list[Figure]:
    """Return the figures of all holders of posts of these kinds on the projects (None: on all), in no order.

    Whoever calls limits the projects to those that his caller may see. `published` replaces the rule sets in force.
    """
    world = await read_world(tx, project_ids, span, post_kinds, published)
    return await reckon(tx, world, span, statements.SEEN_IN_PERSON_DAYS)


async def reckon(tx: Tx, world: World, span: Span, seen: str, more: dict[str, Any] | None = None) -> list[Figure]:
    """Run the statement over a world; `seen` says where the punches of days are read."""
    statement = statements.GIVEN + seen + statements.JUDGED + statements.SUMMED
    # Sorting and hashing a city's week in memory; for this transaction alone.
    await tx.execute(text("SET LOCAL work_mem = '64MB'"))
    await tx.execute(text("SET LOCAL enable_mergejoin = off"))
    rows = await tx.execute(text(statement), {**world.parameters, **(more or {})})
    return [_figure(row, world, span) for row in rows]


def _figure(row: AnyRow, world: World, span: Span) -> Figure:
    project_id, post_id, post_kind, party_id, person_id, number, *numbers = row
    return Figure(
        project_id=project_id,
        district_id=world.projects[project_id].district_id,
        post_id=post_id,
        post_kind=post_kind,
        party_id=party_id,
        person_id=person_id,
        rules=world.versions[number],
        sums=Sums(*numbers),
        whole_month=span.whole_month,
    )


async def duty_days_of(
    tx: Tx, person_id: UUID, project_ids: Sequence[UUID], span: Span, *, post_kinds: frozenset[str] = KEY_POSTS
) -> dict[tuple[UUID, UUID, str, UUID], list[DutyDay]]:
    """Return a person's duty days by (project, post, kind of post, party), in order, with what bears on each."""
    world = await read_world(tx, project_ids, span, post_kinds, None)
    statement = statements.GIVEN + statements.SEEN_IN_PERSON_DAYS + statements.JUDGED + statements.SINGLE_DAYS
    found: dict[tuple[UUID, UUID, str, UUID], list[DutyDay]] = {}
    for row in await tx.execute(text(statement), {**world.parameters, "person_id": person_id}):
        key = (row.project_id, row.post_id, row.post_kind, row.party_id)
        found.setdefault(key, []).append(_duty_day(row, world))
    return found


def _duty_day(row: AnyRow, world: World) -> DutyDay:
    return DutyDay(
        day=row.on_day,
        rules=world.versions[row.no],
        calendar_due=row.calendar_due,
        stopped=row.is_stopped,
        on_leave=row.on_leave,
        projects=row.projects,
        counted=Seen(row.punches, row.span_s, bool(row.goes_in), bool(row.goes_out)),
        own=Seen(row.own_punches, row.own_span_s, bool(row.own_goes_in), bool(row.own_goes_out)),
        likely=Seen(row.likely_punches, row.likely_span_s, bool(row.likely_goes_in), bool(row.likely_goes_out)),
        holder_credit=row.holder_credit,
        deputy_credits=(row.deputy_credit, row.deputy_own, row.deputy_likely),
    )


async def read_world(
    tx: Tx,
    project_ids: Sequence[UUID] | None,
    span: Span,
    post_kinds: frozenset[str],
    published: Sequence[PublishedRules] | None,
) -> World:
    """Read what a span is reckoned by."""
    projects = {one.project_id: one for one in await read_projects(tx, project_ids)}
    versions = list(await read_published(tx) if published is None else published)
    runs = [
        (project, run)
        for project in projects.values()
        for run in runs_of(versions, project.district_id, project.project_id, span.first, span.last)
    ]
    numbers: dict[int, int] = {}
    used: list[PublishedRules] = []
    for _, run in runs:
        if id(run.rules) not in numbers:
            numbers[id(run.rules)] = len(used)
            used.append(run.rules)
    leave = await approved_leave(tx, span.first, span.last, project_ids=project_ids)
    calendar = WorkCalendar(await read_set_days(tx, span.first, span.last))
    days = calendar.due_between(span.first, span.last, "every")
    parameters: dict[str, Any] = {
        "rules": msgspec.json.encode([_flat(number, one) for number, one in enumerate(used)]).decode(),
        "projects": list(projects),
        "first": span.first,
        "last": span.last,
        "until": span.until,
        "post_kinds": sorted(post_kinds),
        "days": days,
        "working": [calendar.is_due(day, "working") for day in days],
        "six_days": [calendar.is_due(day, "six_day_week") for day in days],
        "leave_projects": [one.project_id for one in leave],
        "leave_people": [one.person_id for one in leave],
        "leave_from": [one.first_on for one in leave],
        "leave_to": [one.last_on for one in leave],
        **_runs(runs, numbers),
    }
    return World(projects=projects, versions=used, parameters=parameters)


def _runs(runs: Sequence[tuple[ProjectDays, InForce]], numbers: dict[int, int]) -> dict[str, Any]:
    dues = [_due_bounds(project, run.rules) for project, run in runs]
    return {
        "force_projects": [project.project_id for project, _ in runs],
        "force_from": [run.from_on for _, run in runs],
        "force_to": [run.to_on for _, run in runs],
        "force_nos": [numbers[id(run.rules)] for _, run in runs],
        "due_from": [first for first, _ in dues],
        "due_to": [last for _, last in dues],
    }


def _due_bounds(project: ProjectDays, rules: PublishedRules) -> tuple[date, date]:
    """Return from when to when anything can be due; a planned end that passed while they build ends nothing."""
    waits = timedelta(days=rules.rules.due_day.begins_after_days)
    first = date.min if project.starts_on is None else project.starts_on + waits
    ended = project.ends_on if project.finished else None
    return first, ended or _FOREVER


def _flat(number: int, version: PublishedRules) -> dict[str, Any]:
    rules = version.rules
    several, deputy = rules.several_projects, rules.deputy
    return {
        "no": number,
        "kind": rules.valid_day.kind,
        "min_punches": rules.valid_day.min_punches,
        "apart_s": rules.valid_day.apart_s,
        "days": rules.due_day.days,
        "less_stop_work": rules.due_day.less_stop_work,
        "less_leave": rules.due_day.less_leave,
        "days_off": rules.due_day.count_days_off,
        "several": several.post if several else None,
        "several_from": several.from_projects if several else None,
        "a_week": several.days_a_week if several else None,
        "holder": deputy.holder if deputy else None,
        "deputy": deputy.deputy if deputy else None,
        "deputy_due": deputy.deputy_due if deputy else False,
        "covers": deputy.counts_for_holder if deputy else False,
    }
