"""Lays groups of alerts into inboxes and asks the channels to tell: once, again when they grew, or escalated."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import text

from backend.alerts.model import RANK, RuleKind, Severity
from backend.alerts.recipients import About, find_recipients, read_preferences
from backend.alerts.telling_times import UPDATE_AFTER, due_at, is_told
from backend.kit.db import Tx
from backend.sites.working_days import WorkCalendar

Occasion = Literal["first", "update", "escalation", "reminder"]

ADD = """
INSERT INTO alert_recipient (project_id, alert_id, account_id, group_id, level, for_account_id, added_at)
SELECT project_id, alert_id, account_id, group_id, level, for_account_id, :now
FROM json_to_recordset(CAST(:given AS json))
  AS g (project_id uuid, alert_id uuid, account_id uuid, group_id uuid, level integer, for_account_id uuid)
ON CONFLICT DO NOTHING
RETURNING account_id, group_id
"""

# A group that grew lies there unread again.
LAY = """
INSERT INTO alert_inbox AS i (account_id, group_id, added_at, changed_at)
SELECT account_id, group_id, :now, :now FROM json_to_recordset(CAST(:given AS json))
  AS g (account_id uuid, group_id uuid)
ORDER BY account_id, group_id
ON CONFLICT (account_id, group_id) DO UPDATE SET changed_at = :now, read_at = NULL, acknowledged_at = NULL
RETURNING i.account_id, i.group_id, i.added_at = :now AND i.xmax = 0
"""

TOLD = """
SELECT account_id, group_id, count(*) FILTER (WHERE kind = 'update'),
  coalesce(bool_or(done_at IS NULL AND kind <> 'update'), false)
FROM alert_outbox WHERE (account_id, group_id) IN (
  SELECT account_id, group_id FROM json_to_recordset(CAST(:given AS json)) AS g (account_id uuid, group_id uuid))
GROUP BY account_id, group_id
"""

# At most one update waits; what else is on record stays as it is.
SEND = """
INSERT INTO alert_outbox (account_id, group_id, kind, level, seq, created_at, due_at)
SELECT account_id, group_id, kind, level, seq, :now, due_at FROM json_to_recordset(CAST(:given AS json))
  AS g (account_id uuid, group_id uuid, kind text, level integer, seq integer, due_at timestamptz)
ORDER BY account_id, group_id
ON CONFLICT DO NOTHING
"""

RECIPIENTS_OF = """
SELECT i.account_id, i.group_id, g.kind, g.severity FROM alert_inbox i JOIN alert_group g ON g.id = i.group_id
WHERE i.group_id = ANY(CAST(:groups AS uuid[]))
ORDER BY i.account_id, i.group_id
"""

# Those groups of which nothing is left: every account that was told of one may hear that it is over.
OVER = """
SELECT DISTINCT o.account_id, o.group_id, g.kind, g.severity
FROM alert_outbox o JOIN alert_group g ON g.id = o.group_id
WHERE o.group_id = ANY(CAST(:groups AS uuid[])) AND o.done_at IS NOT NULL AND o.outcome = 'sent'
  AND NOT EXISTS (SELECT FROM alert a JOIN alert_state t ON t.project_id = a.project_id AND t.alert_id = a.id
    WHERE a.group_id = o.group_id AND t.state <> 'resolved')
ORDER BY o.account_id, o.group_id
"""

CHANGED = "UPDATE alert_inbox SET changed_at = :now WHERE group_id = ANY(CAST(:groups AS uuid[]))"

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An alert that a level of offices is told of."""

    project_id: UUID
    alert_id: UUID
    group_id: UUID
    party_id: UUID | None
    person_id: UUID | None
    kind: RuleKind
    severity: Severity
    level: int
    roles: frozenset[str]
    district_id: UUID | None = None


