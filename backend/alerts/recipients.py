"""Finds whom alerts are for: by office over district, project or party, or because they are about him."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import text

from backend.alerts.telling_times import DEFAULT_PREFERENCES, Preferences
from backend.attendance.requests.facts import deputies_of
from backend.identity.roles import roles_with
from backend.kit.db import Tx
from backend.sites.model import DEFAULT_CUTOVER, DEFAULT_TIME_ZONE, work_on

READ: Final = "alerts.read"
HANDLE: Final = "alerts.handle"
"""Acknowledging stops escalation, so it is for those who supervise, not for those who are supervised."""

# Of a district as a whole its own offices are told: those of the whole city find it, and are not told of every one.
# What a grant reaches is what `sees_alert` (inbox_queries.py) shows: a grant for one party reaches alerts of its own
# people, and those about no person.
RECIPIENTS = """
WITH wanted AS (
  SELECT * FROM json_to_recordset(CAST(:wanted AS json))
    AS w (place integer, project_id uuid, party_id uuid, person_id uuid, district_id uuid, roles text[])
)
SELECT w.place, g.account_id
FROM wanted w
LEFT JOIN project p ON p.id = w.project_id
JOIN role_grant g ON g.role = ANY(w.roles) AND g.role = ANY(CAST(:may AS text[])) AND g.revoked_at IS NULL AND (
  (g.district_id IS NULL AND g.project_id IS NULL AND (p.id IS NOT NULL OR w.district_id IS NULL))
  OR g.district_id = coalesce(p.district_id, w.district_id)
  OR (g.project_id = p.id AND (g.party_id IS NULL OR g.party_id = w.party_id
    OR (w.party_id IS NULL AND w.person_id IS NULL))))
JOIN account c ON c.id = g.account_id AND c.state = 'active'
UNION
SELECT w.place, c.id FROM wanted w JOIN account c ON c.person_id = w.person_id AND c.state = 'active'
WHERE 'person' = ANY(w.roles)
ORDER BY 1, 2
"""

REACHES = """
SELECT w.place, w.account_id FROM json_to_recordset(CAST(:wanted AS json))
  AS w (place integer, account_id uuid, project_id uuid, party_id uuid, person_id uuid, district_id uuid)
LEFT JOIN project p ON p.id = w.project_id
WHERE EXISTS (
  SELECT FROM role_grant g JOIN account c ON c.id = g.account_id AND c.state = 'active'
  WHERE g.account_id = w.account_id AND g.revoked_at IS NULL AND g.role = ANY(CAST(:may AS text[])) AND (
    (g.district_id IS NULL AND g.project_id IS NULL) OR g.district_id = coalesce(p.district_id, w.district_id)
    OR (g.project_id = p.id AND (g.party_id IS NULL OR g.party_id = w.party_id
      OR (w.party_id IS NULL AND w.person_id IS NULL)))))
