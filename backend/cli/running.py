"""What the commands share: the settings, work on the database of the settings, and how a refusal is said."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NoReturn, TypeVar

import typer

from backend.kit import messages
from backend.kit.clock import SystemClock
from backend.kit.errors import DaogangError
from backend.settings import Settings, read_settings
from backend.variables import SettingsError

if TYPE_CHECKING:
    from backend.kit.db import Database

IMPOSSIBLE = 2
"""Exit status when a command could not begin: settings, files or arguments that cannot be meant like this."""
T = TypeVar("T")


def settings_or_exit() -> Settings:
    """Read the settings, or say what is missing and leave."""
    try:
        return read_settings(os.environ)
    except SettingsError as error:
        leave(error, IMPOSSIBLE)


def leave(error: Exception, status: int = 1) -> NoReturn:
    """Say why it was not done, in the words of its catalogue if it has any, and leave with a status."""
    said = messages.text("en", error.code, error.detail).title if isinstance(error, DaogangError) else str(error)
    typer.echo(said, err=True)
    raise typer.Exit(status) from error


def on_database(act: Callable[["Database", SystemClock], Awaitable[T]]) -> T:
    """Do it on the database of the settings and return what came of it, or say why not and leave."""
    from backend.kit.db import Database

    database = Database(settings_or_exit().database_url, max_size=1)

    async def play() -> T:
        async with database.opened():
            return await act(database, SystemClock())

    try:
        return asyncio.run(play())
    except DaogangError as error:
        leave(error)
