"""Sums rates up by district, project or kind of post, for whoever sees many projects.

A city's month is a million days on duty: it is reckoned a part of its projects at a time, each in a transaction of its
own, so that no statement takes long and no connection is kept from those who check in meanwhile.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import null, select

from backend.attendance.rates.figures import Figure, Span, rates_of
from backend.attendance.rates.listing import READ, post_name, span_of
from backend.attendance.rates.schemas import CityRates, KeyedTotal
from backend.attendance.rates.tallies import Tally
from backend.kit.clock import Clock
from backend.kit.db import AnyRow, Database, Tx
from backend.kit.guards import Actor
from backend.sites.model import DEFAULT_CUTOVER, DEFAULT_TIME_ZONE, work_on
from backend.sites.posts import POST_KINDS
from backend.sites.queries import visible_party
from backend.sites.tables import District, Project

MOST_PROJECTS: Final = 200
"""Projects that one statement reckons: a month of 200 with 20 key posts each are 124 000 days."""
By = Literal["district", "project", "post"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What sums are asked for: of what, in which district, between which days, which page of projects."""

    by: By
    district_id: UUID | None
    first: date | None
    last: date | None
    after: UUID | None
    limit: int


async def sum_rates(database: Database, actor: Actor, wanted: Wanted, *, language: str, clock: Clock) -> CityRates:
    """Return sums over the projects that the actor sees as a whole; by project a page of them. Raises SpanInvalid.

    By district in the order of their codes, by project in that of their ids, by post in that of the catalogue. The
    parts are read one after another: a punch that comes in meanwhile is in those that are still to be read.
    """
    span = span_of(work_on(clock.now(), DEFAULT_TIME_ZONE, DEFAULT_CUTOVER), wanted.first, wanted.last)
    async with database.transaction() as tx:
        projects = await _list_projects(tx, actor, wanted)
    following = None
    if wanted.by == "project" and len(projects) > wanted.limit:
        projects = projects[: wanted.limit]
        following = str(projects[-1].id)
    names = _names(wanted.by, projects, language)
    tallies = {key: Tally() for key in names}
    async for figure in _figures(database, [row.id for row in projects], span):
        tallies[_key(wanted.by, figure)].add(figure)
    told = {key: tally.figures() for key, tally in tallies.items()}
    # Districts and projects without anybody are told too; kinds of posts that nobody holds say nothing.
    items = [
        KeyedTotal(key=key, name=names[key], **total)
        for key, total in told.items()
        if total["people"] or wanted.by != "post"
    ]
    return CityRates(first=span.first, last=span.last, until=span.until, by=wanted.by, items=items, next=following)


async def _list_projects(tx: Tx, actor: Actor, wanted: Wanted) -> Sequence[AnyRow]:
    query = (
        select(Project.id, Project.name, Project.district_id, District.name.label("district_name"))
        .join(District, District.id == Project.district_id)
        .where(visible_party(actor, READ, Project.id, null()))
    )
    if wanted.district_id is not None:
        query = query.where(Project.district_id == wanted.district_id)
    if wanted.by != "project":
        return (await tx.execute(query.order_by(District.code, Project.id))).all()
    if wanted.after is not None:
        query = query.where(Project.id > wanted.after)
    return (await tx.execute(query.order_by(Project.id).limit(wanted.limit + 1))).all()


def _names(by: By, projects: Sequence[AnyRow], language: str) -> dict[str, str]:
    if by == "post":
        return {kind: post_name(kind, language) for kind in POST_KINDS}
    if by == "project":
        return {str(row.id): row.name for row in projects}
    return {str(row.district_id): row.district_name for row in projects}


def _key(by: By, figure: Figure) -> str:
    if by == "post":
        return figure.post_kind
    return str(figure.project_id if by == "project" else figure.district_id)


async def _figures(database: Database, project_ids: Sequence[UUID], span: Span) -> AsyncIterator[Figure]:
    for begin in range(0, len(project_ids), MOST_PROJECTS):
        async with database.transaction() as tx:
            figures = await rates_of(tx, project_ids[begin : begin + MOST_PROJECTS], span)
        for figure in figures:
            yield figure
