"""The SELECTs of what terminals sent besides events, limited to a project that the caller has been let into."""

from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select

from backend.gates.envelope_tables import GateEnvelope, GateRemark, GateTerminalUser, GateUnreadLine
from backend.kit.db import AnyRow, Tx


async def list_unread(
    tx: Tx, project_id: UUID, device_id: UUID, *, after: tuple[UUID, int] | None, limit: int
) -> list[AnyRow]:
    """Return unread lines with their envelopes' digests: latest envelope first, its lines in their order."""
    line = GateUnreadLine
    query: Any = (
        select(
            line.envelope_id,
            line.number,
            line.reason,
            line.text,
            line.received_at,
            GateEnvelope.subject,
            GateEnvelope.sha256,
            GateEnvelope.times,
        )
        .join(GateEnvelope, and_(GateEnvelope.project_id == line.project_id, GateEnvelope.id == line.envelope_id))
        .where(line.project_id == project_id, line.device_id == device_id)
        .order_by(line.envelope_id.desc(), line.number)
        .limit(limit)
    )
    if after is not None:
        envelope_id, number = after
        query = query.where(
            or_(line.envelope_id < envelope_id, and_(line.envelope_id == envelope_id, line.number > number))
        )
    return list((await tx.execute(query)).all())


async def list_remarks(
    tx: Tx, project_id: UUID, device_id: UUID, *, kind: str | None, before: int | None, limit: int
) -> list[AnyRow]:
    """Return a device's remarks, latest first."""
    row = GateRemark
    query: Any = (
        select(row.id, row.kind, row.code, row.at, row.received_at, row.detail)
        .where(row.project_id == project_id, row.device_id == device_id)
        .order_by(row.id.desc())
        .limit(limit)
    )
    if kind is not None:
        query = query.where(row.kind == kind)
    if before is not None:
        query = query.where(row.id < before)
    return list((await tx.execute(query)).all())


async def list_users(tx: Tx, project_id: UUID, device_id: UUID, *, after: str | None, limit: int) -> list[AnyRow]:
    """Return whom the terminal has enrolled by its own account, by number."""
    row = GateTerminalUser
    query: Any = (
        select(row.number, row.name, row.replaced, row.told_at)
        .where(row.project_id == project_id, row.device_id == device_id)
        .order_by(row.number)
        .limit(limit)
    )
    if after is not None:
        query = query.where(row.number > after)
    return list((await tx.execute(query)).all())
