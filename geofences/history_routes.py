"""Routes of a fence's history: what was in force when, and what one version changes against another."""

from typing import Annotated
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.query_instants import InstantMalformed, QueryInstant, read_instant
from geofences import errors, history
from geofences.addressing import FENCE, READS, UNKNOWN, VERSION, Number
from geofences.history_schemas import DifferenceAnswer, PeriodsAnswer, difference_answer, period_answer


@get(f"{FENCE}/periods", opt=READS | {"raises": (*UNKNOWN[:2], InstantMalformed)}, summary="Show what is in force when")
async def show_periods(
    project_id: FromPath[UUID],
    fence_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    known_at: QueryInstant = None,
    everything: FromQuery[bool] = False,  # noqa: FBT002 - a query parameter
) -> PeriodsAnswer:
    """Tell which version judges which time as known now, or as known at `known_at`.

    With `everything` also what is no longer believed.
    """
    found = await history.show_periods(
        tx, actor, project_id, fence_id, known_at=read_instant("known_at", known_at), everything=everything
    )
    return PeriodsAnswer(periods=[period_answer(row) for row in found])


@get(
    f"{VERSION}/difference",
    opt=READS | {"raises": (*UNKNOWN, errors.TooTangled)},
    summary="Compare a version with another",
)
async def compare_versions(
    project_id: FromPath[UUID],
    fence_id: FromPath[UUID],
    number: Number,
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    against: Annotated[
        int | None, QueryParameter(ge=1, le=1_000_000, description="version number; the one in force if left out")
    ] = None,
) -> DifferenceAnswer:
    """Tell which area the version gains and loses, in square metres and as geometry."""
    other, found = await history.compare_versions(tx, actor, project_id, fence_id, number, against, clock=clock)
    return difference_answer(number, other, found)


HANDLERS = (show_periods, compare_versions)
