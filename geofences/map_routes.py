"""Routes by which maps show fences: vector tiles for the board, GeoJSON by bounding box for the editor."""

from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromQuery, PathParameter, QueryParameter

from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.query_instants import InstantMalformed, QueryInstant, read_instant
from geofences import errors
from geofences.addressing import READS
from geofences.map_queries import MOST_IN_BOX, Bounds, MapRow, Shown, Tile, draw_tile, list_in_box

MVT = "application/vnd.mapbox-vector-tile"
GEOJSON = "application/geo+json"
MOST_ZOOM = 22
GLOBE = Bounds(-180.0, -90.0, 180.0, 90.0)

Zoom = Annotated[int, PathParameter(ge=0, le=MOST_ZOOM, description="zoom")]
Column = Annotated[int, PathParameter(ge=0, lt=2**MOST_ZOOM, description="column from the west")]
Row = Annotated[int, PathParameter(ge=0, lt=2**MOST_ZOOM, description="row from the north")]
DraftsOf = Annotated[UUID | None, QueryParameter(description="project whose drafts and submitted versions to show too")]


@get(
    "/fence-tiles/{z:int}/{x:int}/{y:int}",
    media_type=MVT,
    responses={200: ResponseSpec(bytes, generate_examples=False, description="Mapbox vector tile 2.1", media_type=MVT)},
    opt=READS | {"raises": (errors.TileUnknown, InstantMalformed), "not_modified": True},
    summary="Draw a tile of the fences",
)
async def get_fence_tile(  # noqa: PLR0913, PLR0917 - a tile has three numbers
    z: Zoom,
    x: Column,
    y: Row,
    request: Request[Any, Any, Any],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    at: QueryInstant = None,
    project_id: FromQuery[UUID | None] = None,
    drafts_of: DraftsOf = None,
) -> Response[bytes]:
    """Draw the fences in force (`at`, now unless given) of all projects that I reach.

    Layers: `fences`, `axes`, and up to zoom 11 `clusters`. Shapes are simplified to half a pixel of a tile of 512. Of
    more than 2 000 fences in a tile the largest are drawn, and the header `Fences-Left-Out: true` says so.
    """
    if x >= 2**z or y >= 2**z:
        raise errors.TileUnknown(z=z, x=x, y=y)
    shown = Shown(at=read_instant("at", at) or clock.now(), project_id=project_id, drafts_of=drafts_of)
    body, left_out = await draw_tile(tx, actor, Tile(z, x, y), shown)
    return _answer(request, body, MVT, {"Fences-Left-Out": "true"} if left_out else {})


@get(
    "/fence-map",
    media_type=GEOJSON,
    responses={
        200: ResponseSpec(
            dict[str, Any], generate_examples=False, description="RFC 7946 FeatureCollection", media_type=GEOJSON
        )
    },
    opt=READS | {"raises": (errors.BoundsInvalid, InstantMalformed), "not_modified": True},
    summary="List the fences in a box as GeoJSON",
)
async def get_fence_map(  # noqa: PLR0913, PLR0917 - a box and what to show in it
    request: Request[Any, Any, Any],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    bbox: Annotated[str, QueryParameter(max_length=100, description="west,south,east,north in degrees, WGS-84")],
    zoom: Annotated[int, QueryParameter(ge=0, le=MOST_ZOOM, description="to whose half pixel shapes are simplified")],
    at: QueryInstant = None,
    project_id: FromQuery[UUID | None] = None,
    drafts_of: DraftsOf = None,
) -> Response[bytes]:
    """Give areas (`part` is `area`) and alignments (`axis`) of fences in force that meet the box, whole, in WGS-84.

    At most 1 000 fences, the largest; `truncated` says whether there are more.
    """
    shown = Shown(at=read_instant("at", at) or clock.now(), project_id=project_id, drafts_of=drafts_of)
    rows = await list_in_box(tx, actor, read_bounds(bbox), zoom, shown)
    collection = {
        "type": "FeatureCollection",
        "truncated": len(rows) > MOST_IN_BOX,
        "features": [feature for row in rows[:MOST_IN_BOX] for feature in _features(row)],
    }
    return _answer(request, msgspec.json.encode(collection), GEOJSON, {})


def read_bounds(text: str) -> Bounds:
    """Read `west,south,east,north` in degrees; raises BoundsInvalid for anything that is no box on the globe."""
    try:
        numbers = [float(number) for number in text.split(",")]
    except ValueError as error:
        raise errors.BoundsInvalid(bbox=text) from error
    if len(numbers) != len(Bounds._fields):
        raise errors.BoundsInvalid(bbox=text)
    bounds = Bounds(*numbers)
    # Comparisons with NaN are false, so that it is refused as well.
    across = GLOBE.west <= bounds.west < bounds.east <= GLOBE.east
    if not (across and GLOBE.south <= bounds.south < bounds.north <= GLOBE.north):
        raise errors.BoundsInvalid(bbox=text)
    return bounds


def _features(row: MapRow) -> list[dict[str, Any]]:
    told = {
        "project_id": row.project_id,
        "fence_id": row.fence_id,
        "version_id": row.version_id,
        "name": row.name,
        "number": row.number,
        "state": row.state,
        "kind": row.kind,
    }
    shapes = [("area", row.area), ("axis", row.axis)]
    return [
        {
            "type": "Feature",
            "id": f"{row.version_id}/{part}",
            "properties": {**told, "part": part},
            "geometry": msgspec.Raw(shape.encode()),
        }
        for part, shape in shapes
        if shape is not None
    ]


def _answer(request: Request[Any, Any, Any], body: bytes, media_type: str, headers: dict[str, str]) -> Response[bytes]:
    """Answer with a tag of the content; the rights may end any time, so that nobody keeps it without asking."""
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    told = {**headers, "ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if tag in [item.strip() for item in request.headers.get("if-none-match", "").split(",")]:
        return Response(b"", status_code=304, headers=told)
    return Response(body, media_type=media_type, headers=told)


def fence_map_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/admin/v1", route_handlers=[get_fence_tile, get_fence_map], tags=["fences"])
