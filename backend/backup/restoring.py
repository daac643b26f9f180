"""Restores an installation into an empty database and empty folders, and verifies the ledger that came back."""

import os
from pathlib import Path

import msgspec
import psycopg

from backend.backup.archive import BLOBS, DATABASE, KEYS, MANIFEST, Manifest, inside, read_members
from backend.backup.encryption import ArchiveUnreadable
from backend.backup.postgres_tools import feed, require_success, running_tool
from backend.ledger.seals.findings import Report
from backend.ledger.seals.verification import verify_ledger
from backend.settings import S3Bucket, Settings

ROLES = ("daogang_owner", "daogang_app", "daogang_sealer")
TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'spatial_ref_sys'"


class NotEmpty(Exception):
    """What would be restored into holds something already; the message says what."""


def restore(settings: Settings, source: Path, passphrase: str) -> tuple[Manifest, Report]:
    """Restore an archive and return its manifest and what verification found, also against the head it was saved with.

    DATABASE_URL is a superuser's on an empty database; roles that are missing are made. Raises NotEmpty before anything
    is touched, ArchiveUnreadable or ToolFailed when it went wrong on the way: what was restored then is worth nothing.
    """
    blobs = settings.blobs
    require_empty(settings)
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        for role in ROLES:
            if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is None:
                connection.execute(f"CREATE ROLE {role} NOLOGIN".encode())
    manifest: Manifest | None = None
    with running_tool("pg_restore", settings.database_url, ["--exit-on-error"], reads=True) as process:
        with source.open("rb") as file:
            for name, content in read_members(file, passphrase):
                if name.startswith(DATABASE):
                    feed(process, content, "pg_restore")
                elif name.startswith(BLOBS) and not isinstance(blobs, S3Bucket):
                    _write(inside(blobs, name.removeprefix(BLOBS)), content)
                elif name.startswith(KEYS):
                    _write(inside(settings.keys_dir, name.removeprefix(KEYS)), content)
                elif name == MANIFEST:
                    manifest = msgspec.json.decode(content, type=Manifest)
        require_success(process, "pg_restore")
    if manifest is None:
        msg = "the archive has no manifest"
        raise ArchiveUnreadable(msg)
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.execute("ANALYZE")
        return manifest, verify_ledger(connection, outside=[] if manifest.head is None else [manifest.head])


def require_empty(settings: Settings) -> None:
    """Raise NotEmpty when database or folders hold something."""
    with psycopg.connect(settings.database_url) as connection:
        row = connection.execute(TABLES).fetchone()
    if row is None or row[0]:
        msg = "the database has tables already: restore into a new one"
        raise NotEmpty(msg)
    for folder in (settings.keys_dir, settings.blobs):
        if isinstance(folder, Path) and folder.exists() and any(folder.iterdir()):
            msg = f"{folder} holds files already"
            raise NotEmpty(msg)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
