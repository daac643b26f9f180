"""The work of corrections, in steps: look through the punches of the period, then rule anew on those that change.

Each step is one transaction under the lock of the correction's row: its result and how far it has come are committed
together. After a crash, or when two do the same, the next step begins where the last committed one ended, so that
every change is settled exactly once.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import msgspec
import numpy as np
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from backend.kit.db import Tx
from backend.kit.ids import new_id
from backend.ledger.append import Connection
from backend.ledger.model import DayKey, is_dated
from backend.ledger.partitions import in_ledger_transaction
from backend.sites.model import day_bounds, work_on, zone_of
from backend.sites.tables import Project
from geofences import correction_queries, period_queries, replay_queries
from geofences.coordinates import coordinate_system
from geofences.correction_queries import CorrectionRow
from geofences.correction_tables import FenceCorrectionChange
from geofences.corrections import SETTLE, CorrectionTools, change_correction
from geofences.judging import prepared
from geofences.placing import fix_signals, place, place_signals
from geofences.queries import GeometryRow
from geofences.replay import OUTCOMES, RecordedPunches, Site, judge_recorded
from geofences.replay_queries import NEXT, RecordedRow
from geofences.timeline import Period, Timeline, overlaid, seconds
from geofences.unsealing import Opened, Openers, Standing, add_up

LOOK_RUN = 2_000
"""Punches that one step looks at."""
RULE_RUN = 500
"""Rulings that one step writes."""

# A ruling that somebody made in the meantime stands: the state is no longer at the seq that was looked at.
RULE = """
WITH given AS MATERIALIZED (
  SELECT c.punch_id, c.seq, c.to_outcome, c.reasons, c.policy_version, g.ruling_id
  FROM json_to_recordset(%(given)s::text::json) AS g (punch_id uuid, ruling_id uuid)
  JOIN fence_correction_change c ON c.project_id = %(project_id)s AND c.correction_id = %(correction_id)s
    AND c.punch_id = g.punch_id AND c.settled_at IS NULL
), moved AS (
  UPDATE punch_status s SET ruling_id = g.ruling_id, seq = s.seq + 1, outcome = g.to_outcome
  FROM given g WHERE s.project_id = %(project_id)s AND s.punch_id = g.punch_id AND s.seq = g.seq
  RETURNING s.punch_id, s.seq, s.person_id, s.occurred_at, s.ruling_id
), ruled AS (
  INSERT INTO ruling (project_id, ruled_at, ruling_id, punch_id, seq, outcome, reasons, policy_version, ruled_by, note,
    deadline_at)
  SELECT %(project_id)s, %(now)s, m.ruling_id, m.punch_id, m.seq, g.to_outcome, g.reasons, g.policy_version, %(by)s,
    %(note)s, b.deadline_at
  FROM moved m JOIN given g USING (punch_id)
  LEFT JOIN ruling b ON b.project_id = %(project_id)s AND b.punch_id = m.punch_id AND b.seq = m.seq - 1
), told AS (
  INSERT INTO ledger_outbox (project_id, kind, entry_id, recorded_at)
  SELECT %(project_id)s, 'ruling', ruling_id, %(now)s FROM moved
), settled AS (
  UPDATE fence_correction_change c SET settled_at = %(now)s, ruling_id = m.ruling_id
  FROM given g LEFT JOIN moved m USING (punch_id)
  WHERE c.project_id = %(project_id)s AND c.correction_id = %(correction_id)s AND c.punch_id = g.punch_id
)
SELECT person_id, occurred_at FROM moved
"""

_encoder = msgspec.json.Encoder()


async def advance_correction(tools: CorrectionTools, project_id: UUID, correction_id: UUID) -> bool:
    """Take one step; tells whether there is another one to take now. Does nothing where nothing is left.

    Raises WorkbenchFull, DatabaseAway or Contended; then nothing of the step was written and it may be repeated.
    """
    async with tools.workbench.seat():
        now = tools.clock.now()

        async def attempt() -> bool:
            async with tools.database.transaction() as tx:
                correction = await correction_queries.find_correction(tx, project_id, correction_id, lock=True)
                if correction is None or correction.state not in {"looking", "applying"}:
                    return False
                if correction.state == "looking":
                    return await _look(tools, tx, correction, now)
                unsettled = await correction_queries.list_unsettled(tx, project_id, correction_id, RULE_RUN)
                if unsettled:
                    await _rule(tools, tx, correction, unsettled, now)
                    return True
                return await _look(tools, tx, correction, now)

        return await in_ledger_transaction(tools.database, attempt, received=(now.date(),), buckets=())


async def _look(tools: CorrectionTools, tx: Tx, correction: CorrectionRow, now: datetime) -> bool:
    """Look at the next punches and note whose outcome changes; at the end, move the correction on."""
    # While it is applied, punches come in that were read before the new knowledge was there and committed after it.
    last = correction.look_until if correction.known_from is None else correction.known_from + SETTLE
    until = min(last, now - SETTLE)
    rows = await replay_queries.read_run(
        tx,
        NEXT,
        project_id=correction.project_id,
        until=until,
        at=correction.cursor_at,
        punch_id=correction.cursor_id,
        limit=LOOK_RUN,
        now=now,
    )
    if rows:
        left_out = await _note_changes(tools, tx, correction, _of_period(rows, correction))
        await change_correction(
            tx,
            correction,
            cursor_at=rows[-1].received_at,
            cursor_id=UUID(bytes=rows[-1].punch_id),
            examined=correction.examined + len(rows),
            left_out=left_out,
        )
        return True
    if until < last:
        return False
    if correction.state == "looking":
        await change_correction(tx, correction, state="proposed")
    else:
        await change_correction(tx, correction, state="applied", ended_at=now)
    return False


def _of_period(rows: Sequence[RecordedRow], correction: CorrectionRow) -> list[RecordedRow]:
    begin = seconds(correction.valid_from)
    end = None if correction.valid_until is None else seconds(correction.valid_until)
    return [row for row in rows if begin <= row.at and (end is None or row.at < end)]


async def _note_changes(
    tools: CorrectionTools, tx: Tx, correction: CorrectionRow, rows: Sequence[RecordedRow]
) -> dict[str, int]:
    """Store the rulings that change among the rows; returns what was left out so far, by reason."""
    project_id = correction.project_id
    before, after = await _timelines(tx, correction)
    versions = {one.version_id for one in [*before, *after]}
    geometry = await replay_queries.list_geometry(tx, project_id, versions)
    policies = await replay_queries.list_policies(tx, project_id)
    time_zone, cutover = await _site_of(tx, project_id)
    standing = Standing(await replay_queries.list_standings(tx, project_id), time_zone, cutover)
    openers = Openers(tools.data_keys, project_id, await replay_queries.list_data_keys(tx, project_id), standing)

    def work() -> tuple[list[dict[str, Any]], dict[str, int]]:
        site = Site(_prepared(geometry), policies, zone_of(time_zone))
        opened = openers.open(rows)
        found = _changes(opened, Timeline(before), Timeline(after), site)
        return found, cast("dict[str, int]", add_up([opened.left_out]))

    changes, left_out = await tools.workbench.run(work)
    if changes:
        same = {"project_id": project_id, "correction_id": correction.id}
        await tx.execute(insert(FenceCorrectionChange).on_conflict_do_nothing(), [same | one for one in changes])
    return {reason: correction.left_out.get(reason, 0) + count for reason, count in left_out.items()}


async def _timelines(tx: Tx, correction: CorrectionRow) -> tuple[list[Period], list[Period]]:
    """Return what was in force before the correction and what is with it."""
    project_id, begin = correction.project_id, correction.valid_from
    end = correction.valid_until or begin + timedelta(days=36_525)
    now = await period_queries.list_project_periods(tx, project_id, begin, end)
    if correction.known_from is not None:
        known_at = correction.known_from - timedelta(microseconds=1)
        return await period_queries.list_project_periods(tx, project_id, begin, end, known_at=known_at), now
    opens, closes = await period_queries.find_hours(tx, project_id, correction.version_id)
    drawn = Period(
        fence_id=correction.fence_id,
        version_id=correction.version_id,
        valid_from=begin,
        valid_until=correction.valid_until,
        opens_s=opens,
        closes_s=closes,
    )
    return now, overlaid(now, drawn)


def _prepared(geometry: Sequence[GeometryRow]) -> dict[UUID, Any]:
    return {row.version_id: prepared(row) for row in geometry}


def _changes(opened: Opened, before: Timeline, after: Timeline, site: Site) -> list[dict[str, Any]]:
    """Return the changes among opened punches: outcomes that the two states of knowledge decide differently."""
    earlier, later = (judge_recorded(opened.punches, one, site, margins=False) for one in (before, after))
    recorded = np.array([OUTCOMES.index(cast("Any", row.outcome)) for row in opened.rows], dtype=np.int8)
    differing = np.flatnonzero((earlier.outcome != later.outcome) & (later.outcome != recorded))
    if not differing.size:
        return []
    sets = _sets(opened.punches, after, site)
    found: list[dict[str, Any]] = []
    for index in differing.tolist():
        row, policy = opened.rows[index], site.policy(opened.rows[index].policy_version)
        fences = [site.fences[one] for one in sets[index]]
        fixes = [(fix.fix(), coordinate_system(fix.crs)) for fix in opened.fixes[index]]
        situation = opened.punches.situations[int(opened.punches.situation[index])]
        placement, chosen = place(fences, fixes, policy, situation.within, situation.faces)
        beside = opened.punches.findings[int(opened.punches.beside[index])]
        signals = fix_signals(chosen, policy) | place_signals(placement)
        ruling = beside.decide(placement, policy, has_fence=bool(fences), fix_signals=signals)
        if ruling.outcome != row.outcome:
            found.append(
                {
                    "punch_id": UUID(bytes=row.punch_id),
                    "person_id": None if row.person_id is None else UUID(bytes=row.person_id),
                    "occurred_at": datetime.fromtimestamp(row.at, UTC),
                    "received_at": row.received_at,
                    "seq": row.seq,
                    "from_outcome": row.outcome,
                    "to_outcome": ruling.outcome,
                    "reasons": [reason.wire() for reason in ruling.reasons],
                    "policy_version": row.policy_version,
                }
            )
    return found


def _sets(punches: RecordedPunches, timeline: Timeline, site: Site) -> list[tuple[UUID, ...]]:
    """Return for each punch the versions that are in force and open at its instant."""
    index, sets = timeline.in_force(punches.at, site.local_seconds(punches.at))
    return [sets[number] for number in index.tolist()]


async def _rule(
    tools: CorrectionTools, tx: Tx, correction: CorrectionRow, punches: Sequence[UUID], now: datetime
) -> None:
    """Write the rulings of some changes, move their states and fold their days, in this transaction."""
    connection = cast("Connection", (await tx.get_raw_connection()).driver_connection)
    given = [{"punch_id": punch_id, "ruling_id": new_id(now)} for punch_id in punches]
    ruled = await connection.execute(
        RULE,
        {
            "given": _encoder.encode(given).decode(),
            "project_id": correction.project_id,
            "correction_id": correction.id,
            "now": now,
            "by": correction.approved_by,
            "note": correction.reason,
        },
    )
    zone, cutover = await _site_of(tx, correction.project_id)
    keys: set[DayKey] = set()
    for person_id, occurred_at in await ruled.fetchall():
        # A time outside of the ledger's years belongs to no day.
        if person_id is not None and is_dated(occurred_at):
            day = work_on(occurred_at, zone, cutover)
            keys.add(DayKey(correction.project_id, person_id, day, *day_bounds(day, zone, cutover)))
    if keys:
        await tools.fold_days(connection, sorted(keys), now)


async def _site_of(tx: Tx, project_id: UUID) -> Any:  # noqa: ANN401 - time zone and cut-over
    return (await tx.execute(select(Project.time_zone, Project.cutover).where(Project.id == project_id))).one()
