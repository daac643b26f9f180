"""Keeps what a device last told of itself: one row per device, locked last in every transaction."""

from collections.abc import Iterable
from datetime import datetime

from psycopg.types.multirange import Multirange

from backend.gates.model import Gate
from backend.gates.sequence import Ranges, next_expected, note_seqs
from backend.ledger.append import Connection, Cursor

# Makes the row when the device speaks for the first time; locks it either way.
TOUCH = """
INSERT INTO gate_state AS s (project_id, device_id, last_seen_at, last_event_at, clock_skew_s)
VALUES (%(project_id)s, %(device_id)s, %(now)s, %(last_event_at)s, %(skew_s)s)
ON CONFLICT (project_id, device_id) DO UPDATE SET
  last_seen_at = greatest(s.last_seen_at, excluded.last_seen_at),
  last_event_at = greatest(s.last_event_at, excluded.last_event_at),
  clock_skew_s = excluded.clock_skew_s
RETURNING s.next_expected_seq, s.seen_seqs
"""

NOTE_SEQS = """
UPDATE gate_state SET seen_seqs = %s::int8multirange, next_expected_seq = %s WHERE project_id = %s AND device_id = %s
"""


async def send_touch(
    connection: Connection, gate: Gate, now: datetime, *, clock_now: datetime, last_event_at: datetime | None
) -> Cursor:
    """Note a sign of life and by how many seconds the device's clock is behind ours; nothing is waited for yet."""
    return await connection.execute(
        TOUCH,
        {
            "project_id": gate.project_id,
            "device_id": gate.device_id,
            "now": now,
            "last_event_at": last_event_at,
            "skew_s": (now - clock_now).total_seconds(),
        },
    )


async def settle_touch(sent: Cursor) -> tuple[int, Ranges]:
    """Return the next expected sequence number and what has arrived."""
    row = await sent.fetchone()
    if row is None:
        msg = "an upsert returns its row"
        raise RuntimeError(msg)
    seen: Multirange[int] = row[1]
    return row[0], tuple((part.lower or 0, part.upper or 0) for part in seen)


async def send_seqs(
    connection: Connection, gate: Gate, seen: Ranges, fresh: Iterable[int], settled: Iterable[int]
) -> int:
    """Note the sequence numbers of a batch while `send_touch` holds the row; return the next expected one."""
    after = note_seqs(seen, fresh, settled)
    expected = next_expected(after)
    if after != seen:
        text = "{" + ",".join(f"[{begin},{end})" for begin, end in after) + "}"
        await connection.execute(NOTE_SEQS, (text, expected, gate.project_id, gate.device_id))
    return expected
