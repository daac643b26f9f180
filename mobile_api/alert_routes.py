"""Routes of alerts for key persons' phones: what concerns themselves, and that they have seen it."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.alerts import errors, handling, own
from backend.alerts.schemas import GroupDetail, InboxPage
from backend.alerts.telling_times import Preferences
from backend.kit.clock import Clock
from backend.kit.cursors import CursorInvalid
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.errors import TimeZoneUnknown

SELF = "mobile.self"
PageSize = Annotated[int, QueryParameter(ge=1, le=200)]


@get("/alerts", opt={"scope": SELF, "raises": (CursorInvalid,)}, summary="Alerts about oneself")
async def list_own_alerts(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    language: NamedDependency[str],
    which: FromQuery[Literal["open", "all"]] = "open",
    after: FromQuery[str | None] = None,
    limit: PageSize = 50,
) -> InboxPage:
    """List what the caller was told of about himself, latest first."""
    return await handling.list_inbox(tx, actor, language=language, only_open=which == "open", after=after, limit=limit)


@get("/alerts/{group_id:uuid}", opt={"scope": SELF, "raises": (errors.AlertUnknown,)}, summary="One alert")
async def show_own_alert(
    group_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    language: NamedDependency[str],
) -> GroupDetail:
    """Show what concerns the caller, with what became of it."""
    return await handling.show_group(tx, actor, group_id, language=language)


@post(
    "/alerts/{group_id:uuid}/reading",
    status_code=200,
    opt={"scope": SELF, "raises": (errors.AlertUnknown,)},
    summary="Mark as read",
)
async def read_own_alert(
    group_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> GroupDetail:
    """Note that the caller has read it. Acknowledging is for those who supervise: it would stop their being told."""
    return await handling.mark_read(tx, actor, group_id, language=language, clock=clock)


@get("/alert-preferences", opt={"scope": SELF}, summary="How one is told")
async def show_own_preferences(tx: NamedDependency[Tx], actor: NamedDependency[Actor]) -> Preferences:
    """Show quiet hours, days, muted rules and digest of the caller."""
    return await own.show_preferences(tx, actor)


@put("/alert-preferences", opt={"scope": SELF, "raises": (TimeZoneUnknown,)}, summary="Set how one is told")
async def set_own_preferences(
    data: JSONBody[Preferences],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> Preferences:
    """Replace the caller's preferences."""
    return await own.set_preferences(tx, actor, data, clock=clock)


def phone_alerts_router() -> Router:
    """Join the routes of this file."""
    return Router(
        path="/mobile/v1",
        route_handlers=[
            list_own_alerts,
            show_own_alert,
            read_own_alert,
            show_own_preferences,
            set_own_preferences,
        ],
        tags=["Phone: alerts"],
    )
