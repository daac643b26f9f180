"""`daogang ledger`: the ledger and its log."""

from pathlib import Path
from typing import Annotated

import typer

from backend.cli.running import settings_or_exit

app = typer.Typer(no_args_is_help=True, help="The ledger and its log.")


@app.command("verify")
def verify(
    *,
    first: Annotated[int, typer.Option("--from", min=0, help="The first leaf")] = 0,
    past: Annotated[int | None, typer.Option("--to", min=1, help="The leaf after the last; else the end")] = None,
    outside_head: Annotated[list[Path] | None, typer.Option(help="A head that an outside party was given")] = None,
    keys: Annotated[Path | None, typer.Option(help="Public keys that may sign, as /ledger/v1/keys gave them")] = None,
    private: Annotated[bool, typer.Option("--private", help="Open private rows too, with the key ring")] = False,
) -> None:
    """Recompute the log from the ledger's columns; status 1 when something does not hold, with the first bad row."""
    from backend.ledger_commands import verify_command

    status = verify_command(
        settings_or_exit(), typer.echo, first=first, past=past, heads=outside_head or [], keys=keys, private=private
    )
    raise typer.Exit(status)
