"""Writes a ruling as a new row and moves the punch's state to it, by compare-and-set on what was looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from backend.kit.ids import new_id
from backend.ledger.append import Connection
from backend.ledger.errors import RulingStale
from backend.ledger.model import DayKey, Outcome, is_dated
from backend.sites.model import day_bounds, work_on

RULE = """
WITH moved AS (
  UPDATE punch_status SET ruling_id = %(ruling_id)s, seq = seq + 1, outcome = %(outcome)s
  WHERE project_id = %(project_id)s AND punch_id = %(punch_id)s AND seq = %(seq)s
  RETURNING project_id, punch_id, seq, person_id, occurred_at
), ruled AS (
  INSERT INTO ruling (project_id, ruled_at, ruling_id, punch_id, seq, outcome, reasons, policy_version, ruled_by, note)
  SELECT moved.project_id, %(now)s, %(ruling_id)s, moved.punch_id, moved.seq, %(outcome)s, %(reasons)s,
    before.policy_version, %(by)s, %(note)s
  FROM moved JOIN ruling before
    ON before.project_id = moved.project_id AND before.punch_id = moved.punch_id AND before.seq = %(seq)s
), told AS (
  INSERT INTO ledger_outbox (project_id, kind, entry_id, recorded_at)
  SELECT project_id, 'ruling', %(ruling_id)s, %(now)s FROM moved
)
SELECT moved.person_id, moved.occurred_at, p.time_zone, p.cutover FROM moved JOIN project p ON p.id = moved.project_id
"""

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRuling:
    """A ruling on the punch whose latest one has the number `seq`; a named person (`by`) gives a note."""

    project_id: UUID
    punch_id: UUID
    seq: int
    outcome: Outcome
    reasons: Sequence[Mapping[str, Any]] = ()
    by: UUID | None = None
    note: str | None = None


async def write_ruling(connection: Connection, ruling: NewRuling, now: datetime) -> DayKey | None:
    """Write a ruling in the caller's transaction; return the day to fold, None where the punch belongs to none.

    Raises RulingStale when the punch was ruled on since.
    """
    values = {
        "project_id": ruling.project_id,
        "punch_id": ruling.punch_id,
        "ruling_id": new_id(now),
        "seq": ruling.seq,
        "outcome": ruling.outcome,
        "reasons": _encoder.encode(ruling.reasons).decode(),
        "note": ruling.note,
        "by": ruling.by,
        "now": now,
    }
    moved = await (await connection.execute(RULE, values)).fetchone()
    if moved is None:
        raise RulingStale
    person_id, occurred_at, time_zone, cutover = moved
    # A time outside of the ledger's years belongs to no day.
    if person_id is None or not is_dated(occurred_at):
        return None
    day = work_on(occurred_at, time_zone, cutover)
    return DayKey(ruling.project_id, person_id, day, *day_bounds(day, time_zone, cutover))
