"""What `daogang backup` and `daogang restore` do: save or restore, say how it went, and announce how a backup ended."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import psycopg

from backend.backup.encryption import ArchiveUnreadable
from backend.backup.postgres_tools import ToolFailed
from backend.backup.restoring import NotEmpty, restore
from backend.backup.saving import save
from backend.kit.announcements import announce
from backend.kit.clock import Clock
from backend.kit.db import Database
from backend.kit.errors import DaogangError
from backend.settings import Settings

Say = Callable[[str], None]
FAILED = 1


def read_passphrase(path: str | None) -> str:
    """Return the first line of the file that DAOGANG_BACKUP_PASSPHRASE_FILE names; raises ValueError or OSError."""
    if not path:
        msg = "DAOGANG_BACKUP_PASSPHRASE_FILE is not set: name a file with a passphrase of 16 characters or more"
        raise ValueError(msg)
    return Path(path).read_text("utf-8").partition("\n")[0]


def backup_command(settings: Settings, target: Path, passphrase_file: str | None, clock: Clock, say: Say) -> int:
    """Save, and announce `backup.succeeded` or `backup.failed`; returns the exit status."""
    trouble: str | None = None
    try:
        made = save(settings, target, read_passphrase(passphrase_file), clock.now())
        say(f"{target}: {len(made.members)} members, {target.stat().st_size} bytes, schema {made.schema}")
    except (ToolFailed, OSError, ValueError, psycopg.Error) as error:
        trouble = str(error).partition("\n")[0]
        say(f"the backup failed: {trouble}")
    try:
        asyncio.run(_announce(settings, clock, trouble))
    except DaogangError as error:
        say(f"it could not be announced: {error.code}")
        return FAILED
    return 0 if trouble is None else FAILED


async def _announce(settings: Settings, clock: Clock, trouble: str | None) -> None:
    database, now = Database(settings.database_url, max_size=1), clock.now()
    kind = "backup.succeeded" if trouble is None else "backup.failed"
    async with database.opened(), database.transaction() as tx:
        await announce(
            tx, kind, "backup", occurred_at=now, now=now, detail={} if trouble is None else {"trouble": trouble[:500]}
        )


def restore_command(settings: Settings, source: Path, passphrase_file: str | None, say: Say) -> int:
    """Restore and say what verification found; status 1 when the restored ledger does not hold."""
    try:
        manifest, report = restore(settings, source, read_passphrase(passphrase_file))
    except (NotEmpty, ArchiveUnreadable, ToolFailed, OSError, ValueError, psycopg.Error) as error:
        say(f"nothing usable was restored: {str(error).partition(chr(10))[0]}")
        return FAILED
    for finding in report.findings:
        say(finding.sentence())
    say(f"restored what was saved at {manifest.made_at:%Y-%m-%d %H:%M:%SZ}, schema {manifest.schema}")
    say(f"{report.entries} sealed entries, {'all hold' if report.holds else 'which do not hold'}")
    if manifest.blobs == "bucket":
        say("photos lie in the bucket and were not in the archive")
    say("the seal key is not in a backup: bring it from its own safe place, or make a new one with `daogang keys init`")
    return 0 if report.holds else FAILED
