"""What a batch costs, and what the server's role cannot do to the gates' rows."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backend.gates.ingest import PART_ENDS
from backend.gates.people import READ_PEOPLE
from backend.kit.crypto import Cell, FieldCipher
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from backend.ledger.append import APPEND, APPEND_MANY
from tests.integration.gates.gate_site import GateSite, minutes, punches
from tests.support.factories import draw_number


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Generator[list[str]]:
    """Collect the statements that psycopg sends."""
    sent: list[str] = []
    execute = psycopg.AsyncCursor.execute

    async def noting(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        sent.append(str(query))
        return await execute(self, query, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(psycopg.AsyncCursor, "execute", noting)
        yield sent


@pytest.fixture
async def crowd(site: GateSite, database: Database, keys: MemoryKeyRing) -> list[str]:
    """Give the numbers of 500 people who are assigned and bound."""
    people = """
        INSERT INTO person (id, name, document_type, document_cipher, document_blind, document_last4_blind, created_at)
        SELECT i, '试验', '01', c, uuid_send(gen_random_uuid()), '\\x00', :at
        FROM unnest(CAST(:ids AS uuid[]), CAST(:ciphers AS bytea[])) AS p (i, c)
    """
    ids = [uuid4() for _ in range(500)]
    cipher = FieldCipher(keys, site.device.clock.now)
    ciphers = [cipher.encrypt(draw_number(), Cell("person", "document_cipher", one)) for one in ids]
    values = {"project_id": site.project_id, "post_id": site.post_id, "staff_id": site.staff_id}
    async with database.transaction() as tx:
        await tx.execute(text(people), {"at": site.device.clock.now(), "ids": ids, "ciphers": ciphers})
        await tx.execute(
            text(
                "INSERT INTO assignment (project_id, id, post_id, person_id, from_on, created_at) "
                "SELECT :project_id, gen_random_uuid(), :post_id, i, '2026-01-01', '2026-01-01' "
                "FROM unnest(CAST(:ids AS uuid[])) i"
            ),
            {**values, "ids": ids},
        )
        await tx.execute(
            text(
                "INSERT INTO person_binding (project_id, kind, value, person_id, valid_during, bound_by) "
                "SELECT :project_id, 'pin', 'C' || n, i, tstzrange('2026-01-01', NULL), :staff_id "
                "FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS u (i, n)"
            ),
            {**values, "ids": ids},
        )
    return [f"C{n}" for n in range(1, 501)]


async def test_a_batch_of_500_sends_two_statements_more_than_one_of_2(
    site: GateSite, crowd: list[str], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = site.device
    now = device.clock.now()
    await device.deliver(device.event(("pin", crowd[0]), now - minutes(9)))
    with counted(monkeypatch) as small:
        await device.deliver(*(device.event(("pin", value), now - minutes(8)) for value in crowd[:2]))
    with counted(monkeypatch) as large:
        results = await device.deliver(*(device.event(("pin", value), now - minutes(1)) for value in crowd))
    # The append has two spellings, for few and for many, and many are sent in three parts at most.
    appends = len(PART_ENDS) + 1
    assert large.count(APPEND_MANY) == appends
    place = large.index(APPEND_MANY)
    assert [*large[:place], APPEND, *large[place + appends :]] == small
    assert len(large) <= 12
    assert {result["status"] for result in results} == {"accepted"}
    assert len({row["person_id"] for row in await punches(database, site)}) == 500


async def test_a_replayed_batch_of_500_folds_no_day(
    site: GateSite, crowd: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    device = site.device
    batch = [device.event(("pin", value)) for value in crowd]
    await device.deliver(*batch)
    with counted(monkeypatch) as sent:
        results = await device.deliver(*batch)
    assert {result["status"] for result in results} == {"duplicate"}
    assert not [statement for statement in sent if "person_day" in statement]


async def test_people_are_found_by_index_however_many_there_are(
    site: GateSite, crowd: list[str], database: Database
) -> None:
    values = {
        "kinds": ["pin"] * 3,
        "values": crowd[:3],
        "project_id": site.project_id,
        "person_ids": site.people,
        "first_at": site.device.clock.now(),
        "last_at": site.device.clock.now(),
    }
    async with database.connection() as connection, connection.transaction():
        # A small table would be read whole; a large one must not be.
        await connection.execute("SET LOCAL enable_seqscan = off")
        found = await connection.execute(f"EXPLAIN {READ_PEOPLE}", values)  # pyright: ignore[reportArgumentType] - a statement of ours
        plan = "\n".join(row[0] for row in await found.fetchall())
    assert "Index Scan using" in plan
    assert "Seq Scan" not in plan


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM gate_device",
        "DELETE FROM gate_key",
        "DELETE FROM gate_state",
        "DELETE FROM person_binding",
        "UPDATE gate_nonce SET seen_at = now()",
        "UPDATE gate_heartbeat SET backlog = 0",
        "DELETE FROM gate_heartbeat",
        "TRUNCATE gate_nonce",
        "UPDATE punch SET granted = true",
        "DELETE FROM punch_dedupe",
    ],
)
async def test_the_servers_role_may_not(database: Database, statement: str) -> None:
    with pytest.raises(DBAPIError) as caught:
        async with database.transaction() as tx:
            await tx.execute(text(statement))
    assert getattr(caught.value.orig, "sqlstate", "") == "42501"
