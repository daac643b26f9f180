"""Staff routes of computations: ask, look, compare, publish."""

from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.attendance.rates import computations, differences, errors
from backend.attendance.rates.rights import RULES
from backend.attendance.rates.schemas import ComputationBody, ComputationNote, ComputationOut, Differences
from backend.kit.clock import Clock
from backend.kit.cursors import CursorInvalid
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.errors import CityNeeded, DistrictUnknown, ProjectUnknown

PageSize = Annotated[int, QueryParameter(ge=1, le=200)]
ONE = "/rate-computations/{computation_id:uuid}"


@get("/rate-computations", opt={"scope": RULES}, summary="Computations of rates")
async def list_computations(tx: NamedDependency[Tx], actor: NamedDependency[Actor]) -> list[ComputationOut]:
    """List the latest 200 computations of what the caller supervises."""
    return await computations.list_computations(tx, actor)


@post(
    "/rate-computations",
    opt={
        "scope": RULES,
        "raises": (
            errors.SpanInvalid,
            errors.RuleScopeInvalid,
            errors.RuleVersionUnknown,
            CityNeeded,
            DistrictUnknown,
            ProjectUnknown,
        ),
    },
    summary="Reckon a month anew",
)
async def ask_for_computation(
    data: JSONBody[ComputationBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> ComputationOut:
    """Ask for a copy of a month's figures from the ledger; what is published stays until a copy is published."""
    return await computations.ask_for_computation(tx, actor, data, clock=clock)


@get(
    ONE,
    opt={"scope": RULES, "raises": (errors.ComputationUnknown, errors.ComputationOpen, CursorInvalid)},
    summary="What a computation would change",
)
async def show_differences(
    computation_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    after: FromQuery[str | None] = None,
    limit: PageSize = 200,
) -> Differences:
    """Compare a computation with what is published for the same month and rows, one page of the changes."""
    return await differences.show_differences(tx, actor, computation_id, after=after, limit=limit)


@post(
    f"{ONE}/publication",
    opt={
        "scope": RULES,
        "raises": (
            errors.ComputationUnknown,
            errors.ComputationOpen,
            errors.ComputationOfDraft,
            errors.ComputationStale,
        ),
    },
    summary="Publish a computation",
)
async def publish_computation(
    computation_id: FromPath[UUID],
    data: JSONBody[ComputationNote],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> ComputationOut:
    """Publish the figures of a computation, for good; those before stay on record."""
    return await computations.publish_computation(tx, actor, computation_id, data.note, clock=clock)


HANDLERS = [list_computations, ask_for_computation, show_differences, publish_computation]
