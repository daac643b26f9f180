"""Rules anew on punches of which a finding has fallen away, from the reasons that are stored, and folds their days."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from backend.decision.policy import DEFAULT_POLICY, SitePolicy
from backend.decision.ruling import Ruling
from backend.kit.ids import new_id
from backend.ledger.append import Connection, DayFolder
from backend.ledger.model import DayKey, is_dated
from backend.sites.model import day_bounds, work_on

PunchName: TypeAlias = tuple[UUID, UUID]
"""Project and punch."""

# What somebody has ruled stands, whatever comes in later, and so does what counts because nobody decided in time.
FIND = """
SELECT s.project_id, s.punch_id, s.seq, r.reasons::text, r.policy_version, pol.body
FROM json_to_recordset(%s::text::json) AS k (project_id uuid, punch_id uuid)
JOIN punch_status s ON s.project_id = k.project_id AND s.punch_id = k.punch_id
JOIN ruling r ON r.project_id = s.project_id AND r.punch_id = s.punch_id AND r.ruling_id = s.ruling_id
LEFT JOIN site_policy pol ON pol.project_id = s.project_id AND pol.version = r.policy_version
WHERE r.ruled_by IS NULL AND NOT r.reasons @> '[{"code": "attendance.review_undecided"}]'
ORDER BY s.project_id, s.punch_id
"""

# A ruling that was made in the meantime stands: the state is no longer at the seq that was looked at. The deadline for
# what is outstanding goes on as long as anything is.
RULE = """
WITH given AS MATERIALIZED (
  SELECT * FROM json_to_recordset(%(given)s::text::json) AS g (project_id uuid, punch_id uuid, seq integer,
    ruling_id uuid, outcome text, reasons jsonb, policy_version integer)
), moved AS (
  UPDATE punch_status s SET ruling_id = g.ruling_id, seq = s.seq + 1, outcome = g.outcome
  FROM given g WHERE s.project_id = g.project_id AND s.punch_id = g.punch_id AND s.seq = g.seq
  RETURNING s.project_id, s.punch_id, s.seq, s.person_id, s.occurred_at, s.ruling_id
), ruled AS (
  INSERT INTO ruling (project_id, ruled_at, ruling_id, punch_id, seq, outcome, reasons, policy_version, deadline_at)
  SELECT m.project_id, %(now)s, m.ruling_id, m.punch_id, m.seq, g.outcome, g.reasons, g.policy_version, b.deadline_at
  FROM moved m JOIN given g USING (project_id, punch_id)
  LEFT JOIN ruling b ON b.project_id = m.project_id AND b.punch_id = m.punch_id AND b.seq = m.seq - 1
), told AS (
  INSERT INTO ledger_outbox (project_id, kind, entry_id, recorded_at)
  SELECT project_id, 'ruling', ruling_id, %(now)s FROM moved ORDER BY ruling_id
)
SELECT m.project_id, m.person_id, m.occurred_at, p.time_zone, p.cutover
FROM moved m JOIN project p ON p.id = m.project_id
"""

_encoder = msgspec.json.Encoder()
_reasons = msgspec.json.Decoder(list[dict[str, Any]])


@dataclass(frozen=True, slots=True)
class RuledPunch:
    """A punch as it was ruled by policy last."""

    project_id: UUID
    punch_id: UUID
    reasons: Sequence[Mapping[str, Any]]
    policy: SitePolicy


async def rule_again(
    connection: Connection,
    punches: Sequence[PunchName],
    decide: Callable[[RuledPunch], Ruling | None],
    now: datetime,
    fold: DayFolder,
) -> int:
    """Write a new ruling for each punch for which `decide` gives one, in the caller's transaction; return how many."""
    if not punches:
        return 0
    wanted = [{"project_id": project_id, "punch_id": punch_id} for project_id, punch_id in punches]
    found = await connection.execute(FIND, (_encoder.encode(wanted).decode(),))
    given: list[dict[str, Any]] = []
    for project_id, punch_id, seq, reasons, version, body in await found.fetchall():
        policy = DEFAULT_POLICY if body is None else msgspec.convert(body, SitePolicy)
        ruling = decide(RuledPunch(project_id, punch_id, _reasons.decode(reasons), policy))
        if ruling is not None:
            given.append(
                {
                    "project_id": project_id,
                    "punch_id": punch_id,
                    "seq": seq,
                    "ruling_id": new_id(now),
                    "outcome": ruling.outcome,
                    "reasons": [reason.wire() for reason in ruling.reasons],
                    "policy_version": version,
                }
            )
    if not given:
        return 0
    ruled = await connection.execute(RULE, {"given": _encoder.encode(given).decode(), "now": now})
    moved = await ruled.fetchall()
    if keys := _days_of(moved):
        await fold(connection, keys, now)
    return len(moved)


def _days_of(moved: Sequence[Sequence[Any]]) -> list[DayKey]:
    keys: set[DayKey] = set()
    for project_id, person_id, occurred_at, time_zone, cutover in moved:
        # A time outside of the ledger's years belongs to no day.
        if is_dated(occurred_at):
            day = work_on(occurred_at, time_zone, cutover)
            keys.add(DayKey(project_id, person_id, day, *day_bounds(day, time_zone, cutover)))
    return sorted(keys)
