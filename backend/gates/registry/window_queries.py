"""The SELECTs of pairing windows and of serial numbers that nobody knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, func, select

from backend.gates.tables import GatePairingWindow, GateUnknownSeen
from backend.kit.db import Tx


@dataclass(frozen=True, slots=True)
class WindowRow:
    """A pairing window."""

    id: UUID
    vendor: str
    serial_no: str | None
    from_at: datetime
    to_at: datetime
    reason: str
    opened_by: UUID
    met: int
    closed_at: datetime | None
    closed_by: UUID | None


@dataclass(frozen=True, slots=True)
class UnknownRow:
    """How often a number called that no device has."""

    vendor: str
    serial: str
    counter: int
    first_seen_at: datetime
    last_seen_at: datetime
    last_address: str | None


_WINDOW: Sequence[Any] = (
    GatePairingWindow.id,
    GatePairingWindow.vendor,
    GatePairingWindow.serial_no,
    GatePairingWindow.from_at,
    GatePairingWindow.to_at,
    GatePairingWindow.reason,
    GatePairingWindow.opened_by,
    GatePairingWindow.met,
    GatePairingWindow.closed_at,
    GatePairingWindow.closed_by,
)


async def list_windows(tx: Tx, project_id: UUID, *, before: UUID | None, limit: int) -> list[WindowRow]:
    """Return a project's windows, latest first."""
    row = GatePairingWindow
    statement = select(*_WINDOW).where(row.project_id == project_id).order_by(row.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(row.id < before)
    return [WindowRow(*found) for found in await tx.execute(statement)]


async def find_window(tx: Tx, project_id: UUID, window_id: UUID) -> WindowRow | None:
    """Return one window of a project."""
    row = GatePairingWindow
    found = (await tx.execute(select(*_WINDOW).where(row.project_id == project_id, row.id == window_id))).one_or_none()
    return None if found is None else WindowRow(*found)


async def list_unknown(tx: Tx, *, limit: int) -> list[UnknownRow]:
    """Return unknown serial numbers, latest caller first."""
    row = GateUnknownSeen
    statement = (
        select(
            row.vendor,
            row.serial,
            row.counter,
            row.first_seen_at,
            row.last_seen_at,
            cast(func.host(row.last_address), Text),
        )
        .order_by(row.last_seen_at.desc(), row.vendor, row.serial)
        .limit(limit)
    )
    return [UnknownRow(*found) for found in await tx.execute(statement)]
