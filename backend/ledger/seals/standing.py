"""How sealing stands: how much of the ledger waits for its seal; troubles are told once and taken back once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text

from backend.kit.announcements import announce
from backend.kit.db import Tx

LATE_AFTER: Final = timedelta(minutes=10)
"""Entries that wait for longer are a trouble: the sealer is not running, or cannot go on."""

# By primary keys alone: health checks ask for it every few seconds.
STANDING: Final = """
SELECT h.tree_size, h.signed_at, greatest((SELECT max(id) FROM ledger_outbox) - coalesce(h.upto_id, 0), 0),
  (SELECT recorded_at FROM ledger_outbox o WHERE o.id > coalesce(h.upto_id, 0) ORDER BY o.id LIMIT 1)
FROM (SELECT) one LEFT JOIN LATERAL (
  SELECT tree_size, signed_at, upto_id FROM seal_head WHERE log_id = 1 ORDER BY tree_size DESC LIMIT 1) h ON true
"""

LAST_TOLD: Final = """
SELECT kind FROM announced_fact WHERE kind IN ('seals.failed', 'seals.restored') AND subject = :subject
ORDER BY id DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class SealStanding:
    """How far the log is: leaves, when the last head was signed, and what waits since when (None: nothing does).

    `waiting` counts numbers of the outbox, of which transactions that were rolled back leave some unused.
    """

    size: int
    signed_at: datetime | None
    waiting: int
    waits_since: datetime | None

    def lag_s(self, now: datetime) -> float:
        """Return for how many seconds the oldest entry waits; 0 when none does."""
        return 0.0 if self.waits_since is None else max(0.0, (now - self.waits_since).total_seconds())

    def is_late(self, now: datetime) -> bool:
        """Tell whether entries wait for too long."""
        return self.lag_s(now) > LATE_AFTER.total_seconds()


async def read_seal_standing(tx: Tx) -> SealStanding:
    """Return how sealing stands, by a few look-ups of keys."""
    size, signed_at, waiting, since = (await tx.execute(text(STANDING))).one()
    return SealStanding(size or 0, signed_at, waiting or 0, since)


async def note_trouble(tx: Tx, subject: str, trouble: str | None, now: datetime) -> bool:
    """Announce `seals.failed` about a subject once, with what the trouble is, and its end (None) once.

    Subjects: `log` (sealing itself), `lag` (nobody seals), `outside.…` (a party gets no heads). Tells whether there was
    anything to announce.
    """
    told = await tx.scalar(text(LAST_TOLD), {"subject": subject}) == "seals.failed"
    if told == (trouble is not None):
        return False
    if trouble is None:
        await announce(tx, "seals.restored", subject, occurred_at=now, now=now)
    else:
        await announce(tx, "seals.failed", subject, occurred_at=now, now=now, detail={"trouble": trouble[:500]})
    return True


async def watch_lag(tx: Tx, now: datetime) -> SealStanding:
    """Announce when entries wait too long for their seal: a sealer that does not run cannot tell so itself."""
    standing = await read_seal_standing(tx)
    await note_trouble(tx, "lag", f"{standing.waiting} entries wait" if standing.is_late(now) else None, now)
    return standing
