"""Saves an installation: the database, then blobs, then keys, into one encrypted archive that is whole or not there."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg

from backend.backup.archive import BLOBS, KEYS, ArchiveWriter, Manifest, parts_of
from backend.backup.postgres_tools import require_success, running_tool
from backend.kit.keyring import SERVER_PURPOSES
from backend.ledger.seals.log_reading import LAST_HEAD, LOG_ID, head_of
from backend.settings import S3Bucket, Settings

HALF_DONE = ".part"


def save(settings: Settings, target: Path, passphrase: str, now: datetime) -> Manifest:
    """Write the archive and return its manifest.

    The seal key is never in it: whoever restores a backup must not be able to sign what is restored. A bucket keeps its
    own copies and is not in it either. Raises ToolFailed, OSError, psycopg.Error or ValueError; nothing is left then.
    """
    half = target.with_name(target.name + HALF_DONE)
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            archive = ArchiveWriter(file, passphrase)
            schema, head = _state(settings.database_url)
            _add_database(archive, settings.database_url)
            # After the database: a photo without its row only takes space, a row without its photo is a loss.
            kept = "bucket" if isinstance(settings.blobs, S3Bucket) else "folder"
            for path in _files(settings.blobs):
                archive.add(BLOBS + path.relative_to(str(settings.blobs)).as_posix(), path.read_bytes())
            for purpose in sorted(SERVER_PURPOSES):
                path = settings.keys_dir / f"{purpose.value}.json"
                if path.exists():
                    archive.add(KEYS + path.name, path.read_bytes())
            manifest = Manifest(made_at=now, schema=schema, head=head, blobs=kept, members=dict(archive.members))
            archive.finish(manifest)
            file.flush()
            os.fsync(file.fileno())
        half.replace(target)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
    return manifest


def _state(url: str) -> tuple[str, str | None]:
    with psycopg.connect(url) as connection:
        schema = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        head = connection.execute(LAST_HEAD, (LOG_ID,)).fetchone()
    return ("" if schema is None else schema[0], None if head is None else head_of(head).signed.note())


def _add_database(archive: ArchiveWriter, url: str) -> None:
    with running_tool("pg_dump", url, ["--format=custom", "--compress=6"], reads=False) as process:
        if process.stdout is not None:
            for name, content in parts_of(process.stdout):
                archive.add(name, content)
        require_success(process, "pg_dump")


def _files(blobs: Path | S3Bucket) -> Iterator[Path]:
    if isinstance(blobs, S3Bucket):
        return
    for path in sorted(blobs.rglob("*")):
        if path.is_file() and path.suffix != HALF_DONE:
            yield path
