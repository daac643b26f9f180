"""The route that shows where a punch in review was made, roughly, and which fence judged it."""

from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Wire
from backend.ledger.errors import PunchUnknown, RulingOnOwnParty
from backend.ledger.queries import RULE
from geofences.punch_map import find_place
from geofences.simulation import SimulationTools


class JudgedByOut(Wire, frozen=True, kw_only=True):
    """The fence version by which it was judged; `path` shows what was drawn."""

    fence_id: UUID
    name: str
    version_id: UUID
    number: int
    path: str


class PunchMapOut(Wire, frozen=True, kw_only=True):
    """The fence, and the rough place: WGS-84, degrees, rounded to `grid_degrees`."""

    judged_by: JudgedByOut | None
    lon: float | None
    lat: float | None
    grid_degrees: float


@get(
    "/projects/{project_id:uuid}/punches/{punch_id:uuid}/map",
    opt={"scope": RULE, "raises": (PunchUnknown, RulingOnOwnParty)},
    summary="Where a punch was made, roughly",
)
async def show_punch_map(
    project_id: FromPath[UUID],
    punch_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    simulation_tools: NamedDependency[SimulationTools],
) -> PunchMapOut:
    """Show it to those who decide on the punch; the exact fix stays sealed."""
    found = await find_place(tx, actor, simulation_tools.data_keys, project_id, punch_id)
    by = found.judged_by
    return PunchMapOut(
        judged_by=None
        if by is None
        else JudgedByOut(
            fence_id=by.fence_id,
            name=by.name,
            version_id=by.version_id,
            number=by.number,
            path=f"/admin/v1/projects/{project_id}/fences/{by.fence_id}/versions/{by.number}",
        ),
        lon=found.lon,
        lat=found.lat,
        grid_degrees=0.001,
    )


def punch_map_router() -> Router:
    """Join the route of this file."""
    return Router(path="/admin/v1", route_handlers=[show_punch_map], tags=["Reviews"])
