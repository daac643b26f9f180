"""The sealer appends what was recorded, in order, once, by its own role, and hinders nobody."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from psycopg.sql import SQL, Identifier

from backend.kit.db import Database, start_up_options
from backend.kit.keyring import SEALER_PURPOSES, MemoryKeyRing, Purpose
from backend.ledger.seals import leaves, merkle
from backend.ledger.seals.continuity import LogBroken
from backend.ledger.seals.log_reading import last_head, read_path
from backend.ledger.seals.sealing import Sealing, SealTools, seal_next
from tests.support.databases import Databases
from tests.support.ledgers import entry
from tests.support.seals import AT, SEALER, SealedLedger, append, full_entry, rule_and_attribute, sealed_ledger

pytestmark = pytest.mark.anyio
LOG = ("seal_log", "seal_key", "seal_leaf", "seal_node", "seal_head", "seal_publication")


@pytest.fixture
async def ledger(fresh_database: str) -> AsyncIterator[SealedLedger]:
    async with sealed_ledger(fresh_database) as opened:
        yield opened


async def head_and_leaves(ledger: SealedLedger) -> tuple[int, bytes, list[bytes]]:
    async with ledger.database.connection() as connection:
        head = await last_head(connection)
        rows = await (await connection.execute("SELECT leaf_hash FROM seal_leaf ORDER BY leaf_index")).fetchall()
    assert head is not None
    assert head.signed.is_genuine()
    return head.size, head.root, [bytes(row[0]) for row in rows]


async def test_entries_of_every_kind_become_leaves_in_the_order_of_the_outbox(ledger: SealedLedger) -> None:
    project = uuid4()
    first, second = full_entry(project, AT), entry(project, None, AT + timedelta(seconds=1))
    await append(ledger.database, [first, second])
    await rule_and_attribute(ledger.database, first, AT + timedelta(minutes=1))
    assert await ledger.seal() == 4
    assert await ledger.seal() == 0, "nothing is sealed twice"
    size, root, hashes = await head_and_leaves(ledger)
    peaks = merkle.Peaks()
    for one in hashes:
        peaks.append(one)
    assert (size, root) == (4, peaks.root())
    async with ledger.database.connection() as connection:
        rows = await (
            await connection.execute(
                "SELECT s.kind, s.entry_id = o.entry_id, s.entry_at = o.recorded_at FROM seal_leaf s"
                " JOIN LATERAL (SELECT * FROM ledger_outbox ORDER BY id OFFSET s.leaf_index LIMIT 1) o ON true"
                " ORDER BY leaf_index"
            )
        ).fetchall()
    assert rows == [(kind, True, True) for kind in ("punch", "punch", "ruling", "attribution")]


async def test_batches_of_any_length_make_the_same_log_and_paths_lead_to_its_root(ledger: SealedLedger) -> None:
    entries = [entry(uuid4(), None, AT + timedelta(seconds=number)) for number in range(600)]
    await append(ledger.database, entries[:37])
    assert await ledger.seal(limit=10) == 37
    await append(ledger.database, entries[37:])
    ledger.sealing = Sealing()  # the process was started anew
    assert await ledger.seal(limit=250) == 563
    size, root, hashes = await head_and_leaves(ledger)
    assert size == 600
    async with ledger.database.connection() as connection:
        for index in (0, 255, 256, 511, 512, 599):
            path = await read_path(connection, merkle.inclusion_nodes(index, size))
            assert merkle.includes(hashes[index], index, size, path, root)
        heads = await (await connection.execute("SELECT tree_size, root_hash FROM seal_head")).fetchall()
        for old, old_root in heads:
            path = await read_path(connection, merkle.consistency_nodes(old, size))
            assert merkle.extends(old, size, path, bytes(old_root), root)


async def test_an_entry_that_commits_late_is_sealed_later_and_hinders_nobody(ledger: SealedLedger) -> None:
    early, late = entry(uuid4(), None, AT), entry(uuid4(), None, AT)
    with psycopg.connect(ledger.url, options=start_up_options()) as slow:
        slow.execute(
            "INSERT INTO ledger_outbox (project_id, kind, entry_id, recorded_at) VALUES (%s, 'punch', %s, %s)",
            (late.project_id, late.punch_id, AT),
        )
        await append(ledger.database, [early])
        assert (await seal_next(ledger.tools, ledger.sealing)).entries == 0, "a number below is still open"
        slow.commit()
    assert await ledger.seal() == 2


async def test_what_is_recorded_and_not_there_is_sealed_as_absent(ledger: SealedLedger) -> None:
    async with ledger.database.connection() as connection:
        await connection.execute(
            "INSERT INTO ledger_outbox (project_id, kind, entry_id, recorded_at) VALUES (%s, 'punch', %s, %s)",
            (uuid4(), uuid4(), AT),
        )
    assert await ledger.seal() == 1
    assert (await head_and_leaves(ledger))[2] == [merkle.leaf_hash(leaves.ABSENT["punch"])]


async def test_two_sealers_make_one_log(ledger: SealedLedger) -> None:
    other = Sealing()
    for number in range(6):
        await append(ledger.database, [entry(uuid4(), None, AT)])
        ledger.sealing, other = other, ledger.sealing
        assert await ledger.seal() == 1, number
    assert (await head_and_leaves(ledger))[0] == 6


async def test_a_new_key_signs_on_and_a_stranger_s_key_does_not(ledger: SealedLedger) -> None:
    await append(ledger.database, [entry(uuid4(), None, AT)])
    assert await ledger.seal() == 1
    ledger.keys.rotate(Purpose.SEAL, AT)
    await append(ledger.database, [entry(uuid4(), None, AT)])
    assert await ledger.seal() == 1
    await append(ledger.database, [entry(uuid4(), None, AT)])
    ours, state = ledger.tools, ledger.sealing
    ledger.tools = SealTools(ours.database, MemoryKeyRing(AT, SEALER_PURPOSES), ours.clock)
    ledger.sealing = Sealing()
    with pytest.raises(LogBroken, match="not signed by a key of ours"):
        await ledger.seal()
    ledger.tools, ledger.sealing = ours, state
    assert await ledger.seal() == 1


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM seal_head WHERE tree_size = 3",
        "UPDATE seal_head SET root_hash = sha256(root_hash) WHERE tree_size = 3",
        "UPDATE seal_leaf SET leaf_hash = sha256(leaf_hash) WHERE leaf_index = 1",
        "DELETE FROM seal_leaf WHERE leaf_index = 1",
    ],
)
async def test_a_log_that_was_tampered_with_is_not_gone_on_with(ledger: SealedLedger, harm: str) -> None:
    for _ in range(3):
        await append(ledger.database, [entry(uuid4(), None, AT)])
        assert await ledger.seal() == 1
    with psycopg.connect(ledger.url) as superuser:
        superuser.execute("ALTER TABLE seal_head DISABLE TRIGGER ALL; ALTER TABLE seal_leaf DISABLE TRIGGER ALL")
        superuser.execute(harm.encode())
    await append(ledger.database, [entry(uuid4(), None, AT)])
    if "seal_leaf" in harm:
        ledger.sealing = Sealing()  # the running process remembers the tree; a new one reads it
    with pytest.raises(LogBroken):
        await ledger.seal()


async def test_the_log_goes_on_after_its_database_was_brought_to_another_cluster(ledger: SealedLedger) -> None:
    await append(ledger.database, [entry(uuid4(), None, AT)])
    assert await ledger.seal() == 1
    with psycopg.connect(ledger.url) as superuser:
        superuser.execute("ALTER TABLE seal_head DISABLE TRIGGER ALL; ALTER TABLE ledger_outbox DISABLE TRIGGER ALL")
        superuser.execute("UPDATE seal_head SET cluster = 'another'")
        # Ids of transactions were much higher there.
        superuser.execute("UPDATE ledger_outbox SET xid = '99999999999'::xid8")
    await append(ledger.database, [entry(uuid4(), None, AT)])
    ledger.sealing = Sealing()
    assert await ledger.seal() == 1
    assert await ledger.seal() == 0
    assert (await head_and_leaves(ledger))[0] == 2


def test_the_application_reads_the_log_and_the_sealer_alone_writes_it(databases: Databases) -> None:
    with databases.clone("seal_roles") as url:
        with psycopg.connect(url, options=start_up_options(), autocommit=True) as application:
            for table in LOG:
                application.execute(SQL("SELECT * FROM {}").format(Identifier(table)))
                for act in ("INSERT INTO {} DEFAULT VALUES", "DELETE FROM {}", "TRUNCATE {}"):
                    with pytest.raises(InsufficientPrivilege):
                        application.execute(SQL(act).format(Identifier(table)))  # pyright: ignore[reportArgumentType] - statements of ours
        with psycopg.connect(url, options=start_up_options(SEALER), autocommit=True) as sealer:
            for table in ("punch", "ruling", "attribution", "ledger_outbox", "announced_fact"):
                for act in ("DELETE FROM {}", "UPDATE {} SET project_id = project_id", "TRUNCATE {}"):
                    with pytest.raises(InsufficientPrivilege):
                        sealer.execute(SQL(act).format(Identifier(table)))  # pyright: ignore[reportArgumentType] - statements of ours
            for table in ("punch", "ruling", "ledger_outbox"):
                with pytest.raises(InsufficientPrivilege):
                    sealer.execute(SQL("INSERT INTO {} DEFAULT VALUES").format(Identifier(table)))
            for table in ("person", "account", "punch_private", "data_key"):
                with pytest.raises(InsufficientPrivilege):
                    sealer.execute(SQL("SELECT * FROM {}").format(Identifier(table)))
            for table in LOG:
                column = Identifier("key_id" if table == "seal_key" else "log_id")
                for act in ("DELETE FROM {}", "UPDATE {} SET {} = NULL", "TRUNCATE {}"):
                    with pytest.raises(InsufficientPrivilege):
                        sealer.execute(SQL(act).format(Identifier(table), column))  # pyright: ignore[reportArgumentType] - statements of ours


async def test_the_sealer_s_connection_needs_no_more_than_its_role(ledger: SealedLedger) -> None:
    assert isinstance(ledger.tools.database, Database)
    async with ledger.tools.database.connection() as connection:
        row = await (await connection.execute("SELECT current_user")).fetchone()
    assert row == (SEALER,)
