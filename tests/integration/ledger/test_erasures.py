"""Keys are destroyed by record: what is gone without one is found, and so is whatever is done to a record."""

import importlib
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from backend.kit.crypto import DataKeys
from backend.kit.db import start_up_options
from backend.kit.erasures import Erasure, record_erasures
from backend.kit.keyfiles import FileKeyRing, init_keys
from backend.kit.keyring import Purpose
from backend.ledger.data_keys import obtain_data_key
from backend.ledger.seals.findings import Erasures, Report
from backend.ledger.seals.leaves import FIELDS, Field
from backend.ledger.seals.verification import verify_ledger
from backend.ledger_commands import verify_command
from backend.settings import Settings
from tests.support.databases import Databases
from tests.support.seals import AT, SealedLedger, append, full_entry, sealed_ledger

pytestmark = pytest.mark.anyio

PUNCHES = 4
LATER = AT + timedelta(days=800)
TABLES = ("punch_private", "data_key", "erasure", "ledger_outbox", "photo", "photo_file", "gate_photo")
PHOTO = UUID("3c0c9a52-6a0f-4a43-9f0e-8d1f5a0a7c11")
LIST_IS_CLOSED = "ALTER TABLE erasure ADD CONSTRAINT ck_erasure_found CHECK (reason <> 'found_erased') NOT VALID"
DESTROY = "UPDATE data_key SET wrapped = NULL, destroyed_at = '2026-03-20' WHERE project_id = %(kept)s"


