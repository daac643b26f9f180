"""Measures rates: a week of 2 000 projects, one explanation, and with RATES_MONTH=1 a month of 100 000 people anew.

`make bench` measures the week and the explanation beside the other figures. The month needs 8.8 million rows of the
ledger's states, made in minutes: `RATES_MONTH=1 .venv/bin/python -m bench.rates` measures it,
`RATES_PROJECTS=200` a tenth.
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from hashlib import md5
from statistics import median, quantiles
from uuid import UUID

from sqlalchemy import text

from backend.attendance.rates.evaluation import add_sums
from backend.attendance.rates.explaining import explain_rates
from backend.attendance.rates.figures import Span, month_span, rates_of
from backend.attendance.rates.recomputing import reckon_from_ledger
from backend.kit.db import Database
from backend.kit.garbage import collect_less, keep_what_is_there
from backend.migrate import migrate
from backend.sites.posts import KEY_POSTS
from bench.boards import measure_boards
from bench.loads import HERE, run_sql
from mobile_api.my_month.queries import list_own_projects
from tools.newcomer import recreate
from tools.postgres import held
from tools.say import say, step

PROJECTS, WORKERS = int(os.environ.get("RATES_PROJECTS", "2000")), 30
MONTH = bool(os.environ.get("RATES_MONTH"))
ROUNDS, EXPLAINED, ENTRIES = 5, 200, 80
# A person whom the world makes, by the same digest.
MANAGER = UUID(md5(b"person1-10", usedforsecurity=False).hexdigest())
WEEK = Span(first=date(2026, 3, 16), last=date(2026, 3, 22), until=date(2026, 3, 22))


async def _seconds(what: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await what()
    return time.perf_counter() - began


async def measured(url: str) -> dict[str, float]:
    """Return the figures by name."""
    database = Database(url)
    async with database.opened():

        async def week() -> None:
            async with database.transaction() as tx:
                figures = await rates_of(tx, None, WEEK)
            add_sums(one.sums for one in figures)
            if len(figures) != PROJECTS * 20:
                message = f"{len(figures)} figures"
                raise RuntimeError(message)

        weeks = [await _seconds(week) for _ in range(ROUNDS)]
        explained = [await _seconds(lambda: _explain(database)) for _ in range(EXPLAINED)]
        figures = {
            "rates_week_s": round(median(weeks), 2),
            "rates_explain_ms": round(1000 * median(explained), 1),
            "rates_explain_p99_ms": round(1000 * quantiles(explained, n=100)[98], 1),
        }
        figures |= await measure_boards(database, PROJECTS)
        if MONTH:
            figures |= await _month(database)
    return figures


async def _explain(database: Database) -> None:
    """Explain the month of one of the first project's managers, with at least 80 entries."""
    span = month_span(WEEK.first)
    async with database.transaction() as tx:
        (project,) = await list_own_projects(tx, MANAGER, span.first, span.last)
        (one,) = await explain_rates(tx, MANAGER, project, span, today=WEEK.last, language="zh-CN")
    if sum(len(day.entries) for day in one.days) < ENTRIES:
        message = f"{sum(len(day.entries) for day in one.days)} entries"
        raise RuntimeError(message)


async def _month(database: Database) -> dict[str, float]:
    async with database.transaction() as tx:
        punches = await tx.scalar(text("SELECT count(*) FROM punch_status"))
    say(f"{punches} rows of the ledger's states")

    async def month() -> None:
        async with database.transaction() as tx:
            await tx.execute(text("SET LOCAL statement_timeout = '600s'"))
            await tx.execute(text("SET LOCAL work_mem = '256MB'"))
            await reckon_from_ledger(tx, None, month_span(WEEK.first), post_kinds=KEY_POSTS | {"worker"})

    return {"rates_month_s": round(await _seconds(month), 1)}


def measure_rates() -> dict[str, float]:
    """Make a city, measure in a process set up like a server, and return the figures by name."""
    collect_less()
    keep_what_is_there()
    with held("bench") as url:
        with step(f"making {PROJECTS} projects with {PROJECTS * (20 + WORKERS)} people and their days"):
            recreate(url)
            migrate(url, datetime.now(UTC).date())
            workers, punches = f"workers={WORKERS}", f"punches={int(MONTH)}"
            run_sql(url, "-v", f"projects={PROJECTS}", "-v", workers, "-v", punches, "-f", str(HERE / "rate_world.sql"))
            run_sql(url, "-c", "VACUUM ANALYZE")
        return asyncio.run(measured(url))


if __name__ == "__main__":
    for name, value in measure_rates().items():
        sys.stdout.write(f"{name} {value}\n")
