"""A check-in costs the same with a thousand ledger rows as with a million (50 000 of its project, 5 000 of its man)."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from backend.attendance.person_days import FOLD, LOCK, STANDING, as_arrays
from backend.attendance.rules import DEFAULT_RULE
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from backend.ledger import columns
from backend.ledger.append import APPEND, APPEND_MANY, TAKEN
from mobile_api.reading import READ, Asked
from tests.support.databases import Databases
from tests.support.ledgers import day_key, entry
from tests.support.phones import Ground, make_ground
from tests.support.plans import Cost, Values, measure

NOW = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)
DAYS = 200
BIG, SMALL = 1_000_000, 1_000
# Measured: READ 49, APPEND 284 (twelve indexes and their first pages; parts of it are counted twice), LOCK 9, FOLD 24,
# TAKEN 4, STANDING 4. What grows is the height of the indexes.
MORE_PAGES, MOST_PAGES = 40, 350

# Every twentieth row is of the one project, every tenth of those of the one person: 25 on each of his days.
ROWS = """
CREATE TEMPORARY TABLE made AS
SELECT CASE WHEN n %% 20 = 0 THEN %(project)s ELSE md5('project' || n %% 20)::uuid END AS project_id,
  CASE WHEN n %% 200 = 0 THEN %(person)s ELSE md5('person' || n %% 4000)::uuid END AS person_id,
  md5('punch' || n)::uuid AS punch_id, md5('source' || n %% 4000)::uuid AS source_id, n::text AS event_key,
  %(now)s - n * (%(days)s * interval '1 day' / %(rows)s) AS at
FROM generate_series(1, %(rows)s) AS n
"""
FILL = (
    """
    INSERT INTO punch (project_id, received_at, punch_id, source, source_id, event_key, person_id, occurred_at,
      device_time, time_quality, direction, direction_source, trust, policy_version, signals, payload_digest)
    SELECT project_id, at, punch_id, 'phone', source_id, event_key, person_id, at, '', 'online', 'unknown', 'none',
      'phone', 0, '{}', decode(repeat('00', 32), 'hex') FROM made
    """,
    """
    INSERT INTO ruling (project_id, ruled_at, ruling_id, punch_id, seq, outcome, reasons, policy_version)
    SELECT project_id, at, punch_id, punch_id, 1, 'counted', '[]', 0 FROM made
    """,
    """
    INSERT INTO punch_status (project_id, punch_id, received_at, ruling_id, seq, outcome, person_id, occurred_at,
      direction, source)
    SELECT project_id, punch_id, at, punch_id, 1,
      CASE WHEN hashtext(event_key) % 10 = 0 THEN 'refused' ELSE 'counted' END, person_id, at, 'unknown', 'phone'
    FROM made
    """,
    """
    INSERT INTO punch_dedupe (project_id, source_id, bucket, event_key, payload_digest, punch_id, receipt)
    SELECT project_id, source_id, date_trunc('month', at AT TIME ZONE 'UTC')::date, event_key, '', punch_id, '{}'
    FROM made
    """,
    """
    INSERT INTO person_day (project_id, person_id, work_on, from_at, to_at, span_s, punches, in_review, sources, valid,
      provisional, entries, rule, revision, computed_at)
    SELECT project_id, person_id, at::date, min(at), min(at) + interval '1 day', 0, count(*), 0, '{}', false, false,
      array_agg(punch_id), '', 0, min(at) FROM made GROUP BY project_id, person_id, at::date
    """,
)
TABLES = "punch, ruling, punch_status, punch_dedupe, person_day"


async def filled(url: str, rows: int) -> Ground:
    """Make a ground and set the ledger to so many rows, in one month's day or 200."""
    database = Database(url)
    async with database.opened():
        ground = await make_ground(database, MemoryKeyRing(NOW), NOW)
    with psycopg.connect(url) as connection:
        connection.execute("SET work_mem = '128MB'")
        for ahead in range(8):
            connection.execute(
                "SELECT ensure_partition(parent, (%s::date - make_interval(months => %s))::date)"
                " FROM unnest(ARRAY['punch', 'punch_private', 'ruling', 'punch_dedupe']) AS parent",
                (NOW.date(), ahead),
            )
        values = {
            "project": ground.project.id,
            "person": ground.owner.person_id,
            "now": NOW,
            "rows": rows,
            "days": DAYS,
        }
        psycopg.ClientCursor(connection).execute(ROWS, values)
        for statement in FILL:
            connection.execute(statement)
        connection.commit()
        connection.execute(f"ANALYZE {TABLES}")  # pyright: ignore[reportArgumentType] - a statement of ours
    return ground