@dataclass
class Ledger:
    """Two projects with private rows of a month: the key of one is there, that of the other was destroyed by record."""

    sealed: SealedLedger
    keys_dir: Path
    keys: DataKeys
    kept: UUID
    erased: UUID
    key_ids: dict[UUID, UUID]

    def verify(self) -> Report:
        """Verify as the application, with the keys."""
        with psycopg.connect(self.sealed.url, options=start_up_options(), autocommit=True) as application:
            return verify_ledger(application, private=self.keys)

    @contextmanager
    def tampered(self, *statements: str) -> Generator[None]:
        """Let an attacker's statements hold, as a superuser whom nothing refuses, for the length of the block."""
        values = {"kept": self.kept, "erased": self.erased, "key": self.key_ids[self.kept], "photo": PHOTO}
        with psycopg.connect(self.sealed.url, autocommit=True) as superuser:
            superuser.execute("SET session_replication_role = replica")
            superuser.execute("ALTER TABLE erasure DROP CONSTRAINT ck_erasure_found")
            for table in TABLES:
                superuser.execute(f"CREATE TEMP TABLE kept_{table} AS TABLE {table}".encode())
            try:
                for statement in statements:
                    assert superuser.execute(statement.encode(), values).rowcount > 0, "nothing was tampered with"
                yield
            finally:
                for table in TABLES:
                    superuser.execute(f"DELETE FROM {table}".encode())
                    superuser.execute(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE kept_{table}".encode())
                superuser.execute(LIST_IS_CLOSED.encode())


async def destroy(ledger: SealedLedger, project_id: UUID, key_id: UUID, wrapped: bytes) -> None:
    """Destroy the key of a month, by record, as the application may."""
    async with ledger.database.transaction() as tx:
        gone = Erasure(
            subject="private_rows", subject_id=key_id, project_id=project_id, keys=[wrapped], reason="保存期满"
        )
        await record_erasures(tx, [gone], LATER)
        await tx.execute(
            text("UPDATE data_key SET wrapped = NULL, destroyed_at = :at WHERE key_id = :key"),
            {"at": LATER, "key": key_id},
        )


@pytest.fixture(scope="module")
async def ledger(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ledger]:
    """Give the ledger."""
    keys_dir = tmp_path_factory.mktemp("erasures") / "keys"
    init_keys(keys_dir)
    keys = DataKeys(FileKeyRing(keys_dir, {Purpose.FIELD}), lambda: AT)
    with databases.clone("erasures") as url:
        async with sealed_ledger(url) as opened:
            kept, erased, key_ids = uuid4(), uuid4(), dict[UUID, UUID]()
            for project_id in (kept, erased):
                async with opened.database.connection() as connection, connection.transaction():
                    month = await obtain_data_key(connection, keys, project_id, AT, key_id=None, wrapped=None)
                key_ids[project_id] = month.key_id
                entries = []
                for number in range(PUNCHES):
                    entry = full_entry(project_id, AT + timedelta(seconds=number))
                    sealed = month.key.seal(f"private {number}".encode(), entry.punch_id.bytes)
                    digest, cipher = sealed.commitment.hex(), sealed.ciphertext.hex()
                    entries.append(replace(entry, private_digest=digest, key_id=month.key_id, sealed=cipher))
                await append(opened.database, entries)
            await opened.seal()
            async with opened.database.transaction() as tx:
                query = text("SELECT wrapped FROM data_key WHERE project_id = :id")
                wrapped = (await tx.execute(query, {"id": erased})).scalar_one()
            await destroy(opened, erased, key_ids[erased], wrapped)
            await opened.seal()
            with psycopg.connect(url) as superuser:
                partitions = (
                    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'punch_private'::regclass"
                )
                found = [row[0] for row in superuser.execute(partitions.encode()).fetchall()]
                for table in ("punch_private", "erasure", "ledger_outbox", *found):
                    superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
            yield Ledger(opened, keys_dir, keys, kept, erased, key_ids)


def told(report: Report) -> list[tuple[str, str | None, UUID | None]]:
    return [(one.kind, one.entry, one.project_id) for one in report.findings]


def counts(report: Report) -> tuple[int, int, int]:
    assert report.private is not None
    return report.private.compared, report.private.erased, report.private.unexplained


async def test_what_was_erased_by_record_holds_and_its_record_is_a_leaf(ledger: Ledger) -> None:
    report = ledger.verify()
    assert (report.findings, counts(report), report.erasures) == ([], (PUNCHES, PUNCHES, 0), Erasures(1, 0))
    assert report.entries == 2 * PUNCHES + 1
    # The rows may go with their key.
    with ledger.tampered("DELETE FROM punch_private WHERE project_id = %(erased)s"):
        report = ledger.verify()
    assert (report.findings, counts(report)) == ([], (PUNCHES, PUNCHES, 0))


@pytest.mark.parametrize(
    "also",
    [
        (),
        ("UPDATE punch_private SET sealed = '' WHERE project_id = %(kept)s",),
        ("DELETE FROM punch_private WHERE project_id = %(kept)s",),
    ],
    ids=["the key", "and the rows altered", "and the rows gone"],
)
async def test_a_key_that_is_destroyed_without_a_record_is_found(ledger: Ledger, also: tuple[str, ...]) -> None:
    with ledger.tampered(DESTROY, *also):
        report = ledger.verify()
    assert told(report) == [("erasure", "private_rows", ledger.kept)]
    assert report.findings[0].entry_id == ledger.key_ids[ledger.kept]
    assert counts(report) == (0, PUNCHES, PUNCHES)


async def test_a_record_that_was_slipped_in_is_found_by_the_log(ledger: Ledger) -> None:
    forged = (
        "INSERT INTO erasure SELECT %(kept)s, made_at, gen_random_uuid(), subject, %(key)s, digests, {reason}, NULL"
        " FROM erasure"
    )
    for reason in ("reason", "'found_erased'"):
        with ledger.tampered(DESTROY, forged.format(reason=reason)):
            report = ledger.verify()
        assert told(report) == [("inserted", "erasure", ledger.kept)]


async def test_a_record_that_is_gone_is_missed_twice(ledger: Ledger) -> None:
    with ledger.tampered("DELETE FROM erasure"):
        report = ledger.verify()
    assert told(report) == [("absent", "erasure", ledger.erased), ("erasure", "private_rows", ledger.erased)]


async def test_a_key_that_is_there_in_spite_of_its_record_is_found(ledger: Ledger) -> None:
    with ledger.tampered(
        "UPDATE data_key SET wrapped = (SELECT wrapped FROM data_key WHERE project_id = %(kept)s), destroyed_at = NULL"
        " WHERE project_id = %(erased)s"
    ):
        report = ledger.verify()
    assert ("erasure", "private_rows", ledger.erased) in told(report)


RECORD = (
    "INSERT INTO erasure SELECT %(kept)s, made_at, gen_random_uuid(), '{subject}', %(photo)s, digests, reason, NULL"
    " FROM erasure"
)
OF_PHONE = (
    "INSERT INTO photo VALUES (gen_random_uuid(), sha256('x'), %(photo)s, 1, 'image/jpeg', 'its key', '2026-03-16')",
)
OF_GATE = (
    (
        "INSERT INTO photo_file (id, source, project_id, device_id, sha256, size_bytes, media_type, received_at, class,"
        " state, try_after, has_original) VALUES (%(photo)s, 'gate', %(kept)s, %(key)s, sha256('x'), 1, 'image/jpeg',"
        " '2026-03-16', 'gate', 'refused', '2026-03-16', false)"
    ),
    (
        "INSERT INTO gate_photo (project_id, device_id, sha256, received_at, size_bytes, wrapped_key)"
        " VALUES (%(kept)s, %(key)s, sha256('x'), '2026-03-16', 1, {key})"
    ),
)


@pytest.mark.parametrize(
    ("subject", "without", "key_is_back"),
    [
        ("original", (), OF_PHONE),
        ("photo", (), OF_PHONE),
        ("original", (OF_GATE[0], OF_GATE[1].format(key="NULL")), ("UPDATE gate_photo SET wrapped_key = 'its key'",)),
    ],
    ids=["a phone's original", "the original of a phone's photo", "a gate's original"],
)
async def test_the_key_of_an_original_that_is_there_in_spite_of_its_record_is_found(
    ledger: Ledger, subject: str, without: tuple[str, ...], key_is_back: tuple[str, ...]
) -> None:
    # The record itself was slipped in here, which the log says; it is not what this is about.
    slipped_in = ("inserted", "erasure", ledger.kept)
    with ledger.tampered(RECORD.format(subject=subject), *without):
        assert told(ledger.verify()) == [slipped_in]
    with ledger.tampered(RECORD.format(subject=subject), *without, *key_is_back):
        report = ledger.verify()
    assert told(report) == [slipped_in, ("erasure", subject, ledger.kept)]
    assert report.findings[-1].entry_id == PHOTO


async def test_of_very_many_the_first_are_shown_and_all_are_counted(ledger: Ledger) -> None:
    months = (
        "INSERT INTO data_key SELECT %(kept)s, CAST('2030-01-01' AS date) + make_interval(months => n),"
        " gen_random_uuid(), NULL, '2030-01-01', '2030-01-01' FROM generate_series(1, 120) n"
    )
    with ledger.tampered(months):
        report = ledger.verify()
    assert (report.found, len(report.findings)) == (120, 50)


OTHER = {
    "uuid": "gen_random_uuid()",
    "instant": "made_at + interval '1 second'",
    "text": "CASE {0} WHEN 'private_rows' THEN 'photo' ELSE {0} || 'x' END",
}


@pytest.mark.parametrize("field", FIELDS["erasure"], ids=lambda field: field.name)
async def test_any_column_of_a_record_that_was_changed_is_found(ledger: Ledger, field: Field) -> None:
    name, type_, _ = field
    value = "set_byte(digests, 0, get_byte(digests, 0) # 1)" if type_ == "bytes" else OTHER[type_].format(name)
    with ledger.tampered(f"UPDATE erasure SET {name} = {value}"):
        report = ledger.verify()
    assert report.findings[0].entry == "erasure"
    changed = (report.findings[0].kind, report.findings[0].columns)
    assert changed == (("absent", ()) if name in {"project_id", "made_at", "erasure_id"} else ("changed", (name,)))


async def test_the_application_destroys_no_key_without_a_record(ledger: Ledger) -> None:
    with psycopg.connect(ledger.sealed.url, options=start_up_options(), autocommit=True) as application:
        with pytest.raises(psycopg.errors.CheckViolation, match="on record"):
            application.execute(DESTROY.encode(), {"kept": ledger.kept})
        for statement in ("UPDATE erasure SET reason = 'x'", "DELETE FROM erasure"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                application.execute(statement.encode())


async def test_nothing_can_be_added_to_what_was_found_when_records_began(ledger: Ledger) -> None:
    found = Erasure(
        subject="private_rows", subject_id=ledger.key_ids[ledger.kept], project_id=ledger.kept, reason="found_erased"
    )
    with pytest.raises(IntegrityError, match="ck_erasure_found"):
        async with ledger.sealed.database.transaction() as tx:
            await record_erasures(tx, [found], LATER)


async def test_what_was_gone_when_records_began_is_told_and_not_explained(ledger: Ledger) -> None:
    found = importlib.import_module("migrations.versions.0053_found_erased").FOUND
    with ledger.tampered(DESTROY, "DELETE FROM erasure", "DELETE FROM ledger_outbox WHERE kind = 'erasure'", found):
        report = ledger.verify()
        said: list[str] = []
        settings = Settings(database_url=ledger.sealed.url, keys_dir=ledger.keys_dir)
        verify_command(settings, said.append, first=0, past=2, heads=[], keys=None, private=True)
    # The leaf of the record that the test took away is missed, rightly; nothing else is.
    assert {one.kind for one in report.findings} == {"absent"}
    assert counts(report) == (0, 0, 2 * PUNCHES)
    assert report.erasures == Erasures(recorded=0, found=2)
    assert any("2 were found done when records began" in line for line in said)
