"""Lists rates for staff: a project's people, and sums by district, project or kind of post."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import null, select

from backend.attendance.rates.errors import SpanInvalid
from backend.attendance.rates.evaluation import add_sums, rate_of
from backend.attendance.rates.figures import Figure, Span, rates_of
from backend.attendance.rates.schemas import CityRates, KeyedTotal, ProjectRates, RateOut, RateTotal, RulesRef
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.model import DEFAULT_CUTOVER, DEFAULT_TIME_ZONE, work_on
from backend.sites.posts import POST_KINDS
from backend.sites.projects import require_project
from backend.sites.queries import visible_party
from backend.sites.tables import Company, District, Person, Project, ProjectParty

READ: Final = "attendance.read"
LONGEST: Final = timedelta(days=92)
By = Literal["district", "project", "post"]
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What sums are asked for: of what, in which district, between which days, which page of projects."""

    by: By
    district_id: UUID | None
    first: date | None
    last: date | None
    after: UUID | None
    limit: int


def span_of(today: date, first: date | None, last: date | None) -> Span:
    """Return the span asked for, this month by default, up to the last day that is over; raises SpanInvalid."""
    begin = first or today.replace(day=1)
    if begin.year >= date.max.year:
        raise SpanInvalid
    end = last or (begin.replace(day=1) + timedelta(days=31)).replace(day=1) - _DAY
    if not begin <= end <= begin + LONGEST:
        raise SpanInvalid
    return Span(first=begin, last=end, until=min(end, today - _DAY))


async def list_project_rates(
    tx: Tx, actor: Actor, project_id: UUID, *, first: date | None, last: date | None, language: str, clock: Clock
) -> ProjectRates:
    """Return the rates of a project's people whom the actor sees; raises ProjectUnknown or SpanInvalid."""
    project = await require_project(tx, actor, project_id, scope=READ)
    span = span_of(work_on(clock.now(), project.time_zone, project.cutover), first, last)
    parties = {
        row.id: row.name
        for row in await tx.execute(
            select(ProjectParty.id, Company.name)
            .join(Company, Company.id == ProjectParty.company_id)
            .where(
                ProjectParty.project_id == project_id,
                visible_party(actor, READ, ProjectParty.project_id, ProjectParty.id),
            )
        )
    }
    figures = [one for one in await rates_of(tx, [project_id], span) if one.party_id in parties]
    names = await _names(tx, [one.person_id for one in figures])
    items = [rate_out(one, names[one.person_id], parties[one.party_id]) for one in figures]
    order = list(POST_KINDS)
    items.sort(key=lambda one: (order.index(one.post_kind), one.person_name, one.person_id))
    kinds = sorted({one.post_kind for one in figures}, key=order.index)
    posts = [total_of(post_name(kind, language), [one for one in figures if one.post_kind == kind]) for kind in kinds]
    return ProjectRates(
        project_id=project_id, first=span.first, last=span.last, until=span.until, posts=posts, items=items
    )


async def list_city_rates(
    tx: Tx,
    actor: Actor,
    *,
    wanted: Wanted,
    language: str,
    clock: Clock,
) -> CityRates:
    """Return sums over the projects that the actor sees as a whole; by project a page of them. Raises SpanInvalid."""
    by, after, limit = wanted.by, wanted.after, wanted.limit
    span = span_of(work_on(clock.now(), DEFAULT_TIME_ZONE, DEFAULT_CUTOVER), wanted.first, wanted.last)
    query = (
        select(Project.id, Project.name, District.id, District.name)
        .join(District, District.id == Project.district_id)
        .where(visible_party(actor, READ, Project.id, null()))
        .order_by(Project.id)
    )
    if wanted.district_id is not None:
        query = query.where(Project.district_id == wanted.district_id)
    following = None
    if by == "project":
        if after is not None:
            query = query.where(Project.id > after)
        query = query.limit(limit + 1)
    rows = list((await tx.execute(query)).all())
    if by == "project" and len(rows) > limit:
        rows = rows[:limit]
        following = str(rows[-1][0])
    figures = await rates_of(tx, [row[0] for row in rows], span)
    if by == "post":
        names = {kind: post_name(kind, language) for kind in POST_KINDS if any(f.post_kind == kind for f in figures)}
        groups = {kind: [one for one in figures if one.post_kind == kind] for kind in names}
    else:
        place = 0 if by == "project" else 2
        names = {str(row[place]): str(row[place + 1]) for row in rows}
        groups = {key: [] for key in names}
        for one in figures:
            groups[str(one.project_id if by == "project" else one.district_id)].append(one)
    items = [_keyed(key, total_of(names[key], many)) for key, many in groups.items()]
    return CityRates(first=span.first, last=span.last, until=span.until, by=by, items=items, next=following)


def _keyed(key: str, total: RateTotal) -> KeyedTotal:
    return KeyedTotal(key=key, **{name: getattr(total, name) for name in RateTotal.__struct_fields__})


def post_name(kind: str, language: str) -> str:
    """Return what a kind of post is called."""
    return POST_KINDS[kind].zh if language == "zh-CN" else POST_KINDS[kind].en


def total_of(name: str, figures: Sequence[Figure]) -> RateTotal:
    """Return the sums of many figures."""
    sums = add_sums(one.sums for one in figures)
    verdicts = [one.verdict for one in figures]
    return RateTotal(
        name=name,
        people=len({one.person_id for one in figures}),
        met=verdicts.count("met"),
        met_if_counted=verdicts.count("met_if_counted"),
        failed=verdicts.count("failed"),
        due=sums.due,
        valid=sums.valid,
        rate=rate_of(sums.valid, sums.due),
        own_rate=rate_of(sums.own, sums.due),
        likely_rate=rate_of(sums.likely, sums.due),
    )


def rate_out(one: Figure, person_name: str, company_name: str) -> RateOut:
    """Return a figure as callers see it."""
    sums = one.sums
    return RateOut(
        project_id=one.project_id,
        person_id=one.person_id,
        person_name=person_name,
        post_id=one.post_id,
        post_kind=one.post_kind,
        company_name=company_name,
        rules=rules_ref(one),
        due=sums.due,
        due_all=sums.due_all,
        valid=sums.valid,
        own=sums.own,
        likely=sums.likely,
        covered=sums.covered,
        rate=one.rate,
        own_rate=one.own_rate,
        likely_rate=one.likely_rate,
        verdict=one.verdict,
        leave_days=sums.leave_days,
        stop_days=sums.stop_days,
        present_days=sums.present_days,
        review_days=sums.review_days,
        make_up_days=sums.make_up_days,
    )


def rules_ref(one: Figure) -> RulesRef:
    """Return which version judged."""
    return RulesRef(rule_set_id=one.rules.rule_set_id, version=one.rules.version, name=one.rules.name)


async def _names(tx: Tx, people: Iterable[UUID]) -> dict[UUID, str]:
    query = select(Person.id, Person.name).where(Person.id.in_(set(people)))
    return {row[0]: row[1] for row in await tx.execute(query)}
