"""Real workers that are killed while they tell of alerts: nothing is lost, and nothing lies twice in an inbox."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from tests.support import processes
from tests.support.cities import City, make_city
from tests.support.streams import until

ALERTS = "SELECT count(*) FROM alert WHERE kind = 'gate_down'"
TWICE = """
SELECT (SELECT count(*) FROM alert WHERE kind = 'gate_down'),
  (SELECT count(DISTINCT project_id) FROM alert WHERE kind = 'gate_down'),
  (SELECT count(*) FROM alert_recipient),
  (SELECT count(*) FROM alert_inbox),
  (SELECT count(DISTINCT account_id) FROM alert_inbox),
  (SELECT count(*) FROM alert_outbox WHERE kind = 'first'),
  (SELECT count(DISTINCT account_id) FROM alert_outbox WHERE kind = 'first')
"""


def count(url: str, statement: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement).fetchone()  # type: ignore[arg-type] - statements of ours, as text
    return 0 if row is None else int(row[0])


def waiting(url: str) -> int:
    """Count the statements that wait for a lock."""
    return count(
        url, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )


@contextmanager
def held(url: str, table: str) -> Generator[None]:
    """Hold a table, so that whoever writes to it waits in the middle of his transaction."""
    with psycopg.connect(url) as holder:
        holder.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")  # type: ignore[arg-type] - statements of ours, as text
        yield


async def test_a_worker_killed_at_any_point_loses_no_alert_and_doubles_none(
    fresh_database: str, tmp_path: Path
) -> None:
    settings = processes.environment(fresh_database, tmp_path)
    database = Database(fresh_database)
    async with database.opened():
        city = await make_city(database, ManualClock(datetime.now(UTC)), districts=4, sites=20)
        place = 0
        # Killed before it wrote anything, between alert and recipients, before the outbox, and before its cursor moved.
        for table in ("alert", "alert_recipient", "alert_outbox", "alert_follower"):
            with processes.started("worker", settings, tmp_path / "worker.log") as worker:
                processes.wait_for_line(worker, "worker.started")
                await _settled(fresh_database, place)
                with held(fresh_database, table):
                    await _fall_silent(city, place, place + 4)
                    place += 4
                    await until(lambda: waiting(fresh_database) > 0)
                    worker.kill()
                assert worker.popen.returncode != 0
                worker.log.unlink()
        with processes.started("worker", settings, tmp_path / "worker.log") as worker:
            await _fall_silent(city, place, place + 4)
            await _settled(fresh_database, place + 4)
            assert worker.stop() == 0
    with psycopg.connect(fresh_database) as connection:
        row = connection.execute(TWICE).fetchone()
    assert row is not None
    alerts, sites, recipients, inboxes, accounts, first, told = row
    assert alerts == sites == recipients == 20
    assert inboxes == accounts == first == told == 4


async def _fall_silent(city: City, begin: int, end: int) -> None:
    city.clock.set(datetime.now(UTC))
    await city.gate_down(*city.sites[begin:end])


async def _settled(url: str, wanted: int) -> None:
    await until(lambda: count(url, ALERTS) == wanted)
