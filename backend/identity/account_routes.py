"""Routes of the administration of accounts: open, grant, shut out, and the log of such acts."""

from typing import Annotated
from uuid import UUID

from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.identity import accounts, errors, grants, queries
from backend.identity.roles import Role
from backend.identity.schemas import (
    AccountAnswer,
    AuditEventAnswer,
    DrawnPasswordAnswer,
    GrantBody,
    NewPhoneNumberBody,
    OpenAccountBody,
    OpenedAccountAnswer,
    account_answer,
    audit_answer,
)
from backend.identity.services import IdentityServices
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page

READ = "identity.accounts.read"
WRITE = "identity.accounts.write"
ADMINISTERED = [errors.AccountUnknown, errors.OwnAccount, errors.GrantBeyondOwn]
NO_STORE = {"Cache-Control": "no-store"}

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="rows per page")]
Word = Annotated[str | None, QueryParameter(max_length=100)]


@get("/admin/v1/accounts", opt={"scope": READ}, summary="List accounts")
async def list_accounts(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    identity_services: NamedDependency[IdentityServices],
    limit: Limit = 50,
    after: FromQuery[UUID | None] = None,
    role: FromQuery[Role | None] = None,
) -> Page[AccountAnswer]:
    """List in the order of creation; readers of one district or project see those who share it."""
    found = await accounts.list_accounts(
        tx, actor, limit=limit + 1, after=after, role=None if role is None else role.value, services=identity_services
    )
    items = [account_answer(view) for view in found[:limit]]
    return Page(items=items, next=str(items[-1].id) if len(found) > limit else None)


@post(
    "/admin/v1/accounts",
    opt={"scope": WRITE, "raises": [errors.UsernameTaken, errors.PasswordTooWeak, errors.GrantBeyondOwn]},
    summary="Open a staff account",
)
async def open_account(
    data: JSONBody[OpenAccountBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    identity_services: NamedDependency[IdentityServices],
) -> Response[OpenedAccountAnswer]:
    """Open an account that can do nothing until it is granted a role."""
    command = accounts.StaffOpening(data.username, data.display_name, data.password)
    opened = await accounts.open_staff_account(tx, actor, command, clock=clock, services=identity_services)
    view = await accounts.show_account(tx, actor, opened.account_id, services=identity_services)
    answer = OpenedAccountAnswer(account=account_answer(view), first_password=opened.first_password)
    return Response(answer, headers=NO_STORE)


@get(
    "/admin/v1/accounts/{account_id:uuid}",
    opt={"scope": READ, "raises": [errors.AccountUnknown]},
    summary="Show an account",
)
async def show_account(
    account_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    identity_services: NamedDependency[IdentityServices],
) -> AccountAnswer:
    """Show an account with its live grants."""
    return account_answer(await accounts.show_account(tx, actor, account_id, services=identity_services))


@post(
    "/admin/v1/accounts/{account_id:uuid}/grants",
    opt={
        "scope": WRITE,
        "raises": [
            *ADMINISTERED,
            errors.NotStaffAccount,
            errors.GrantRowsWrong,
            errors.GrantPresent,
            errors.GrantTargetUnknown,
        ],
    },
    summary="Grant a role",
)
async def grant_role(
    account_id: FromPath[UUID],
    data: JSONBody[GrantBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    identity_services: NamedDependency[IdentityServices],
) -> AccountAnswer:
    """Grant a role; it takes effect with the account's next log-in or refresh."""
    grant = grants.Grant(data.role, data.district_id, data.project_id, data.party_id)
    await grants.grant_role(tx, actor, account_id, grant, clock=clock)
    return account_answer(await accounts.show_account(tx, actor, account_id, services=identity_services))


@delete(
    "/admin/v1/accounts/{account_id:uuid}/grants/{grant_id:uuid}",
    opt={"scope": WRITE, "raises": [*ADMINISTERED, errors.GrantUnknown]},
    summary="Take a role back",
)
async def revoke_grant(
    account_id: FromPath[UUID],
    grant_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> None:
    """Close the grant's rows at once and its scopes within fifteen minutes."""
    await grants.revoke_grant(tx, actor, account_id, grant_id, clock=clock)


@post(
    "/admin/v1/accounts/{account_id:uuid}/disable",
    status_code=200,
    opt={"scope": WRITE, "raises": ADMINISTERED},
    summary="Shut an account out",
)
async def disable_account(
    account_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    identity_services: NamedDependency[IdentityServices],
) -> AccountAnswer:
    """End the account's sessions; twice is the same as once."""
    return account_answer(
        await accounts.disable_account(tx, actor, account_id, clock=clock, services=identity_services)
    )


@post(
    "/admin/v1/accounts/{account_id:uuid}/enable",
    status_code=200,
    opt={"scope": WRITE, "raises": ADMINISTERED},
    summary="Let a disabled account in again",
)
async def enable_account(
    account_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    identity_services: NamedDependency[IdentityServices],
) -> AccountAnswer:
    """Let the account in; ended sessions stay ended."""
    return account_answer(await accounts.enable_account(tx, actor, account_id, clock=clock, services=identity_services))


@post(
    "/admin/v1/accounts/{account_id:uuid}/password",
    status_code=200,
    opt={"scope": WRITE, "raises": [*ADMINISTERED, errors.NotStaffAccount]},
    summary="Draw a new password for a staff account",
)
async def reset_password(
    account_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    identity_services: NamedDependency[IdentityServices],
) -> Response[DrawnPasswordAnswer]:
    """Show the password this once and end the account's sessions."""
    password = await accounts.reset_password(tx, actor, account_id, clock=clock, services=identity_services)
    return Response(DrawnPasswordAnswer(password=password), headers=NO_STORE)


@put(
    "/admin/v1/accounts/{account_id:uuid}/phone-number",
    opt={"scope": WRITE, "raises": [*ADMINISTERED, errors.PhoneNumberMalformed, errors.PhoneNumberTaken]},
    summary="Give an account another phone number",
)
async def change_phone_number(
    account_id: FromPath[UUID],
    data: JSONBody[NewPhoneNumberBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    identity_services: NamedDependency[IdentityServices],
) -> AccountAnswer:
    """End the sessions and bound phones of the old number."""
    view = await accounts.change_phone_number(
        tx, actor, account_id, data.phone_number, clock=clock, services=identity_services
    )
    return account_answer(view)


@get("/admin/v1/audit-events", opt={"scope": "audit.read"}, summary="Read the audit log")
async def list_audit(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    limit: Limit = 50,
    after: FromQuery[UUID | None] = None,
    action: Word = None,
    object_type: Word = None,
    object_id: Word = None,
) -> Page[AuditEventAnswer]:
    """List newest first; `after` continues with older acts."""
    found = await queries.list_audit(
        tx,
        actor,
        limit=limit + 1,
        before=after,
        action=action,
        object_type=object_type,
        object_id=object_id,
    )
    items = [audit_answer(row) for row in found[:limit]]
    return Page(items=items, next=str(items[-1].id) if len(found) > limit else None)


HANDLERS = (
    list_accounts,
    open_account,
    show_account,
    grant_role,
    revoke_grant,
    disable_account,
    enable_account,
    reset_password,
    change_phone_number,
    list_audit,
)
