"""Writes what rules found: alerts once per fact, their groups, their first step, and who is told when."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import text

from backend.alerts.model import RANK, Ending, Finding
from backend.alerts.rulebook import InForce, RuleBook
from backend.alerts.telling import Told, tell_accounts, tell_again
from backend.kit.db import Tx
from backend.kit.ids import new_id
from backend.sites.working_days import WorkCalendar

AT_ONCE: Final = 500
"""Alerts of one statement."""

KNOWN = """
SELECT a.project_id, a.kind, a.fact_key FROM json_to_recordset(CAST(:given AS json))
  AS g (project_id uuid, kind text, fact_key text)
JOIN alert a ON a.project_id = g.project_id AND a.kind = g.kind AND a.fact_key = g.fact_key
"""

GROUP = """
SELECT id, severity FROM alert_group WHERE kind = :kind AND group_key = :group_key AND last_at >= :since
ORDER BY last_at DESC, id DESC LIMIT 1
"""

OPEN_GROUP = """
INSERT INTO alert_group (id, kind, district_id, group_key, severity, started_at, last_at)
VALUES (:id, :kind, :district_id, :group_key, :severity, :now, :now)
"""

GROW_GROUP = "UPDATE alert_group SET last_at = :now, severity = :severity WHERE id = :id"

OPEN = """
WITH given AS (
  SELECT * FROM json_to_recordset(CAST(:given AS json)) AS g (project_id uuid, id uuid, group_id uuid, kind text,
    rule_id uuid, fact_key text, severity text, person_id uuid, party_id uuid, device_id uuid, words text,
    numbers jsonb, evidence jsonb, occurred_at timestamptz, next_at timestamptz)
), opened AS (
  INSERT INTO alert (project_id, id, group_id, kind, rule_id, fact_key, severity, person_id, party_id, device_id,
    words, numbers, evidence, occurred_at, found_at)
  SELECT project_id, id, group_id, kind, rule_id, fact_key, severity, person_id, party_id, device_id, words, numbers,
    evidence, occurred_at, :now
  FROM given
), stepped AS (
  INSERT INTO alert_step (project_id, alert_id, seq, kind, at) SELECT project_id, id, 1, 'opened', :now FROM given
)
INSERT INTO alert_state (project_id, alert_id, state, seq, level, next_at, changed_at)
SELECT project_id, id, 'open', 1, 0, next_at, :now FROM given
"""

# By a fact: whatever people did with it meanwhile, it is over.
RESOLVE = """
WITH given AS (
  SELECT * FROM json_to_recordset(CAST(:given AS json))
    AS g (project_id uuid, kind text, fact_key text, cause text)
), standing AS (
  SELECT t.project_id, t.alert_id, t.seq, a.group_id, g.cause FROM given g
  JOIN alert a ON a.project_id = g.project_id AND a.kind = g.kind AND a.fact_key = g.fact_key
  JOIN alert_state t ON t.project_id = a.project_id AND t.alert_id = a.id
  WHERE t.state <> 'resolved' FOR UPDATE OF t
), stepped AS (
  INSERT INTO alert_step (project_id, alert_id, seq, kind, at, cause)
  SELECT project_id, alert_id, seq + 1, 'resolved', :now, cause FROM standing
), settled AS (
  UPDATE alert_state t SET state = 'resolved', seq = t.seq + 1, next_at = NULL, changed_at = :now
  FROM standing s WHERE t.project_id = s.project_id AND t.alert_id = s.alert_id
)
SELECT DISTINCT group_id FROM standing
"""

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many alerts a look opened, and how many groups it ended something of."""

    opened: int
    ended: int


async def record_findings(
    tx: Tx, findings: Sequence[Finding], book: RuleBook, calendar: WorkCalendar, now: datetime
) -> int:
    """Open an alert for each finding that has none, and tell the first level; returns how many were opened.

    The caller holds the follower's row of the rule, so that nobody else opens groups of its kind.
    """
    opened = 0
    for begin in range(0, len(findings), AT_ONCE):
        opened += await _record(tx, findings[begin : begin + AT_ONCE], book, calendar, now)
    return opened


