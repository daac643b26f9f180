"""A superuser changes private rows, which no leaf holds; verification with the keys finds each act."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from msgspec.structs import replace

from backend.kit.crypto import DataKey, DataKeys
from backend.kit.db import start_up_options
from backend.kit.keyfiles import init_keys
from backend.kit.keyring import MemoryKeyRing
from backend.ledger.data_keys import obtain_data_key
from backend.ledger.seals.findings import Report
from backend.ledger.seals.verification import verify_ledger
from backend.ledger_commands import verify_command
from backend.settings import Settings
from tests.support.databases import Databases
from tests.support.seals import AT, SealedLedger, append, full_entry, sealed_ledger

pytestmark = pytest.mark.anyio

PUNCHES = 12
TABLES = ("punch_private", "data_key", "punch")
OF = "WHERE punch_id = %(punch)s"


class Rows:
    """A sealed ledger with private rows under a key of its project, and the keys that open them."""

    def __init__(self, ledger: SealedLedger, keys: DataKeys, key: DataKey, punches: list[UUID]) -> None:
        self.ledger, self.keys, self.key, self.punches = ledger, keys, key, punches

    def verify(self, *statements: str, first: int = 0, past: int | None = None, **values: object) -> Report:
        """Verify with the keys after an attacker's statements, which are undone afterwards."""
        with (
            psycopg.connect(self.ledger.url, options=start_up_options(), autocommit=True) as application,
            psycopg.connect(self.ledger.url, autocommit=True) as superuser,
        ):
            superuser.execute("SET session_replication_role = replica")
            for table in TABLES:
                superuser.execute(f"CREATE TEMP TABLE kept_{table} AS TABLE {table}".encode())
            try:
                for statement in statements:
                    found = superuser.execute(
                        statement.encode(), {"punch": self.punches[3], "other": self.punches[5], **values}
                    )
                    assert found.rowcount > 0, "nothing was tampered with"
                return verify_ledger(application, first=first, past=past, private=self.keys)
            finally:
                for table in TABLES:
                    superuser.execute(f"DELETE FROM {table}".encode())
                    superuser.execute(f"INSERT INTO {table} TABLE kept_{table}".encode())


@pytest.fixture(scope="module")
async def rows(databases: Databases) -> AsyncIterator[Rows]:
    """Give the ledger."""
    with databases.clone("private_rows") as url:
        async with sealed_ledger(url) as opened:
            project, keys = uuid4(), DataKeys(MemoryKeyRing(AT), lambda: AT)
            async with opened.database.connection() as connection, connection.transaction():
                month = await obtain_data_key(connection, keys, project, AT, key_id=None, wrapped=None)
            entries = []
            for number in range(PUNCHES):
                entry = full_entry(project, AT + timedelta(seconds=number))
                sealed = month.key.seal(f"private {number}".encode(), entry.punch_id.bytes)
                digest, cipher = sealed.commitment.hex(), sealed.ciphertext.hex()
                entries.append(replace(entry, private_digest=digest, key_id=month.key_id, sealed=cipher))
            await append(opened.database, entries)
            await opened.seal()
            with psycopg.connect(url) as superuser:
                partitions = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = ANY(%s::regclass[])"
                found = superuser.execute(partitions.encode(), (list(TABLES),)).fetchall()
                for table in (*TABLES, *(row[0] for row in found)):
                    superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
            yield Rows(opened, keys, month.key, [one.punch_id for one in entries])


async def test_untouched_rows_hold_whole_and_in_part(rows: Rows) -> None:
    whole = rows.verify()
    assert whole.private is not None
    assert (whole.findings, whole.private.compared, whole.private.erased) == ([], PUNCHES, 0)
    part = rows.verify(first=2, past=5)
    assert part.private is not None
    assert (part.findings, part.private.compared) == ([], 3)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (f"UPDATE punch_private SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1) {OF}", "not what"),
        (
            f"UPDATE punch_private SET sealed = (SELECT sealed FROM punch_private WHERE punch_id = %(other)s) {OF}",
            "not what",
        ),
        (f"UPDATE punch_private SET key_id = gen_random_uuid() {OF}", "unknown"),
        (f"DELETE FROM punch_private {OF}", "gone"),
    ],
    ids=["a byte", "the row of another punch", "its key", "the row"],
)
async def test_what_is_done_to_a_row_is_found_and_its_punch_named(rows: Rows, statement: str, what: str) -> None:
    report = rows.verify(statement)
    (finding,) = report.findings
    assert (finding.kind, finding.entry_id) == ("private", rows.punches[3])
    assert what in finding.what


async def test_who_holds_the_key_and_seals_other_content_is_found_too(rows: Rows) -> None:
    forged = rows.key.seal(b"elsewhere", rows.punches[3].bytes).ciphertext
    report = rows.verify(f"UPDATE punch_private SET sealed = %(forged)s {OF}", forged=forged)
    assert [(one.kind, one.entry_id) for one in report.findings] == [("private", rows.punches[3])]


async def test_a_commitment_that_was_made_to_fit_is_found_by_its_leaf(rows: Rows) -> None:
    forged = rows.key.seal(b"elsewhere", rows.punches[3].bytes)
    report = rows.verify(
        f"UPDATE punch_private SET sealed = %(forged)s {OF}",
        f"UPDATE punch SET private_digest = %(digest)s {OF}",
        forged=forged.ciphertext,
        digest=forged.commitment,
    )
    assert [(one.kind, one.columns) for one in report.findings] == [("changed", ("private_digest",))]


async def test_the_command_says_whether_private_rows_were_compared(rows: Rows, tmp_path: Path) -> None:
    settings = Settings(database_url=rows.ledger.url, keys_dir=tmp_path / "keys")
    said: list[str] = []
    assert verify_command(settings, said.append, first=0, past=None, heads=[], keys=None, private=False) == 0
    assert any("not compared" in line for line in said)
    # Asked for, without a key ring: it cannot tell.
    assert verify_command(settings, said.append, first=0, past=None, heads=[], keys=None, private=True) == 2
    # With the ring of another installation no row can be opened, and none is called sound.
    init_keys(settings.keys_dir)
    said.clear()
    assert verify_command(settings, said.append, first=0, past=None, heads=[], keys=None, private=True) == 1
    assert any("cannot be opened" in line for line in said)
