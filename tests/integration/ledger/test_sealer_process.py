"""What the sealer's process tells when it cannot go on, and how far it is."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from backend.health import look, metrics
from backend.kit.db import Database
from backend.ledger.seals import process
from backend.ledger.seals.sealing import SealTools
from backend.ledger.seals.standing import LATE_AFTER, read_seal_standing, watch_lag
from backend.main import SCHEMA_HEAD
from tests.support.ledgers import entry
from tests.support.seals import AT, SealedLedger, append, sealed_ledger

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ledger(fresh_database: str) -> AsyncIterator[SealedLedger]:
    async with sealed_ledger(fresh_database) as opened:
        yield opened


async def facts(database: Database) -> list[tuple[str, str]]:
    async with database.transaction() as tx:
        return [tuple(row) for row in await tx.execute(text("SELECT kind, subject FROM announced_fact ORDER BY id"))]


async def until(database: Database, wanted: list[tuple[str, str]]) -> None:
    while await facts(database) != wanted:  # noqa: ASYNC110 - what another process would write
        await asyncio.sleep(0.01)


async def test_a_trouble_is_announced_and_so_is_its_end(ledger: SealedLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PAUSE_S", 0.001)
    await append(ledger.database, [entry(uuid4(), None, AT)])
    await ledger.seal()
    with psycopg.connect(ledger.url) as superuser:
        superuser.execute("ALTER TABLE seal_head DISABLE TRIGGER ALL")
        kept = superuser.execute("SELECT root_hash FROM seal_head").fetchone()
        superuser.execute("UPDATE seal_head SET root_hash = sha256(root_hash)")
    assert kept is not None
    await append(ledger.database, [entry(uuid4(), None, AT)])
    stopping = asyncio.Event()
    running = asyncio.create_task(process.keep_sealing(ledger.tools, (), stopping))
    try:
        async with asyncio.timeout(30):
            await until(ledger.database, [("seals.failed", "log")])
            with psycopg.connect(ledger.url) as superuser:
                superuser.execute("UPDATE seal_head SET root_hash = %s", kept)
            await until(ledger.database, [("seals.failed", "log"), ("seals.restored", "log")])
    finally:
        stopping.set()
        await running
    await ledger.seal()
    async with ledger.database.transaction() as tx:
        assert (await read_seal_standing(tx)).size == 2


async def test_the_lag_is_told_and_too_much_of_it_announced(ledger: SealedLedger) -> None:
    await append(ledger.database, [entry(uuid4(), None, AT)])
    late = AT + LATE_AFTER + timedelta(seconds=1)
    clock = ledger.tools.clock
    found = await look(ledger.database, clock, SCHEMA_HEAD)
    assert found.seals is not None
    assert (found.seals.size, found.seals.waiting, found.seals.lag_s, found.warnings) == (0, 1, 300, ())
    async with ledger.database.transaction() as tx:
        assert (await watch_lag(tx, late)).is_late(late)
        await watch_lag(tx, late + timedelta(minutes=1))
    assert await facts(ledger.database) == [("seals.failed", "lag")]
    await ledger.seal()
    async with ledger.database.transaction() as tx:
        assert not (await watch_lag(tx, late)).is_late(late)
    assert await facts(ledger.database) == [("seals.failed", "lag"), ("seals.restored", "lag")]


async def test_prometheus_gets_the_lag(ledger: SealedLedger) -> None:
    from litestar.datastructures import State

    await append(ledger.database, [entry(uuid4(), None, AT), entry(uuid4(), None, AT)])
    tools: SealTools = ledger.tools

    async def figures() -> dict[str, float]:
        answer = await metrics.fn(State({"database": ledger.database, "clock": tools.clock}))
        families = text_string_to_metric_families(answer.content.decode())
        return {one.name: one.samples[0].value for one in families if one.name.startswith("daogang_seal_")}

    names = ("lag_seconds", "waiting", "tree_size")
    assert [(await figures())[f"daogang_seal_{name}"] for name in names] == [300, 2, 0]
    await ledger.seal()
    assert [(await figures())[f"daogang_seal_{name}"] for name in names] == [0, 0, 2]
