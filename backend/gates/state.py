"""Keeps what a device last told of itself: one row per device, locked last in every transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from psycopg.types.multirange import Multirange

from backend.gates.model import Gate
from backend.gates.outages.silence import silence_limit
from backend.gates.sequence import Ranges, next_expected, note_seqs
from backend.ledger.append import Connection, Cursor

RECENT_SKEWS = 20

# Makes the row when the device speaks for the first time; locks it either way.
TOUCH = """
INSERT INTO gate_state AS s (project_id, device_id, last_seen_at, last_event_at, clock_skew_s, recent_skews_s)
VALUES (%(project_id)s, %(device_id)s, %(now)s, %(last_event_at)s, %(skew_s)s, %(skews_s)s::real[])
ON CONFLICT (project_id, device_id) DO UPDATE SET
  last_seen_at = greatest(s.last_seen_at, excluded.last_seen_at),
  last_event_at = greatest(s.last_event_at, excluded.last_event_at),
  clock_skew_s = coalesce(excluded.clock_skew_s, s.clock_skew_s),
  recent_skews_s = (s.recent_skews_s || excluded.recent_skews_s)
    [cardinality(s.recent_skews_s) + cardinality(excluded.recent_skews_s) - 19:]
RETURNING s.next_expected_seq, s.seen_seqs
"""

# Half minutes, so that a terminal which polls every few seconds leaves few rows: a gap between them that is longer than
# a limit of whole half minutes is longer than it in truth.
LEAVE_SIGN = """
INSERT INTO gate_sign (project_id, device_id, at) VALUES (%s, %s, date_bin('30 seconds', %s, '2020-01-01 00:00+00'))
ON CONFLICT DO NOTHING
"""

SIGNS = """
SELECT at FROM gate_sign WHERE project_id = %s AND device_id = %s AND at >= %s AND at <= %s ORDER BY at
"""
IN_TOUCH = timedelta(minutes=10)
"""A terminal that was heard without a break for so long has delivered what it had stored."""

NOTE_SEQS = """
UPDATE gate_state SET seen_seqs = %s::int8multirange, next_expected_seq = %s WHERE project_id = %s AND device_id = %s
"""


async def send_touch(
    connection: Connection, gate: Gate, now: datetime, *, skews_s: Sequence[float], last_event_at: datetime | None
) -> Cursor:
    """Note a sign of life; nothing is waited for yet.

    `skews_s` are the seconds by which the device's clock was behind ours, oldest first: one per delivery of a device
    that states its clock, of others one per live event (`received_at` minus `occurred_at`), none of what it stored.
    """
    kept = list(skews_s[-RECENT_SKEWS:])
    return await connection.execute(
        TOUCH,
        {
            "project_id": gate.project_id,
            "device_id": gate.device_id,
            "now": now,
            "last_event_at": last_event_at,
            "skew_s": kept[-1] if kept else None,
            "skews_s": kept,
        },
    )


async def leave_sign(connection: Connection, gate: Gate, now: datetime) -> None:
    """Leave a trace of a sign of life that neither a heartbeat nor an event does; nothing is waited for yet."""
    await connection.execute(LEAVE_SIGN, (gate.project_id, gate.device_id, now))


async def was_in_touch(connection: Connection, gate: Gate, now: datetime) -> bool:
    """Tell whether a terminal called without a break in the last ten minutes: an old event is then hardly a late one.

    Its clock is slow; without this, one that is slow by more than the patience of live events would never be noticed.
    """
    limit = silence_limit(gate.heartbeat_interval_s)
    asked = (gate.project_id, gate.device_id, now - IN_TOUCH - limit, now)
    signs = [row[0] for row in await (await connection.execute(SIGNS, asked)).fetchall()]
    if not signs or signs[0] > now - IN_TOUCH:
        return False
    return all(after - before <= limit for before, after in pairwise([*signs, now]))


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
