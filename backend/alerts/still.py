"""Finds the alerts that stand, and those about people whose fact is over: a record shows that they were there."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text

from backend.alerts.model import Ending, RuleKind
from backend.kit.db import Tx

LOOKED_AT: Final = timedelta(days=7)
"""How long an alert about a day is looked at: a queue of punches may come in days later."""

# The key of an alert about one post is post and day; about several, the day.
POSTS_FILLED = """
SELECT a.project_id, a.fact_key FROM alert a
JOIN alert_state t ON t.project_id = a.project_id AND t.alert_id = a.id AND t.state <> 'resolved'
WHERE a.kind = 'post_empty' AND a.found_at > :since AND a.fact_key ~ ':[0-9]{4}-[0-9]{2}-[0-9]{2}$'
  AND EXISTS (
    SELECT FROM assignment s
    JOIN person_day d ON d.project_id = s.project_id AND d.person_id = s.person_id
      AND d.work_on = CAST(right(a.fact_key, 10) AS date) AND d.punches + d.in_review > 0
    WHERE s.project_id = a.project_id AND s.post_id = CAST(left(a.fact_key, 36) AS uuid)
      AND s.from_on <= CAST(right(a.fact_key, 10) AS date))
ORDER BY a.project_id, a.fact_key
"""

ALL_FILLED = """
SELECT a.project_id, a.fact_key FROM alert a
JOIN alert_state t ON t.project_id = a.project_id AND t.alert_id = a.id AND t.state <> 'resolved'
WHERE a.kind = 'posts_empty' AND a.found_at > :since
  AND NOT EXISTS (
    SELECT FROM post po WHERE po.project_id = a.project_id
      AND po.kind = ANY(string_to_array(a.numbers ->> 'post_kinds', ','))
      AND NOT EXISTS (
        SELECT FROM assignment s
        JOIN person_day d ON d.project_id = s.project_id AND d.person_id = s.person_id
          AND d.work_on = CAST(a.fact_key AS date) AND d.punches + d.in_review > 0
        WHERE s.project_id = po.project_id AND s.post_id = po.id AND s.from_on <= CAST(a.fact_key AS date)))
ORDER BY a.project_id, a.fact_key
"""

CAME_BACK = """
SELECT a.project_id, a.fact_key FROM alert a
JOIN alert_state t ON t.project_id = a.project_id AND t.alert_id = a.id AND t.state <> 'resolved'
WHERE a.kind = 'absent_days' AND EXISTS (
  SELECT FROM person_day d WHERE d.project_id = a.project_id AND d.person_id = a.person_id
    AND d.work_on >= CAST(a.numbers ->> 'since' AS date) AND d.punches + d.in_review > 0)
ORDER BY a.project_id, a.fact_key
"""

STANDING = """
SELECT a.fact_key FROM alert a
JOIN alert_state t ON t.project_id = a.project_id AND t.alert_id = a.id AND t.state <> 'resolved'
WHERE a.kind = :kind ORDER BY a.id
"""

OLD_NEWS = """
SELECT a.project_id, a.fact_key FROM alert a
JOIN alert_state t ON t.project_id = a.project_id AND t.alert_id = a.id AND t.state <> 'resolved'
WHERE a.kind = :kind AND a.found_at < :before ORDER BY a.project_id, a.fact_key
"""


async def standing_keys(tx: Tx, kind: RuleKind) -> list[str]:
    """Return the keys of a rule's alerts that are not resolved."""
    return [row[0] for row in await tx.execute(text(STANDING), {"kind": kind})]


async def no_longer_empty(tx: Tx, kind: RuleKind, now: datetime) -> list[Ending]:
    """Return the alerts of empty posts of which somebody was there that day after all."""
    statement = POSTS_FILLED if kind == "post_empty" else ALL_FILLED
    rows = await tx.execute(text(statement), {"since": now - LOOKED_AT})
    return [Ending(kind=kind, project_id=row[0], fact_key=row[1], cause="alerts.cause_arrived") for row in rows]


async def no_longer_absent(tx: Tx) -> list[Ending]:
    """Return the alerts of absent people who came back, or were there by a record that arrived late."""
    rows = await tx.execute(text(CAME_BACK))
    return [
        Ending(kind="absent_days", project_id=row[0], fact_key=row[1], cause="alerts.cause_arrived") for row in rows
    ]


async def no_longer_news(tx: Tx, kind: RuleKind, before: datetime) -> list[Ending]:
    """Return the alerts of a rule that were found before an instant: nobody has to act on them."""
    rows = await tx.execute(text(OLD_NEWS), {"kind": kind, "before": before})
    return [Ending(kind=kind, project_id=row[0], fact_key=row[1], cause="alerts.cause_past") for row in rows]
