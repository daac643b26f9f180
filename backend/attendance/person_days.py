"""Folds the punches of a person's day into one row, again whenever one of them changes."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import TypeAlias
from uuid import UUID

import msgspec
from msgspec import Struct
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import TupleRow

from backend.attendance.rules import DEFAULT_RULE, DayRule
from backend.ledger.model import DayKey

Connection = AsyncConnection[TupleRow]
Cursor = AsyncCursor[TupleRow]
DayOf: TypeAlias = tuple[UUID, UUID, date]
"""Project, person and site-local date of a day."""

# First the row's lock; the fold is a statement of its own, so that its snapshot sees what the lock waited for. A row
# that exists is locked and left as it is (WHERE false); one that is made is not folded yet, hence revision -1.
# `if_any` is looked up one by one in a scalar subquery: for EXISTS the planner may read all of punch_status into a hash
# table, and for `= ANY`, while statistics are young, all of the project.
LOCK = """
INSERT INTO person_day AS d (project_id, person_id, work_on, from_at, to_at, span_s, punches, in_review, sources, valid,
  provisional, entries, rule, revision, computed_at)
SELECT project_id, person_id, work_on, from_at, to_at, 0, 0, 0, '{}', false, false, '{}', '', -1, from_at
FROM unnest(%s::text::uuid[], %s::text::uuid[], %s::text::date[], %s::text::timestamptz[], %s::text::timestamptz[],
  %s::text::text[]) AS k (project_id, person_id, work_on, from_at, to_at, if_any)
WHERE coalesce((SELECT true FROM unnest(k.if_any::uuid[]) AS one (punch_id) CROSS JOIN LATERAL (
  SELECT FROM punch_status s WHERE s.project_id = k.project_id AND s.punch_id = one.punch_id LIMIT 1) taken LIMIT 1),
  k.if_any = '{}')
ORDER BY project_id, person_id, work_on
ON CONFLICT (project_id, person_id, work_on) DO UPDATE SET revision = d.revision WHERE false
"""

# An upsert although the row is there: it finds each row by its key, whatever the planner thinks of the table's size.
FOLD = """
INSERT INTO person_day AS d (project_id, person_id, work_on, from_at, to_at, first_at, last_at, span_s, punches,
  in_review, sources, entries, valid, provisional, rule, revision, computed_at)
SELECT k.project_id, k.person_id, k.work_on, k.from_at, k.to_at, f.first_at, f.last_at, f.span_s, f.punches,
  f.in_review, f.sources, f.entries, f.punches >= r.min_punches AND f.span_s >= r.min_span_s,
  NOT (f.punches >= r.min_punches AND f.span_s >= r.min_span_s)
    AND f.punches + f.in_review >= r.min_punches AND f.likely_span_s >= r.min_span_s,
  r.rule, 0, r.computed_at
FROM (SELECT %s::text AS rule, %s::integer AS min_punches, %s::integer AS min_span_s, %s::timestamptz AS computed_at) r,
unnest(%s::text::uuid[], %s::text::uuid[], %s::text::date[], %s::text::timestamptz[], %s::text::timestamptz[],
  %s::text::text[]) AS k (project_id, person_id, work_on, from_at, to_at, if_any),
LATERAL (
  SELECT min(occurred_at) FILTER (WHERE outcome = 'counted') AS first_at,
    max(occurred_at) FILTER (WHERE outcome = 'counted') AS last_at,
    coalesce(extract(epoch FROM max(occurred_at) FILTER (WHERE outcome = 'counted')
      - min(occurred_at) FILTER (WHERE outcome = 'counted')), 0)::integer AS span_s,
    coalesce(extract(epoch FROM max(occurred_at) - min(occurred_at)), 0)::integer AS likely_span_s,
    count(*) FILTER (WHERE outcome = 'counted')::integer AS punches,
    count(*) FILTER (WHERE outcome <> 'counted')::integer AS in_review,
    coalesce(array_agg(DISTINCT source) FILTER (WHERE outcome = 'counted'), '{}') AS sources,
    coalesce(array_agg(punch_id ORDER BY occurred_at, punch_id) FILTER (WHERE outcome = 'counted'), '{}') AS entries
  FROM punch_status s
  WHERE s.person_id = k.person_id AND s.project_id = k.project_id
    AND s.occurred_at >= k.from_at AND s.occurred_at < k.to_at AND s.outcome <> 'refused'
    AND NOT s.quarantined
) f
WHERE coalesce((SELECT true FROM unnest(k.if_any::uuid[]) AS one (punch_id) CROSS JOIN LATERAL (
  SELECT FROM punch_status s WHERE s.project_id = k.project_id AND s.punch_id = one.punch_id LIMIT 1) taken LIMIT 1),
  k.if_any = '{}')
