"""Opens the first account of an installation, from which all others come."""

from sqlalchemy import exists, select, text

from backend.identity import accounts, grants
from backend.identity.errors import OperatorPresent
from backend.identity.roles import Role
from backend.identity.services import IdentityServices
from backend.identity.tables import Account, RoleGrant
from backend.kit.clock import Clock
from backend.kit.db import Tx

_LOCK = 0x0DA06A46


async def open_first_operator(
    tx: Tx, command: accounts.StaffOpening, *, clock: Clock, services: IdentityServices
) -> accounts.Opened:
    """Open a staff account with the role of operator, in the name of the installation itself.

    Works only as long as no active account holds that role, also when called twice at once. Raises
    `OperatorPresent`, `UsernameTaken` or `PasswordTooWeak`.
    """
    await tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    present = select(RoleGrant.id).join(Account, Account.id == RoleGrant.account_id)
    present = present.where(RoleGrant.role == Role.OPERATOR, RoleGrant.revoked_at.is_(None), Account.state == "active")
    if await tx.scalar(select(exists(present))):
        raise OperatorPresent
    opened = await accounts.open_staff_account(tx, None, command, clock=clock, services=services)
    await grants.grant_role(tx, None, opened.account_id, grants.Grant(Role.OPERATOR), clock=clock)
    return opened
