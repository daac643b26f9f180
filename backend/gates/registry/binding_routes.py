"""Staff routes that say whom the numbers of a project's devices mean."""

from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.gates import errors
from backend.gates.events import NumberKind
from backend.gates.registry import bindings, queries
from backend.gates.registry.binding_schemas import BindingAnswer, BindingsBody, BindingsMade, EndBindingBody
from backend.gates.registry.device_routes import PageSize
from backend.gates.registry.queries import BindingFilter
from backend.kit.clock import Clock
from backend.kit.cursors import CursorInvalid
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.query_instants import InstantMalformed, QueryInstant, read_instant
from backend.kit.wire import Page
from backend.sites.errors import ProjectUnknown

BINDINGS = "/projects/{project_id:uuid}/person-bindings"


@get(
    BINDINGS,
    opt={"scope": queries.READ, "raises": (ProjectUnknown, CursorInvalid, InstantMalformed)},
    summary="Whom the numbers of a project's devices mean",
)
async def list_bindings(  # noqa: PLR0913, PLR0917 - a page's filters
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    kind: FromQuery[NumberKind | None] = None,
    value: Annotated[str | None, QueryParameter(max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")] = None,
    person_id: FromQuery[UUID | None] = None,
    at: QueryInstant = None,
    after: Annotated[str | None, QueryParameter(max_length=400)] = None,
    limit: PageSize = 50,
) -> Page[BindingAnswer]:
    """List bindings by kind, number and begin, ended ones too; `at` leaves those in force at that instant."""
    wanted = BindingFilter(kind=kind, value=value, person_id=person_id, at=read_instant("at", at))
    rows = await bindings.list_project_bindings(tx, actor, project_id, wanted, after=after, limit=limit + 1)
    items = [
        BindingAnswer(
            kind=row.kind,
            value=row.value,
            person_id=row.person_id,
            person_name=row.person_name,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
        for row in rows[:limit]
    ]
    return Page(items=items, next=bindings.write_place_after(rows[limit - 1]) if len(rows) > limit else None)


@post(
    BINDINGS,
    opt={
        "scope": queries.WRITE,
        "raises": (ProjectUnknown, errors.BindingEmpty, errors.BindingPersonUnknown, errors.BindingTaken),
    },
    summary="Bind numbers to people",
)
async def bind_people(
    project_id: FromPath[UUID],
    data: JSONBody[BindingsBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> BindingsMade:
    """Make up to 1000 bindings, all or none; events are attributed by the binding that held at their own time."""
    return BindingsMade(await bindings.bind_people(tx, actor, project_id, data.bindings, clock=clock))


@post(
    BINDINGS + "/end",
    status_code=204,
    opt={"scope": queries.WRITE, "raises": (ProjectUnknown, errors.BindingUnknown, errors.BindingEmpty)},
    summary="End a binding",
)
async def end_binding(
    project_id: FromPath[UUID],
    data: JSONBody[EndBindingBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> None:
    """End the binding of a number that is in force at `at`; events before that instant stay with the person."""
    await bindings.end_binding(tx, actor, project_id, data, clock=clock)
