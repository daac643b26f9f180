"""Makes evidence packs for staff and for the person himself, and puts each on record."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import exists, func, or_, select, text

from backend.attendance.rates.errors import SpanInvalid
from backend.attendance.rates.figures import Span, month_span
from backend.attendance.rates.listing import READ as READ_RATES
from backend.identity.audit import record_act
from backend.identity.services import IdentityServices
from backend.identity.tables import AuditEvent
from backend.kit.clock import Clock
from backend.kit.db import Database, Tx
from backend.kit.guards import Actor
from backend.ledger.queries import READ as READ_LEDGER
from backend.ledger.tables import PunchStatus
from backend.reports.bulletins.gathering import ONE_SNAPSHOT
from backend.reports.packs import archive
from backend.reports.packs.content import Pack, write_month
from backend.reports.packs.errors import PacksTooMany
from backend.reports.packs.gathering import gather
from backend.reports.packs.wording import how_to_check, word_pack
from backend.reports.rendering.renderer import Renderer
from backend.sites.errors import PersonUnknown
from backend.sites.model import work_on
from backend.sites.person_rights import sees_person
from backend.sites.projects import require_project
from backend.sites.queries import ProjectRow
from backend.sites.tables import Assignment

MADE: Final = "evidence_pack.made"
MOST_AN_HOUR: Final = 5
"""Packs about one person that one account has made; a pack costs a second of the one printing process."""
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackTools:
    """What packs are made with."""

    database: Database
    renderer: Renderer
    services: IdentityServices
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody asks for: the month (YYYY-MM) of a person on a project, what for, in which language."""

    project_id: UUID
    person_id: UUID
    month: str
    purpose: str
    language: str


async def make_for_staff(tools: PackTools, actor: Actor, asked: Asked) -> bytes:
    """Return the zip for somebody who sees both the person's rates and his punches.

    Raises ProjectUnknown, PersonUnknown, SpanInvalid, PacksTooMany, RenderersBusy or RenderingFailed.
    """
    async with tools.database.transaction() as tx:
        await tx.execute(text(ONE_SNAPSHOT))
        project = await require_project(tx, actor, asked.project_id, scope=READ_LEDGER)
        known = exists().where(Assignment.project_id == asked.project_id, Assignment.person_id == asked.person_id)
        punched = exists().where(PunchStatus.project_id == asked.project_id, PunchStatus.person_id == asked.person_id)
        seen = [sees_person(actor, scope, asked.project_id, asked.person_id) for scope in (READ_LEDGER, READ_RATES)]
        if not all((await tx.execute(select(or_(known, punched), *seen))).one()):
            raise PersonUnknown
        written, pack = await _write(tools, tx, actor, project, asked)
    return await _finish(tools, actor, asked, written, pack)


async def make_for_himself(tools: PackTools, actor: Actor, project: ProjectRow, asked: Asked) -> bytes:
    """Return the zip of the caller's own month on a project that is his.

    Raises SpanInvalid, PacksTooMany, RenderersBusy or RenderingFailed.
    """
    async with tools.database.transaction() as tx:
        await tx.execute(text(ONE_SNAPSHOT))
        written, pack = await _write(tools, tx, actor, project, asked)
    return await _finish(tools, actor, asked, written, pack)


def span_of_month(month: str, today: date) -> Span:
    """Return a month (YYYY-MM) up to yesterday; raises SpanInvalid for one that is none or has not begun."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise SpanInvalid from error
    if first > today:
        raise SpanInvalid
    whole = month_span(first)
    return Span(first=whole.first, last=whole.last, until=min(whole.last, today - _DAY))


def name_of(asked: Asked) -> str:
    """Return the name of a pack's file, which tells nobody who it is about."""
    return f"evidence-{asked.month}-{asked.person_id}.zip"


async def _write(
    tools: PackTools, tx: Tx, actor: Actor, project: ProjectRow, asked: Asked
) -> tuple[dict[str, bytes], Pack]:
    now = tools.clock.now()
    made = select(func.count()).where(
        AuditEvent.object_type == "person",
        AuditEvent.object_id == str(asked.person_id),
        AuditEvent.action == MADE,
        AuditEvent.actor_id == actor.account_id,
        AuditEvent.at > now - _HOUR,
    )
    if int(await tx.scalar(made) or 0) >= MOST_AN_HOUR:
        raise PacksTooMany(retry_after_s=int(_HOUR.total_seconds()))
    span = span_of_month(asked.month, work_on(now, project.time_zone, project.cutover))
    pack, proof, keys = await gather(
        tx, project, asked.person_id, span, now=now, language=asked.language, services=tools.services
    )
    content, _ = write_month(pack)
    return {
        archive.HOW: how_to_check(asked.language, pack).encode(),
        archive.MONTH: content,
        archive.PROOF: msgspec.json.format(msgspec.json.encode(proof), indent=1),
        archive.HEAD: (proof.head or "").encode(),
        archive.KEYS: msgspec.json.format(msgspec.json.encode(keys), indent=1),
    }, pack


async def _finish(tools: PackTools, actor: Actor, asked: Asked, written: dict[str, bytes], pack: Pack) -> bytes:
    # No connection is held while it is printed, which takes seconds. It is on record before anybody has it.
    _, digest = write_month(pack)
    printed = await tools.renderer.render("pdf", word_pack(asked.language, pack, digest))
    detail = {
        "person_id": str(asked.person_id),
        "month": asked.month,
        "purpose": asked.purpose,
        "entries": len(pack.entries),
        "unsealed": pack.unsealed,
        "digest": digest,
    }
    async with tools.database.transaction() as tx:
        await record_act(
            tx,
            actor,
            MADE,
            "person",
            asked.person_id,
            detail,
            clock=tools.clock,
            project_id=asked.project_id,
        )
    return archive.zip_pack({archive.PRINT: printed, **written}, pack.made_at)
