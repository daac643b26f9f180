"""What `daogang bulletin …` does: shows, issues and reissues a period's bulletin for whoever works at the machine."""

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from sqlalchemy import select

from backend.alerts.inbox_queries import actor_of
from backend.identity.errors import AccountUnknown
from backend.identity.tables import Account
from backend.kit.clock import Clock
from backend.kit.db import Database
from backend.kit.guards import Actor
from backend.reports.bulletins import issuing, queries, reading
from backend.reports.bulletins.errors import BulletinUnknown
from backend.reports.bulletins.issuing import BulletinTools
from backend.reports.bulletins.periods import period_of
from backend.reports.rendering.renderer import Renderer
from backend.sites.errors import DistrictUnknown
from backend.sites.tables import District


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The bulletin of the period that `on` falls in, of a district (its code) or the city, in somebody's name."""

    kind: Literal["daily", "weekly"]
    on: date
    district: str | None
    username: str


def tools_of(database: Database, clock: Clock) -> BulletinTools:
    """Return what bulletins are made with."""
    return BulletinTools(database=database, renderer=Renderer(), clock=clock)


async def show(tools: BulletinTools, asked: Asked, language: str) -> list[str]:
    """Return the last edition in lines: title, edition, digest and lead.

    Raises AccountUnknown, DistrictUnknown or BulletinUnknown.
    """
    actor, district_id = await _who(tools, asked)
    async with tools.database.transaction() as tx:
        first, _ = period_of(asked.kind, asked.on)
        earlier = await queries.find_earlier(tx, asked.kind, first, district_id)
        if earlier is None:
            raise BulletinUnknown
        row = await reading.find(tx, actor, earlier.bulletin_id, None)
    document = reading.document_of(row, language, "page")
    return [
        f"{document.title}  {document.subtitle}",
        f"{row.id}  {row.edition}  {row.digest.hex()}",
        *document.lead,
    ]


async def issue(tools: BulletinTools, asked: Asked) -> list[str]:
    """Publish the first edition and return its id.

    Raises AccountUnknown, DistrictUnknown, ScopeNotOwn, PeriodNotOver, PeriodTooEarly or AlreadyIssued.
    """
    actor, district_id = await _who(tools, asked)
    return [f"{await issuing.issue(tools, actor, asked.kind, asked.on, district_id)}  1"]


async def reissue(tools: BulletinTools, asked: Asked, reason: str) -> list[str]:
    """Publish a further edition and return its id and number.

    Raises AccountUnknown, DistrictUnknown, BulletinUnknown, NothingChanged or AlreadyIssued.
    """
    actor, district_id = await _who(tools, asked)
    async with tools.database.transaction() as tx:
        first, _ = period_of(asked.kind, asked.on)
        earlier = await queries.find_earlier(tx, asked.kind, first, district_id)
    if earlier is None:
        raise BulletinUnknown
    return [f"{earlier.bulletin_id}  {await issuing.issue_again(tools, actor, earlier.bulletin_id, reason)}"]


async def _who(tools: BulletinTools, asked: Asked) -> tuple[Actor, UUID | None]:
    """Return the one in whose name it is done, who may do no more than he may over the network, and the district."""
    async with tools.database.transaction() as tx:
        account_id = await tx.scalar(select(Account.id).where(Account.username == asked.username))
        actor = None if account_id is None else await actor_of(tx, account_id)
        if actor is None:
            raise AccountUnknown
        if asked.district is None:
            return actor, None
        district_id = await tx.scalar(select(District.id).where(District.code == asked.district))
        if district_id is None:
            raise DistrictUnknown
        return actor, district_id
