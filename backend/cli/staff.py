"""`daogang staff`: accounts for whom nobody is there yet to open them."""

import asyncio
from typing import Annotated

import typer

from backend.cli.running import IMPOSSIBLE, leave, settings_or_exit
from backend.kit.errors import DaogangError
from backend.kit.keyring import KeyRingError

app = typer.Typer(no_args_is_help=True, help="Staff accounts, for whom nobody is there yet to open them.")


@app.command("add")
def add(
    username: str,
    *,
    name: Annotated[str, typer.Option(help="The name that others see")],
    role: Annotated[str, typer.Option(help="operator, city or auditor: a role over the whole city")] = "operator",
) -> None:
    """Open a staff account and print its password, which is stored nowhere; the first operator begins like this."""
    from backend.staff import add_staff, opening_of

    settings = settings_or_exit()
    try:
        password = asyncio.run(add_staff(settings, *opening_of(username, name, role)))
    except ValueError as error:
        leave(error, IMPOSSIBLE)
    except (DaogangError, KeyRingError) as error:
        leave(error)
    typer.echo(f"{username}\t{role}\t{password}")