def statements(ground: Ground) -> dict[str, tuple[str, Values]]:
    """Return the statements of one check-in of the ground's person with their values."""
    owner, project = ground.owner, ground.project.id
    one = entry(project, owner.person_id, NOW, source="phone", source_id=owner.phone_id)
    key = day_key(one)
    known: dict[str, Any] = {"project_id": project, "source_id": owner.phone_id, "bucket": one.bucket}
    keys = [{**known, "event_key": one.event_key, "punch_id": one.punch_id}]
    days = as_arrays([key])
    arrays = columns.as_arrays([one])
    assert arrays is not None

    def read(project_id: UUID | None) -> tuple[str]:
        month = NOW.date().replace(day=1)
        return (encode([Asked(0, owner.account_id, owner.family_id, project_id, NOW, month)]),)

    return {
        "READ": (READ, read(project)),
        "READ without a project": (READ, read(None)),
        "APPEND": (APPEND, (encode([one]),)),
        "APPEND many": (APPEND_MANY, arrays),
        "TAKEN": (TAKEN, (encode(keys),)),
        "LOCK": (LOCK, days),
        "FOLD": (FOLD, (DEFAULT_RULE.name, DEFAULT_RULE.min_punches, DEFAULT_RULE.min_span_s, NOW, *days)),
        "STANDING": (STANDING, tuple(f"{{{one}}}" for one in (project, owner.person_id, key.work_on))),
    }


def encode(value: object) -> str:
    return msgspec.json.encode(value).decode()


def costs(url: str, ground: Ground, options: str) -> dict[str, Cost]:
    """Measure every statement with both kinds of plans, in transactions that are rolled back."""
    found: dict[str, Cost] = {}
    for mode in ("generic", "custom"):
        with psycopg.connect(url, options=options) as connection:
            for name, (statement, values) in statements(ground).items():
                found[f"{name}, {mode}"] = measure(connection, statement, values, mode)
            connection.rollback()
    return found


async def test_a_check_in_grows_with_nothing(databases: Databases) -> None:
    with databases.clone("plans_big") as big_url, databases.clone("plans_small") as small_url:
        small_ground, big_ground = await filled(small_url, SMALL), await filled(big_url, BIG)
        with psycopg.connect(big_url) as connection:
            row = connection.execute(
                "SELECT count(*), count(*) FILTER (WHERE project_id = %s), count(*) FILTER (WHERE person_id = %s)"
                " FROM punch",
                (big_ground.project.id, big_ground.owner.person_id),
            ).fetchone()
        assert row == (BIG, 50_000, 5_000)
        options = hot_options(big_url)
        big, small = costs(big_url, big_ground, options), costs(small_url, small_ground, options)
    assert max(small[name].pages for name in small if not name.startswith("APPEND")) < MOST_PAGES / 3
    for name, cost in big.items():
        assert cost.scanned == (), f"{name} reads {cost.scanned} from end to end"
        assert 0 < cost.pages <= small[name].pages + MORE_PAGES, f"{name}: {cost.pages} against {small[name].pages}"
        assert cost.pages <= MOST_PAGES, f"{name}: {cost.pages}"


def hot_options(url: str) -> str:
    """Return the start-up options of the connections on which check-ins run."""
    return str(Database(url).pool.kwargs["options"])  # type: ignore[index] - always given