async def tell_accounts(tx: Tx, alerts: Sequence[Told], calendar: WorkCalendar, now: datetime) -> None:
    """Lay alerts into the inboxes of their recipients and ask the channels to tell of them, a group once."""
    abouts = [
        About(
            project_id=one.project_id,
            party_id=one.party_id,
            person_id=one.person_id,
            roles=one.roles,
            district_id=one.district_id,
        )
        for one in alerts
    ]
    recipients = await find_recipients(tx, abouts, now)
    rows: list[dict[str, Any]] = []
    # Per account and group: the gravest severity, the highest level, and whether he is there to be told.
    gravest: dict[tuple[UUID, UUID], Told] = {}
    present: set[tuple[UUID, UUID]] = set()
    for one, own in zip(alerts, recipients, strict=True):
        for recipient in own:
            rows.append(
                {
                    "project_id": one.project_id,
                    "alert_id": one.alert_id,
                    "account_id": recipient.account_id,
                    "group_id": one.group_id,
                    "level": one.level,
                    "for_account_id": recipient.for_account_id,
                }
            )
            key = (recipient.account_id, one.group_id)
            known = gravest.get(key)
            if known is None or (RANK[one.severity], one.level) > (RANK[known.severity], known.level):
                gravest[key] = one
            if not recipient.away:
                present.add(key)
    if not rows:
        return
    added = {tuple(row) for row in await tx.execute(text(ADD), {"given": _json(rows), "now": now})}
    if not added:
        return
    given = _pairs(added)
    laid = {(row[0], row[1]): bool(row[2]) for row in await tx.execute(text(LAY), {"given": given, "now": now})}
    told = {(row[0], row[1]): (int(row[2]), bool(row[3])) for row in await tx.execute(text(TOLD), {"given": given})}
    preferences = await read_preferences(tx, {account_id for account_id, _ in laid})
    out: list[dict[str, Any]] = []
    for key, is_new in laid.items():
        one = gravest[key]
        if key not in present or not is_told(preferences[key[0]], one.kind, one.severity):
            continue
        updates, waits = told.get(key, (0, False))
        occasion: Occasion = "escalation" if one.level else "first" if is_new or not told.get(key) else "update"
        if occasion == "update" and waits:
            # What has not been told yet will tell of all that is there by then.
            continue
        at = now + UPDATE_AFTER[min(updates, len(UPDATE_AFTER) - 1)] if occasion == "update" else now
        due = due_at(at, one.severity, preferences[key[0]], calendar)
        out.append(_out(key, occasion, one.level, updates if occasion == "update" else 0, due))
    await _send(tx, out, now)


async def tell_again(tx: Tx, groups: Collection[UUID], calendar: WorkCalendar, now: datetime) -> None:
    """Note that groups changed, and tell those who were told of a group that nothing of it is left."""
    await tx.execute(text(CHANGED), {"groups": sorted(groups), "now": now})
    rows = (await tx.execute(text(OVER), {"groups": sorted(groups)})).all()
    await _tell(tx, [(row[0], row[1], row[2], row[3]) for row in rows], "update", calendar, now)


async def remind(tx: Tx, groups: Collection[UUID], calendar: WorkCalendar, now: datetime) -> None:
    """Tell all who have groups in their inbox of them anew."""
    await tx.execute(text(CHANGED), {"groups": sorted(groups), "now": now})
    rows = (await tx.execute(text(RECIPIENTS_OF), {"groups": sorted(groups)})).all()
    await _tell(tx, [(row[0], row[1], row[2], row[3]) for row in rows], "reminder", calendar, now)


async def _tell(
    tx: Tx, pairs: Sequence[tuple[UUID, UUID, str, str]], occasion: Occasion, calendar: WorkCalendar, now: datetime
) -> None:
    if not pairs:
        return
    preferences = await read_preferences(tx, {account_id for account_id, *_ in pairs})
    given = _pairs({(account_id, group_id) for account_id, group_id, _, _ in pairs})
    told = {(row[0], row[1]): int(row[2]) for row in await tx.execute(text(TOLD), {"given": given})}
    # Reminders are numbered by their second: one for each waking.
    number = int(now.timestamp()) if occasion == "reminder" else 0
    await _send(
        tx,
        [
            _out(
                (account_id, group_id),
                occasion,
                0,
                number or told.get((account_id, group_id), 0),
                due_at(now, severity, preferences[account_id], calendar),
            )
            for account_id, group_id, kind, severity in pairs
            if is_told(preferences[account_id], kind, severity)
        ],
        now,
    )


async def _send(tx: Tx, rows: list[dict[str, Any]], now: datetime) -> None:
    if rows:
        await tx.execute(text(SEND), {"given": _json(rows), "now": now})


def _out(key: tuple[UUID, UUID], occasion: Occasion, level: int, seq: int, due: datetime) -> dict[str, Any]:
    return {
        "account_id": key[0],
        "group_id": key[1],
        "kind": occasion,
        "level": level,
        "seq": seq,
        "due_at": due,
    }


def _pairs(pairs: Collection[Any]) -> str:
    return _json([{"account_id": account_id, "group_id": group_id} for account_id, group_id in sorted(pairs)])


def _json(rows: list[dict[str, Any]]) -> str:
    return _encoder.encode(rows).decode()
