"""Appends punches: dedupe key, punch, private row, ruling, status and outbox row in one statement."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

import msgspec
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import TupleRow

from backend.ledger.columns import FROM_ARRAYS, FROM_OBJECTS, as_arrays, as_objects
from backend.ledger.model import Appended, DayKey, Entry, Receipt

Connection = AsyncConnection[TupleRow]
Cursor = AsyncCursor[TupleRow]

# The order of locks is everywhere dedupe, ledger, status, person-day; within a batch, by key.
_APPEND = """
WITH incoming AS MATERIALIZED (
  {incoming}
), fresh AS (
  INSERT INTO punch_dedupe (project_id, source_id, bucket, event_key, payload_digest, punch_id, receipt)
  SELECT project_id, source_id, bucket, event_key, decode(payload_digest, 'hex'), punch_id, receipt
  FROM incoming ORDER BY project_id, source_id, bucket, event_key COLLATE "C"
  ON CONFLICT DO NOTHING
  RETURNING punch_id
), taken AS MATERIALIZED (
  SELECT incoming.* FROM incoming JOIN fresh USING (punch_id)
), the_punch AS (
  INSERT INTO punch (project_id, received_at, punch_id, source, source_id, event_key, person_id, section_id,
    occurred_at, device_time, time_quality, direction, direction_source, trust, method, lane, granted, fence_version_id,
    policy_version, covered, signed_distance_m, probability, accuracy_m, sigma_m, chainage_m, offset_m, signals,
    payload_digest, private_digest)
  SELECT project_id, received_at, punch_id, source, source_id, event_key, person_id, section_id, occurred_at,
    device_time, time_quality, direction, direction_source, trust, method, lane, granted, fence_version_id,
    policy_version, covered, signed_distance_m, probability, accuracy_m, sigma_m, chainage_m, offset_m, signals,
    decode(payload_digest, 'hex'), decode(private_digest, 'hex') FROM taken
), the_private_row AS (
  INSERT INTO punch_private (project_id, received_at, punch_id, key_id, sealed)
  SELECT project_id, received_at, punch_id, key_id, decode(sealed, 'hex') FROM taken WHERE sealed IS NOT NULL
), the_ruling AS (
  INSERT INTO ruling (project_id, ruled_at, ruling_id, punch_id, seq, outcome, reasons, policy_version, deadline_at)
  SELECT project_id, received_at, ruling_id, punch_id, 1, outcome, reasons, policy_version, deadline_at FROM taken
), the_status AS (
  INSERT INTO punch_status (project_id, punch_id, received_at, ruling_id, seq, outcome, person_id, occurred_at,
    direction, source, quarantined)
  SELECT project_id, punch_id, received_at, ruling_id, 1, outcome, person_id, occurred_at, direction, source,
    time_quality = 'quarantined' FROM taken
), the_outbox_row AS (
  INSERT INTO ledger_outbox (project_id, kind, entry_id, recorded_at)
  SELECT project_id, 'punch', punch_id, received_at FROM taken
){proofs}
SELECT punch_id FROM fresh
"""
# Who takes a proof at the same time waits here for the other one, and then fails: its ruling would not hold any more.
_USE_PROOFS = """, the_proof AS (
  INSERT INTO presence_proof_use (project_id, proof_id, punch_id, used_at)
  SELECT project_id, proof_id, punch_id, received_at FROM taken WHERE proof_id IS NOT NULL
  ORDER BY project_id, proof_id
)"""
_PLAIN = _APPEND.replace("{proofs}", "")
APPEND = _PLAIN.replace("{incoming}", FROM_OBJECTS)
APPEND_MANY = _PLAIN.replace("{incoming}", FROM_ARRAYS)
APPEND_WITH_PROOFS = _APPEND.replace("{proofs}", _USE_PROOFS).replace("{incoming}", FROM_OBJECTS)
"""A statement of its own, so that those without a proof do not pay for it."""
MANY = 64
"""From so many entries on reading arrays saves more than their 37 parameters cost."""

# A second statement, so that its snapshot sees what the other transaction committed while the first one waited.
TAKEN = """
SELECT k.punch_id, encode(d.payload_digest, 'hex'), d.receipt::text
FROM json_to_recordset(%s::text::json) AS k (
  project_id uuid, source_id uuid, bucket date, event_key text, punch_id uuid)
