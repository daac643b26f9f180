"""Keeps on record that a device was sent away for where its requests came from, or what they carried."""

from datetime import UTC, datetime
from typing import Literal

import structlog

from backend.gates.model import Gate
from backend.ledger.append import Connection

log = structlog.get_logger()

RefusalReason = Literal["network", "token", "mac"]

# One row per device, day, reason and address: whoever keeps calling makes no more rows.
NOTE = """
INSERT INTO gate_refusal AS r (project_id, device_id, on_utc, reason, address, first_at, last_at)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT ON CONSTRAINT pk_gate_refusal DO UPDATE SET
  counter = r.counter + 1, last_at = greatest(r.last_at, excluded.last_at)
"""


async def note_refusal(
    connection: Connection, gate: Gate, reason: RefusalReason, address: str | None, now: datetime
) -> None:
    """Count a refusal on a connection in autocommit mode, before the error is raised that tells the device."""
    day, told = now.astimezone(UTC).date(), address or "unknown"
    await connection.execute(NOTE, (gate.project_id, gate.device_id, day, reason, told, now, now))
    log.warning("gates.refused", gate_id=str(gate.device_id), reason=reason)
