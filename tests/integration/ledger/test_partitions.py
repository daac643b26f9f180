from datetime import UTC, date, datetime, time
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

from backend.health import MONTHS_AHEAD_WANTED
from backend.kit.clock import ManualClock
from backend.kit.keyring import MemoryKeyRing
from tests.support.apps import client_of, running_app
from tests.support.databases import Databases, url_of

PARENTS = ("punch", "punch_private", "ruling", "attribution", "punch_dedupe")


READINESS = {"2028-01-15": 200, "2028-08-31": 200, "2028-09-01": 503, "2028-12-01": 503, "2035-01-01": 503}


async def test_readiness_ends_three_months_before_the_partitions_do(fresh_database: str, tmp_path: Path) -> None:
    with psycopg.connect(fresh_database) as connection:
        for parent in PARENTS:
            connection.execute(
                "SELECT ensure_partition(%s, month::date) FROM generate_series(%s, %s, '1 month'::interval) AS month",
                (parent, date(2027, 12, 1), date(2028, 11, 1)),
            )
            for name in partitions(connection, parent):
                if name > f"{parent}_202811":
                    connection.execute(SQL("DROP TABLE {}").format(Identifier(name)))
    clock = ManualClock(datetime(2026, 3, 16, tzinfo=UTC))
    async with (
        running_app(fresh_database, tmp_path, clock=clock, keys=MemoryKeyRing(clock.now())) as app,
        client_of(app) as client,
    ):
        for today, status in READINESS.items():
            clock.set(datetime.combine(date.fromisoformat(today), time(), UTC))
            answer = await client.get("/health/ready")
            assert answer.status_code == status, answer.text
            assert (answer.json()["partitions_ahead"] >= MONTHS_AHEAD_WANTED) == (status == 200)
            assert (await client.get("/health/live")).status_code == 200


def partitions(connection: psycopg.Connection, parent: str) -> set[str]:
    rows = connection.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", (parent,)
    )
    return {name for (name,) in rows}


async def test_a_database_that_is_not_migrated_is_not_ready(databases: Databases, tmp_path: Path) -> None:
    clock = ManualClock(datetime(2026, 3, 16, tzinfo=UTC))
    url = url_of(databases.url, "postgres")
    async with (
        running_app(url, tmp_path, clock=clock, keys=MemoryKeyRing(clock.now())) as app,
        client_of(app) as client,
    ):
        answer = await client.get("/health/ready")
        assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")


def test_migrating_makes_partitions_two_years_ahead(fresh_database: str) -> None:
    with psycopg.connect(fresh_database) as connection:
        for parent in PARENTS:
            assert {f"{parent}_202603", f"{parent}_202803"} <= partitions(connection, parent)
            default = connection.execute(
                "SELECT count(*) FROM pg_partitioned_table WHERE partrelid = %s::regclass AND partdefid <> 0", (parent,)
            ).fetchone()
            assert default == (0,)
