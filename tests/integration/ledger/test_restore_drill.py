"""A backup is restored: the ledger verifies, proofs that were given out before still hold, nothing secret lies open."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import anyio.to_thread
import psycopg
import pytest
from sqlalchemy import text

from backend.backup.archive import read_members
from backend.backup.command import backup_command, restore_command
from backend.kit.clock import ManualClock
from backend.kit.keyfiles import init_keys
from backend.ledger.seals import proofs
from backend.ledger.seals.log_reading import last_head
from backend.ledger.seals.sealing import Sealing
from backend.ledger.seals.verification import verify_ledger
from backend.settings import Settings
from tests.support.databases import Databases, execute, url_of
from tests.support.ledgers import entry
from tests.support.seals import AT, SealedLedger, append, full_entry, sealed_ledger

pytestmark = pytest.mark.anyio
PASSPHRASE = "a passphrase of some length"


@pytest.fixture
async def ledger(fresh_database: str) -> AsyncIterator[SealedLedger]:
    async with sealed_ledger(fresh_database) as opened:
        yield opened


def installation(url: str, folder: Path) -> Settings:
    return Settings(database_url=url, keys_dir=folder / "keys", blobs=folder / "blobs")


async def facts(ledger: SealedLedger) -> list[str]:
    async with ledger.database.transaction() as tx:
        return list(await tx.scalars(text("SELECT kind FROM announced_fact ORDER BY id")))


async def test_what_was_saved_is_restored_verifies_and_goes_on(
    ledger: SealedLedger, databases: Databases, tmp_path: Path
) -> None:
    one = full_entry(uuid4(), AT)
    await append(ledger.database, [one, full_entry(uuid4(), AT + timedelta(seconds=1))])
    await ledger.seal()
    async with ledger.database.connection() as connection:
        proof = await proofs.prove_punches(connection, [(one.project_id, one.punch_id)])
    old, new = installation(ledger.url, tmp_path / "old"), tmp_path / "new"
    init_keys(old.keys_dir, AT)
    (tmp_path / "old/blobs/photos/ab").mkdir(parents=True)
    (tmp_path / "old/blobs/photos/ab/cd").write_bytes(b"ciphertext")
    passphrase, archive, said = tmp_path / "passphrase", tmp_path / "one.backup", list[str]()
    passphrase.write_text(PASSPHRASE + "\n")
    saved = await anyio.to_thread.run_sync(
        lambda: backup_command(old, archive, str(passphrase), ManualClock(AT), said.append)
    )
    assert saved == 0, said
    assert await facts(ledger) == ["backup.succeeded"]
    assert (archive.stat().st_mode & 0o777, str(one.punch_id).encode() in archive.read_bytes()) == (0o600, False)
    with archive.open("rb") as file:
        names = [name for name, _ in read_members(file, PASSPHRASE)]
    assert {"keys/field.json", "keys/jwt.json", "blobs/photos/ab/cd", "database/00000000"} <= set(names)
    assert "keys/seal.json" not in names
    assert names[-1] == "manifest.json"

    name = f"daogang_clone_restored_{uuid4().hex[:8]}"
    execute(databases.url, "CREATE DATABASE {}", name)
    url = url_of(databases.url, name)
    try:
        settings = installation(url, new)
        restored = await anyio.to_thread.run_sync(
            lambda: restore_command(settings, archive, str(passphrase), said.append)
        )
        assert restored == 0, said
        assert "2 sealed entries, all hold" in said
        assert (new / "blobs/photos/ab/cd").read_bytes() == b"ciphertext"
        assert {path.name for path in (new / "keys").iterdir()} == {
            path.name for path in old.keys_dir.iterdir() if path.suffix == ".json" and path.name != "seal.json"
        }
        async with sealed_ledger(url) as again:
            async with again.database.connection() as connection:
                assert await proofs.prove_punches(connection, [(one.project_id, one.punch_id)]) == proof
                before = await last_head(connection)
            again.tools, again.sealing = (
                type(ledger.tools)(again.tools.database, ledger.keys, again.tools.clock),
                Sealing(),
            )
            await append(again.database, [entry(uuid4(), None, AT)])
            assert await again.seal() == 1, "the log goes on with its own key"
            with psycopg.connect(url, autocommit=True) as connection:
                assert before is not None
                assert verify_ledger(connection, outside=[before.signed.note()]).findings == []
            with (
                psycopg.connect(url, options="-c role=daogang_owner", autocommit=True) as owner,
                pytest.raises(psycopg.errors.RestrictViolation),
            ):
                owner.execute("DELETE FROM punch")
        assert restore_command(settings, archive, str(passphrase), said.append) == 1
        assert "has tables already" in said[-1]
    finally:
        execute(databases.url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


async def test_a_backup_that_failed_is_announced_and_leaves_nothing(ledger: SealedLedger, tmp_path: Path) -> None:
    settings, said = installation(ledger.url, tmp_path), list[str]()

    def fail() -> int:
        return backup_command(settings, tmp_path / "gone" / "x", None, ManualClock(AT), said.append)

    assert await anyio.to_thread.run_sync(fail) == 1
    assert "DAOGANG_BACKUP_PASSPHRASE_FILE is not set" in said[0]
    (tmp_path / "passphrase").write_text(PASSPHRASE)

    def fail_again() -> int:
        return backup_command(
            settings, tmp_path / "gone" / "x", str(tmp_path / "passphrase"), ManualClock(AT), said.append
        )

    assert await anyio.to_thread.run_sync(fail_again) == 1
    assert await facts(ledger) == ["backup.failed", "backup.failed"]
    assert [*tmp_path.iterdir()] == [tmp_path / "passphrase"]  # noqa: ASYNC240 - a test's folder
