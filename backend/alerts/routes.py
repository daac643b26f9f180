"""Routes of alerts for staff: inbox, a project's alerts, rules with their preview, preferences and delegations."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.alerts import administration, errors, handling, own
from backend.alerts.handling import Handling
from backend.alerts.preview import preview_rule
from backend.alerts.recipients import HANDLE, READ
from backend.alerts.schemas import (
    AcknowledgementBody,
    AlertOut,
    DelegationBody,
    DelegationOut,
    GroupDetail,
    InboxPage,
    PreviewBody,
    PreviewOut,
    ResolutionBody,
    RuleBody,
    RuleKindOut,
    RuleOut,
    SnoozeBody,
)
from backend.alerts.telling_times import Preferences
from backend.kit.clock import Clock
from backend.kit.cursors import CursorInvalid
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.sites.errors import CityNeeded, DistrictUnknown, ProjectUnknown, TimeZoneUnknown
from backend.sites.projects import require_project

PageSize = Annotated[int, QueryParameter(ge=1, le=200)]
Which = Literal["open", "all"]
ALERT = "/alerts/{group_id:uuid}"
RULE = "/alert-rules/{kind:str}"
SET = administration.SET


@get("/alerts", opt={"scope": READ, "raises": (CursorInvalid,)}, summary="The caller's inbox of alerts")
async def list_inbox(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    language: NamedDependency[str],
    which: FromQuery[Which] = "open",
    after: FromQuery[str | None] = None,
    limit: PageSize = 50,
) -> InboxPage:
    """List what the caller was told of and may still see, latest first: one entry for alerts that belong together."""
    return await handling.list_inbox(tx, actor, language=language, only_open=which == "open", after=after, limit=limit)


@get(ALERT, opt={"scope": READ, "raises": (errors.AlertUnknown,)}, summary="One entry of the inbox")
async def show_alert(
    group_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    language: NamedDependency[str],
) -> GroupDetail:
    """Show each alert of the entry that the caller may see, with its evidence and what became of it."""
    return await handling.show_group(tx, actor, group_id, language=language)


@post(
    ALERT + "/reading", status_code=200, opt={"scope": READ, "raises": (errors.AlertUnknown,)}, summary="Mark as read"
)
async def read_alert(
    group_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> GroupDetail:
    """Note that the caller has read the entry; it is unread again when it grows."""
    return await handling.mark_read(tx, actor, group_id, language=language, clock=clock)


@post(
    ALERT + "/acknowledgement",
    status_code=200,
    opt={"scope": HANDLE, "raises": (errors.AlertUnknown, errors.AlertResolved)},
    summary="Acknowledge",
)
async def acknowledge_alert(
    group_id: FromPath[UUID],
    data: JSONBody[AcknowledgementBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> GroupDetail:
    """Say that one takes care of it: nobody further is told. Repeating it changes nothing."""
    handled = Handling(act="acknowledged", alert_ids=data.alert_ids)
    return await handling.handle_group(tx, actor, group_id, handled, language=language, clock=clock)


@post(
    ALERT + "/snooze",
    status_code=200,
    opt={"scope": HANDLE, "raises": (errors.AlertUnknown, errors.AlertResolved, errors.SpanInvalid)},
    summary="Snooze",
)
async def snooze_alert(
    group_id: FromPath[UUID],
    data: JSONBody[SnoozeBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> GroupDetail:
    """Put it off for all who were told, at most seven days; then it is open again and they are reminded."""
    handled = Handling(act="snoozed", alert_ids=data.alert_ids, until_at=data.until_at)
    return await handling.handle_group(tx, actor, group_id, handled, language=language, clock=clock)


@post(
    ALERT + "/resolution",
    status_code=200,
    opt={"scope": HANDLE, "raises": (errors.AlertUnknown, errors.AlertResolved)},
    summary="Resolve",
)
async def resolve_alert(
    group_id: FromPath[UUID],
    data: JSONBody[ResolutionBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> GroupDetail:
    """Close it with a note of what was done. Facts go on: what happens again is another alert."""
    handled = Handling(act="resolved", alert_ids=data.alert_ids, note=data.note)
    return await handling.handle_group(tx, actor, group_id, handled, language=language, clock=clock)


@get(
    "/projects/{project_id:uuid}/alerts",
    opt={"scope": READ, "raises": (ProjectUnknown, CursorInvalid)},
    summary="Alerts of a project",
)
async def list_project_alerts(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    language: NamedDependency[str],
    which: FromQuery[Which] = "open",
    after: FromQuery[str | None] = None,
    limit: PageSize = 50,
) -> Page[AlertOut]:
    """List a project's alerts that the caller may see, whoever was told of them, latest first."""
    await require_project(tx, actor, project_id, scope=READ)
    return await handling.list_project_alerts(
        tx, actor, project_id, language=language, only_open=which == "open", after=after, limit=limit
    )


