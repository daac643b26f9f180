"""Rules anew on punches that were made while phones might check in, but before anybody knew: once, in steps.

Each step is one transaction under the lock of the path's row: rulings, states, days and how far it has come are
committed together. After a crash, or when two do the same, the next step begins where the last committed one ended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import structlog

from backend.decision.checkin import PhonePath
from backend.decision.outage_reconsideration import reconsider_with_path
from backend.decision.policy import DEFAULT_POLICY, DEFAULT_VERSION, SitePolicy
from backend.gates.outages.recording import tell_fact
from backend.kit.clock import Clock
from backend.kit.db import Database
from backend.kit.ids import new_id
from backend.ledger.append import Connection, DayFolder
from backend.ledger.model import DayKey, is_dated
from backend.ledger.partitions import in_ledger_transaction
from backend.sites.model import day_bounds, work_on

log = structlog.get_logger()

RUN = 500
"""Punches that one step looks at."""
SETTLE = timedelta(minutes=1)
"""Taps that were read before the path was there may commit so long after it became known."""

WAITING = """
SELECT project_id, id FROM phone_path WHERE settled_at IS NULL ORDER BY known_at LIMIT 100
"""

TAKE = """
SELECT o.entrance, o.from_at, o.until_at, o.known_at, o.cursor_at, o.cursor_id, o.ruled, p.time_zone, p.cutover
FROM phone_path o JOIN project p ON p.id = o.project_id
WHERE o.project_id = %(project_id)s AND o.id = %(path_id)s AND o.settled_at IS NULL
FOR UPDATE OF o
"""

# On line a punch is received when it occurs; one that was made off line may come in at any time until the path is
# known, and after that is judged by it.
NEXT = """
SELECT p.received_at, p.punch_id, p.occurred_at, s.seq, s.outcome, r.reasons::text, r.policy_version, r.ruled_by
FROM punch p
JOIN punch_status s ON s.project_id = p.project_id AND s.punch_id = p.punch_id
JOIN ruling r ON r.project_id = s.project_id AND r.punch_id = s.punch_id AND r.ruling_id = s.ruling_id
WHERE p.project_id = %(project_id)s AND (p.received_at, p.punch_id) > (%(at)s, %(punch_id)s)
  AND p.received_at >= %(at)s AND p.received_at < %(until)s AND p.source = 'phone'