async def _record(tx: Tx, findings: Iterable[Finding], book: RuleBook, calendar: WorkCalendar, now: datetime) -> int:
    wanted = {(one.project_id, one.kind, one.fact_key): one for one in findings}
    if not wanted:
        return 0
    keys = [{"project_id": key[0], "kind": key[1], "fact_key": key[2]} for key in wanted]
    for row in await tx.execute(text(KNOWN), {"given": _json(keys)}):
        wanted.pop((row[0], row[1], row[2]), None)
    groups = _Groups(tx, now)
    rows: list[dict[str, Any]] = []
    told: list[Told] = []
    for one in wanted.values():
        force = book.holds(one.kind, one.district_id, one.project_id)
        group_id = await groups.join(one, force)
        levels = force.settings.levels
        alert_id = new_id(now)
        rows.append(_row(one, alert_id, group_id, force, now))
        told.append(
            Told(
                project_id=one.project_id,
                alert_id=alert_id,
                group_id=group_id,
                party_id=one.party_id,
                person_id=one.person_id,
                kind=one.kind,
                severity=one.severity,
                level=0,
                roles=frozenset(levels[0].roles) if one.roles is None else levels[0].roles & one.roles,
                district_id=one.district_id,
            )
        )
    if rows:
        await tx.execute(text(OPEN), {"given": _json(rows), "now": now})
        await tell_accounts(tx, told, calendar, now)
    return len(rows)


async def record_endings(tx: Tx, endings: Sequence[Ending], calendar: WorkCalendar, now: datetime) -> int:
    """Resolve the alerts whose facts are over, and have the end told where that was asked for; returns the groups."""
    if not endings:
        return 0
    given = [
        {"project_id": one.project_id, "kind": one.kind, "fact_key": one.fact_key, "cause": one.cause}
        for one in endings
    ]
    rows = await tx.execute(text(RESOLVE), {"given": _json(given), "now": now})
    groups = [row[0] for row in rows]
    if groups:
        await tell_again(tx, groups, calendar, now)
    return len(groups)


class _Groups:
    """Finds or opens the group of each finding, and remembers those of this look."""

    def __init__(self, tx: Tx, now: datetime) -> None:
        self._tx = tx
        self._now = now
        self._known: dict[tuple[str, str], tuple[UUID, str]] = {}

    async def join(self, one: Finding, force: InForce) -> UUID:
        key = (one.kind, one.group_key)
        known = self._known.get(key) or await self._find(one, force)
        if known is None:
            known = (new_id(self._now), one.severity)
            await self._tx.execute(text(OPEN_GROUP), self._values(one, known[0]))
        elif key not in self._known or RANK[one.severity] > RANK[known[1]]:
            graver = one.severity if RANK[one.severity] > RANK[known[1]] else known[1]
            known = (known[0], graver)
            values = {"id": known[0], "severity": graver, "now": self._now}
            await self._tx.execute(text(GROW_GROUP), values)
        self._known[key] = known
        return known[0]

    async def _find(self, one: Finding, force: InForce) -> tuple[UUID, str] | None:
        values = {
            "kind": one.kind,
            "group_key": one.group_key,
            "since": self._now - timedelta(seconds=force.settings.group_within_s),
        }
        row = (await self._tx.execute(text(GROUP), values)).one_or_none()
        return None if row is None else (row[0], row[1])

    def _values(self, one: Finding, group_id: UUID) -> Mapping[str, object]:
        return {
            "id": group_id,
            "kind": one.kind,
            "district_id": one.district_id,
            "group_key": one.group_key,
            "severity": one.severity,
            "now": self._now,
        }


def _row(one: Finding, alert_id: UUID, group_id: UUID, force: InForce, now: datetime) -> dict[str, Any]:
    levels = force.settings.levels
    return {
        "project_id": one.project_id,
        "id": alert_id,
        "group_id": group_id,
        "kind": one.kind,
        "rule_id": force.rule_id,
        "fact_key": one.fact_key,
        "severity": one.severity,
        "person_id": one.person_id,
        "party_id": one.party_id,
        "device_id": one.device_id,
        "words": one.words,
        "numbers": dict(one.numbers),
        "evidence": [{"path": path} for path in one.evidence],
        "occurred_at": one.occurred_at,
        "next_at": now + timedelta(seconds=levels[1].after_s) if len(levels) > 1 else None,
    }


def _json(rows: list[dict[str, Any]]) -> str:
    return _encoder.encode(rows).decode()
