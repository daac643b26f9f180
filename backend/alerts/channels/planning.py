"""Plans deliveries: for each notice that is due, one to every address of its account on a channel that can send."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from backend.alerts.channels.model import CHANNEL_OF, KEEP_TRYING, ChannelName
from backend.identity.delivery_addresses import address_ids_of
from backend.kit.db import Tx
from backend.kit.ids import new_id

AT_ONCE: Final = 1000

DUE = """
SELECT id, account_id FROM alert_outbox WHERE done_at IS NULL AND due_at <= :now
ORDER BY due_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
"""

PLAN = """
INSERT INTO alert_delivery
  (id, outbox_id, digest_id, address_id, channel, state, attempts, next_at, created_at, expires_at)
SELECT g.id, g.outbox_id, g.digest_id, g.address_id, g.channel, 'waiting', 0, :now, :now, :expires_at
FROM unnest(CAST(:ids AS uuid[]), CAST(:outbox AS bigint[]), CAST(:digests AS uuid[]), CAST(:addresses AS uuid[]),
  CAST(:channels AS text[])) AS g (id, outbox_id, digest_id, address_id, channel)
ON CONFLICT DO NOTHING
"""

DONE = """
UPDATE alert_outbox o SET done_at = :now, outcome = g.outcome
FROM unnest(CAST(:ids AS bigint[]), CAST(:outcomes AS text[])) AS g (id, outcome)
WHERE o.id = g.id
"""


async def plan_due(tx: Tx, able: Collection[ChannelName], now: datetime) -> int:
    """Turn the notices that are due into deliveries on the channels that are `able`; return how many notices.

    In one transaction: a notice is either still to be planned or all its deliveries are there. The account's inbox has
    what no channel reaches.
    """
    rows = (await tx.execute(text(DUE), {"now": now, "limit": AT_ONCE})).all()
    if not rows:
        return 0
    addresses = await address_ids_of(tx, {row[1] for row in rows}, now)
    planned: list[tuple[int | None, UUID | None, UUID, str]] = []
    outcomes: list[str] = []
    for outbox_id, account_id in rows:
        own = [
            (outbox_id, None, address_id, CHANNEL_OF[kind].value)
            for address_id, kind in addresses.get(account_id, [])
            if CHANNEL_OF[kind] in able
        ]
        planned += own
        outcomes.append("sent" if own else "no_address")
    await insert_deliveries(tx, planned, now)
    await tx.execute(text(DONE), {"ids": [row[0] for row in rows], "outcomes": outcomes, "now": now})
    return len(rows)


async def insert_deliveries(
    tx: Tx, planned: Sequence[tuple[int | None, UUID | None, UUID, str]], now: datetime
) -> None:
    """Insert deliveries given as (outbox row, digest, address, channel); what is there already stays as it is."""
    if not planned:
        return
    await tx.execute(
        text(PLAN),
        {
            "ids": [new_id(now) for _ in planned],
            "outbox": [one[0] for one in planned],
            "digests": [one[1] for one in planned],
            "addresses": [one[2] for one in planned],
            "channels": [one[3] for one in planned],
            "now": now,
            "expires_at": now + KEEP_TRYING,
        },
    )
