"""Looks at what a database holds before the demo touches it."""

from enum import StrEnum
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backend.demo import world
from backend.demo.errors import DemoError
from backend.kit.db import Database, sqlstate_of
from backend.settings import Settings

_UNDEFINED_TABLE: Final = "42P01"

STATE = text(
    """
SELECT EXISTS (SELECT FROM account) OR EXISTS (SELECT FROM project),
  (SELECT count(*) FROM project WHERE registration_no = ANY(:numbers)) = :projects,
  EXISTS (SELECT FROM account WHERE username = :last)
"""
)


class State(StrEnum):
    """What a database holds."""

    EMPTY = "empty"
    LOADED = "loaded"
    UNFINISHED = "unfinished"
    FOREIGN = "foreign"


async def state_of(database: Database) -> State:
    """Tell what a migrated database holds; raises DemoError when it is not migrated."""
    values = {
        "numbers": list(world.REGISTRATION_NUMBERS),
        "projects": len(world.PROJECTS),
        "last": world.AUDITOR.username,
    }
    try:
        async with database.transaction() as tx:
            filled, has_demo, complete = (await tx.execute(STATE, values)).one()
    except DBAPIError as error:
        if sqlstate_of(error) == _UNDEFINED_TABLE:
            raise DemoError("demo.not_migrated") from error
        raise
    if not filled:
        return State.EMPTY
    if not has_demo:
        return State.FOREIGN
    return State.LOADED if complete else State.UNFINISHED


async def look_at(settings: Settings) -> State:
    """Tell what the database of the settings holds; raises like `state_of`, DatabaseAway when it cannot be reached."""
    database = Database(settings.database_url, max_size=1)
    try:
        return await state_of(database)
    finally:
        await database.close()


def require_outbox(settings: Settings) -> Path:
    """Return the file of the development SMS adapter, which the demo's phones read; raises DemoError without one."""
    if settings.sms_outbox is None:
        raise DemoError("demo.needs_outbox")
    return settings.sms_outbox
