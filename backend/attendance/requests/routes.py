"""Staff routes of requests: the list, one with its steps, what is decided on it; who is on leave."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.attendance.requests import deciding, ending, errors, leave_register, queries, rule_routes, showing
from backend.attendance.requests.kinds import RequestKind, State
from backend.attendance.requests.queries import DECIDE, ENDORSE, READ, RequestFilter
from backend.attendance.requests.schemas import (
    DecisionBody,
    EndorsementBody,
    LeaveOut,
    OfficeEndingBody,
    RequestFile,
    RequestOut,
)
from backend.kit.clock import Clock
from backend.kit.cursors import CursorInvalid, read_cursor
from backend.kit.db import Database, Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.ledger.append import DayFolder
from backend.ledger.errors import RulingStale
from backend.sites.errors import ProjectUnknown

PageSize = Annotated[int, QueryParameter(ge=1, le=200)]
ONE = "/projects/{project_id:uuid}/requests/{filing_id:uuid}"


@get("/requests", opt={"scope": READ, "raises": (CursorInvalid,)}, summary="Make-ups, appeals and leave, latest first")
async def list_requests(  # noqa: PLR0913, PLR0917 - the list's filters
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
    project_id: FromQuery[UUID | None] = None,
    district_id: FromQuery[UUID | None] = None,
    person_id: FromQuery[UUID | None] = None,
    kind: FromQuery[RequestKind | None] = None,
    request_state: FromQuery[State | None] = None,
    which: FromQuery[Literal["all", "open", "mine", "overdue"]] = "all",
    after: FromQuery[str | None] = None,
    limit: PageSize = 50,
) -> Page[RequestOut]:
    """List requests; `mine` are those that wait for the caller, `overdue` those whose last day is over."""
    now = clock.now()
    wanted = RequestFilter(
        project_id=project_id,
        district_id=district_id,
        person_id=person_id,
        kind=kind,
        state=request_state,
        only_open=which != "all",
        due_before=leave_register.today_of(now) if which == "overdue" else None,
        waiting_for_me=which == "mine",
    )
    before = None if after is None else read_cursor(after)
    rows = await queries.list_requests(tx, actor, wanted, before=before, limit=limit + 1)
    return await showing.show_page(tx, rows, limit, language=language, now=now)


@get(ONE, opt={"scope": READ, "raises": (errors.RequestUnknown,)}, summary="One request with its steps")
async def get_request(
    project_id: FromPath[UUID],
    filing_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> RequestFile:
    """Show what is asked for, where it stands, who did what and why."""
    row = await queries.find_request(tx, project_id, filing_id, actor=actor)
    if row is None:
        raise errors.RequestUnknown
    return await showing.show_one(tx, row, language=language, now=clock.now())


@post(
    f"{ONE}/endorsement",
    status_code=200,
    opt={
        "scope": ENDORSE,
        "raises": (
            errors.RequestUnknown,
            errors.OwnRequest,
            errors.RequestMoved,
            errors.StepImpossible,
            errors.NoteMissing,
        ),
    },
    summary="Endorse a make-up for the project, or refuse it",
)
async def post_endorsement(
    project_id: FromPath[UUID],
    filing_id: FromPath[UUID],
    data: JSONBody[EndorsementBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> RequestFile:
    """Take the first of a make-up's two steps; the second is another party's, the district's or the city's."""
    await deciding.endorse(
        tx, actor, project_id, filing_id, seq=data.seq, yes=data.endorse, note=data.note, clock=clock
    )
    return await showing.show_again(tx, project_id, filing_id, language=language, now=clock.now())


@post(
    f"{ONE}/decision",
    status_code=200,
    opt={
        "scope": DECIDE,
        "raises": (
            errors.RequestUnknown,
            errors.OwnRequest,
            errors.OwnPartyRequest,
            errors.OwnStep,
            errors.HigherDecides,
            errors.RequestMoved,
            errors.StepImpossible,
            errors.ClaimTaken,
            errors.LeaveOverlaps,
            errors.NothingToAppeal,
            RulingStale,
        ),
    },
    summary="Approve or reject a request",
)
async def post_decision(
    project_id: FromPath[UUID],
    filing_id: FromPath[UUID],
    data: JSONBody[DecisionBody],
    database: NamedDependency[Database],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
    fold_days: NamedDependency[DayFolder],
) -> RequestFile:
    """Decide; what is approved is in the ledger, and in the day, when the answer leaves."""
    await deciding.decide(
        database,
        actor,
        project_id,
        filing_id,
        seq=data.seq,
        yes=data.approve,
        note=data.note,
        clock=clock,
        fold=fold_days,
    )
    async with database.transaction() as tx:
        return await showing.show_again(tx, project_id, filing_id, language=language, now=clock.now())


@post(
    f"{ONE}/ending",
    status_code=200,
    opt={
        "scope": DECIDE,
        "raises": (
            errors.RequestUnknown,
            errors.OwnRequest,
            errors.OwnPartyRequest,
            errors.HigherDecides,
            errors.RequestMoved,
            errors.StepImpossible,
            errors.EndingInvalid,
            errors.EndingWhole,
            errors.EndingTooLate,
        ),
    },
    summary="End approved leave early",
)
async def post_ending(
    project_id: FromPath[UUID],
    filing_id: FromPath[UUID],
    data: JSONBody[OfficeEndingBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> RequestFile:
    """Say which day is the last one, or that none is taken; the other days are owed again and no quota counts them."""
    await ending.end_leave(
        tx, actor, project_id, filing_id, seq=data.seq, last_on=data.last_on, note=data.note, clock=clock
    )
    return await showing.show_again(tx, project_id, filing_id, language=language, now=clock.now())


@get(
    "/projects/{project_id:uuid}/leave",
    opt={"scope": READ, "raises": (ProjectUnknown,)},
    summary="Approved leave of a project",
)
async def list_leave(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    since: FromQuery[date | None] = None,
    until: FromQuery[date | None] = None,
) -> list[LeaveOut]:
    """List who is on leave between two days, both inclusive: a month from today on unless told otherwise."""
    return await leave_register.list_leave(tx, actor, project_id, since=since, until=until, now=clock.now())


HANDLERS: list[HTTPRouteHandler] = [
    list_requests,
    get_request,
    post_endorsement,
    post_decision,
    post_ending,
    list_leave,
]


def requests_router() -> Router:
    """Join the staff routes of requests and their rules."""
    return Router(path="/admin/v1", route_handlers=[*HANDLERS, *rule_routes.HANDLERS], tags=["Requests"])
