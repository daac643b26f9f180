"""Measures sealing and verifying a ledger of 200 000 punches, each with its first ruling and its private row.

`make bench` measures it; `.venv/bin/python -m bench.seals` measures it alone.
"""

import asyncio
import sys
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg

from backend.kit.clock import SystemClock
from backend.kit.crypto import DataKey, DataKeys, data_key_label
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
PROJECTS = 2_000
PRIVATE = bytes(400)
"""As long as name, fixes and network of a phone's punch."""
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
            at = datetime.now(UTC) - timedelta(hours=2)
            keys = DataKeys(MemoryKeyRing(at), lambda: at)
            with psycopg.connect(url, options=start_up_options(settings=SETTINGS)) as application:
                _give_private_rows(application, keys, at)
                application.execute(fill, {"at": at})
            _analyze(url)
        with step("sealing and verifying it"):
            sealed = asyncio.run(_seal(url))
            _analyze(url)
            with psycopg.connect(url, options=start_up_options(settings=SETTINGS), autocommit=True) as application:
                began = time.perf_counter()
                report = verify_ledger(application)
                took = time.perf_counter() - began
                began = time.perf_counter()
                opened = verify_ledger(application, private=keys)
                opening = time.perf_counter() - began
    for one in (report, opened):
        if not one.holds or one.entries != PUNCHES:
            msg = f"of {one.entries} entries {one.found} things do not hold"
            raise RuntimeError(msg)
    if opened.private is None or opened.private.compared != PUNCHES:
        msg = "not all private rows were compared"
        raise RuntimeError(msg)
    return {
        "seal_rps": round(sealed),
        "ledger_verify_rps": round(PUNCHES / took),
        "ledger_verify_private_rps": round(PUNCHES / opening),
    }


def _give_private_rows(application: psycopg.Connection[Any], keys: DataKeys, at: datetime) -> None:
    """Make a key for each project and, for the statement that fills the ledger, the sealed rows and commitments."""
    # Punches of half an hour lie in two months at most; their keys are of the first one, as `key_id` names them.
    month, made = date(at.year, at.month, 1), list[tuple[UUID, UUID, DataKey]]()
    keeping = "COPY data_key (project_id, month, key_id, wrapped, created_at) FROM STDIN"
    with application.cursor() as cursor, cursor.copy(keeping) as copy:
        for _ in range(PROJECTS):
            project_id, key_id = uuid4(), uuid4()
            wrapped, key = keys.create_data_key(data_key_label(project_id, f"{month:%Y-%m}"))
            copy.write_row((project_id, month, key_id, wrapped, at))
            made.append((project_id, key_id, key))
    application.execute(
        "CREATE TEMP TABLE given (g integer, project_id uuid, punch_id uuid, key_id uuid, digest bytea, sealed bytea)"
    )
    with application.cursor() as cursor, cursor.copy("COPY given FROM STDIN") as copy:
        for number in range(1, PUNCHES + 1):
            (project_id, key_id, key), punch_id = made[number % PROJECTS], uuid4()
            sealed = key.seal(PRIVATE, punch_id.bytes)
            copy.write_row((number, project_id, punch_id, key_id, sealed.commitment, sealed.ciphertext))


def _analyze(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as superuser:
        superuser.execute("ANALYZE")


if __name__ == "__main__":
    for name, value in measure_seals().items():
        say(f"{name}: {value}")
    sys.exit(0)