@get("/alert-rules", opt={"scope": SET}, summary="Rules and their settings")
async def list_rules(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], language: NamedDependency[str]
) -> list[RuleKindOut]:
    """List every rule in words, with the platform's own settings and those set for rows of the caller."""
    return await administration.list_rules(tx, actor, language=language)


SCOPED = (errors.RuleKindUnknown, errors.RuleScopeInvalid, errors.RuleSettingsInvalid)
ROWS = (CityNeeded, DistrictUnknown, ProjectUnknown)


@post(RULE, opt={"scope": SET, "raises": (*SCOPED, *ROWS, errors.RuleInPast)}, summary="Set a rule")
async def set_rule(
    kind: FromPath[str],
    data: JSONBody[RuleBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> RuleOut:
    """Set a rule for the city, a district or a project from now or later; what is not named stays the platform's."""
    return await administration.set_rule(tx, actor, kind, data, clock=clock)


@post(
    RULE + "/preview",
    status_code=200,
    opt={"scope": SET, "raises": (*SCOPED, *ROWS, errors.SpanInvalid)},
    summary="What a rule would have sent",
)
async def preview(
    kind: FromPath[str],
    data: JSONBody[PreviewBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> PreviewOut:
    """Play a rule over a span of the past, with settings to try or those of today; nothing is written or sent."""
    return await preview_rule(tx, actor, kind, data, scope=SET, language=language, clock=clock)


@get("/me/alert-preferences", opt={"scope": READ}, summary="How the caller is told")
async def show_preferences(tx: NamedDependency[Tx], actor: NamedDependency[Actor]) -> Preferences:
    """Show quiet hours, days, muted rules and digest of the caller."""
    return await own.show_preferences(tx, actor)


@put("/me/alert-preferences", opt={"scope": READ, "raises": (TimeZoneUnknown,)}, summary="Set how one is told")
async def set_preferences(
    data: JSONBody[Preferences],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> Preferences:
    """Replace the caller's preferences; the inbox holds every alert whatever they say."""
    return await own.set_preferences(tx, actor, data, clock=clock)


@get("/me/alert-delegations", opt={"scope": READ}, summary="Who stands in for the caller")
async def list_delegations(tx: NamedDependency[Tx], actor: NamedDependency[Actor]) -> list[DelegationOut]:
    """List the caller's delegations, latest first."""
    return await own.list_delegations(tx, actor)


@post(
    "/me/alert-delegations",
    opt={"scope": READ, "raises": (errors.SpanInvalid, errors.DelegateInvalid, errors.DelegationTaken)},
    summary="Have somebody told instead",
)
async def delegate_alerts(
    data: JSONBody[DelegationBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> DelegationOut:
    """Have a colleague told during leave, of what he may see himself; the rest still reaches the caller."""
    return await own.delegate_alerts(tx, actor, data, clock=clock)


@post(
    "/me/alert-delegations/{delegation_id:uuid}/end",
    status_code=200,
    opt={"scope": READ, "raises": (errors.DelegationUnknown,)},
    summary="End a delegation",
)
async def end_delegation(
    delegation_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> DelegationOut:
    """End a delegation of the caller's now."""
    return await own.end_delegation(tx, actor, delegation_id, clock=clock)


def alerts_router() -> Router:
    """Join the routes of this file."""
    return Router(
        path="/admin/v1",
        route_handlers=[
            list_inbox,
            show_alert,
            read_alert,
            acknowledge_alert,
            snooze_alert,
            resolve_alert,
            list_project_alerts,
            list_rules,
            set_rule,
            preview,
            show_preferences,
            set_preferences,
            list_delegations,
            delegate_alerts,
            end_delegation,
        ],
        tags=["Alerts"],
    )
