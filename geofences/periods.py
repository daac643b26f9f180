"""Writes what is known about when fence versions are in force: knowledge ends and is added to, nothing is rewritten.

All of it happens under the lock of the fence's row (`queries.find_fence(lock=True)`), which the caller holds.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, insert, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import Range

from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from geofences import period_queries
from geofences.period_queries import PeriodRow
from geofences.tables import FencePeriod
from geofences.timeline import Period, cut_out

_TICK = timedelta(microseconds=1)

# What is in force does not hang on the state: it says what happened to a version since it was published.
_SETTLE = text("""
UPDATE fence_version v SET state = CASE
  WHEN known.span IS NULL AND NOT coalesce(known.begun, false) THEN 'withdrawn'
  WHEN upper_inf(known.span) THEN 'published'
  ELSE 'superseded' END
FROM (
  SELECT v.id,
    range_merge(range_agg(p.valid_during) FILTER (WHERE upper_inf(p.known_during))) AS span,
    bool_or(lower(p.valid_during) < least(upper(p.known_during), CAST(:now AS timestamptz))) AS begun
  FROM fence_version v
  LEFT JOIN fence_period p ON p.project_id = v.project_id AND p.version_id = v.id
  WHERE v.project_id = :project_id AND v.fence_id = :fence_id AND v.state IN ('published', 'superseded')
  GROUP BY v.id
) known
WHERE v.project_id = :project_id AND v.id = known.id
""")


async def lay_period(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    fence_id: UUID,
    version_id: UUID | None,
    *,
    valid_from: datetime,
    valid_until: datetime | None,
    now: datetime,
) -> datetime:
    """Let a version (None: none at all) be in force for a time, from now on as far as anybody knows.

    What was known of that time ends to be known; what it leaves of other periods is known anew. Returns the instant of
    the new knowledge: later than all knowledge of the fence before, even if two clocks disagree.
    """
    latest = await tx.scalar(
        select(func.max(func.lower(FencePeriod.known_during))).where(
            FencePeriod.project_id == project_id, FencePeriod.fence_id == fence_id
        )
    )
    known_from = now if latest is None else max(now, latest + _TICK)
    rows = await period_queries.list_periods(tx, project_id, fence_id)
    for row in rows:
        # What adjoins or overlaps and is of the same version becomes one period with it.
        if row.version_id == version_id and row.valid_from <= valid_from <= (row.valid_until or valid_from):
            valid_from = row.valid_from
        if row.version_id == version_id and valid_until is not None and row.valid_from <= valid_until:
            valid_until = row.valid_until and max(valid_until, row.valid_until)
    touched = [row for row in rows if _meets(row, valid_from, valid_until)]
    left = [piece for row in touched for piece in cut_out(_period(row), valid_from, valid_until)]
    if version_id is not None:
        left.append(Period(fence_id=fence_id, version_id=version_id, valid_from=valid_from, valid_until=valid_until))
    await _end(tx, touched, known_from)
    if left:
        await tx.execute(
            insert(FencePeriod),
            [
                {
                    "project_id": project_id,
                    "id": new_id(known_from),
                    "fence_id": fence_id,
                    "version_id": one.version_id,
                    "valid_during": Range(one.valid_from, one.valid_until, bounds="[)"),
                    "known_during": Range(known_from, None, bounds="[)"),
                    "recorded_by": actor.account_id,
                }
                for one in left
            ],
        )
    await tx.execute(_SETTLE, {"project_id": project_id, "fence_id": fence_id, "now": now})
    return known_from


async def _end(tx: Tx, rows: Iterable[PeriodRow], known_until: datetime) -> None:
    keys = [(row.project_id, row.id) for row in rows]
    if keys:
        lower = func.lower(FencePeriod.known_during)
        await tx.execute(
            update(FencePeriod)
            .where(tuple_(FencePeriod.project_id, FencePeriod.id).in_(keys))
            .values(known_during=func.tstzrange(lower, known_until, "[)"))
        )


def _meets(row: PeriodRow, begin: datetime, end: datetime | None) -> bool:
    return (row.valid_until is None or row.valid_until > begin) and (end is None or row.valid_from < end)


def _period(row: PeriodRow) -> Period:
    return Period(
        fence_id=row.fence_id, version_id=row.version_id, valid_from=row.valid_from, valid_until=row.valid_until
    )