CROSS JOIN LATERAL (
  -- LIMIT keeps the planner from reading a whole partition to join it.
  SELECT payload_digest, receipt FROM punch_dedupe t
  WHERE t.project_id = k.project_id AND t.source_id = k.source_id AND t.bucket = k.bucket AND t.event_key = k.event_key
  LIMIT 1) d
"""

_encoder = msgspec.json.Encoder()
_receipts = msgspec.json.Decoder(Receipt)


@runtime_checkable
class DayFolder(Protocol):
    """Who folds the days that new entries touch, in the entries' own transaction; the application's wiring names it."""

    async def __call__(self, connection: Connection, keys: Iterable[DayKey], now: datetime) -> Cursor:
        """Lock and fold the days after the entries are written; inside a pipeline nothing is waited for yet."""
        ...


async def send_append(connection: Connection, entries: Sequence[Entry]) -> Cursor:
    """Send the append; inside a pipeline nothing is waited for yet.

    Violates `pk_presence_proof_use` when somebody has taken an entry's proof since it was read.
    """
    if any(entry.proof_id is not None for entry in entries):
        return await connection.execute(APPEND_WITH_PROOFS, as_objects(entries))
    if len(entries) >= MANY and (arrays := as_arrays(entries)) is not None:
        return await connection.execute(APPEND_MANY, arrays)
    return await connection.execute(APPEND, as_objects(entries))


async def settle_append(connection: Connection, entries: Sequence[Entry], sent: Cursor) -> list[Appended]:
    """Tell for each entry, in order, whether it is new, a repetition or a conflict.

    Costs a further statement only when some event id was taken already, by an earlier request or within the batch.
    """
    fresh = {row[0] for row in await sent.fetchall()}
    rest = [entry for entry in entries if entry.punch_id not in fresh]
    known: dict[UUID, tuple[str, Receipt]] = {}
    if rest:
        keys = [_key(entry) for entry in rest]
        found = await connection.execute(TAKEN, (_encoder.encode(keys).decode(),), prepare=False)
        known = {row[0]: (row[1], _receipts.decode(row[2])) for row in await found.fetchall()}
    # What is neither fresh nor found would not be in the ledger: better no answer than a false receipt.
    return [
        Appended("new", entry.receipt) if entry.punch_id in fresh else _repeated(entry, *known[entry.punch_id])
        for entry in entries
    ]


async def find_taken(connection: Connection, entry: Entry) -> Appended | None:
    """Tell whether the entry's event id was taken before, as a repetition or a conflict; None if it is new."""
    key = _encoder.encode([_key(entry)]).decode()
    row = await (await connection.execute(TAKEN, (key,), prepare=False)).fetchone()
    return None if row is None else _repeated(entry, row[1], _receipts.decode(row[2]))


async def find_taken_on_any(
    connection: Connection, project_ids: Iterable[UUID], source_id: UUID, bucket: date, event_key: str
) -> dict[str, Receipt]:
    """Return the receipts of an event id on the projects that have taken it, by payload digest (hexadecimal)."""
    same = {"source_id": source_id, "bucket": bucket, "event_key": event_key, "punch_id": None}
    keys = _encoder.encode([{"project_id": project_id, **same} for project_id in project_ids]).decode()
    rows = await (await connection.execute(TAKEN, (keys,), prepare=False)).fetchall()
    return {row[1]: _receipts.decode(row[2]) for row in rows}


def _key(entry: Entry) -> dict[str, Any]:
    return {
        "project_id": entry.project_id,
        "source_id": entry.source_id,
        "bucket": entry.bucket,
        "event_key": entry.event_key,
        "punch_id": entry.punch_id,
    }


def _repeated(entry: Entry, digest: str, receipt: Receipt) -> Appended:
    return Appended("replayed" if entry.is_same_event(digest) else "conflict", receipt)
