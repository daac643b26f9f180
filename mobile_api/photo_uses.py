"""Notes which punch names which photo: of a check-in with its punch, of phones' queues a minute later, by following."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import text

from backend.evidence.photos.uses import Named, lock_follower, move_follower, note_uses, send_uses
from backend.kit.clock import Clock
from backend.kit.db import Database, Tx
from backend.ledger.append import Connection
from backend.ledger.model import Entry
from backend.sites.model import work_on

FOLLOWER: Final = "phone_items"
SETTLE: Final = timedelta(minutes=1)
"""No transaction lives as long: what was received earlier is there, or never will be."""
AT_ONCE: Final = 1000
STEPS: Final = 50

# Those received at the same instant come together: the next look begins after it.
ITEMS = """
SELECT i.received_at, i.project_id, i.punch_id, i.photos, s.person_id, s.occurred_at, p.time_zone, p.cutover,
  jsonb_path_query_first(r.reasons, '$[*].chainage') #>> '{}'
FROM (
  SELECT received_at, project_id, punch_id, photos FROM phone_item
  WHERE photos <> '{}' AND received_at > :after AND received_at <= :until
  ORDER BY received_at FETCH FIRST :most ROWS WITH TIES
) i
LEFT JOIN punch_status s ON s.project_id = i.project_id AND s.punch_id = i.punch_id
LEFT JOIN ruling r ON r.project_id = i.project_id AND r.punch_id = i.punch_id AND r.ruling_id = s.ruling_id
LEFT JOIN project p ON p.id = i.project_id
ORDER BY i.received_at
"""

# Of those punches that the append has taken: a repeated tap is not another punch.
OF_TAKEN: Final = (
    "WHERE EXISTS (SELECT FROM punch_status s WHERE s.project_id = k.project_id AND s.punch_id = k.punch_id)"
)


def uses_of(entry: Entry, photos: Sequence[str], on: date) -> list[Named]:
    """Return that an entry of a site-local day names photos (SHA-256 in hexadecimal)."""
    chainage = next((reason["chainage"] for reason in entry.reasons if "chainage" in reason), None)
    return [
        Named(
            project_id=entry.project_id,
            punch_id=entry.punch_id,
            sha256=bytes.fromhex(one),
            person_id=entry.person_id,
            device_id=None,
            occurred_at=entry.occurred_at,
            work_on=on,
            chainage=chainage,
        )
        for one in photos
    ]


async def send_taken_uses(connection: Connection, named: Sequence[Named], now: datetime) -> None:
    """Note the photos of check-ins, after their append; inside a pipeline nothing is waited for yet."""
    await send_uses(connection, named, now, only=OF_TAKEN)


async def follow_phone_items(database: Database, clock: Clock) -> int:
    """Note the uses of photos by items received since the last call; return how many items name some."""
    looked = 0
    for _ in range(STEPS):
        async with database.transaction() as tx:
            step = await _step(tx, clock.now())
        looked += step
        if step < AT_ONCE:
            break
    return looked


async def _step(tx: Tx, now: datetime) -> int:
    after, until = await lock_follower(tx, FOLLOWER, now), now - SETTLE
    rows = (await tx.execute(text(ITEMS), {"after": after, "until": until, "most": AT_ONCE})).all()
    await note_uses(
        tx,
        [
            Named(
                project_id=row[1],
                punch_id=row[2],
                sha256=bytes.fromhex(digest),
                person_id=row[4],
                device_id=None,
                occurred_at=row[5],
                work_on=work_on(row[5], row[6], row[7]),
                chainage=row[8],
            )
            for row in rows
            if row[4] is not None  # an item that lost its event id to another names that one's punch
            for digest in dict.fromkeys(row[3])
        ],
        now,
    )
    if len(rows) >= AT_ONCE:
        await move_follower(tx, FOLLOWER, rows[-1][0])
    elif until > after:
        await move_follower(tx, FOLLOWER, until)
    return len(rows)
