"""Keeps what terminals sent, as it came but without templates, photos and passwords, before it is looked into.

The same bytes from the same device are one envelope that came several times; when all of it is recorded, a repetition
has nothing to add.
"""

import hashlib
import zlib
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from backend.gates.bodies import without_secrets
from backend.gates.model import Gate
from backend.gates.tools import GateTools
from backend.kit.ids import new_id
from backend.ledger.append import Connection
from backend.ledger.data_keys import obtain_data_key

KEPT: Final = timedelta(days=731)
"""How long envelopes, unread lines and remarks are kept: two years."""

PURGED_AT_ONCE: Final = 2000

STORE = """
INSERT INTO gate_envelope AS e (project_id, id, device_id, received_at, subject, sha256, size, key_id, sealed,
  last_received_at)
VALUES (%(project_id)s, %(id)s, %(device_id)s, %(now)s, %(subject)s, %(sha256)s, %(size)s, %(key_id)s, %(sealed)s,
  %(now)s)
ON CONFLICT ON CONSTRAINT uq_gate_envelope_sha256 DO UPDATE SET
  times = e.times + 1, last_received_at = greatest(e.last_received_at, excluded.last_received_at)
RETURNING id, recorded_at IS NOT NULL, coalesce(rows, 0)
"""

REPEAT = """
UPDATE gate_envelope SET times = times + 1, last_received_at = greatest(last_received_at, %(now)s)
WHERE project_id = %(project_id)s AND device_id = %(device_id)s AND subject = %(subject)s AND sha256 = %(sha256)s
  AND recorded_at IS NOT NULL
RETURNING id, coalesce(rows, 0)
"""

PURGE = """
WITH old AS (
  SELECT project_id, id FROM gate_envelope WHERE received_at < %(before)s ORDER BY received_at LIMIT %(most)s)
DELETE FROM gate_envelope e USING old WHERE e.project_id = old.project_id AND e.id = old.id
"""

PURGE_REMARKS = """
WITH old AS (
  SELECT project_id, device_id, key FROM gate_remark WHERE received_at < %(before)s ORDER BY received_at LIMIT %(most)s)
DELETE FROM gate_remark r USING old
WHERE r.project_id = old.project_id AND r.device_id = old.device_id AND r.key = old.key
"""


class Envelope(NamedTuple):
    """A stored envelope; `recorded` says that these very bytes, with so many rows, were recorded before as a whole."""

    id: UUID
    recorded: bool
    rows: int


async def store_envelope(
    connection: Connection, tools: GateTools, gate: Gate, subject: str, body: bytes, kept: bytes, now: datetime
) -> Envelope:
    """Store a body and return its envelope; durable when this returns, on a connection in autocommit mode.

    `kept` is what may be kept of it (a photo's head, an archive's contents); secrets are cut from that here.
    """
    sha256 = hashlib.sha256(body).digest()
    asked = {
        "project_id": gate.project_id,
        "device_id": gate.device_id,
        "subject": subject,
        "sha256": sha256,
        "now": now,
    }
    repeated = await (await connection.execute(REPEAT, asked)).fetchone()
    if repeated is not None:
        return Envelope(repeated[0], recorded=True, rows=repeated[1])
    key = await obtain_data_key(
        connection, tools.data_keys, gate.project_id, now, key_id=gate.data_key_id, wrapped=gate.wrapped_data_key
    )
    envelope_id = new_id(now)
    sealed = key.key.seal(zlib.compress(without_secrets(kept), 1), envelope_id.bytes).ciphertext
    more = {"id": envelope_id, "size": len(body), "key_id": key.key_id, "sealed": sealed}
    row = await (await connection.execute(STORE, {**asked, **more})).fetchone()
    if row is None:
        msg = "an upsert returns its row"
        raise RuntimeError(msg)
    return Envelope(row[0], recorded=bool(row[1]), rows=row[2])


async def purge_envelopes(connection: Connection, now: datetime) -> int:
    """Delete what is older than two years, some thousand rows at a time; return how many envelopes."""
    asked = {"before": now - KEPT, "most": PURGED_AT_ONCE}
    purged = 0
    for statement in (PURGE, PURGE_REMARKS):
        while (count := (await connection.execute(statement, asked)).rowcount) > 0:
            purged += count if statement is PURGE else 0
    return purged
