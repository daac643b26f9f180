"""Notes which pass a gate's photo is of: as the event names it, or as a terminal that sends them apart tells."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text

from backend.evidence.photos.uses import Named, lock_follower, move_follower, note_uses, send_uses
from backend.gates.model import Gate
from backend.kit.clock import Clock
from backend.kit.db import Database, Tx
from backend.ledger.append import Connection
from backend.ledger.model import Entry, is_dated
from backend.sites.model import work_on

FOLLOWER: Final = "gate_photo_links"
SETTLE: Final = timedelta(minutes=10)
"""A terminal may send a photo before its event; one whose event is not there by then is of no pass."""
AT_ONCE: Final = 500
STEPS: Final = 50

# A photo is linked to its event's key, or to number and time where the terminal's protocol tells no more: those begin
# the keys of its events. The key's month is that of the event, which came near the photo.
LINKS = """
SELECT l.received_at, l.project_id, l.device_id, l.sha256, s.punch_id, s.person_id, s.occurred_at,
  p.time_zone, p.cutover
FROM (
  SELECT * FROM gate_photo_link WHERE kept AND received_at > :after AND received_at <= :until
  ORDER BY received_at FETCH FIRST :most ROWS WITH TIES
) l
LEFT JOIN LATERAL (
  SELECT d.punch_id FROM punch_dedupe d
  WHERE d.project_id = l.project_id AND d.source_id = l.device_id
    AND d.bucket IN (CAST(date_trunc('month', l.received_at, 'UTC') AS date),
      CAST(date_trunc('month', l.received_at - interval '7 days', 'UTC') AS date))
    AND (d.event_key = l.subject OR starts_with(d.event_key, 'att|' || l.subject || '|'))
  ORDER BY d.event_key LIMIT 1
) e ON true
LEFT JOIN punch_status s ON s.project_id = l.project_id AND s.punch_id = e.punch_id
LEFT JOIN project p ON p.id = l.project_id
ORDER BY l.received_at
"""


async def send_gate_uses(
    connection: Connection, gate: Gate, passes: Sequence[tuple[Entry, str]], now: datetime
) -> None:
    """Note the photos (SHA-256 in hexadecimal) that the events of new entries name, in their transaction."""
    named = [
        Named(
            project_id=entry.project_id,
            punch_id=entry.punch_id,
            sha256=bytes.fromhex(photo),
            person_id=entry.person_id,
            device_id=gate.device_id,
            occurred_at=entry.occurred_at,
            work_on=work_on(entry.occurred_at, gate.time_zone, gate.cutover),
            chainage=None,
        )
        for entry, photo in passes
        if is_dated(entry.occurred_at)
    ]
    await send_uses(connection, named, now)


async def follow_gate_photos(database: Database, clock: Clock) -> int:
    """Note of which passes the photos are that terminals sent since the last call; return how many came."""
    looked = 0
    for _ in range(STEPS):
        async with database.transaction() as tx:
            step = await _step(tx, clock)
        looked += step
        if step < AT_ONCE:
            break
    return looked


async def _step(tx: Tx, clock: Clock) -> int:
    now = clock.now()
    after, until = await lock_follower(tx, FOLLOWER, now), now - SETTLE
    rows = (await tx.execute(text(LINKS), {"after": after, "until": until, "most": AT_ONCE})).all()
    named = [
        Named(
            project_id=row[1],
            punch_id=row[4],
            sha256=bytes.fromhex(row[3]),
            person_id=row[5],
            device_id=row[2],
            occurred_at=row[6],
            work_on=work_on(row[6], row[7], row[8]),
            chainage=None,
        )
        for row in rows
        if row[4] is not None and is_dated(row[6])
    ]
    await note_uses(tx, named, now)
    await move_follower(tx, FOLLOWER, rows[-1][0] if len(rows) >= AT_ONCE else max(after, until))
    return len(rows)
