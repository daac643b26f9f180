"""Migration 0009 with rows: what versions said of their validity becomes periods, and goes back."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
from alembic import command
from psycopg.types.range import Range

from backend.kit.db import Database
from backend.migrate import alembic_config
from tests.support.factories import make_officer, make_project

BEFORE, AFTER = "0008", "0009"
FIRST, SECOND, THIRD, TOLD = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 4, 7, 3))

VERSION = """
INSERT INTO fence_version (project_id, id, fence_id, number, state, kind, crs, shape, shape_digest, zone_srid, buffer_m,
  area, valid_during, created_by, created_at, published_by, published_at)
VALUES (%s, %s, %s, %s, %s, 'polygon', 'wgs84', '{}', sha256(''), 4547, 0,
  ST_Multi(ST_MakeEnvelope(114.0, 30.0, 114.1, 30.1, 4326)), %s, %s, %s, %s, %s)
"""


async def test_versions_and_their_successors_become_periods(fresh_database: str) -> None:
    database = Database(fresh_database, max_size=1)
    async with database.transaction() as tx:
        project = await make_project(tx)
        drawer = await make_officer(tx, "project_admin", project_id=project.id)
    await database.close()
    config = alembic_config(fresh_database)
    command.downgrade(config, BEFORE)

    fence_id, old, new, gone = uuid4(), uuid4(), uuid4(), uuid4()
    # The second version was published a month before it took over; the third was withdrawn before it did.
    versions: list[tuple[UUID, int, str, Range[datetime] | None, datetime | None]] = [
        (old, 1, "superseded", Range(FIRST, SECOND), FIRST),
        (new, 2, "published", Range(SECOND, None), TOLD),
        (gone, 3, "withdrawn", None, THIRD),
    ]
    with psycopg.connect(fresh_database) as connection:
        connection.execute(
            "INSERT INTO fence (project_id, id, name, created_by, created_at) VALUES (%s, %s, '主线', %s, %s)",
            (project.id, fence_id, drawer, FIRST),
        )
        for version_id, number, state, valid, published_at in versions:
            who = None if published_at is None else drawer
            row = (project.id, version_id, fence_id, number, state, valid, drawer, FIRST, who, published_at)
            connection.execute(VERSION, row)

    command.upgrade(config, AFTER)
    assert _rows(fresh_database, "SELECT version_id, valid_during, known_during FROM fence_period") == {
        # Until the successor was told of, nothing ended the first.
        (old, Range(FIRST, None), Range(FIRST, TOLD)),
        (old, Range(FIRST, SECOND), Range(TOLD, None)),
        (new, Range(SECOND, None), Range(TOLD, None)),
    }

    command.downgrade(config, BEFORE)
    assert _rows(fresh_database, "SELECT id, state, valid_during FROM fence_version") == {
        (version_id, state, valid) for version_id, _, state, valid, _ in versions
    }
    command.upgrade(config, "head")


def _rows(url: str, statement: str) -> set[tuple[Any, ...]]:
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        return set(connection.execute(statement.encode()).fetchall())
