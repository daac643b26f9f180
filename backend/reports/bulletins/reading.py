"""Use cases of those who read bulletins and set what they want of them."""

from datetime import UTC, date, datetime, time
from uuid import UUID

import msgspec
from sqlalchemy import insert

from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.cursors import read_cursor, write_cursor
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.kit.wire import Page
from backend.reports.bulletins import queries
from backend.reports.bulletins.content import thaw
from backend.reports.bulletins.differences import differences
from backend.reports.bulletins.errors import BulletinUnknown, ScopeNotOwn
from backend.reports.bulletins.schemas import (
    BulletinAnswer,
    BulletinLine,
    DifferenceLine,
    DifferencesAnswer,
    EditionLine,
    SettingsAnswer,
    SettingsBody,
)
from backend.reports.bulletins.settings import BulletinSettings, read_settings
from backend.reports.bulletins.tables import BulletinSetting
from backend.reports.bulletins.wording import LINES_IN_PRINT, Published, word_bulletin
from backend.reports.rendering.document import Document
from backend.reports.rendering.limits import Form


async def list_bulletins(
    tx: Tx, actor: Actor, *, kind: str | None, district_id: UUID | None, after: str | None, limit: int
) -> Page[BulletinLine]:
    """Return one page of bulletins, latest period first; raises CursorInvalid."""
    cursor = None
    if after is not None:
        at, bulletin_id = read_cursor(after)
        cursor = (at.date(), bulletin_id)
    rows = await queries.list_bulletins(tx, actor, kind=kind, district_id=district_id, after=cursor, limit=limit + 1)
    lines = [
        BulletinLine(
            id=row.id,
            kind=row.kind,
            district_id=row.district_id,
            district_name=row.district_name,
            from_on=row.from_on,
            to_on=row.to_on,
            edition=row.edition,
            digest=row.digest.hex(),
            issued_at=row.issued_at,
        )
        for row in rows[:limit]
    ]
    more = len(rows) > limit
    following = write_cursor(datetime.combine(lines[-1].from_on, time(), UTC), lines[-1].id) if more else None
    return Page(items=lines, next=following)


async def find(tx: Tx, actor: Actor, bulletin_id: UUID, edition: int | None) -> AnyRow:
    """Return an edition, the last one for None; raises BulletinUnknown."""
    row = await queries.find_edition(tx, actor, bulletin_id, edition, scope=queries.READ)
    if row is None:
        raise BulletinUnknown
    return row


async def show(tx: Tx, actor: Actor, bulletin_id: UUID, edition: int | None) -> BulletinAnswer:
    """Return an edition with what it says; raises BulletinUnknown."""
    row = await find(tx, actor, bulletin_id, edition)
    return BulletinAnswer(
        id=row.id,
        edition=row.edition,
        digest=row.digest.hex(),
        reason=row.reason,
        issuer=row.issuer,
        issued_by_name=row.issued_by_name,
        issued_at=row.issued_at,
        editions=[
            EditionLine(
                edition=one.edition,
                digest=one.digest.hex(),
                reason=one.reason,
                issued_by_name=one.issued_by_name,
                issued_at=one.issued_at,
            )
            for one in await queries.list_editions(tx, bulletin_id)
        ],
        content=thaw(row.content),
    )


async def compare(tx: Tx, actor: Actor, bulletin_id: UUID, edition: int) -> DifferencesAnswer:
    """Return what an edition says otherwise than the one before; raises BulletinUnknown (the first has none before)."""
    after = await find(tx, actor, bulletin_id, edition)
    before = await find(tx, actor, bulletin_id, edition - 1)
    found = differences(thaw(before.content), thaw(after.content))
    lines = [DifferenceLine(path=one.path, of=one.of, before=one.before, after=one.after) for one in found]
    return DifferencesAnswer(edition=edition, reason=after.reason, differences=lines)


def document_of(row: AnyRow, language: str, form: Form) -> Document:
    """Return an edition's document; a workbook lists every project, page and print the first of each annex."""
    published = Published(
        edition=row.edition,
        issued_at=row.issued_at,
        digest=row.digest.hex(),
        issuer=row.issuer,
        reason=row.reason,
    )
    return word_bulletin(language, thaw(row.content), published, most_lines=None if form == "xlsx" else LINES_IN_PRINT)


def name_of(kind: str, from_on: date, edition: int, ending: str) -> str:
    """Return the name of an edition's file."""
    return f"bulletin-{kind}-{from_on:%Y%m%d}-{edition}.{ending}"


async def show_settings(tx: Tx, actor: Actor, district_id: UUID | None) -> SettingsAnswer:
    """Return the settings of the city or a district; raises ScopeNotOwn."""
    if not await queries.reaches(tx, actor, queries.READ, district_id):
        raise ScopeNotOwn
    row = await queries.find_setting(tx, district_id)
    settings = read_settings(None if row is None else row.body)
    return SettingsAnswer(district_id=district_id, settings=settings, set_at=None if row is None else row.set_at)


async def keep_settings(tx: Tx, actor: Actor, body: SettingsBody, clock: Clock) -> SettingsAnswer:
    """Set what the city or a district wants; raises ScopeNotOwn."""
    if not await queries.reaches(tx, actor, queries.ISSUE, body.district_id):
        raise ScopeNotOwn
    now = clock.now()
    settings = BulletinSettings(daily=body.daily, weekly=body.weekly, issuer=body.issuer)
    values = {
        "id": new_id(now),
        "district_id": body.district_id,
        "body": msgspec.to_builtins(settings),
        "set_by": actor.account_id,
        "set_at": now,
    }
    await tx.execute(insert(BulletinSetting).values(values))
    detail = {"daily": settings.daily.issue, "weekly": settings.weekly.issue}
    subject = "city" if body.district_id is None else str(body.district_id)
    await record_act(tx, actor, "bulletin.settings_set", "bulletin_setting", subject, detail, clock=clock)
    return SettingsAnswer(district_id=body.district_id, settings=settings, set_at=now)
