"""The route of a person's own month: due, valid, still needed, the evidence of each day, what he waits for."""

from datetime import date
from typing import Annotated
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from backend.attendance.rates.errors import SpanInvalid
from backend.attendance.rates.explaining import explain_rates
from backend.attendance.rates.figures import month_span
from backend.attendance.rates.schemas import ExplainedRate
from backend.kit.attachments import attached
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Wire
from backend.reports.packs.making import Asked, PackTools, make_for_himself, name_of, span_of_month
from backend.reports.packs.routes import MAKING, ZIP, Month
from backend.sites.errors import ProjectUnknown
from backend.sites.model import DEFAULT_CUTOVER, DEFAULT_TIME_ZONE, work_on
from mobile_api.my_month.queries import list_own_projects, list_pending

SELF = "mobile.self"


class PendingRequest(Wire, frozen=True, kw_only=True):
    """A request of one's own that nobody has decided yet."""

    project_id: UUID
    request_id: UUID
    kind: str
    state: str
    first_on: date
    last_on: date


class MyMonth(Wire, frozen=True, kw_only=True):
    """The caller's rates of a month, one for each post he has or had in it, and what he waits for."""

    month: str
    until: date
    rates: list[ExplainedRate]
    pending: list[PendingRequest]


class OwnPackBody(Wire, frozen=True, kw_only=True):
    """The month (YYYY-MM) and the project on which one has or had a post in it."""

    project_id: UUID
    month: Month


@get("/my-month", opt={"scope": SELF, "raises": (SpanInvalid,)}, summary="One's own month")
async def show_my_month(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
    month: Annotated[str | None, QueryParameter(pattern=r"^20[0-9]{2}-[01][0-9]$")] = None,
) -> MyMonth:
    """Show what was due and valid in a month (this one unless told), each day with its punches, and what is needed.

    Up to yesterday: today can still become valid.
    """
    today = work_on(clock.now(), DEFAULT_TIME_ZONE, DEFAULT_CUTOVER)
    try:
        first = today if month is None else date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise SpanInvalid from error
    person_id = actor.person_id
    span = month_span(first, until=today)
    rates: list[ExplainedRate] = []
    pending: list[PendingRequest] = []
    if person_id is not None:
        for project in await list_own_projects(tx, person_id, span.first, span.last):
            own = work_on(clock.now(), project.time_zone, project.cutover)
            of_site = month_span(first, until=min(span.last, date.fromordinal(own.toordinal() - 1)))
            rates += await explain_rates(tx, person_id, project, of_site, today=own, language=language)
        pending = [PendingRequest(**row) for row in await list_pending(tx, person_id)]
    until = min(span.last, date.fromordinal(today.toordinal() - 1))
    return MyMonth(month=f"{span.first:%Y-%m}", until=until, rates=rates, pending=pending)


@post(
    "/my-month/evidence-pack",
    status_code=200,
    opt={"scope": SELF, "raises": (ProjectUnknown, *MAKING)},
    summary="Evidence pack of one's own month",
    media_type=ZIP,
)
async def make_own_pack(
    data: JSONBody[OwnPackBody],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    pack_tools: NamedDependency[PackTools],
    language: NamedDependency[str],
) -> Response[bytes]:
    """Zip one's month on a project with the proofs of every entry and what checks them without the platform."""
    person_id = actor.person_id
    if person_id is None:
        raise ProjectUnknown
    span = span_of_month(data.month, work_on(clock.now(), DEFAULT_TIME_ZONE, DEFAULT_CUTOVER))
    async with pack_tools.database.transaction() as tx:
        own = {one.id: one for one in await list_own_projects(tx, person_id, span.first, span.last)}
    if data.project_id not in own:
        raise ProjectUnknown
    asked = Asked(project_id=data.project_id, person_id=person_id, month=data.month, purpose="own", language=language)
    return attached(await make_for_himself(pack_tools, actor, own[data.project_id], asked), ZIP, name_of(asked))


def my_month_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/mobile/v1", route_handlers=[show_my_month, make_own_pack], tags=["Attendance"])
