"""A worker that is killed while it rules anew on what was held during an outage: every punch is ruled on once."""

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import procrastinate
import psycopg
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy import func, insert

from backend.gates.outages.ruling_again import RUN
from backend.gates.outages.tables import GateOutage
from backend.gates.tables import GateDevice, GateState
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.support import processes
from tests.support.factories import draw_code, make_person, make_project, make_staff
from tests.support.ledgers import append, entry
from tests.support.streams import until

PUNCHES = 2 * RUN + 200
INSIDE = {"code": "decision.inside_fence"}
BY_PHONE = {"code": "decision.gate_site"}


async def make_outage(url: str) -> UUID:
    """Make a site of gates whose one gate was declared down, with taps that were held before that was known."""
    now = datetime.now(UTC)
    database, keys = Database(url), MemoryKeyRing(now)
    async with database.opened():
        async with database.transaction() as tx:
            project = await make_project(tx, site_mode="gate")
            staff, device = await make_staff(tx), uuid4()
            people = [(await make_person(tx, keys)).id for _ in range(3)]
            place = func.ST_SetSRID(func.ST_MakePoint(114.5, 30.5), 4326)
            lane = {"name": "1", "entrance": "东门", "lane": "1", "default_direction": "in", "place": place}
            await tx.execute(
                insert(GateDevice).values(
                    project_id=project.id,
                    id=device,
                    serial_no=f"SN{draw_code(12)}",
                    state="active",
                    heartbeat_interval_s=60,
                    created_at=now - timedelta(days=9),
                    paired_at=now - timedelta(days=9),
                    **lane,
                )
            )
            await tx.execute(insert(GateState).values(project_id=project.id, device_id=device, last_seen_at=now))
            await tx.execute(
                insert(GateOutage).values(
                    project_id=project.id,
                    id=uuid4(),
                    device_id=device,
                    kind="declared",
                    from_at=now - timedelta(minutes=40),
                    recorded_at=now,
                    evidence={},
                    declaration_id=uuid4(),
                    declared_by=staff,
                    reason="断电",
                    expires_at=now + timedelta(hours=8),
                )
            )
        begin = now - timedelta(minutes=35)
        entries = [
            entry(
                project.id,
                people[number % len(people)],
                begin + timedelta(seconds=number),
                source="phone",
                outcome="review",
                reasons=(INSIDE, BY_PHONE),
            )
            for number in range(PUNCHES)
        ]
        for first in range(0, PUNCHES, 400):
            await append(database, entries[first : first + 400], now)
    return project.id


async def have_it_watched(url: str) -> None:
    """Put the job that watches gates into the worker's queue now, rather than at the next full minute."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
    async with app.open_async():
        with contextlib.suppress(AlreadyEnqueued):
            await app.configure_task("watch_gates", queueing_lock="watch_gates").defer_async(timestamp=0)


def ruled(url: str, project_id: UUID) -> tuple[int, int]:
    """Return how many punches have a second ruling, and how far the path says that it has come."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM punch_status WHERE project_id = %(id)s AND seq > 1),"
            " coalesce((SELECT sum(ruled) FROM phone_path WHERE project_id = %(id)s), 0)",
            {"id": project_id},
        ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def waits_for_a_lock(url: str) -> bool:
    """Tell whether a connection waits for another one's lock."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            " AND query LIKE '%UPDATE punch_status%'"
        ).fetchone()
    return row is not None and row[0] > 0


async def test_a_killed_worker_leaves_no_punch_ruled_twice_or_never(fresh_database: str, tmp_path: Path) -> None:
    project_id = await make_outage(fresh_database)
    settings = processes.environment(fresh_database, tmp_path)
    with psycopg.connect(fresh_database) as holder:
        held = holder.execute(
            # Of the second step; a bare OFFSET with FOR UPDATE would lock what it skips too.
            "SELECT punch_id FROM punch_status WHERE punch_id = (SELECT punch_id FROM punch_status"
            " WHERE project_id = %s ORDER BY occurred_at OFFSET %s LIMIT 1) FOR UPDATE",
            [project_id, RUN + 50],
        ).fetchone()
        assert held is not None
        with processes.started("worker", settings, tmp_path / "worker.log") as worker:
            processes.wait_for_line(worker, "worker.started")
            await have_it_watched(fresh_database)
            await until(lambda: ruled(fresh_database, project_id) == (RUN, RUN) and waits_for_a_lock(fresh_database))
            worker.kill()
    assert ruled(fresh_database, project_id) == (RUN, RUN), "the first step stands, nothing of the second"
    with processes.started("worker", settings, tmp_path / "worker.log") as worker:
        await have_it_watched(fresh_database)
        await until(lambda: ruled(fresh_database, project_id)[0] == PUNCHES)
        assert worker.popen.poll() is None
    with psycopg.connect(fresh_database) as connection:
        found = connection.execute(
            "SELECT seq, outcome, count(*), count(DISTINCT punch_id) FROM ruling WHERE project_id = %s"
            " GROUP BY seq, outcome ORDER BY seq",
            [project_id],
        ).fetchall()
        days = connection.execute(
            "SELECT sum(punches), sum(in_review) FROM person_day WHERE project_id = %s", [project_id]
        ).fetchone()
    assert found == [(1, "review", PUNCHES, PUNCHES), (2, "counted", PUNCHES, PUNCHES)]
    assert ruled(fresh_database, project_id) == (PUNCHES, PUNCHES)
    assert days == (PUNCHES, 0)
