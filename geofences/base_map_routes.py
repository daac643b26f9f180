"""The route that tells the desk which base map lies beneath the fences."""

from typing import Literal

from litestar import Router, get
from litestar.di import NamedDependency

from backend.base_map import BaseMap, Datum
from backend.kit.wire import Wire
from geofences.addressing import READS


class BaseMapAnswer(Wire, frozen=True, kw_only=True):
    """Which tiles to show, lowest layer first, and in which datum their positions are; with `none` there are none.

    `tiles` are addresses with {z}, {x} and {y} in the Web Mercator scheme, tiles of 256 pixels up to `most_zoom`.
    `attribution` must be shown beside them.
    """

    service: Literal["none", "tianditu", "osm", "xyz"]
    tiles: list[str]
    datum: Datum | None
    attribution: str | None
    most_zoom: int | None


NO_BASE_MAP = BaseMapAnswer(service="none", tiles=[], datum=None, attribution=None, most_zoom=None)


@get("/base-map", opt=READS | {"raises": ()}, summary="Tell which base map lies beneath the fences")
async def show_base_map(base_map: NamedDependency[BaseMap | None]) -> BaseMapAnswer:
    """Tell what this installation is configured to show; the service's key is in the addresses, for staff alone."""
    if base_map is None:
        return NO_BASE_MAP
    return BaseMapAnswer(
        service=base_map.service,
        tiles=list(base_map.tiles),
        datum=base_map.datum,
        attribution=base_map.attribution,
        most_zoom=base_map.most_zoom,
    )


def base_map_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/admin/v1", route_handlers=[show_base_map], tags=["fences"])
