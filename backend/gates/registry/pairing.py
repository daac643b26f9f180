"""Opens the windows in which devices that nobody registered may announce themselves, and meets them."""

import re
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import insert, update

from backend.gates.errors import WindowEmpty, WindowUnknown
from backend.gates.instants import in_utc
from backend.gates.registry import queries, window_queries
from backend.gates.registry.pairing_schemas import WindowBody
from backend.gates.registry.window_queries import UnknownRow, WindowRow
from backend.gates.tables import GatePairingWindow
from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.ledger.append import Connection
from backend.sites.projects import require_project

WINDOW_LIFE: Final = timedelta(minutes=15)
LONGEST_WINDOW: Final = timedelta(hours=1)
DEVICES_PER_WINDOW: Final = 20
"""More strangers than that are not a delivery of gates but somebody who tries numbers."""
SERIALS_KEPT: Final = 10_000
OTHERS: Final = "*"
"""Stands for unknown numbers beyond those that are kept apart, and for what is no serial number at all."""

Met = Literal["counted", "pending"]

_SERIAL = re.compile(r"[0-9A-Za-z._:-]{3,64}")

# Those that name the number come first; two of one kind leave it open where the stranger belongs.
OPEN_WINDOWS = """
SELECT project_id, id, serial_no IS NOT NULL AS named FROM gate_pairing_window
WHERE vendor = %(vendor)s AND from_at <= %(now)s AND to_at > %(now)s AND closed_at IS NULL AND met < %(most)s
  AND (serial_no IS NULL OR serial_no = %(serial_no)s)
ORDER BY named DESC LIMIT 2 FOR UPDATE
"""

ANNOUNCE = """
INSERT INTO gate_device (project_id, id, serial_no, name, default_direction, state, heartbeat_interval_s, created_at,
  vendor, networks)
VALUES (%(project_id)s, %(id)s, %(serial_no)s, %(serial_no)s, 'unknown', 'pending', 60, %(now)s, %(vendor)s,
  CASE WHEN %(address)s::inet IS NULL THEN '{}' ELSE ARRAY[%(address)s::inet::cidr] END)
ON CONFLICT ON CONSTRAINT uq_gate_device_serial_no DO NOTHING RETURNING id
"""

COUNT_MET = "UPDATE gate_pairing_window SET met = met + 1 WHERE project_id = %s AND id = %s"

COUNT_UNKNOWN = """
INSERT INTO gate_unknown_seen AS u (vendor, serial, first_seen_at, last_seen_at, last_address)
SELECT %(vendor)s,
  CASE WHEN EXISTS (SELECT FROM gate_unknown_seen k WHERE k.vendor = %(vendor)s AND k.serial = %(serial)s)
    OR (SELECT count(*) FROM gate_unknown_seen) < %(most)s THEN %(serial)s ELSE %(others)s END,
  %(now)s, %(now)s, %(address)s::inet
ON CONFLICT ON CONSTRAINT pk_gate_unknown_seen DO UPDATE SET counter = u.counter + 1,
  last_seen_at = greatest(u.last_seen_at, excluded.last_seen_at), last_address = excluded.last_address
"""


async def meet_unknown(
    connection: Connection, *, vendor: str, serial_no: str, address: str | None, now: datetime
) -> Met:
    """Meet a caller whose serial number no device has: inside a pairing window it becomes a pending device.

    Outside it is counted, and nothing of what it sent is kept. Both callers are to get the same bland answer. The
    pending device may call from the address of its first call alone, until somebody states its networks. The
    connection is in autocommit mode; durable when this returns.
    """
    asked = {"vendor": vendor, "serial_no": serial_no, "address": address, "now": now}
    if _SERIAL.fullmatch(serial_no) is not None:
        async with connection.transaction():
            found = await connection.execute(OPEN_WINDOWS, {**asked, "most": DEVICES_PER_WINDOW})
            windows = await found.fetchall()
            if len(windows) == 1 or (windows and windows[0][2] and not windows[1][2]):
                project_id, window_id, _ = windows[0]
                made = await connection.execute(ANNOUNCE, {**asked, "project_id": project_id, "id": new_id(now)})
                if await made.fetchone() is not None:
                    await connection.execute(COUNT_MET, (project_id, window_id))
                return "pending"
    serial = serial_no if _SERIAL.fullmatch(serial_no) is not None else OTHERS
    counted = {**asked, "serial": serial, "others": OTHERS, "most": SERIALS_KEPT}
    await connection.execute(COUNT_UNKNOWN, counted)
    return "counted"


async def open_window(tx: Tx, actor: Actor, project_id: UUID, body: WindowBody, *, clock: Clock) -> WindowRow:
    """Open a pairing window; raises ProjectUnknown or WindowEmpty."""
    await require_project(tx, actor, project_id, scope=queries.WRITE)
    now = clock.now()
    to_at = now + WINDOW_LIFE if body.to_at is None else in_utc("$.to_at", body.to_at)
    if not now < to_at <= now + LONGEST_WINDOW:
        raise WindowEmpty
    window_id = new_id(now)
    await tx.execute(
        insert(GatePairingWindow).values(
            project_id=project_id,
            id=window_id,
            vendor=body.vendor,
            serial_no=body.serial_no,
            from_at=now,
            to_at=to_at,
            reason=body.reason,
            opened_by=actor.account_id,
        )
    )
    detail = {"vendor": body.vendor, "to_at": to_at.isoformat()}
    act = "gate_window.opened"
    await record_act(tx, actor, act, "gate_window", window_id, detail, clock=clock, project_id=project_id)
    return await _window(tx, project_id, window_id)


async def close_window(tx: Tx, actor: Actor, project_id: UUID, window_id: UUID, *, clock: Clock) -> None:
    """Close a pairing window before its end; one that is over stays as it is. Raises ProjectUnknown, WindowUnknown."""
    await require_project(tx, actor, project_id, scope=queries.WRITE)
    await _window(tx, project_id, window_id)
    now, row = clock.now(), GatePairingWindow
    closed = await tx.execute(
        update(row)
        .where(row.project_id == project_id, row.id == window_id, row.closed_at.is_(None), row.to_at > now)
        .values(closed_at=now, closed_by=actor.account_id)
        .returning(row.id)
    )
    if closed.one_or_none() is not None:
        act = "gate_window.closed"
        await record_act(tx, actor, act, "gate_window", window_id, {}, clock=clock, project_id=project_id)


async def list_windows(tx: Tx, actor: Actor, project_id: UUID, *, after: UUID | None, limit: int) -> list[WindowRow]:
    """Return a page of a project's pairing windows, latest first; raises ProjectUnknown."""
    await require_project(tx, actor, project_id, scope=queries.READ)
    return await window_queries.list_windows(tx, project_id, before=after, limit=limit)


async def list_unknown(tx: Tx, *, limit: int) -> list[UnknownRow]:
    """Return the serial numbers that no device has, latest caller first."""
    return await window_queries.list_unknown(tx, limit=limit)


async def _window(tx: Tx, project_id: UUID, window_id: UUID) -> WindowRow:
    found = await window_queries.find_window(tx, project_id, window_id)
    if found is None:
        raise WindowUnknown
    return found
