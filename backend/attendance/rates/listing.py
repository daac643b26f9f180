"""Lists a project's rates for staff: each of its people, and sums by kind of post."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from backend.attendance.rates.errors import SpanInvalid
from backend.attendance.rates.figures import Figure, Span, rates_of
from backend.attendance.rates.schemas import ProjectRates, RateOut, RateTotal, RulesRef
from backend.attendance.rates.tallies import Tally
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.model import work_on
from backend.sites.posts import POST_KINDS
from backend.sites.projects import require_project
from backend.sites.queries import visible_party
from backend.sites.tables import Company, Person, ProjectParty

READ: Final = "attendance.read"
LONGEST: Final = timedelta(days=92)
_DAY: Final = timedelta(days=1)


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
    tallies = {kind: Tally() for kind in kinds}
    for one in figures:
        tallies[one.post_kind].add(one)
    posts = [RateTotal(name=post_name(kind, language), **tally.figures()) for kind, tally in tallies.items()]
    return ProjectRates(
        project_id=project_id, first=span.first, last=span.last, until=span.until, posts=posts, items=items
    )


def post_name(kind: str, language: str) -> str:
    """Return what a kind of post is called."""
    return POST_KINDS[kind].zh if language == "zh-CN" else POST_KINDS[kind].en


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
