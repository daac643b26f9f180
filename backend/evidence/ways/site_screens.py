"""Use cases of site codes: set one up for a gate or screen, show it, end it."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import segno
from sqlalchemy import ColumnElement, and_, exists, insert, select

from backend.evidence.ways import errors, site_codes
from backend.evidence.ways.way_tables import SiteCode, SiteCodeEnd
from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.crypto import Cell, FieldCipher
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites.projects import require_project
from backend.sites.queries import WRITE

SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class NewScreen:
    """A new site code; `token` is what the screen's address ends with, and is told this once."""

    id: UUID
    name: str
    token: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """What a screen shows until `changes_at`: the text, and the text as a QR code in SVG."""

    name: str
    text: str
    svg: str
    changes_at: datetime


async def create_site_code(
    tx: Tx, actor: Actor, project_id: UUID, name: str, *, cipher: FieldCipher, clock: Clock
) -> NewScreen:
    """Set up a rotating code for a gate or screen of a project; raises ProjectUnknown."""
    await require_project(tx, actor, project_id, scope=WRITE)
    now = clock.now()
    code_id, token = new_id(now), secrets.token_urlsafe(SECRET_BYTES)
    await tx.execute(
        insert(SiteCode).values(
            project_id=project_id,
            id=code_id,
            name=name,
            secret_cipher=cipher.encrypt(secrets.token_urlsafe(SECRET_BYTES), _cell(code_id)),
            screen_hash=_hash(token),
            created_at=now,
            created_by=actor.account_id,
        )
    )
    await record_act(
        tx, actor, "site_code.created", "site_code", code_id, {"name": name}, clock=clock, project_id=project_id
    )
    return NewScreen(code_id, name, token, now)


async def end_site_code(tx: Tx, actor: Actor, project_id: UUID, code_id: UUID, *, clock: Clock) -> None:
    """End a code at once, on its screen too; raises ProjectUnknown or SiteCodeUnknown."""
    await require_project(tx, actor, project_id, scope=WRITE)
    await _good(tx, SiteCode.project_id == project_id, SiteCode.id == code_id)
    now = clock.now()
    await tx.execute(
        insert(SiteCodeEnd).values(project_id=project_id, code_id=code_id, ended_at=now, ended_by=actor.account_id)
    )
    await record_act(tx, actor, "site_code.ended", "site_code", code_id, {}, clock=clock, project_id=project_id)


async def list_site_codes(tx: Tx, actor: Actor, project_id: UUID) -> Sequence[AnyRow]:
    """Return a project's codes that are shown, oldest first; raises ProjectUnknown."""
    await require_project(tx, actor, project_id, scope=WRITE)
    query = (
        select(SiteCode.id, SiteCode.name, SiteCode.created_at)
        .where(SiteCode.project_id == project_id, ~_ended())
        .order_by(SiteCode.id)
    )
    return (await tx.execute(query)).all()


async def show_site_code(
    tx: Tx, actor: Actor, project_id: UUID, code_id: UUID, *, cipher: FieldCipher, clock: Clock
) -> Shown:
    """Return what a code's screen shows now; raises ProjectUnknown or SiteCodeUnknown."""
    await require_project(tx, actor, project_id, scope=WRITE)
    row = await _good(tx, SiteCode.project_id == project_id, SiteCode.id == code_id)
    return _shown(row, cipher, clock.now())


async def show_screen(tx: Tx, token: str, *, cipher: FieldCipher, clock: Clock) -> Shown:
    """Return what the screen with this token shows now; raises SiteCodeUnknown."""
    return _shown(await _good(tx, SiteCode.screen_hash == _hash(token)), cipher, clock.now())


async def find_site_code(tx: Tx, project_id: UUID, code_id: UUID) -> AnyRow | None:
    """Return a code of a project with its end, None if there is none; ended ones too, for what was scanned before."""
    query = (
        select(SiteCode.id, SiteCode.name, SiteCode.secret_cipher, SiteCode.created_at, SiteCodeEnd.ended_at)
        .outerjoin(SiteCodeEnd, and_(SiteCodeEnd.project_id == SiteCode.project_id, SiteCodeEnd.code_id == SiteCode.id))
        .where(SiteCode.project_id == project_id, SiteCode.id == code_id)
    )
    return (await tx.execute(query)).one_or_none()


def open_secret(row: AnyRow, cipher: FieldCipher) -> bytes:
    """Return the secret of a code's row."""
    return cipher.decrypt(bytes(row.secret_cipher), _cell(row.id)).encode()


def _shown(row: AnyRow, cipher: FieldCipher, now: datetime) -> Shown:
    step = site_codes.step_at(now)
    text = site_codes.write_code(open_secret(row, cipher), row.project_id, row.id, step)
    svg = segno.make(text, error="m", micro=False).svg_inline(scale=8, border=4)
    return Shown(row.name, text, svg, site_codes.step_begins(step + 1))


async def _good(tx: Tx, *conditions: ColumnElement[bool]) -> AnyRow:
    query = select(SiteCode.project_id, SiteCode.id, SiteCode.name, SiteCode.secret_cipher)
    row = (await tx.execute(query.where(*conditions, ~_ended()))).one_or_none()
    if row is None:
        raise errors.SiteCodeUnknown
    return row


def _ended() -> ColumnElement[bool]:
    return exists(
        select(SiteCodeEnd.code_id).where(
            SiteCodeEnd.project_id == SiteCode.project_id, SiteCodeEnd.code_id == SiteCode.id
        )
    )


def _cell(code_id: UUID) -> Cell:
    return Cell("site_code", "secret_cipher", code_id)


def _hash(token: str) -> bytes:
    # 256 random bits need no slow hash.
    return hashlib.sha256(token.encode()).digest()
