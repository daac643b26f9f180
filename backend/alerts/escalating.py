"""Tells the next level of alerts that nobody acknowledged in time, and wakes those whose snooze is over."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import text

from backend.alerts import fact_queries as facts
from backend.alerts.model import PLATFORM
from backend.alerts.rulebook import RuleBook
from backend.alerts.telling import Told, remind, tell_accounts
from backend.kit.db import Tx

AT_ONCE: Final = 500

DUE = """
SELECT t.project_id, t.alert_id, t.state, t.seq, t.level, a.group_id, a.kind, a.severity, a.party_id, a.person_id,
  coalesce(p.district_id, g.district_id) AS district_id
FROM alert_state t
JOIN alert a ON a.project_id = t.project_id AND a.id = t.alert_id
JOIN alert_group g ON g.id = a.group_id
LEFT JOIN project p ON p.id = t.project_id
WHERE t.next_at <= :now ORDER BY t.next_at, t.alert_id LIMIT :limit
FOR UPDATE OF t SKIP LOCKED
"""

STEP = """
WITH given AS (
  SELECT * FROM json_to_recordset(CAST(:given AS json))
    AS g (project_id uuid, alert_id uuid, seq integer, kind text, level integer, next_at timestamptz)
), stepped AS (
  INSERT INTO alert_step (project_id, alert_id, seq, kind, at, level)
  SELECT project_id, alert_id, seq, kind, :now, CASE WHEN kind = 'escalated' THEN level END FROM given
  WHERE kind IS NOT NULL
)
UPDATE alert_state t SET state = 'open', seq = g.seq, level = g.level, next_at = g.next_at, changed_at = :now
FROM given g WHERE t.project_id = g.project_id AND t.alert_id = g.alert_id
"""

_encoder = msgspec.json.Encoder()


async def escalate_due(tx: Tx, now: datetime) -> int:
    """Take the steps that are due, in the caller's transaction; returns how many alerts they were about."""
    rows = (await tx.execute(text(DUE), {"now": now, "limit": AT_ONCE})).all()
    if not rows:
        return 0
    book = RuleBook(await facts.read_settings_at(tx, now), now)
    calendar = await facts.read_calendar(tx)
    steps: list[dict[str, Any]] = []
    told: list[Told] = []
    woken: set[UUID] = set()
    for row in rows:
        project_id = None if row.project_id == PLATFORM else row.project_id
        levels = book.holds(row.kind, row.district_id, project_id).settings.levels
        step: dict[str, Any] = {
            "project_id": row.project_id,
            "alert_id": row.alert_id,
            "seq": row.seq + 1,
            "level": row.level,
            "kind": "woken",
            "next_at": None,
        }
        if row.state == "snoozed":
            woken.add(row.group_id)
        elif row.level + 1 < len(levels):
            step |= {"level": row.level + 1, "kind": "escalated"}
            told.append(
                Told(
                    project_id=row.project_id,
                    alert_id=row.alert_id,
                    group_id=row.group_id,
                    party_id=row.party_id,
                    person_id=row.person_id,
                    kind=row.kind,
                    severity=row.severity,
                    level=row.level + 1,
                    roles=frozenset(levels[row.level + 1].roles),
                    district_id=row.district_id,
                )
            )
        else:
            # The settings have fewer levels by now than when it was opened.
            step |= {"kind": None, "seq": row.seq}
        following = step["level"] + 1
        if following < len(levels):
            step["next_at"] = now + timedelta(seconds=levels[following].after_s)
        steps.append(step)
    await tx.execute(text(STEP), {"given": _encoder.encode(steps).decode(), "now": now})
    await tell_accounts(tx, told, calendar, now)
    if woken:
        await remind(tx, woken, calendar, now)
    return len(rows)
