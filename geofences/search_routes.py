"""Route by which staff ask whose fences lie at a position."""

from typing import Annotated

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.query_instants import InstantMalformed, QueryInstant, read_instant
from geofences.addressing import POSITION_FAULTS, READS
from geofences.places import read_place
from geofences.search_queries import MOST_AT_PLACE, list_covering
from geofences.search_schemas import FencesAtAnswer, fences_at

Easting = Annotated[float, QueryParameter(ge=-1e8, le=1e8, description="longitude in degrees, or easting in metres")]
Northing = Annotated[float, QueryParameter(ge=-1e8, le=1e8, description="latitude in degrees, or northing in metres")]


@get("/fences-at", opt=READS | {"raises": (*POSITION_FAULTS, InstantMalformed)}, summary="Whose fences lie here")
async def get_fences_at(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    crs: FromQuery[str],
    x: Easting,
    y: Northing,
    at: QueryInstant = None,
) -> FencesAtAnswer:
    """List the fences in force (`at`, now unless given) that cover a position, of all projects that I reach.

    The position is declared like every other: `x` is longitude or easting, `crs` as in a fence's drawing. At most 100
    fences; `truncated` says whether there are more.
    """
    lon, lat = read_place(crs, x, y)
    rows = await list_covering(tx, actor, lon, lat, read_instant("at", at) or clock.now())
    return fences_at(lon, lat, rows[:MOST_AT_PLACE], truncated=len(rows) > MOST_AT_PLACE)


def fence_search_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/admin/v1", route_handlers=[get_fences_at], tags=["fences"])
