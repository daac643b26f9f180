"""Measures sealing and verifying a ledger of 200 000 punches, each with its first ruling.

`make bench` measures it; `.venv/bin/python -m bench.seals` measures it alone.
"""

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta

import psycopg

from backend.kit.clock import SystemClock
from backend.kit.db import Database, start_up_options
from backend.kit.keyring import SEALER_PURPOSES, MemoryKeyRing
from backend.ledger.seals.sealing import Sealing, SealTools, begin_log, seal_next
from backend.ledger.seals.verification import verify_ledger
from backend.migrate import migrate
from bench.loads import HERE
from tools.newcomer import recreate
from tools.postgres import held
from tools.say import say, step

PUNCHES = 200_000
SETTINGS = {"timezone": "UTC", "jit": "off", "statement_timeout": "0"}


async def _seal(url: str) -> float:
    clock = SystemClock()
    tools = SealTools(
        Database(url, role="daogang_sealer", max_size=2), MemoryKeyRing(clock.now(), SEALER_PURPOSES), clock
    )
    async with tools.database.opened():
        async with tools.database.connection() as connection:
            await begin_log(connection, clock.now())
        state, sealed, began = Sealing(), 0, time.perf_counter()
        while sealed < PUNCHES:
            sealed += (await seal_next(tools, state)).entries
        return sealed / (time.perf_counter() - began)


def measure_seals() -> dict[str, float]:
    """Fill a ledger, seal it in batches, verify it whole; entries a second. Raises RuntimeError if it does not hold."""
    with held("bench") as url:
        with step("making a ledger of 200 000 punches"):
            recreate(url)
            migrate(url, datetime.now(UTC).date())
            fill = (HERE / "seal_world.sql").read_bytes()
            with psycopg.connect(url, options=start_up_options(settings=SETTINGS)) as application:
                application.execute(fill, {"n": PUNCHES, "at": datetime.now(UTC) - timedelta(hours=2)})
            _analyze(url)
        with step("sealing and verifying it"):
            sealed = asyncio.run(_seal(url))
            _analyze(url)
            with psycopg.connect(url, options=start_up_options(settings=SETTINGS), autocommit=True) as application:
                began = time.perf_counter()
                report = verify_ledger(application)
                took = time.perf_counter() - began
    if not report.holds or report.entries != PUNCHES:
        msg = f"of {report.entries} entries {report.found} things do not hold"
        raise RuntimeError(msg)
    return {"seal_rps": round(sealed), "ledger_verify_rps": round(PUNCHES / took)}


def _analyze(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as superuser:
        superuser.execute("ANALYZE")


if __name__ == "__main__":
    for name, value in measure_seals().items():
        say(f"{name}: {value}")
    sys.exit(0)
