"""Phone-facing routes: ask for a make-up, an appeal, leave; see where it stands, take it back; stand in for others."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, TypeVar
from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.attendance.requests import asking, deciding, ending, errors, filing, queries, showing
from backend.attendance.requests.commands import AppealBody, Filing, LeaveBody, MakeUpBody
from backend.attendance.requests.filing import Desk
from backend.attendance.requests.schemas import DeputyBody, DeputyOut, EndingBody, OfferOut, RequestFile, RequestOut
from backend.kit.clock import Clock
from backend.kit.cursors import CursorInvalid, read_cursor
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.sites.errors import DatesReversed, ProjectUnknown
from mobile_api.errors import SessionEnded
from mobile_api.queries import find_live_person
from mobile_api.requests import offers

SELF = "mobile.self"
PageSize = Annotated[int, QueryParameter(ge=1, le=200)]
FILED = (
    SessionEnded,
    ProjectUnknown,
    errors.RequestIdTaken,
    errors.NoPostThen,
    errors.PhotoUnknown,
    errors.PhotoMissing,
)
Body = TypeVar("Body", bound=Filing)


async def _person(tx: Tx, actor: Actor, clock: Clock) -> UUID:
    found = await find_live_person(tx, actor.account_id, actor.family_id, clock.now())
    if found is None:
        raise SessionEnded
    return found


async def _file(
    tx: Tx,
    actor: Actor,
    clock: Clock,
    language: str,
    body: Body,
    ask: Callable[[Tx, Desk, Body], Awaitable[None]],
) -> RequestFile:
    """File a request, or find the one that the same words filed before."""
    person_id = await _person(tx, actor, clock)
    if await filing.find_repeated(tx, person_id, body) is None:
        await ask(tx, await filing.open_desk(tx, actor, person_id, body.project_id, clock.now()), body)
    return await showing.show_again(tx, body.project_id, body.request_id, language=language, now=clock.now())


@get(
    "/projects/{project_id:uuid}/request-offer",
    opt={"scope": SELF, "raises": (SessionEnded, ProjectUnknown)},
    summary="What I can ask for",
)
async def show_offer(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> OfferOut:
    """Show reasons with their words, since which day one may still file, and what is left of quotas."""
    person_id = await _person(tx, actor, clock)
    desk = await filing.open_desk(tx, actor, person_id, project_id, clock.now())
    return await offers.show_offer(tx, desk, language=language)


@get(
    "/projects/{project_id:uuid}/leave-deputies",
    opt={"scope": SELF, "raises": (SessionEnded, ProjectUnknown, errors.NoPostThen, DatesReversed)},
    summary="Who could stand in for me",
)
async def list_deputies(
    project_id: FromPath[UUID],
    first_on: FromQuery[date],
    last_on: FromQuery[date],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> list[DeputyOut]:
    """List colleagues of my party on a fitting post on all of these days who are not on leave."""
    person_id = await _person(tx, actor, clock)
    desk = await filing.open_desk(tx, actor, person_id, project_id, clock.now())
    return await offers.list_deputies(tx, desk, first_on, last_on, language=language)


@post(
    "/requests/make-ups",
    opt={
        "scope": SELF,
        "raises": (*FILED, errors.NotYet, errors.TermOver, errors.MakeUpsUsed, errors.ClaimTaken),
    },
    summary="Ask for a missing punch",
)
async def file_make_up(
    data: JSONBody[MakeUpBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> RequestFile:
    """Ask for a punch that is missing; the project endorses it, then another party approves it."""
    return await _file(tx, actor, clock, language, data, asking.file_make_up)


@post(
    "/requests/appeals",
    opt={
        "scope": SELF,
        "raises": (
            *FILED,
            errors.NothingToAppeal,
            errors.ClaimInvalid,
            errors.NotYet,
            errors.TermOver,
            errors.AppealedAlready,
            errors.ClaimTaken,
        ),
    },
    summary="Appeal",
)
async def file_appeal(
    data: JSONBody[AppealBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> RequestFile:
    """Dispute a punch that does not count, a day that is missing, or a refusal."""
    return await _file(tx, actor, clock, language, data, asking.file_appeal)


@post(
    "/requests/leave",
    opt={
        "scope": SELF,
        "raises": (
            *FILED,
            DatesReversed,
            errors.LeaveTooLong,
            errors.LeaveTooLate,
            errors.LeaveBlackedOut,
            errors.LeaveQuotaUsed,
            errors.YearQuotaUsed,
            errors.DeputyMissing,
            errors.DeputyUnfit,
            errors.LeaveOverlaps,
        ),
    },
    summary="Ask for leave",
)
async def file_leave(
    data: JSONBody[LeaveBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> RequestFile:
    """Ask for days off; the deputy confirms, then the owner's or the supervisor's side decides."""
    return await _file(tx, actor, clock, language, data, asking.file_leave)


@get("/requests", opt={"scope": SELF, "raises": (SessionEnded, CursorInvalid)}, summary="My requests, latest first")
async def list_own_requests(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
    as_deputy: FromQuery[bool] = False,  # noqa: FBT002 - Litestar's way to declare a query parameter
    after: FromQuery[str | None] = None,
    limit: PageSize = 50,
) -> Page[RequestOut]:
    """List what I asked for, or with `as_deputy` the leave in which I am asked to stand in."""
    person_id = await _person(tx, actor, clock)
    before = None if after is None else read_cursor(after)
    rows = await queries.list_own(tx, person_id, as_deputy=as_deputy, before=before, limit=limit + 1)
    page = await showing.show_page(tx, rows, limit, language=language, now=clock.now())
    return Page(items=[showing.for_deputy(one) for one in page.items], next=page.next) if as_deputy else page


@get(
    "/requests/{filing_id:uuid}",
    opt={"scope": SELF, "raises": (SessionEnded, errors.RequestUnknown)},
    summary="One of my requests",
)
async def get_own_request(
    filing_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> RequestFile:
    """Show where it stands, what is still missing, who did what and why."""
    person_id = await _person(tx, actor, clock)
    row = await deciding.find_own(tx, person_id, filing_id)
    return await showing.show_one(tx, row, language=language, now=clock.now())


@post(
    "/requests/{filing_id:uuid}/withdrawal",
    status_code=200,
    opt={
        "scope": SELF,
        "raises": (SessionEnded, errors.RequestUnknown, errors.RequestMoved, errors.StepImpossible),
    },
    summary="Take a request back",
)
async def withdraw_request(
    filing_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> RequestFile:
    """Take it back before it is decided; day and direction are free again."""
    person_id = await _person(tx, actor, clock)
    row = await deciding.withdraw(tx, actor, person_id, filing_id, clock=clock)
    return await showing.show_again(tx, row.project_id, row.id, language=language, now=clock.now())


@post(
    "/requests/{filing_id:uuid}/ending",
    status_code=200,
    opt={
        "scope": SELF,
        "raises": (
            SessionEnded,
            errors.RequestUnknown,
            errors.RequestMoved,
            errors.StepImpossible,
            errors.EndingInvalid,
            errors.EndingWhole,
            errors.EndingTooLate,
        ),
    },
    summary="End my leave early",
)
async def end_leave(
    filing_id: FromPath[UUID],
    data: JSONBody[EndingBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> RequestFile:
    """Say which day of approved leave is the last one, or that I take none of it; quotas get the other days back."""
    person_id = await _person(tx, actor, clock)
    row = await ending.end_own_leave(tx, actor, person_id, filing_id, last_on=data.last_on, note=data.note, clock=clock)
    return await showing.show_again(tx, row.project_id, row.id, language=language, now=clock.now())


@post(
    "/requests/{filing_id:uuid}/deputy-answer",
    status_code=200,
    opt={
        "scope": SELF,
        "raises": (
            SessionEnded,
            errors.RequestUnknown,
            errors.RequestMoved,
            errors.StepImpossible,
            errors.NoteMissing,
        ),
    },
    summary="Stand in for a colleague, or not",
)
async def answer_as_deputy(
    filing_id: FromPath[UUID],
    data: JSONBody[DeputyBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> RequestOut:
    """Confirm that I stand in during the leave, or decline and say why."""
    person_id = await _person(tx, actor, clock)
    row = await deciding.answer_as_deputy(
        tx, actor, person_id, filing_id, yes=data.confirm, note=data.note, clock=clock
    )
    shown = await showing.show_again(tx, row.project_id, row.id, language=language, now=clock.now())
    return showing.for_deputy(shown.request)


def phone_requests_router() -> Router:
    """Join the routes of this file."""
    return Router(
        path="/mobile/v1",
        route_handlers=[
            show_offer,
            list_deputies,
            file_make_up,
            file_appeal,
            file_leave,
            list_own_requests,
            get_own_request,
            withdraw_request,
            end_leave,
            answer_as_deputy,
        ],
        tags=["Phone: requests"],
    )