"""

DELEGATES = """
SELECT DISTINCT ON (account_id) account_id, delegate_id FROM alert_delegation
WHERE account_id = ANY(CAST(:accounts AS uuid[])) AND from_at <= :now AND until_at > :now AND ended_at IS NULL
ORDER BY account_id, set_at DESC, id
"""

PREFERENCES = "SELECT account_id, body FROM alert_preference WHERE account_id = ANY(CAST(:accounts AS uuid[]))"

_HIMSELF: Final = frozenset({"person"})
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What recipients are looked for: one alert, with those offices of whom they are wanted.

    `district_id` matters for what is of no project.
    """

    project_id: UUID
    party_id: UUID | None
    person_id: UUID | None
    roles: frozenset[str]
    district_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is told of an alert; `for_account_id` is whom he stands in for, `away` that another one is told for him."""

    account_id: UUID
    for_account_id: UUID | None = None
    away: bool = False


async def find_recipients(tx: Tx, alerts: Sequence[About], now: datetime) -> list[list[Recipient]]:
    """Return the recipients of each alert, delegates included.

    A delegate stands in only for what he may see himself; of the rest, the one who is away is told after all. What is
    for a person alone goes to whom he named himself, and never to the deputy of his leave.
    """
    may = sorted(roles_with(READ))
    wanted = [
        {
            "place": place,
            "project_id": one.project_id,
            "party_id": one.party_id,
            "person_id": one.person_id,
            "district_id": one.district_id,
            "roles": "{" + ",".join(sorted(one.roles)) + "}",
        }
        for place, one in enumerate(alerts)
    ]
    found: dict[int, list[UUID]] = defaultdict(list)
    for place, account_id in await tx.execute(text(RECIPIENTS), {"wanted": _json(wanted), "may": may}):
        found[place].append(account_id)
    deputies, named = await _delegates(tx, {account for accounts in found.values() for account in accounts}, now)
    # A deputy of his leave stands in for him on his post, and learns nothing that is said to him about himself.
    standing = [named if one.roles == _HIMSELF else deputies | named for one in alerts]
    reached = await _reached(tx, alerts, found, standing, may)
    return [_with_delegates(found[place], standing[place], reached[place]) for place in range(len(alerts))]


def _with_delegates(
    accounts: Iterable[UUID], delegates: Mapping[UUID, UUID], reached: Collection[UUID]
) -> list[Recipient]:
    chosen: dict[UUID, Recipient] = {}
    standing_in: list[Recipient] = []
    for account_id in accounts:
        delegate = delegates.get(account_id)
        away = delegate is not None and delegate in reached
        chosen[account_id] = Recipient(account_id, away=away)
        if away and delegate is not None:
            standing_in.append(Recipient(delegate, for_account_id=account_id))
    for one in standing_in:
        chosen.setdefault(one.account_id, one)
    return list(chosen.values())


async def _delegates(tx: Tx, accounts: Collection[UUID], now: datetime) -> tuple[dict[UUID, UUID], dict[UUID, UUID]]:
    """Return the deputies of those on leave, and whom accounts named themselves: these go before those."""
    if not accounts:
        return {}, {}
    # Days of leave are the site's; which site it is does not matter while all of them lie in one zone.
    on_leave = await deputies_of(tx, sorted(accounts), work_on(now, DEFAULT_TIME_ZONE, DEFAULT_CUTOVER))
    rows = await tx.execute(text(DELEGATES), {"accounts": sorted(accounts), "now": now})
    return dict(on_leave), {row[0]: row[1] for row in rows}


async def _reached(
    tx: Tx,
    alerts: Sequence[About],
    found: Mapping[int, Sequence[UUID]],
    standing: Sequence[Mapping[UUID, UUID]],
    may: Sequence[str],
) -> dict[int, set[UUID]]:
    """Return which delegates may see which alert themselves."""
    asked = [
        {
            "place": place,
            "account_id": standing[place][account_id],
            "project_id": alerts[place].project_id,
            "party_id": alerts[place].party_id,
            "person_id": alerts[place].person_id,
            "district_id": alerts[place].district_id,
        }
        for place, accounts in found.items()
        for account_id in accounts
        if account_id in standing[place]
    ]
    reached: dict[int, set[UUID]] = defaultdict(set)
    if asked:
        for place, account_id in await tx.execute(text(REACHES), {"wanted": _json(asked), "may": may}):
            reached[place].add(account_id)
    return reached


async def read_preferences(tx: Tx, accounts: Collection[UUID]) -> dict[UUID, Preferences]:
    """Return how accounts want to be told; our own where nothing is set or what is set can no longer be read."""
    rows = await tx.execute(text(PREFERENCES), {"accounts": sorted(accounts)})
    kept = {row[0]: row[1] for row in rows}
    return {account_id: as_preferences(kept.get(account_id)) for account_id in accounts}


def as_preferences(body: Mapping[str, Any] | None) -> Preferences:
    """Read stored preferences; our own when there are none, or none that can still be read."""
    if body is None:
        return DEFAULT_PREFERENCES
    try:
        return msgspec.convert(dict(body), Preferences, builtin_types=())
    except msgspec.ValidationError:
        return DEFAULT_PREFERENCES


def _json(rows: list[dict[str, Any]]) -> str:
    return _encoder.encode(rows).decode()
