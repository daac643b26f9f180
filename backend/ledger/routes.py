"""Staff routes of the ledger: a project's punches, one punch with its history, a ruling by a named person."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.kit.clock import Clock
from backend.kit.cursors import CursorInvalid
from backend.kit.db import Database, Tx
from backend.kit.guards import Actor
from backend.kit.query_instants import InstantMalformed, QueryInstant, read_instant
from backend.kit.wire import Page
from backend.ledger import service
from backend.ledger.append import DayFolder
from backend.ledger.errors import PunchUnknown, RulingOnOwnParty, RulingStale, TimeQuarantined
from backend.ledger.schemas import PunchFile, PunchLine, RulingRequest
from backend.sites.errors import ProjectUnknown


@get(
    "/projects/{project_id:uuid}/punches",
    opt={"scope": "ledger.read", "raises": (ProjectUnknown, CursorInvalid, InstantMalformed)},
    summary="Punches of a project by time of receipt, latest first",
)
async def list_punches(  # noqa: PLR0913, PLR0917 - the list's filters
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
    since: QueryInstant = None,
    until: QueryInstant = None,
    person_id: FromQuery[UUID | None] = None,
    outcome: FromQuery[Literal["counted", "review", "refused", "pending"] | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> Page[PunchLine]:
    """List punches of every source, each with its current ruling."""
    return await service.list_project_punches(
        tx,
        actor,
        project_id,
        clock=clock,
        language=language,
        since=read_instant("since", since),
        until=read_instant("until", until),
        person_id=person_id,
        outcome=outcome,
        after=after,
        limit=limit,
    )


@get(
    "/projects/{project_id:uuid}/punches/{punch_id:uuid}",
    opt={"scope": "ledger.read", "raises": (ProjectUnknown, PunchUnknown)},
    summary="One punch with every ruling",
)
async def get_punch(
    project_id: FromPath[UUID],
    punch_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    language: NamedDependency[str],
) -> PunchFile:
    """Show facts, digests and rulings of a punch; what is sealed stays sealed."""
    return await service.show_punch(tx, actor, project_id, punch_id, language=language)


@post(
    "/projects/{project_id:uuid}/punches/{punch_id:uuid}/rulings",
    opt={
        "scope": "ledger.rule",
        "raises": (ProjectUnknown, PunchUnknown, RulingStale, RulingOnOwnParty, TimeQuarantined),
    },
    summary="Rule on a punch",
)
async def post_ruling(
    project_id: FromPath[UUID],
    punch_id: FromPath[UUID],
    data: JSONBody[RulingRequest],
    database: NamedDependency[Database],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
    fold_days: NamedDependency[DayFolder],
) -> PunchFile:
    """Add a ruling: the punch stays as it is, its day is folded again."""
    return await service.rule_on_punch(
        database, actor, project_id, punch_id, data, language=language, clock=clock, fold=fold_days
    )


def ledger_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/admin/v1", route_handlers=[list_punches, get_punch, post_ruling], tags=["Ledger"])