ORDER BY p.received_at, p.punch_id LIMIT %(limit)s
"""

POLICIES = "SELECT version, body FROM site_policy WHERE project_id = %s"

# A ruling that somebody made in the meantime stands: the state is no longer at the seq that was looked at.
RULE = """
WITH given AS MATERIALIZED (
  SELECT * FROM json_to_recordset(%(given)s::text::json) AS g (punch_id uuid, seq integer, ruling_id uuid, outcome text,
    reasons jsonb, policy_version integer)
), moved AS (
  UPDATE punch_status s SET ruling_id = g.ruling_id, seq = s.seq + 1, outcome = g.outcome
  FROM given g WHERE s.project_id = %(project_id)s AND s.punch_id = g.punch_id AND s.seq = g.seq
  RETURNING s.punch_id, s.seq, s.person_id, s.occurred_at, s.ruling_id
), ruled AS (
  INSERT INTO ruling (project_id, ruled_at, ruling_id, punch_id, seq, outcome, reasons, policy_version, deadline_at)
  SELECT %(project_id)s, %(now)s, m.ruling_id, m.punch_id, m.seq, g.outcome, g.reasons, g.policy_version, b.deadline_at
  FROM moved m JOIN given g USING (punch_id)
  LEFT JOIN ruling b ON b.project_id = %(project_id)s AND b.punch_id = m.punch_id AND b.seq = m.seq - 1
), told AS (
  INSERT INTO ledger_outbox (project_id, kind, entry_id, recorded_at)
  SELECT %(project_id)s, 'ruling', ruling_id, %(now)s FROM moved ORDER BY ruling_id
)
SELECT person_id, occurred_at FROM moved
"""

MOVE = """
UPDATE phone_path SET cursor_at = %(at)s, cursor_id = %(punch_id)s, ruled = ruled + %(ruled)s, settled_at = %(settled)s
WHERE project_id = %(project_id)s AND id = %(path_id)s
"""

_encoder = msgspec.json.Encoder()
_reasons = msgspec.json.Decoder(list[dict[str, Any]])


@dataclass(frozen=True, slots=True)
class RulingTools:
    """What ruling anew works with."""

    database: Database
    fold_days: DayFolder
    clock: Clock


@dataclass(frozen=True, slots=True)
class HeldPath:
    """A path as its row says, locked; `cursor_*` tell how far its punches have been looked through."""

    project_id: UUID
    id: UUID
    entrance: str
    from_at: datetime
    until_at: datetime | None
    known_at: datetime
    cursor_at: datetime
    cursor_id: UUID
    ruled: int
    time_zone: str
    cutover: Any

    def holds(self, at: datetime) -> bool:
        """Tell whether phones might check in at an instant."""
        return self.from_at <= at and (self.until_at is None or at < self.until_at)


async def continue_ruling(tools: RulingTools) -> int:
    """Take every step that can be taken now, of all paths; returns how many were taken.

    One that fails is told in the log and does not hold up the others; it is tried again at the next call.
    """
    async with tools.database.connection() as connection:
        waiting = await (await connection.execute(WAITING)).fetchall()
    steps = 0
    for project_id, path_id in waiting:
        try:
            while await advance_ruling(tools, project_id, path_id):
                steps += 1
        except Exception:  # whatever it was, the next path does not hang on it
            log.exception("gates.ruling_again_failed", project_id=str(project_id), path_id=str(path_id))
    return steps


async def advance_ruling(tools: RulingTools, project_id: UUID, path_id: UUID) -> bool:
    """Take one step; tells whether there is another one to take now. Does nothing where nothing is left.

    Raises DatabaseAway or Contended; then nothing of the step was written and it may be repeated.
    """
    now = tools.clock.now()

    async def attempt() -> bool:
        async with tools.database.connection() as connection, connection.transaction():
            found = await connection.execute(TAKE, {"project_id": project_id, "path_id": path_id})
            row = await found.fetchone()
            return row is not None and await take_step(tools, connection, HeldPath(project_id, path_id, *row), now)

    return await in_ledger_transaction(tools.database, attempt, received=(now.date(),), buckets=())


async def take_step(tools: RulingTools, connection: Connection, path: HeldPath, now: datetime) -> bool:
    """Rule on the next punches in the caller's transaction, which has locked the path; tells whether more are left."""
    last = path.known_at + SETTLE
    values = {
        "project_id": path.project_id,
        "at": path.cursor_at,
        "punch_id": path.cursor_id,
        "until": min(last, now),
        "limit": RUN,
    }
    rows = await (await connection.execute(NEXT, values)).fetchall()
    ruled = await _rule(tools, connection, path, rows, now)
    at, punch_id = (rows[-1][0], rows[-1][1]) if rows else (path.cursor_at, path.cursor_id)
    # A minute after the path became known nobody is judged without it any more.
    settled = now if len(rows) < RUN and now > last else None
    moving = {
        "project_id": path.project_id,
        "path_id": path.id,
        "at": at,
        "punch_id": punch_id,
        "ruled": ruled,
        "settled": settled,
    }
    if rows or settled is not None:
        await connection.execute(MOVE, moving)
    if settled is not None and path.ruled + ruled:
        detail = {"entrance": path.entrance, "punches": path.ruled + ruled}
        await tell_fact(
            connection,
            path.project_id,
            "punches_ruled_again",
            path.id,
            device_id=None,
            occurred_at=now,
            now=now,
            detail=detail,
        )
    return len(rows) == RUN


async def _rule(
    tools: RulingTools, connection: Connection, path: HeldPath, rows: Sequence[Sequence[Any]], now: datetime
) -> int:
    given: list[dict[str, Any]] = []
    policies: Mapping[int, SitePolicy] | None = None
    named = PhonePath(path.id, path.entrance)
    for _, punch_id, occurred_at, seq, outcome, reasons, policy_version, ruled_by in rows:
        # What a person decided stands, and what waits for evidence is decided when that is there.
        if ruled_by is not None or outcome not in {"review", "refused"} or not path.holds(occurred_at):
            continue
        if policies is None:
            policies = await _policies(connection, path.project_id)
        ruling = reconsider_with_path(_reasons.decode(reasons), named, policies.get(policy_version, DEFAULT_POLICY))
        if ruling is not None:
            given.append(
                {
                    "punch_id": punch_id,
                    "seq": seq,
                    "ruling_id": new_id(now),
                    "outcome": ruling.outcome,
                    "reasons": [reason.wire() for reason in ruling.reasons],
                    "policy_version": policy_version,
                }
            )
    if not given:
        return 0
    ruled = await connection.execute(
        RULE, {"given": _encoder.encode(given).decode(), "project_id": path.project_id, "now": now}
    )
    moved = await ruled.fetchall()
    keys: set[DayKey] = set()
    for person_id, occurred_at in moved:
        # A time outside of the ledger's years belongs to no day.
        if person_id is not None and is_dated(occurred_at):
            day = work_on(occurred_at, path.time_zone, path.cutover)
            keys.add(DayKey(path.project_id, person_id, day, *day_bounds(day, path.time_zone, path.cutover)))
    if keys:
        await tools.fold_days(connection, sorted(keys), now)
    return len(moved)


async def _policies(connection: Connection, project_id: UUID) -> dict[int, SitePolicy]:
    found = await (await connection.execute(POLICIES, (project_id,))).fetchall()
    return {DEFAULT_VERSION: DEFAULT_POLICY} | {version: msgspec.convert(body, SitePolicy) for version, body in found}
