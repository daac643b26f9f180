"""Takes deliveries for an attempt, on record before the channel is asked, and records what came of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from backend.alerts.channels.composing import Wanted, compose_many
from backend.alerts.channels.model import (
    Address,
    AddressKind,
    ChannelName,
    Message,
    Outcome,
    OutcomeKind,
    next_attempt_at,
)
from backend.identity.delivery_addresses import end_dead_addresses, live_addresses
from backend.identity.services import IdentityServices
from backend.kit.db import Tx

LEASE: Final = timedelta(minutes=3)
"""For that long nobody else takes a delivery that is being tried; longer than any channel's call may last."""

TAKE = """
SELECT d.id, d.attempts, d.address_id, d.expires_at,
  o.id, o.group_id, coalesce(o.account_id, g.account_id), d.digest_id,
  d.attempts > 0 AND coalesce(r.uncertain, true)
FROM alert_delivery d
LEFT JOIN alert_outbox o ON o.id = d.outbox_id
LEFT JOIN alert_digest g ON g.id = d.digest_id
LEFT JOIN alert_attempt_outcome r ON r.delivery_id = d.id AND r.n = d.attempts
WHERE d.channel = :channel AND d.state = 'waiting' AND d.next_at <= :now
ORDER BY d.next_at, d.id LIMIT :limit FOR UPDATE OF d SKIP LOCKED
"""

BEGIN = """
WITH given AS (
  SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:ns AS integer[]), CAST(:repeats AS boolean[])) AS g (id, n, repeat)
), taken AS (
  UPDATE alert_delivery d SET attempts = g.n, next_at = :lease FROM given g WHERE d.id = g.id
)
INSERT INTO alert_attempt (delivery_id, n, begun_at, repeat) SELECT id, n, :now, repeat FROM given
"""

DROP = "UPDATE alert_delivery SET state = :state, next_at = NULL WHERE id = ANY(CAST(:ids AS uuid[]))"

# A notice of which nothing was told at all was not sent.
UNSENT = """
UPDATE alert_outbox o SET outcome = 'nothing'
WHERE o.id = ANY(CAST(:ids AS bigint[])) AND NOT EXISTS (
  SELECT FROM alert_delivery d WHERE d.outbox_id = o.id AND d.state <> 'dropped')
"""

SETTLE = """
WITH given AS (
  SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:ns AS integer[]), CAST(:outcomes AS text[]),
    CAST(:reasons AS text[]), CAST(:uncertain AS boolean[]), CAST(:states AS text[]), CAST(:nexts AS timestamptz[]))
    AS g (id, n, outcome, reason, uncertain, state, next_at)
), settled AS (
  UPDATE alert_delivery d SET state = g.state, next_at = g.next_at FROM given g
  WHERE d.id = g.id AND d.attempts = g.n AND d.state = 'waiting'
)
INSERT INTO alert_attempt_outcome (delivery_id, n, outcome, reason, uncertain, at)
SELECT id, n, outcome, reason, uncertain, :now FROM given ON CONFLICT DO NOTHING
"""

# What the process before this one had begun and not ended.
RESUME = """
UPDATE alert_delivery d SET next_at = :now
WHERE d.state = 'waiting' AND d.next_at > :now AND d.attempts > 0
  AND NOT EXISTS (SELECT FROM alert_attempt_outcome r WHERE r.delivery_id = d.id AND r.n = d.attempts)
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A message that is about to be sent, and which attempt that is."""

    message: Message
    n: int


async def take_attempts(
    tx: Tx, channel: ChannelName, limit: int, now: datetime, services: IdentityServices
) -> tuple[list[Attempt], int]:
    """Take what is due on a channel and put it on record; return the attempts, and how many deliveries were looked at.

    What has nothing to tell any more, or nobody to tell it to, ends here without an attempt.
    """
    rows = (await tx.execute(text(TAKE), {"channel": channel.value, "now": now, "limit": limit})).all()
    if not rows:
        return [], 0
    addresses = await live_addresses(tx, {row[2] for row in rows}, now, services)
    wanted = [Wanted(row[0], row[4], row[7], row[6], row[5]) for row in rows if row[2] in addresses]
    notices = await compose_many(tx, wanted)
    attempts: list[Attempt] = []
    for row in rows:
        notice, address = notices.get(row[0]), addresses.get(row[2])
        if notice is None or address is None or row[3] <= now:
            continue
        message = Message(
            delivery_id=row[0],
            address=Address(id=address.id, kind=AddressKind(address.kind), parts=address.parts),
            tag=notice.tag,
            title=notice.title,
            body=notice.body,
            urgent=notice.urgent,
            path=notice.path,
            language=notice.language,
            expires_at=row[3],
            repeat=row[8],
            enclosure=notice.enclosure,
        )
        attempts.append(Attempt(message, row[1] + 1))
    begun = {attempt.message.delivery_id for attempt in attempts}
    await _drop(tx, [row[0] for row in rows if row[3] <= now], "given_up")
    gone = [row for row in rows if row[0] not in begun and row[3] > now]
    await _drop(tx, [row[0] for row in gone], "dropped")
    if gone:
        await tx.execute(text(UNSENT), {"ids": [row[4] for row in gone if row[4] is not None]})
    if attempts:
        await tx.execute(
            text(BEGIN),
            {
                "ids": [attempt.message.delivery_id for attempt in attempts],
                "ns": [attempt.n for attempt in attempts],
                "repeats": [attempt.message.repeat for attempt in attempts],
                "now": now,
                "lease": now + LEASE,
            },
        )
    return attempts, len(rows)


async def settle_attempts(
    tx: Tx, attempts: Sequence[Attempt], outcomes: Sequence[Outcome], now: datetime, channel_free_at: datetime | None
) -> None:
    """Record what came of attempts; `channel_free_at` is when a channel that fails as a whole is asked again."""
    states, nexts = list[str](), list[datetime | None]()
    for attempt, outcome in zip(attempts, outcomes, strict=True):
        state, next_at = outcome.kind.value, None
        if outcome.kind is OutcomeKind.RETRY:
            expires_at = attempt.message.expires_at
            if outcome.whole and channel_free_at is not None:
                next_at = channel_free_at if channel_free_at < expires_at else None
            else:
                spread = random.random()  # noqa: S311 - spreads load, keeps no secret
                next_at = next_attempt_at(attempt.n, now, expires_at, outcome.retry_at, spread)
            state = "given_up" if next_at is None else "waiting"
        states.append(state)
        nexts.append(next_at)
    await tx.execute(
        text(SETTLE),
        {
            "ids": [attempt.message.delivery_id for attempt in attempts],
            "ns": [attempt.n for attempt in attempts],
            "outcomes": [outcome.kind.value for outcome in outcomes],
            "reasons": [outcome.reason[:60] for outcome in outcomes],
            "uncertain": [outcome.uncertain for outcome in outcomes],
            "states": states,
            "nexts": nexts,
            "now": now,
        },
    )
    dead = {
        attempt.message.address.id
        for attempt, outcome in zip(attempts, outcomes, strict=True)
        if outcome.kind is OutcomeKind.DEAD_ADDRESS
    }
    if dead:
        await end_dead_addresses(tx, dead, now)


async def resume_attempts(tx: Tx, now: datetime) -> int:
    """Make due at once what another process began and did not end; only whoever drains alone may say so."""
    return (await tx.execute(text(RESUME), {"now": now})).rowcount


async def _drop(tx: Tx, delivery_ids: Sequence[UUID], state: str) -> None:
    if delivery_ids:
        await tx.execute(text(DROP), {"ids": list(delivery_ids), "state": state})
