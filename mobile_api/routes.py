"""Routes of `/mobile/v1` for a logged-in person: who I am, fences to keep, check-in, history and month."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, get
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.kit import messages
from backend.kit.clock import Clock
from backend.kit.crypto import FieldCipher
from backend.kit.cursors import CursorInvalid
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.ledger.errors import EventConflict
from geofences.errors import AreaInvalid, AxesSwapped, NotFinite, OutOfChina, SystemUnknown
from mobile_api import reports
from mobile_api.check_in import CheckIns
from mobile_api.errors import (
    EventIdInvalid,
    MonthInvalid,
    ProjectAmbiguous,
    ProjectUnknown,
    SessionEnded,
    TooManyRefused,
)
from mobile_api.fences import tag_fences
from mobile_api.schemas import CheckInAnswer, CheckInRequest, DayOut, FencesAnswer, MeAnswer, MonthAnswer, PunchOut
from mobile_api.words import reason_words

SELF = "mobile.self"
CHECK_IN_ERRORS = (
    EventIdInvalid,
    NotFinite,
    AxesSwapped,
    OutOfChina,
    SystemUnknown,
    SessionEnded,
    ProjectUnknown,
    ProjectAmbiguous,
    TooManyRefused,
    EventConflict,
)


class _HotRoute(HTTPRouteHandler):
    """A route that hands itself to its guards: Litestar makes a copy for each, a thirtieth of a check-in's time."""

    async def authorize_connection(self, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        for guard in self.resolve_guards():
            judged = guard(connection, self)
            if judged is not None:
                await judged


@_HotRoute("/check-ins", http_method="POST", opt={"scope": SELF, "raises": CHECK_IN_ERRORS}, summary="Check in")
async def post_check_in(data: JSONBody[CheckInRequest], request: Request[Actor, Any, State]) -> CheckInAnswer:
    """Judge and record one tap; repeat it with the same body until an answer comes.

    The answer is sent after the punch is durable. A refused punch is recorded too and answered with 201: `outcome` and
    `reasons` say what was decided and what to do next.
    """
    # Named dependencies take Litestar a twentieth of the time, and this is the hot path.
    check_ins: CheckIns = request.app.state.check_ins
    result = await check_ins.take(request.user, data)
    language = messages.pick_language(request.headers.get("accept-language"))
    receipt = result.appended.receipt
    day = result.day
    return CheckInAnswer(
        punch_id=receipt.punch_id,
        project_id=receipt.project_id,
        received_at=receipt.received_at,
        occurred_at=receipt.occurred_at,
        outcome=receipt.outcome,
        reasons=reason_words(language, receipt.reasons),
        replayed=result.appended.status == "replayed",
        day=None
        if day is None
        else DayOut(
            project_id=receipt.project_id,
            work_on=day.work_on,
            first_at=day.first_at,
            last_at=day.last_at,
            span_s=day.span_s,
            punches=day.punches,
            in_review=day.in_review,
            valid=day.valid,
            provisional=day.provisional,
        ),
    )


@get("/me", opt={"scope": SELF, "raises": (SessionEnded,)}, summary="Me and my assignments")
async def get_me(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    field_cipher: NamedDependency[FieldCipher],
) -> MeAnswer:
    """Tell who I am, masked, and where I am posted."""
    return await reports.describe_me(tx, actor, clock=clock, cipher=field_cipher)


@get(
    "/fences",
    opt={"scope": SELF, "raises": (SessionEnded, AreaInvalid), "not_modified": True},
    summary="Fences of my projects, to keep on the phone",
)
async def get_fences(
    request: Request[Any, Any, Any],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    has: Annotated[list[UUID] | None, QueryParameter(max_items=200, description="versions that the phone has")] = None,
) -> Response[FencesAnswer | None]:
    """Give the fences in force that the phone does not have yet, and name those to drop.

    304 without a body when `If-None-Match` names the tag of the last answer: nothing has changed since.
    """
    tag, load = await tag_fences(tx, actor, has=frozenset(has or ()), clock=clock)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in [item.strip() for item in request.headers.get("if-none-match", "").split(",")]:
        return Response(None, status_code=304, headers=headers)
    return Response(await load(), headers=headers)


@get("/punches", opt={"scope": SELF, "raises": (SessionEnded, CursorInvalid)}, summary="My punches, latest first")
async def get_punches(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    language: NamedDependency[str],
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> Page[PunchOut]:
    """List my punches of every source with what was decided last."""
    return await reports.list_my_punches(tx, actor, after=after, limit=limit, language=language)


@get("/months/{month:str}", opt={"scope": SELF, "raises": (SessionEnded, MonthInvalid)}, summary="My month")
async def get_month(
    month: FromPath[str],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
) -> MonthAnswer:
    """Give my days of a month (`YYYY-MM`), each with the punches that made it."""
    return await reports.describe_month(tx, actor, month)


def mobile_router() -> Router:
    """Join the routes of this file."""
    return Router(
        path="/mobile/v1",
        route_handlers=[post_check_in, get_me, get_fences, get_punches, get_month],
        tags=["Phone"],
        signature_types=[UUID, date],
    )
