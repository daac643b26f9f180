"""Makes the nightly and weekly summaries of those who asked for one, and puts them into words when they are sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from backend.alerts.channels.model import CHANNEL_OF, ChannelName
from backend.alerts.channels.planning import insert_deliveries
from backend.alerts.inbox_queries import list_alerts
from backend.alerts.recipients import as_preferences
from backend.alerts.telling_times import Preferences
from backend.identity.delivery_addresses import address_ids_of
from backend.kit import messages
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.kit.messages import Message
from backend.sites.model import zone_of

AT: Final = time(20)
"""Local hour of the summary: a day's work is over, and the quiet hours have not begun."""
WEEKDAY: Final = 6
"""Weekly ones come on Sunday."""
TELL_WITHIN: Final = timedelta(hours=12)
"""A summary that could not be made for longer than that waits for the next one."""
NAMED: Final = 5

WANTING = "SELECT account_id, body FROM alert_preference WHERE body ->> 'digest' IN ('daily', 'weekly')"

MAKE = """
INSERT INTO alert_digest (id, account_id, period, from_at, to_at, made_at)
SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:accounts AS uuid[]), CAST(:periods AS text[]),
  CAST(:from_ats AS timestamptz[]), CAST(:to_ats AS timestamptz[]), CAST(:made_ats AS timestamptz[]))
ON CONFLICT DO NOTHING RETURNING id, account_id
"""

SPAN = "SELECT from_at, to_at FROM alert_digest WHERE id = :id"

GROUPS = """
SELECT group_id FROM alert_inbox WHERE account_id = :account_id AND changed_at > :from_at AND changed_at <= :to_at
ORDER BY changed_at DESC LIMIT 500
"""


def last_end(preferences: Preferences, now: datetime) -> datetime:
    """Return when the last summary was due: the last 20:00, or the last one on a Sunday, in the account's zone."""
    zone = zone_of(preferences.time_zone)
    day = now.astimezone(zone).date()
    for back in range(9):
        on = day - timedelta(days=back)
        at = datetime.combine(on, AT, zone).astimezone(UTC)
        if at <= now and (preferences.digest == "daily" or on.weekday() == WEEKDAY):
            return at
    msg = "nine days without a Sunday"
    raise AssertionError(msg)


async def make_digests(tx: Tx, able: Collection[ChannelName], now: datetime) -> int:
    """Make every summary that is due and not made, with its deliveries; return how many."""
    due: list[tuple[UUID, str, datetime, datetime]] = []
    for account_id, body in await tx.execute(text(WANTING)):
        preferences = as_preferences(body)
        if preferences.digest == "none":
            continue
        to_at = last_end(preferences, now)
        if now - to_at <= TELL_WITHIN:
            span = timedelta(days=1 if preferences.digest == "daily" else 7)
            due.append((account_id, preferences.digest, to_at - span, to_at))
    if not due:
        return 0
    made = (
        await tx.execute(
            text(MAKE),
            {
                "ids": [new_id(now) for _ in due],
                "accounts": [one[0] for one in due],
                "periods": [one[1] for one in due],
                "from_ats": [one[2] for one in due],
                "to_ats": [one[3] for one in due],
                "made_ats": [now for _ in due],
            },
        )
    ).all()
    addresses = await address_ids_of(tx, {row[1] for row in made}, now)
    await insert_deliveries(
        tx,
        [
            (None, digest_id, address_id, CHANNEL_OF[kind].value)
            for digest_id, account_id in made
            for address_id, kind in addresses.get(account_id, [])
            if CHANNEL_OF[kind] in able
        ],
        now,
    )
    return len(made)


async def word_digest(tx: Tx, actor: Actor, digest_id: UUID, language: str) -> Message | None:
    """Return a summary of what reached the actor's inbox in its time and he may see now; None when that is nothing."""
    span = (await tx.execute(text(SPAN), {"id": digest_id})).one()
    asked = {"account_id": actor.account_id, "from_at": span[0], "to_at": span[1]}
    groups = [row[0] for row in await tx.execute(text(GROUPS), asked)]
    alerts = await list_alerts(tx, actor, groups) if groups else []
    if not alerts:
        return None
    standing = [row for row in alerts if row.state != "resolved"]
    kinds = Counter(row.kind for row in standing)
    lines = [
        messages.text(language, f"alerts.many_{kind}", {"count": count, "sites": _sites(standing, kind)}).title
        for kind, count in kinds.most_common(NAMED)
    ]
    numbers = {"count": len(alerts), "open": len(standing), "resolved": len(alerts) - len(standing)}
    title = messages.text(language, "alert_channels.digest", numbers).title
    return Message(title, ("；" if language == "zh-CN" else "; ").join(lines))


def _sites(rows: Collection[object], kind: str) -> int:
    return len({getattr(row, "project_id", None) for row in rows if getattr(row, "kind", None) == kind})
