"""What publishing a version would do: the area gained and lost, the people concerned, and who may publish it."""

from dataclasses import dataclass
from uuid import UUID

from backend.kit.guards import Actor
from geofences import queries
from geofences.difference import Difference
from geofences.history import compare_versions
from geofences.publication import needs_second_person
from geofences.simulation import Simulation, SimulationTools, simulate


@dataclass(frozen=True, slots=True)
class PublicationPreview:
    """What stands before a publication; `in_force` is the number of the version that it would end."""

    state: str
    may_publish: bool
    needs_second_person: bool
    in_force: int | None
    difference: Difference
    simulation: Simulation


async def preview_publication(
    tools: SimulationTools, actor: Actor, project_id: UUID, fence_id: UUID, number: int, *, days: int
) -> PublicationPreview:
    """Tell what publishing a version would do; nothing is stored.

    Raises ProjectUnknown, FenceUnknown, VersionUnknown, TooTangled or WorkbenchFull.
    """
    async with tools.database.transaction() as tx:
        await queries.require_project(tx, actor, project_id, queries.WRITE)
        version = await queries.require_version(tx, actor, project_id, fence_id, number)
        policy = await queries.find_policy(tx, project_id, tools.clock.now())
        in_force, difference = await compare_versions(tx, actor, project_id, fence_id, number, None, clock=tools.clock)
    simulation = await simulate(tools, actor, project_id, fence_id, number, days=days)
    second = needs_second_person(policy, version, actor)
    ready = version.state in {"draft", "submitted"} and queries.PUBLISH in actor.scopes
    return PublicationPreview(version.state, ready and not second, second, in_force, difference, simulation)
