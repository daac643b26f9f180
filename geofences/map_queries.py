"""What a map shows of fences, straight from PostGIS: vector tiles and GeoJSON, only of projects the actor reaches."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, and_, cast, func, literal, or_, select, type_coerce
from sqlalchemy.types import LargeBinary

from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.queries import visible_projects
from geofences.period_queries import in_force_at
from geofences.queries import READ
from geofences.tables import FenceRow, FenceVersion

MOST_IN_TILE: Final = 2_000
MOST_IN_OVERVIEW: Final = 500
"""Fences drawn in a tile that is wider than a city (zoom 9 and below); its `clusters` count all of them."""
MOST_IN_BOX: Final = 1_000
WORLD_M: Final = 40_075_016.685578488
"""Edge of the square that web maps cut into tiles, metres in EPSG:3857."""

_EXTENT: Final = 4_096
_MARGIN: Final = 64
"""Units of a tile's edge, and how far beyond it shapes are drawn so that no seam shows."""
_HALF_PIXEL: Final = 4
"""Units of half a pixel of a tile of 512."""
_CLUSTERS_BELOW_ZOOM: Final = 12
_OVERVIEW_BELOW_ZOOM: Final = 10
_CLUSTER_CELLS: Final = 16
_DRAFTS: Final = ("draft", "submitted")


class Tile(NamedTuple):
    """A tile of a web map: zoom, column from the west, row from the north."""

    z: int
    x: int
    y: int


class Bounds(NamedTuple):
    """A box in degrees, EPSG:4326."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What to show: fences in force at an instant, of one project or of all, and the drafts of one if wished."""

    at: datetime
    project_id: UUID | None = None
    drafts_of: UUID | None = None


@dataclass(frozen=True, slots=True)
class MapRow:
    """A version for the map; geometries as GeoJSON text, simplified, the area valid."""

    project_id: UUID
    fence_id: UUID
    version_id: UUID
    name: str
    number: int
    state: str
    kind: str
    area: str
    axis: str | None


async def draw_tile(tx: Tx, actor: Actor, tile: Tile, shown: Shown) -> tuple[bytes, bool]:
    """Return a Mapbox vector tile (version 2.1), and whether fences were left out because there are too many.

    Layers: `fences` (areas), `axes` (alignments), and up to zoom 11 `clusters` (points with `count`). Of more than
    MOST_IN_TILE fences (of MOST_IN_OVERVIEW up to zoom 9) the largest are drawn. What is less than a pixel in both
    directions is in `clusters` only.
    """
    envelope = func.ST_TileEnvelope(*tile)
    wide = func.ST_Transform(func.ST_Expand(envelope, WORLD_M / 2**tile.z * _MARGIN / _EXTENT), 4326)
    pixel_deg = 360.0 / 2**tile.z / 512.0
    unit_m = WORLD_M / 2**tile.z / _EXTENT
    most = MOST_IN_OVERVIEW if tile.z < _OVERVIEW_BELOW_ZOOM else MOST_IN_TILE
    found = _versions(actor, shown, wide).cte("found").prefix_with("MATERIALIZED")
    wide_enough = or_(
        func.ST_XMax(found.c.box) - func.ST_XMin(found.c.box) >= pixel_deg,
        func.ST_YMax(found.c.box) - func.ST_YMin(found.c.box) >= pixel_deg,
    )
    drawn = (
        select(found, func.count().over().label("of"))
        .where(wide_enough)
        .order_by(_box_size(found.c.box).desc(), found.c.version_id)
        .limit(most)
        .cte("drawn")
    )
    # Before the costly way into the map's plane most vertices are left out: a quarter of a pixel, north of 60 N half.
    finer_deg = pixel_deg / 8.0

    def layer(name: str, column: ColumnElement[Any]) -> Any:  # noqa: ANN401 - a scalar subquery
        fewer = func.ST_Simplify(column, finer_deg, True)  # noqa: FBT003 - keeps what would collapse
        clipped = func.ST_Transform(func.ST_ClipByBox2D(fewer, wide), 3857)
        simple = func.ST_Simplify(clipped, unit_m * _HALF_PIXEL, True)  # noqa: FBT003 - keeps what would collapse
        shape = func.ST_AsMVTGeom(simple, envelope, _EXTENT, _MARGIN, True)  # noqa: FBT003 - clip
        told = [cast(drawn.c[key], String).label(key) for key in ("project_id", "fence_id", "version_id")]
        told += [FenceRow.name, *(drawn.c[key] for key in ("number", "state", "kind"))]
        rows = (
            select(shape.label("shape"), *told)
            .join(FenceRow, _named(drawn))
            .where(column.is_not(None))
            .order_by(drawn.c.version_id)
            .subquery("r")
        )
        return select(func.ST_AsMVT(rows.table_valued(), name, _EXTENT, "shape")).select_from(rows).scalar_subquery()

    layers = func.coalesce(layer("fences", drawn.c.area), b"").op("||")(func.coalesce(layer("axes", drawn.c.axis), b""))
    if tile.z < _CLUSTERS_BELOW_ZOOM:
        layers = layers.op("||")(func.coalesce(_clusters(found, tile, envelope), b""))
    of = select(func.max(drawn.c.of)).scalar_subquery()
    body, count = (await tx.execute(select(type_coerce(layers, LargeBinary), of))).one()
    return bytes(body), (count or 0) > most


