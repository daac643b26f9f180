"""Keeps how each channel is: when it last delivered, since when it fails and why; tells when that lasts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from backend.alerts.channels.model import ChannelName
from backend.alerts.channels.tables import AlertChannel
from backend.kit.announcements import announce
from backend.kit.db import Tx

TELL_AFTER: Final = timedelta(minutes=5)
"""A channel that fails for longer is a fact that rules follow."""

WAITING = "SELECT channel, count(*) FROM alert_delivery WHERE state = 'waiting' GROUP BY channel"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a channel is."""

    name: ChannelName
    looked_at: datetime | None
    delivered_at: datetime | None
    failing_since: datetime | None
    reason: str | None
    waiting: int


async def note_channel(tx: Tx, name: ChannelName, now: datetime, *, delivered: bool, failing: str | None) -> None:
    """Note what a call came to: whether anything was delivered, and why the channel fails as a whole (None: it works).

    A failure that lasts is announced once, and so is its end.
    """
    known = select(AlertChannel.failing_since, AlertChannel.told).where(AlertChannel.name == name.value)
    row = (await tx.execute(known.with_for_update())).one_or_none()
    since, told = (None, False) if row is None else (row[0], row[1])
    if failing is None:
        if told:
            await announce(tx, "push.restored", name.value, occurred_at=now, now=now)
        since, told = None, False
    else:
        since = since or now
        if not told and now - since >= TELL_AFTER:
            await announce(tx, "push.failed", name.value, occurred_at=since, now=now, detail={"reason": failing})
            told = True
    values = {"looked_at": now, "failing_since": since, "reason": failing, "told": told}
    if delivered:
        values["delivered_at"] = now
    statement = insert(AlertChannel).values(name=name.value, **values)
    await tx.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


async def read_standings(tx: Tx) -> list[Standing]:
    """Return every channel, with how many deliveries wait for it."""
    waiting = {row[0]: int(row[1]) for row in await tx.execute(text(WAITING))}
    statement = select(
        AlertChannel.name,
        AlertChannel.looked_at,
        AlertChannel.delivered_at,
        AlertChannel.failing_since,
        AlertChannel.reason,
    )
    known = {row[0]: row for row in await tx.execute(statement)}
    found: list[Standing] = []
    for name in ChannelName:
        row = known.get(name.value)
        seen = (None, None, None, None) if row is None else (row[1], row[2], row[3], row[4])
        found.append(Standing(name, *seen, waiting.get(name.value, 0)))
    return found
