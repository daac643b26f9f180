"""What the sealer remembers outlives its process: a log that was cut or rebuilt meanwhile is not gone on with."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.errors import RaiseException

from backend.kit.db import Database
from backend.ledger.seals.continuity import LogBroken
from backend.ledger.seals.log_reading import last_head
from backend.ledger.seals.memory import HeadMemory, MemoryUnreadable
from backend.ledger.seals.sealing import Sealing, begin_log, seal_next
from tests.support.ledgers import entry
from tests.support.seals import AT, SealedLedger, append, sealed_ledger

pytestmark = pytest.mark.anyio

LATE_FAULT = """
CREATE FUNCTION refuse_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not at commit'; END $$;
CREATE CONSTRAINT TRIGGER refuse_late AFTER INSERT ON seal_head DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION refuse_late()
"""
LOG = ("seal_publication", "seal_head", "seal_node", "seal_leaf")
EMPTY = tuple(f"DELETE FROM {table}" for table in LOG)


@pytest.fixture
async def ledger(fresh_database: str, tmp_path: Path) -> AsyncIterator[SealedLedger]:
    """Open a ledger whose sealer remembers, with three heads."""
    async with sealed_ledger(fresh_database) as opened:
        opened.tools = replace(opened.tools, memory=HeadMemory(tmp_path / "sealed-head.txt"))
        for _ in range(3):
            await append(opened.database, [entry(uuid4(), None, AT)])
            assert await opened.seal() == 1
        yield opened


def harm(ledger: SealedLedger, *statements: str) -> None:
    with psycopg.connect(ledger.url) as superuser:
        for table in (*LOG, "seal_log", "punch", "ledger_outbox"):
            superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
        for statement in statements:
            superuser.execute(statement.encode())


async def newest(database: Database) -> str:
    async with database.connection() as connection:
        head = await last_head(connection)
    assert head is not None
    return head.signed.note()


async def test_it_goes_on_where_it_was_and_keeps_each_head(ledger: SealedLedger, tmp_path: Path) -> None:
    file = tmp_path / "sealed-head.txt"
    assert file.read_text("utf-8") == await newest(ledger.database)
    ledger.sealing = Sealing()
    await append(ledger.database, [entry(uuid4(), None, AT)])
    assert await ledger.seal() == 1
    assert file.read_text("utf-8") == await newest(ledger.database)
    assert not file.with_suffix(".part").exists()


async def test_a_stand_by_with_an_older_memory_goes_on(ledger: SealedLedger, tmp_path: Path) -> None:
    file = tmp_path / "sealed-head.txt"
    old = file.read_text("utf-8")
    await append(ledger.database, [entry(uuid4(), None, AT)])
    assert await ledger.seal() == 1
    file.write_text(old, "utf-8")
    ledger.sealing = Sealing()
    await append(ledger.database, [entry(uuid4(), None, AT)])
    assert await ledger.seal() == 1


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (
            ("DELETE FROM seal_head WHERE tree_size = 3", "DELETE FROM seal_leaf WHERE leaf_index = 2"),
            r"had 3 leaves on 2026-03-16 01:35 UTC and has 2; .* move .*sealed-head\.txt away",
        ),
        (EMPTY, "had 3 leaves .* and has 0"),
        (("UPDATE seal_log SET origin = 'daogang/another/1'",), "is not the one that was sealed here before"),
    ],
)
async def test_a_log_that_was_cut_or_exchanged_meanwhile_stops_it(
    ledger: SealedLedger, statements: tuple[str, ...], said: str
) -> None:
    harm(ledger, *statements)
    await append(ledger.database, [entry(uuid4(), None, AT)])
    ledger.sealing = Sealing()
    with pytest.raises(LogBroken, match=said):
        await ledger.seal()


async def test_a_log_that_was_rebuilt_and_signed_with_our_key_stops_it(ledger: SealedLedger, tmp_path: Path) -> None:
    remembering, file = ledger.tools, tmp_path / "sealed-head.txt"
    harm(ledger, "UPDATE punch SET person_id = gen_random_uuid()", *EMPTY)
    ledger.tools, ledger.sealing = replace(remembering, memory=None), Sealing()
    assert await ledger.seal() == 3, "the thief of the key seals the altered ledger anew"
    await append(ledger.database, [entry(uuid4(), None, AT)])
    ledger.tools, ledger.sealing = remembering, Sealing()
    with pytest.raises(LogBroken, match="the first 3 leaves are not those that were sealed here before"):
        await ledger.seal()
    file.rename(tmp_path / "looked-into.txt")
    assert await ledger.seal() == 1, "somebody looked and decided"


async def test_a_memory_that_cannot_be_read_is_no_empty_one(ledger: SealedLedger, tmp_path: Path) -> None:
    (tmp_path / "sealed-head.txt").write_text("daogang/x/1\n3\n", "utf-8")
    await append(ledger.database, [entry(uuid4(), None, AT)])
    ledger.sealing = Sealing()
    with pytest.raises(MemoryUnreadable, match=r"sealed-head\.txt"):
        await ledger.seal()


async def test_a_head_that_could_not_be_kept_is_kept_by_the_next_step(ledger: SealedLedger, tmp_path: Path) -> None:
    file = tmp_path / "sealed-head.txt"
    file.unlink()
    file.mkdir()
    await append(ledger.database, [entry(uuid4(), None, AT)])
    with pytest.raises(OSError, match="directory"):
        await ledger.seal()
    file.rmdir()
    await seal_next(ledger.tools, ledger.sealing)
    assert file.read_text("utf-8") == await newest(ledger.database)


async def test_a_batch_that_failed_at_its_commit_is_sealed_by_the_next(ledger: SealedLedger, tmp_path: Path) -> None:
    with psycopg.connect(ledger.url) as superuser:
        superuser.execute(LATE_FAULT)
    await append(ledger.database, [entry(uuid4(), None, AT)])
    with pytest.raises(RaiseException, match="not at commit"):
        await ledger.seal()
    with psycopg.connect(ledger.url) as superuser:
        superuser.execute("DROP TRIGGER refuse_late ON seal_head")
    assert await ledger.seal() == 1
    assert (tmp_path / "sealed-head.txt").read_text("utf-8") == await newest(ledger.database)


async def test_a_log_that_is_begun_has_nothing_to_remember(fresh_database: str, tmp_path: Path) -> None:
    async with sealed_ledger(fresh_database) as ledger:
        ledger.tools = replace(ledger.tools, memory=HeadMemory(tmp_path / "sealed-head.txt"))
        async with ledger.tools.database.connection() as connection:
            await begin_log(connection, AT)
        assert (await seal_next(ledger.tools, ledger.sealing)).entries == 0
        assert not (tmp_path / "sealed-head.txt").exists()
