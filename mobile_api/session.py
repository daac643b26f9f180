"""Routes by which a phone logs in, refreshes and logs out; identity does the work."""

from typing import Any

import structlog
from litestar import Request, Response, Router, delete, post
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import JSONBody

from backend.identity import errors, log_in, sessions
from backend.identity.installations import COOKIE, COOKIE_LIFE_S
from backend.identity.phones import PhoneClaim
from backend.identity.provision import ADDRESS_DEPENDENCY
from backend.identity.schemas import (
    CodeRequestedAnswer,
    PhoneSessionAnswer,
    RefreshBody,
    SessionAnswer,
    SmsCodeBody,
    SmsLogInBody,
    phone_session_answer,
    session_answer,
)
from backend.identity.services import IdentityServices
from backend.identity.sms import SmsNotTaken
from backend.kit.clock import Clock
from backend.kit.db import Database, Tx
from backend.kit.guards import Actor
from mobile_api.queries import find_phone_limits

NO_STORE = {"Cache-Control": "no-store"}
log = structlog.get_logger()


@post(
    "/mobile/v1/session/code",
    status_code=202,
    opt={
        "public": True,
        "raises": [errors.SmsNotConfigured, errors.PhoneNumberMalformed, errors.CodeTooSoon, errors.TooManyCodes],
    },
    summary="Ask for a log-in code by SMS",
)
async def request_code(
    data: JSONBody[SmsCodeBody],
    tx: NamedDependency[Tx],
    clock: NamedDependency[Clock],
    identity_services: NamedDependency[IdentityServices],
    address: NamedDependency[str | None],
) -> Response[CodeRequestedAnswer]:
    """Answer the same for every number; the SMS leaves afterwards, so that its time tells nothing either."""
    command = log_in.CodeRequest(data.phone_number, address)
    requested = await log_in.request_sms_code(tx, command, clock=clock, services=identity_services)
    sending = None if requested.to_send is None else BackgroundTask(send_code, identity_services, requested.to_send)
    answer = CodeRequestedAnswer(expires_at=requested.expires_at, resend_after_s=requested.resend_after_s)
    return Response(answer, headers=NO_STORE, background=sending)


async def send_code(identity: IdentityServices, message: log_in.CodeToSend) -> None:
    """Send a committed code; a gateway's failure is logged, the person asks again after a minute."""
    try:
        await identity.sms.send_code(message.id, message.phone_number, message.code, message.at)
    except SmsNotTaken as fault:
        log.error("sms.failed", cause=fault.reason)  # noqa: TRY400 - the reason says it all
    except Exception as fault:  # noqa: BLE001 - whatever the adapter raises; its text may hold the number
        log.error("sms.failed", cause=type(fault).__name__)  # noqa: TRY400 - likewise: no traceback


@post(
    "/mobile/v1/session",
    opt={
        "public": True,
        "raises": [
            errors.CodeWrong,
            errors.CodeExhausted,
            errors.TooManyAttempts,
            errors.PhoneNumberMalformed,
            errors.PhoneLocked,
            errors.PhoneHeld,
        ],
    },
    summary="Log in with a code and bind the phone",
)
async def open_session(
    data: JSONBody[SmsLogInBody],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    identity_services: NamedDependency[IdentityServices],
    address: NamedDependency[str | None],
    request: Request[Any, Any, Any],
) -> Response[PhoneSessionAnswer]:
    """Count a wrong attempt for good; wrong, used and late codes and unknown numbers get one answer.

    The cookie that is set tells a browser whose storage was cleared from another phone.
    """
    claim = PhoneClaim(data.phone.install_id, data.phone.platform, request.cookies.get(COOKIE))
    command = log_in.CodeRedemption(data.phone_number, data.code, claim, address)
    async with database.transaction() as tx:
        outcome = await log_in.redeem_sms_code(
            tx, command, clock=clock, services=identity_services, limits_of=find_phone_limits
        )
    opened = sessions.settled(outcome)
    cookie = Cookie(
        COOKIE,
        path="/mobile/v1/session",
        value=opened.phone.secret,
        max_age=COOKIE_LIFE_S,
        secure=True,
        httponly=True,
        samesite="strict",
    )
    return Response(phone_session_answer(opened), headers=NO_STORE, cookies=[cookie])


@post(
    "/mobile/v1/session/refresh",
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


@delete("/mobile/v1/session", opt={"scope": "mobile.self"}, summary="Log out")
async def close_session(tx: NamedDependency[Tx], actor: NamedDependency[Actor], clock: NamedDependency[Clock]) -> None:
    """End this session; punches still queued on the phone are signed by its key and need none."""
    await sessions.end_session(tx, actor, clock=clock)


def session_router() -> Router:
    """Join the routes of this file."""
    return Router(
        path="/",
        route_handlers=[request_code, open_session, refresh, close_session],
        dependencies=ADDRESS_DEPENDENCY,
        tags=["Phone session"],
    )
