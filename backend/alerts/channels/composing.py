"""Puts what is due into words for its receiver, with the rights he has at that moment, a whole batch at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from sqlalchemy import text

from backend.alerts.channels.digests import word_digest
from backend.alerts.channels.model import Enclosure
from backend.alerts.inbox_queries import actor_of, list_alerts, shown_of
from backend.alerts.recipients import read_preferences
from backend.alerts.wording import Shown, gravest, word_group
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.messages import Message

ENCLOSED: Final = frozenset({"bulletin_issued"})
"""Kinds of alerts with which a file goes: the print of the edition that they tell of."""

# Told of before, by another notice than the one that asks.
HEARD = """
SELECT w.id FROM unnest(CAST(:ids AS bigint[])) AS w (id)
JOIN alert_outbox own ON own.id = w.id
WHERE EXISTS (SELECT FROM alert_outbox o WHERE o.account_id = own.account_id AND o.group_id = own.group_id
  AND o.id <> own.id AND o.outcome = 'sent')
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A delivery that wants words: of a row of the outbox with its group, or of a digest."""

    delivery_id: UUID
    outbox_id: int | None
    digest_id: UUID | None
    account_id: UUID
    group_id: UUID | None


@dataclass(frozen=True, slots=True)
class Worded:
    """What is told; `tag` is what a later notice replaces it by."""

    tag: str
    title: str
    body: str
    urgent: bool
    path: str
    language: str
    enclosure: Enclosure | None = None


async def compose_many(tx: Tx, wanted: Sequence[Wanted]) -> dict[UUID, Worded]:
    """Return the words of each delivery that has something to tell.

    It has not when the account is disabled, sees nothing of the group any more, or everything of it is settled
    and the account never heard of it.
    """
    preferences = await read_preferences(tx, {one.account_id for one in wanted})
    own: defaultdict[UUID, list[Wanted]] = defaultdict(list)
    for one in wanted:
        own[one.account_id].append(one)
    found: dict[UUID, Worded] = {}
    settled: dict[UUID, int] = {}
    for account_id, theirs in own.items():
        actor = await actor_of(tx, account_id)
        if actor is None:
            continue
        language = preferences[account_id].language
        groups = await _groups(tx, actor, [one.group_id for one in theirs if one.group_id is not None])
        for one in theirs:
            shown = groups.get(one.group_id, []) if one.group_id is not None else []
            worded = await _word(tx, actor, one, shown, language)
            if worded is None:
                continue
            found[one.delivery_id] = worded
            if one.outbox_id is not None and all(alert.state == "resolved" for alert in shown):
                settled[one.delivery_id] = one.outbox_id
    for delivery_id in await _unheard(tx, settled):
        del found[delivery_id]
    return found


async def _word(tx: Tx, actor: Actor, one: Wanted, shown: Sequence[Shown], language: str) -> Worded | None:
    if one.digest_id is not None:
        digest = await word_digest(tx, actor, one.digest_id, language)
        return None if digest is None else _worded(str(one.digest_id), digest, language, "", urgent=False)
    if not shown:
        return None
    tag, urgent = str(one.group_id), gravest(shown) == "critical"
    worded = _worded(tag, word_group(language, shown), language, f"/{tag}", urgent=urgent)
    subject = enclosed_of(shown)
    return worded if subject is None else replace(worded, enclosure=Enclosure(subject, one.account_id, language))


def _worded(tag: str, message: Message, language: str, path: str, *, urgent: bool) -> Worded:
    return Worded(tag, message.title, message.advice, urgent=urgent, path=f"/alerts{path}", language=language)


def enclosed_of(shown: Sequence[Shown]) -> str | None:
    """Return the fact whose file goes with a notice; of several alerts, and of what is settled, none does."""
    if len(shown) != 1 or shown[0].state == "resolved" or shown[0].kind not in ENCLOSED:
        return None
    return shown[0].fact_key


async def _unheard(tx: Tx, settled: Mapping[UUID, int]) -> list[UUID]:
    """Return the deliveries about something settled of which their account never heard."""
    if not settled:
        return []
    heard = {row[0] for row in await tx.execute(text(HEARD), {"ids": sorted(set(settled.values()))})}
    return [delivery_id for delivery_id, outbox_id in settled.items() if outbox_id not in heard]


async def _groups(tx: Tx, actor: Actor, group_ids: Sequence[UUID]) -> dict[UUID, list[Shown]]:
    shown: defaultdict[UUID, list[Shown]] = defaultdict(list)
    if group_ids:
        for row in await list_alerts(tx, actor, group_ids):
            shown[row.group_id].append(shown_of(row))
    return shown
