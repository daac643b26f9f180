"""Gives each outside party one head a day, in UTC, and keeps on record which; tells when a party cannot be reached."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from backend.kit.clock import Clock
from backend.kit.db import Database
from backend.ledger.seals.log_reading import LOG_ID, StoredHead, last_head
from backend.ledger.seals.outside import OutsideParty, PartyAway
from backend.ledger.seals.standing import note_trouble

log = structlog.get_logger()

RETRY_AFTER: Final = timedelta(minutes=10)

GIVEN = "SELECT EXISTS (SELECT FROM seal_publication WHERE log_id = %s AND party = %s AND on_day = %s)"
RECORD = """
INSERT INTO seal_publication (log_id, party, on_day, tree_size, published_at) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""


@dataclass(slots=True)
class Publishing:
    """What the process remembers of the parties: when each is looked at again."""

    again_at: dict[str, datetime] = field(default_factory=dict[str, datetime])


async def publish_heads(
    database: Database, clock: Clock, parties: Sequence[OutsideParty], state: Publishing
) -> list[str]:
    """Give the newest head to each party that has none of today; return the names of those that took one.

    A party that is away is tried again after `RETRY_AFTER`, and announced.
    """
    now = clock.now()
    due = [one for one in parties if one.missing is None and state.again_at.get(one.name, now) <= now]
    if not due:
        return []
    async with database.connection() as connection:
        head = await last_head(connection)
    if head is None:
        return []
    return [party.name for party in due if await _give(database, party, head, now, state)]


async def _give(database: Database, party: OutsideParty, head: StoredHead, now: datetime, state: Publishing) -> bool:
    today = now.astimezone(UTC).date()
    midnight = datetime(today.year, today.month, today.day, tzinfo=UTC) + timedelta(days=1)
    async with database.connection() as connection:
        row = await (await connection.execute(GIVEN, (LOG_ID, party.name, today))).fetchone()
    if row is not None and row[0]:
        state.again_at[party.name] = midnight
        return False
    trouble: str | None = None
    try:
        await party.give(head.signed)
    except PartyAway as fault:
        trouble = str(fault)
        log.warning("seals.party_away", party=party.name, trouble=trouble)
    async with database.transaction() as tx:
        await note_trouble(tx, f"outside.{party.name}", trouble, now)
    if trouble is not None:
        state.again_at[party.name] = now + RETRY_AFTER
        return False
    # Given first, recorded then: after a crash in between the party has it twice, never not at all.
    async with database.connection() as connection:
        await connection.execute(RECORD, (LOG_ID, party.name, today, head.size, now))
    state.again_at[party.name] = midnight
    log.info("seals.head_given", party=party.name, size=head.size)
    return True
