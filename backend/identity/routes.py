"""Routes of staff sessions and of the public key set; joins the routes of identity."""

from litestar import Response, Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from backend.identity import account_routes, accounts, delivery_address_routes, errors, log_in, sessions
from backend.identity.provision import ADDRESS_DEPENDENCY
from backend.identity.schemas import (
    ChangePasswordBody,
    JsonWebKey,
    JsonWebKeys,
    MeAnswer,
    PasswordLogInBody,
    RefreshBody,
    SessionAnswer,
    account_answer,
    session_answer,
)
from backend.identity.services import IdentityServices
from backend.kit.clock import Clock
from backend.kit.db import Database, Tx
from backend.kit.guards import Actor

NO_STORE = {"Cache-Control": "no-store"}


@post(
    "/admin/v1/session",
    opt={"public": True, "raises": [errors.CredentialsWrong, errors.TooManyAttempts]},
    summary="Log in with user name and password",
)
async def open_session(
    data: JSONBody[PasswordLogInBody],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    identity_services: NamedDependency[IdentityServices],
    address: NamedDependency[str | None],
) -> Response[SessionAnswer]:
    """Give unknown names, wrong passwords and disabled accounts one answer."""
    command = log_in.PasswordLogIn(data.username, data.password, address)
    session = await log_in.log_in_with_password(database, command, clock=clock, services=identity_services)
    return Response(session_answer(session), headers=NO_STORE)


@post(
    "/admin/v1/session/refresh",
    status_code=200,
    opt={"public": True, "raises": [errors.SessionEnded, errors.SessionRevoked, errors.RefreshExhausted]},
    summary="Exchange a refresh token",
)
async def refresh(
    data: JSONBody[RefreshBody],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    identity_services: NamedDependency[IdentityServices],
) -> Response[SessionAnswer]:
    """Take the next token for this one: a lost answer may be retried, a second hand ends the session."""
    async with database.transaction() as tx:
        outcome = await sessions.refresh_session(tx, data.refresh_token, clock=clock, services=identity_services)
    return Response(session_answer(sessions.settled(outcome)), headers=NO_STORE)


@delete("/admin/v1/session", opt={"scope": "session.self"}, summary="Log out")
async def close_session(tx: NamedDependency[Tx], actor: NamedDependency[Actor], clock: NamedDependency[Clock]) -> None:
    """End this session: its access token reaches no rows any more, and ends within fifteen minutes."""
    await sessions.end_session(tx, actor, clock=clock)


@get("/admin/v1/me", opt={"scope": "session.self", "raises": [errors.AccountUnknown]}, summary="Who am I?")
async def show_me(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], identity_services: NamedDependency[IdentityServices]
) -> MeAnswer:
    """Show one's account, grants, and the roles and scopes of the token."""
    account = await accounts.show_own_account(tx, actor, services=identity_services)
    return MeAnswer(account=account_answer(account), roles=sorted(actor.roles), scopes=sorted(actor.scopes))


@put(
    "/admin/v1/me/password",
    status_code=204,
    opt={
        "scope": "session.self",
        "raises": [errors.CredentialsWrong, errors.PasswordTooWeak, errors.NotStaffAccount],
    },
    summary="Change one's own password",
)
async def change_password(
    data: JSONBody[ChangePasswordBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    identity_services: NamedDependency[IdentityServices],
) -> None:
    """End every session of the account, this one too."""
    await accounts.change_own_password(tx, actor, data.current, data.new, clock=clock, services=identity_services)


@get(
    "/.well-known/jwks.json",
    opt={"public": True, "database": False},
    summary="Public keys of access tokens",
    sync_to_thread=False,
)
def show_keys(
    clock: NamedDependency[Clock], identity_services: NamedDependency[IdentityServices]
) -> Response[JsonWebKeys]:
    """Verify tokens with these (RFC 7517); fetch again when a token names an unknown key."""
    keys = [JsonWebKey(**key) for key in identity_services.access.jwks(clock.now())["keys"]]
    return Response(JsonWebKeys(keys=keys), headers={"Cache-Control": "public, max-age=300"})


def identity_router() -> Router:
    """Join the routes of identity."""
    return Router(
        path="/",
        route_handlers=[
            open_session,
            refresh,
            close_session,
            show_me,
            change_password,
            show_keys,
            *account_routes.HANDLERS,
            *delivery_address_routes.HANDLERS,
        ],
        dependencies=ADDRESS_DEPENDENCY,
        tags=["Identity"],
    )