ON CONFLICT (project_id, person_id, work_on) DO UPDATE SET first_at = excluded.first_at, last_at = excluded.last_at,
  span_s = excluded.span_s, punches = excluded.punches, in_review = excluded.in_review, sources = excluded.sources,
  entries = excluded.entries, valid = excluded.valid, provisional = excluded.provisional, rule = excluded.rule,
  revision = d.revision + 1, computed_at = excluded.computed_at
RETURNING project_id, person_id, work_on, first_at, last_at, span_s, punches, in_review, valid, provisional
"""

# LIMIT keeps the planner from reading a whole table to join it.
STANDING = """
SELECT k.project_id, k.person_id, d.* FROM unnest(%s::text::uuid[], %s::text::uuid[], %s::text::date[])
  AS k (project_id, person_id, work_on)
CROSS JOIN LATERAL (
  SELECT work_on, first_at, last_at, span_s, punches, in_review, valid, provisional FROM person_day d
  WHERE d.project_id = k.project_id AND d.person_id = k.person_id AND d.work_on = k.work_on LIMIT 1) d
"""

_encoder = msgspec.json.Encoder()
_NO_DAYS = ("{}",) * 6


class Day(Struct, frozen=True):
    """How a day stands: spans in seconds; `provisional` means valid if what is in review gets counted."""

    work_on: date
    first_at: datetime | None
    last_at: datetime | None
    span_s: int
    punches: int
    in_review: int
    valid: bool
    provisional: bool


async def send_fold(
    connection: Connection,
    keys: Iterable[DayKey],
    now: datetime,
    rule: DayRule = DEFAULT_RULE,
) -> Cursor:
    """Lock and fold the days; inside a pipeline nothing is waited for yet. Call it after the entries are written."""
    arrays = as_arrays(set(keys))
    await connection.execute(LOCK, arrays)
    return await connection.execute(FOLD, (rule.name, rule.min_punches, rule.min_span_s, now, *arrays))


def as_arrays(keys: Iterable[DayKey]) -> tuple[str, ...]:
    """Return the days as one PostgreSQL array for each column; ids and times hold nothing that wants escaping."""
    rows = [
        (key.project_id, key.person_id, key.work_on, key.from_at, key.to_at, f"{{{','.join(map(str, key.if_any))}}}")
        for key in keys
    ]
    return tuple("{" + _encoder.encode(column)[1:-1].decode() + "}" for column in zip(*rows, strict=True)) or _NO_DAYS


async def settle_fold(sent: Cursor) -> dict[DayOf, Day]:
    """Return the days that were folded by whose they are; those left out whose `if_any` were all taken before."""
    return {(row[0], row[1], row[2]): Day(*row[2:]) for row in await sent.fetchall()}


async def read_days(connection: Connection, days: Iterable[DayOf]) -> dict[DayOf, Day]:
    """Return days as they stand; left out where nothing was ever folded. No statement for no day."""
    arrays = tuple("{" + ",".join(map(str, column)) + "}" for column in zip(*set(days), strict=True))
    if not arrays:
        return {}
    rows = await (await connection.execute(STANDING, arrays, prepare=False)).fetchall()
    return {(row[0], row[1], row[2]): Day(*row[2:]) for row in rows}
