"""The route of a person's own month: due, valid, still needed, the evidence of each day, what he waits for."""

from datetime import date
from typing import Annotated
from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from backend.attendance.rates.errors import SpanInvalid
from backend.attendance.rates.explaining import explain_rates
from backend.attendance.rates.figures import month_span
from backend.attendance.rates.schemas import ExplainedRate
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Wire
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
            rates += await explain_rates(tx, person_id, project, of_site, language=language)
        pending = [PendingRequest(**row) for row in await list_pending(tx, person_id)]
    until = min(span.last, date.fromordinal(today.toordinal() - 1))
    return MyMonth(month=f"{span.first:%Y-%m}", until=until, rates=rates, pending=pending)


def my_month_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/mobile/v1", route_handlers=[show_my_month], tags=["Attendance"])
