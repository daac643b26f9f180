"""Draws bulletins up, publishes them once and again, by hand and by schedule; nothing published is ever altered."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import insert

from backend.identity.audit import record_act
from backend.kit.announcements import announce
from backend.kit.clock import Clock
from backend.kit.db import Database, Tx, translate_violations
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.reports.bulletins import queries
from backend.reports.bulletins.composing import compose
from backend.reports.bulletins.content import Content, freeze, thaw
from backend.reports.bulletins.differences import differences
from backend.reports.bulletins.errors import (
    AlreadyIssued,
    BulletinUnknown,
    NothingChanged,
    PeriodNotOver,
    PeriodTooEarly,
    ScopeNotOwn,
)
from backend.reports.bulletins.facts import Kind, PeriodFacts
from backend.reports.bulletins.gathering import gather
from backend.reports.bulletins.periods import CITY_ZONE, period_before, period_of
from backend.reports.bulletins.settings import Due, due_periods, read_settings
from backend.reports.bulletins.tables import Bulletin, BulletinEdition
from backend.reports.rendering.renderer import Renderer
from backend.sites.model import zone_of

log = structlog.get_logger()

EARLIEST: Final = date(2000, 1, 3)
ISSUED: Final = "bulletins.issued"
_TAKEN: Final = {"uq_bulletin_period": AlreadyIssued, "pk_bulletin_edition": AlreadyIssued}


@dataclass(frozen=True, slots=True, kw_only=True)
class BulletinTools:
    """What bulletins are made with; each is drawn up in a transaction of its own, which sees one moment."""

    database: Database
    renderer: Renderer
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    facts: PeriodFacts
    contents: dict[UUID | None, Content]


async def draw_up(tools: BulletinTools, kind: Kind, on: date, district_id: UUID | None) -> Content:
    """Return what the bulletin of a day's period would say now; raises PeriodNotOver or PeriodTooEarly."""
    from_on, to_on = checked_period(tools.clock, kind, on)
    drawn = await _draw(tools, Due(kind, from_on, to_on), [district_id])
    return drawn.contents[district_id]


def checked_period(clock: Clock, kind: Kind, on: date) -> tuple[date, date]:
    """Return the period of a day if it is over in the city; raises PeriodNotOver or PeriodTooEarly."""
    if on < EARLIEST:
        raise PeriodTooEarly
    from_on, to_on = period_of(kind, on)
    if clock.now().astimezone(zone_of(CITY_ZONE)).date() <= to_on:
        raise PeriodNotOver
    return from_on, to_on


async def draft(tools: BulletinTools, actor: Actor, kind: Kind, on: date, district_id: UUID | None) -> Content:
    """Return what a bulletin would say now; raises ScopeNotOwn, PeriodNotOver or PeriodTooEarly."""
    async with tools.database.transaction() as tx:
        if not await queries.reaches(tx, actor, queries.READ, district_id):
            raise ScopeNotOwn
    return await draw_up(tools, kind, on, district_id)


async def issue(tools: BulletinTools, actor: Actor, kind: Kind, on: date, district_id: UUID | None) -> UUID:
    """Publish the first edition of a period and return the bulletin's id.

    No transaction is held while it is drawn up, which takes seconds: connections are few. Raises ScopeNotOwn,
    PeriodNotOver, PeriodTooEarly or AlreadyIssued.
    """
    async with tools.database.transaction() as tx:
        if not await queries.reaches(tx, actor, queries.ISSUE, district_id):
            raise ScopeNotOwn
    content = await draw_up(tools, kind, on, district_id)
    async with tools.database.transaction() as tx:
        setting = await queries.find_setting(tx, district_id)
        issuer = read_settings(None if setting is None else setting.body).issuer
        return await publish(tx, content, actor, issuer, tools.clock)


async def issue_again(tools: BulletinTools, actor: Actor, bulletin_id: UUID, reason: str) -> int:
    """Publish a new edition and return its number; the ones before stay.

    Raises BulletinUnknown, NothingChanged, or AlreadyIssued when somebody else was quicker.
    """
    async with tools.database.transaction() as tx:
        last = await queries.find_edition(tx, actor, bulletin_id, None, scope=queries.ISSUE)
    if last is None:
        raise BulletinUnknown
    content = await draw_up(tools, last.kind, last.from_on, last.district_id)
    if not differences(thaw(last.content), content):
        raise NothingChanged
    number = last.edition + 1
    async with tools.database.transaction() as tx:
        await keep_edition(tx, bulletin_id, number, content, actor, last.issuer, tools.clock, reason=reason)
    return number


