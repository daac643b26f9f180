"""Opens staff accounts without anybody logged in: the first operator of an installation, and the demo's."""

import msgspec

from backend.identity.accounts import Opened, StaffOpening, open_staff_account
from backend.identity.grants import Grant, grant_role
from backend.identity.roles import Role, Rows, rows_allowed
from backend.identity.schemas import OpenAccountBody
from backend.identity.services import IdentityServices, make_identity_services
from backend.kit.clock import Clock, SystemClock
from backend.kit.db import Database
from backend.kit.keyfiles import FileKeyRing
from backend.kit.keyring import SERVER_PURPOSES
from backend.settings import Settings

CITY_ROLES = tuple(role for role in Role if rows_allowed(role, Rows.CITY))
"""Roles that reach the whole city, the only ones that need no district or project to exist."""


async def open_first_staff(
    database: Database, opening: StaffOpening, role: Role, *, clock: Clock, services: IdentityServices
) -> Opened:
    """Open an account and grant it a role over the whole city, in one transaction.

    Raises UsernameTaken, PasswordTooWeak, or GrantRowsWrong for a role that is not one of CITY_ROLES.
    """
    async with database.transaction() as tx:
        opened = await open_staff_account(tx, None, opening, clock=clock, services=services)
        await grant_role(tx, None, opened.account_id, Grant(role), clock=clock)
    return opened


async def add_staff(settings: Settings, opening: StaffOpening, role: Role) -> str:
    """Open an account in the installation's database and return its drawn password; raises like `open_first_staff`."""
    clock = SystemClock()
    services = make_identity_services(FileKeyRing(settings.keys_dir, SERVER_PURPOSES), clock, None)
    database = Database(settings.database_url, max_size=1)
    try:
        opened = await open_first_staff(database, opening, role, clock=clock, services=services)
    finally:
        await database.close()
    return str(opened.first_password)


def opening_of(username: str, display_name: str, role: str) -> tuple[StaffOpening, Role]:
    """Check what somebody typed by the API's own rules; raises ValueError that says what is wrong."""
    body = msgspec.convert({"username": username, "display_name": display_name}, OpenAccountBody)
    if role not in CITY_ROLES:
        raise ValueError(f"role {role!r}: use one of {', '.join(CITY_ROLES)}")
    return StaffOpening(body.username, body.display_name), Role(role)
