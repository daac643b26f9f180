"""The route that shows facts and sites on which rules fail."""

from typing import Literal

from litestar import Router, get
from litestar.di import NamedDependency

from backend.alerts.recipients import READ
from backend.alerts.setting_aside import list_set_aside
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Instant, Wire


class SetAsideOut(Wire, frozen=True, kw_only=True):
    """What a rule fails on: a fact by its number, or a site by its project; `error` is the kind of fault."""

    rule: str
    kind: Literal["fact", "site"]
    unit: str
    set_aside_at: Instant
    attempts: int
    error: str
    retry_at: Instant


class SetAsidePage(Wire, frozen=True):
    """All of them that are not judged yet, at most two hundred, latest first."""

    items: list[SetAsideOut]


@get("/alert-facts-set-aside", opt={"scope": READ}, summary="Facts on which rules fail")
async def list_facts_set_aside(tx: NamedDependency[Tx], actor: NamedDependency[Actor]) -> SetAsidePage:
    """List what was set aside and is tried again; only those who see the whole city see any."""
    return SetAsidePage(
        items=[
            SetAsideOut(
                rule=row.rule,
                kind=row.kind,
                unit=row.unit,
                set_aside_at=row.set_aside_at,
                attempts=row.attempts,
                error=row.error,
                retry_at=row.retry_at,
            )
            for row in await list_set_aside(tx, actor, READ)
        ]
    )


def set_aside_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/admin/v1", route_handlers=[list_facts_set_aside], tags=["Alerts"])