async def issue_due(tools: BulletinTools) -> int:
    """Publish what the schedule has due and nobody published; return how many."""
    async with tools.database.transaction() as tx:
        due = due_periods(await queries.list_set_scopes(tx), tools.clock.now())
        wanted: defaultdict[Due, dict[UUID | None, str | None]] = defaultdict(dict)
        for period, district_id, issuer in due:
            if await queries.find_earlier(tx, period.kind, period.from_on, district_id) is None:
                wanted[period][district_id] = issuer
    count = 0
    for period, scopes in sorted(wanted.items()):
        drawn = await _draw(tools, period, list(scopes))
        for district_id, issuer in scopes.items():
            try:
                async with tools.database.transaction() as tx:
                    await publish(tx, drawn.contents[district_id], None, issuer, tools.clock)
            except AlreadyIssued:
                continue  # by hand, a moment ago
            count += 1
    return count


async def _draw(tools: BulletinTools, due: Due, districts: list[UUID | None]) -> _Facts:
    now = tools.clock.now()
    before_from, _ = period_before(due.kind, due.from_on)
    async with tools.database.transaction() as tx:
        facts = await gather(tx, due.kind, due.from_on, due.to_on, now)
        scopes = {one.district_id: one for one in facts.districts}
        contents = {
            district_id: compose(
                facts,
                None if district_id is None else scopes[district_id],
                await queries.find_earlier(tx, due.kind, before_from, district_id),
            )
            for district_id in districts
        }
    return _Facts(facts=facts, contents=contents)


async def publish(tx: Tx, content: Content, actor: Actor | None, issuer: str | None, clock: Clock) -> UUID:
    """Keep a content as the first edition of its bulletin and announce it; raises AlreadyIssued."""
    now = clock.now()
    bulletin_id = new_id(now)
    values = {
        "id": bulletin_id,
        "kind": content.kind,
        "district_id": None if content.scope is None else content.scope.district_id,
        "from_on": content.from_on,
        "to_on": content.to_on,
        "created_at": now,
    }
    with translate_violations(_TAKEN):
        await tx.execute(insert(Bulletin).values(values))
    await keep_edition(tx, bulletin_id, 1, content, actor, issuer, clock)
    return bulletin_id


async def keep_edition(
    tx: Tx,
    bulletin_id: UUID,
    number: int,
    content: Content,
    actor: Actor | None,
    issuer: str | None,
    clock: Clock,
    *,
    reason: str | None = None,
) -> None:
    """Keep a content as an edition of a bulletin, with its digest, and announce it; raises AlreadyIssued."""
    frozen, digest = freeze(content)
    now = clock.now()
    values = {
        "bulletin_id": bulletin_id,
        "edition": number,
        "content": frozen,
        "digest": bytes.fromhex(digest),
        "ledger_entry": content.ledger.entry,
        "reason": reason,
        "issuer": issuer,
        "issued_by": None if actor is None else actor.account_id,
        "issued_at": now,
    }
    with translate_violations(_TAKEN):
        await tx.execute(insert(BulletinEdition).values(values))
    detail = {"edition": number, "digest": digest}
    await record_act(tx, actor, "bulletin.issued", "bulletin", bulletin_id, detail, clock=clock)
    told = {
        "kind": content.kind,
        "district_id": None if content.scope is None else str(content.scope.district_id),
        "district": None if content.scope is None else content.scope.name,
        "from_on": content.from_on.isoformat(),
        "to_on": content.to_on.isoformat(),
        "edition": number,
        "rate": content.totals.all_posts.rate,
        "failing": content.totals.failing,
    }
    await announce(tx, ISSUED, f"{bulletin_id}:{number}", occurred_at=now, now=now, detail=told)
    log.info("bulletins.issued", bulletin_id=str(bulletin_id), edition=number, kind=content.kind)