async def list_in_box(tx: Tx, actor: Actor, bounds: Bounds, zoom: int, shown: Shown) -> list[MapRow]:
    """Return the fences that meet a box, at most MOST_IN_BOX + 1, the largest first.

    Shapes are whole, simplified to half a pixel at `zoom` (tiles of 512), and stay valid.
    """
    box = func.ST_MakeEnvelope(*bounds, 4326)
    found = _versions(actor, shown, box).cte("found").prefix_with("MATERIALIZED")
    half_pixel_deg = 360.0 / 2**zoom / 512.0 / 2.0
    area = func.ST_SimplifyPreserveTopology(found.c.area, half_pixel_deg)
    axis = func.ST_Simplify(found.c.axis, half_pixel_deg, True)  # noqa: FBT003 - keeps what would collapse
    rows = await tx.execute(
        select(
            found.c.project_id,
            found.c.fence_id,
            found.c.version_id,
            FenceRow.name,
            found.c.number,
            found.c.state,
            found.c.kind,
            func.ST_AsGeoJSON(area, 7),
            func.ST_AsGeoJSON(axis, 7),
        )
        .join(FenceRow, _named(found))
        .where(func.ST_Intersects(found.c.area, box))
        .order_by(_box_size(found.c.box).desc(), found.c.version_id)
        .limit(MOST_IN_BOX + 1)
    )
    return [MapRow(*row) for row in rows]


def _versions(actor: Actor, shown: Shown, box: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """Select the versions to show whose boxes meet a box in degrees; foreign projects have none."""
    states = in_force_at(shown.at)
    if shown.drafts_of is not None:
        states = or_(states, and_(FenceVersion.project_id == literal(shown.drafts_of), FenceVersion.state.in_(_DRAFTS)))
    statement = select(
        FenceVersion.project_id,
        FenceVersion.fence_id,
        FenceVersion.id.label("version_id"),
        FenceVersion.number,
        FenceVersion.state,
        FenceVersion.kind,
        FenceVersion.area,
        FenceVersion.axis,
        # Stands at the head of a stored shape; all sizes and middles are those of the box.
        func.Box2D(FenceVersion.area).label("box"),
    ).where(
        FenceVersion.project_id.in_(visible_projects(actor, READ)),
        FenceVersion.area.op("&&")(box),
        states,
    )
    return statement if shown.project_id is None else statement.where(FenceVersion.project_id == shown.project_id)


def _named(rows: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a CTE
    """Join the names of fences; only of those that are drawn."""
    return and_(FenceRow.project_id == rows.c.project_id, FenceRow.id == rows.c.fence_id)


def _box_size(box: ColumnElement[Any]) -> ColumnElement[float]:
    return (func.ST_XMax(box) - func.ST_XMin(box)) + (func.ST_YMax(box) - func.ST_YMin(box))


def _clusters(found: Any, tile: Tile, envelope: ColumnElement[Any]) -> Any:  # noqa: ANN401 - a CTE; a scalar subquery
    """Count the fences whose middles lie in each of 16 x 16 cells of the tile."""
    cell = WORLD_M / 2**tile.z / _CLUSTER_CELLS
    lon = (func.ST_XMin(found.c.box) + func.ST_XMax(found.c.box)) / 2.0
    lat = (func.ST_YMin(found.c.box) + func.ST_YMax(found.c.box)) / 2.0
    middle = func.ST_Transform(func.ST_SetSRID(func.ST_MakePoint(lon, lat), 4326), 3857)
    placed = select(middle.label("middle")).subquery()
    column, row = func.floor(func.ST_X(placed.c.middle) / cell), func.floor(func.ST_Y(placed.c.middle) / cell)
    cells = (
        select(func.ST_Centroid(func.ST_Collect(placed.c.middle)).label("middle"), func.count().label("count"))
        .where(func.ST_Contains(envelope, placed.c.middle))
        .group_by(column, row)
        .order_by(column, row)
        .subquery()
    )
    rows = (
        select(func.ST_AsMVTGeom(cells.c.middle, envelope, _EXTENT, 0, True).label("shape"), cells.c.count)  # noqa: FBT003 - PostGIS' clip_geom, by place only
    ).subquery("c")
    return select(func.ST_AsMVT(rows.table_valued(), "clusters", _EXTENT, "shape")).select_from(rows).scalar_subquery()
