"""`daogang migrate`, `backup`, `restore` and `demo`: what is done to the whole of an installation."""

import os
from pathlib import Path
from typing import Annotated

import typer

from backend.cli.running import IMPOSSIBLE, settings_or_exit
from backend.kit import messages
from backend.kit.clock import SystemClock

app = typer.Typer()


@app.command()
def migrate(
    revision: Annotated[str, typer.Argument(help="Alembic revision")] = "head",
) -> None:
    """Bring the database to the current schema and make the coming partitions."""
    from backend.migrate import migrate as run

    url = os.environ.get("DATABASE_URL")
    if not url:
        typer.echo(
            "DATABASE_URL is not set: give the URL of a role that may become daogang_owner",
            err=True,
        )
        raise typer.Exit(IMPOSSIBLE)
    run(url, SystemClock().now().date(), revision)


@app.command()
def demo(
    *,
    logins: Annotated[bool, typer.Option("--logins", help="Only tell the demo's log-ins")] = False,
    lang: Annotated[str, typer.Option(help="zh-CN or en")] = messages.DEFAULT_LANGUAGE,
) -> None:
    """Load an invented world into an empty database and play its day through the API (development only)."""
    from backend.demo.command import demo_command

    language = messages.pick_language(lang)
    raise typer.Exit(demo_command(settings_or_exit(), SystemClock().now(), language, typer.echo, logins=logins))


@app.command()
def backup(target: Annotated[Path, typer.Argument(help="The archive to write")]) -> None:
    """Save database, blobs and keys, encrypted under the passphrase in DAOGANG_BACKUP_PASSPHRASE_FILE."""
    from backend.backup.command import backup_command

    passphrase = os.environ.get("DAOGANG_BACKUP_PASSPHRASE_FILE")
    raise typer.Exit(backup_command(settings_or_exit(), target, passphrase, SystemClock(), typer.echo))


@app.command()
def restore(source: Annotated[Path, typer.Argument(help="An archive that `daogang backup` wrote")]) -> None:
    """Restore an archive into an empty database and empty folders, and verify the ledger in it."""
    from backend.backup.command import restore_command

    passphrase = os.environ.get("DAOGANG_BACKUP_PASSPHRASE_FILE")
    raise typer.Exit(restore_command(settings_or_exit(), source, passphrase, typer.echo))
