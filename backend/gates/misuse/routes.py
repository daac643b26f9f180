"""Staff route of misuse: the signals of a project's gates, with their evidence."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import Struct

from backend.gates.misuse import queries
from backend.gates.misuse.queries import SignalRow
from backend.gates.registry.queries import READ
from backend.kit import messages
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page, page_of
from backend.sites.errors import ProjectUnknown
from backend.sites.projects import require_project

SignalKind = Literal[
    "impossible_journey",
    "card_burst",
    "foreign_network",
    "foreign_token",
    "foreign_crowd",
    "displaced",
    "foreign_identity",
    "fails_often",
    "fails_at_hours",
    "fails_for_people",
]
PageSize = Annotated[int, QueryParameter(ge=1, le=200)]


class SignalAnswer(Struct, frozen=True, kw_only=True):
    """Evidence that a gate may be misused, and no verdict; the person only for who may see him."""

    id: UUID
    gate_id: UUID
    person_id: UUID | None
    kind: SignalKind
    title: str
    advice: str
    from_at: datetime
    to_at: datetime
    found_at: datetime
    evidence: dict[str, Any]


@get(
    "/projects/{project_id:uuid}/gate-signals",
    opt={"scope": READ, "raises": (ProjectUnknown,)},
    summary="What speaks of misuse at a project's gates",
)
async def list_signals(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    language: NamedDependency[str],
    gate_id: FromQuery[UUID | None] = None,
    kind: FromQuery[SignalKind | None] = None,
    after: FromQuery[UUID | None] = None,
    limit: PageSize = 50,
) -> Page[SignalAnswer]:
    """List signals, latest first, each with the numbers that it rests on."""
    await require_project(tx, actor, project_id, scope=READ)
    rows = await queries.list_signals(tx, actor, project_id, gate_id=gate_id, kind=kind, after=after, limit=limit + 1)
    return page_of(rows, limit, lambda row: _signal(row, language), mark=lambda row: row.id)


def _signal(row: SignalRow, language: str) -> SignalAnswer:
    words = messages.text(language, f"gate_signal.{row.kind}", row.evidence)
    return SignalAnswer(
        id=row.id,
        gate_id=row.device_id,
        person_id=row.person_id,
        kind=row.kind,  # pyright: ignore[reportArgumentType] - the database's CHECK says so
        title=words.title,
        advice=words.advice,
        from_at=row.from_at,
        to_at=row.to_at,
        found_at=row.found_at,
        evidence=row.evidence,
    )


def misuse_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/admin/v1", route_handlers=[list_signals], tags=["Gates"])
