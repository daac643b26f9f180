"""What a caller is told when the database fails in the middle of his request's transaction."""

import asyncio

import psycopg
from httpx import AsyncClient
from psycopg.rows import scalar_row
from sqlalchemy import text

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.support.factories import bearer, make_officer, make_project

WAITING = "SELECT pid FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)) LIMIT 1"


async def test_a_connection_that_is_lost_in_a_statement_is_503_and_nothing_is_written(
    client: AsyncClient, database: Database, database_url: str, keys: MemoryKeyRing, clock: ManualClock
) -> None:
    project = await make_project(database)
    city = bearer(keys, clock.now(), await make_officer(database, "city"), "city")
    path = f"/admin/v1/projects/{project.id}"
    async with database.transaction() as tx:
        await tx.execute(text("SELECT FROM project WHERE id = :id FOR UPDATE"), {"id": project.id})
        changing = asyncio.create_task(client.patch(path, json={"name": "另一个名称"}, headers=city))
        async with asyncio.timeout(4):
            while (pid := await tx.scalar(text(WAITING))) is None:
                pass
        with psycopg.connect(database_url, autocommit=True, row_factory=scalar_row) as superuser:
            assert superuser.execute("SELECT pg_terminate_backend(%s, 4000)", (pid,)).fetchone() is True
    answer = await changing
    assert (answer.status_code, answer.json()["code"]) == (503, "request.database_away"), answer.text
    assert int(answer.headers["Retry-After"]) >= 1
    again = await client.get(path, headers=city)
    assert (again.status_code, again.json()["name"]) == (200, project.name)
