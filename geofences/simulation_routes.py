"""Routes that tell beforehand: replay recorded punches against a version, and look at what publishing it would do."""

from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from backend.kit.guards import Actor
from geofences import errors
from geofences.addressing import READS, UNKNOWN, VERSION, WRITES, Number
from geofences.history_schemas import difference_answer
from geofences.publication_preview import preview_publication
from geofences.simulation import DAYS, MOST_DAYS, SimulationTools, simulate
from geofences.simulation_schemas import (
    PublicationPreviewAnswer,
    SimulationAnswer,
    SimulationBody,
    simulation_answer,
    summary_answer,
)


@post(
    f"{VERSION}/simulation",
    status_code=200,
    opt=READS | {"raises": (*UNKNOWN, errors.WorkbenchFull)},
    summary="Replay recorded punches against a version",
)
async def simulate_version(
    project_id: FromPath[UUID],
    fence_id: FromPath[UUID],
    number: Number,
    data: JSONBody[SimulationBody],
    actor: NamedDependency[Actor],
    simulation_tools: NamedDependency[SimulationTools],
) -> SimulationAnswer:
    """Tell who would newly count and who no longer, had the version been in force; nothing is stored.

    Punches that a person decided, without a position, or whose data key was destroyed are counted as left out.
    """
    return simulation_answer(await simulate(simulation_tools, actor, project_id, fence_id, number, days=data.days))


@get(
    f"{VERSION}/publication-preview",
    opt=WRITES | {"raises": (*UNKNOWN, errors.TooTangled, errors.WorkbenchFull)},
    summary="Look at what publishing a version would do",
)
async def show_publication_preview(
    project_id: FromPath[UUID],
    fence_id: FromPath[UUID],
    number: Number,
    actor: NamedDependency[Actor],
    simulation_tools: NamedDependency[SimulationTools],
    days: Annotated[int, QueryParameter(ge=1, le=MOST_DAYS, description="days of punches to replay")] = DAYS,
) -> PublicationPreviewAnswer:
    """Show what it gains and loses, whom it would count and no longer count, and whether the caller may publish it."""
    found = await preview_publication(simulation_tools, actor, project_id, fence_id, number, days=days)
    return PublicationPreviewAnswer(
        number=number,
        state=found.state,
        may_publish=found.may_publish,
        needs_second_person=found.needs_second_person,
        in_force=found.in_force,
        difference=difference_answer(number, found.in_force, found.difference),
        simulation=summary_answer(found.simulation),
    )


HANDLERS = (simulate_version, show_publication_preview)
