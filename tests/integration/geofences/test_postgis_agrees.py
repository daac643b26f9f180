"""PostGIS is the oracle: what the evaluation in memory says is what the database says of the stored geometry."""

import math
from datetime import time
from uuid import UUID, uuid4

import numpy as np
import pytest
from sqlalchemy import Row, select, text

from backend.kit.clock import ManualClock
from backend.kit.db import Database, Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from geofences import queries
from geofences.cache import FenceCache
from geofences.coordinates import GCJ02, WGS84
from geofences.describing import Draft
from geofences.drafting import create_fence
from geofences.drawing import CircleDrawing, CorridorDrawing, Drawing, PolygonDrawing, WidthDrawing
from geofences.evaluation import EvaluationPolicy, evaluate
from geofences.judging import prepared
from geofences.publication import publish_version
from geofences.queries import GeometryRow
from geofences.tables import FenceVersion
from tests.support.factories import make_officer, make_project
from tests.support.fences import metro_coordinates

POLICY = EvaluationPolicy()

# One statement per position: cover as stored, distance in the zone, chainage as share of the projected axis.
ORACLE = text(
    """
    WITH here AS (SELECT ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) AS p),
    stored AS (SELECT area, axis, axis_start_m, zone_srid FROM fence_version WHERE id = :id)
    SELECT ST_Covers(area, p) AS covered,
      ST_Distance(ST_Boundary(ST_Transform(area, zone_srid)), ST_Transform(p, zone_srid)) AS distance_m,
      ST_LineLocatePoint(ST_Transform(axis, zone_srid), ST_Transform(p, zone_srid))
        * ST_Length(axis::geography) + axis_start_m AS chainage_m,
      ST_Distance(ST_Transform(axis, zone_srid), ST_Transform(p, zone_srid)) AS offset_m,
      degrees(ST_Azimuth(p::geography, ST_Transform(ST_ClosestPoint(
        ST_Boundary(ST_Transform(area, zone_srid)), ST_Transform(p, zone_srid)), 4326)::geography)) AS bearing_deg
    FROM stored, here
    """
)


def metro(system_code: str) -> CorridorDrawing:
    system = {"wgs84": WGS84, "gcj02": GCJ02}[system_code]
    line = [(lon, lat) for lon, lat in metro_coordinates(system)]
    widths = [
        WidthDrawing(from_m=0.0, to_m=9_000.0, left_m=30.0, right_m=60.0),
        WidthDrawing(from_m=9_000.0, left_m=50.0, right_m=50.0),
    ]
    return CorridorDrawing(coordinates=line, widths=widths, cap="round", start_m=1_000.0)


def star(count: int) -> PolygonDrawing:
    rng = np.random.default_rng(count)
    turn = np.linspace(0.0, 2.0 * math.pi, count, endpoint=False)
    radius = rng.uniform(0.002, 0.006, count)
    ring = [
        (114.3 + r * math.cos(t), 30.6 + r * math.sin(t)) for r, t in zip(radius.tolist(), turn.tolist(), strict=True)
    ]
    hole = [(114.3 + 0.001 * math.cos(t), 30.6 + 0.001 * math.sin(t)) for t in turn.tolist()[:: max(count // 12, 1)]]
    return PolygonDrawing(coordinates=[[ring, hole]])


DRAWINGS: dict[str, tuple[Drawing, float]] = {
    "metro": (metro("wgs84"), 0.0),
    "metro gcj02": (metro("gcj02"), 5.0),
    "star": (star(60), 0.0),
    "big star": (star(1_500), 0.0),
    "circle at the edge of a zone": (CircleDrawing(coordinates=(112.55, 30.6), radius_m=120.0), 10.0),
}


async def stored(
    tx: Tx, clock: ManualClock, drawing: Drawing, system_code: str, buffer_m: float, *, publish: bool = True
) -> GeometryRow:
    project = await make_project(tx)
    admin = await make_officer(tx, "project_admin", project_id=project.id)
    actor = Actor(account_id=admin, person_id=None, family_id=uuid4(), roles=frozenset(), scopes=frozenset())
    draft = Draft(drawing=drawing, system=GCJ02 if system_code == "gcj02" else WGS84, buffer_m=buffer_m)
    made = await create_fence(tx, actor, project.id, draft, name="围栏", section_id=None, clock=clock)
    if publish:
        await publish_version(tx, actor, project.id, made.fence_id, 1, clock=clock)
    row = await queries.find_geometry(tx, project.id, made.fence_id, 1)
    assert row is not None
    return row


async def project_of(tx: Tx, row: GeometryRow) -> UUID:
    found = await tx.scalars(select(FenceVersion.project_id).where(FenceVersion.id == row.version_id))
    return found.one()


async def ask_postgis(tx: Tx, version_id: UUID, lon: float, lat: float) -> Row[tuple[object, ...]]:
    return (await tx.execute(ORACLE, {"id": version_id, "lon": lon, "lat": lat})).one()


@pytest.mark.parametrize("name", DRAWINGS)
async def test_cover_distance_chainage_and_bearing(tx: Tx, clock: ManualClock, name: str) -> None:
    drawing, buffer_m = DRAWINGS[name]
    row = await stored(tx, clock, drawing, "gcj02" if "gcj02" in name else "wgs84", buffer_m)
    fence = prepared(row)
    rng = np.random.default_rng(17)
    corners = np.column_stack([fence.backward.transform(fence.x, fence.y)]).T
    near = corners[rng.integers(0, len(corners), 120)] + rng.normal(0.0, 4e-4, (120, 2))
    for lon, lat in near.tolist():
        ours = evaluate(fence, lon, lat, 10.0, "android", POLICY)
        theirs = await ask_postgis(tx, row.version_id, lon, lat)
        # Stored edges are straight in degrees, ours in metres: chords of a kilometre part by 1.2 cm.
        if abs(ours.signed_distance_m) > 0.02:
            assert ours.covered is theirs.covered
        assert abs(ours.signed_distance_m) == pytest.approx(theirs.distance_m, abs=1e-4)
        if ours.chainage_m is not None:
            # Their share of the projected length is not exactly that of the ground: the scale varies along 40 km.
            assert ours.chainage_m == pytest.approx(theirs.chainage_m, abs=3.0)
            assert math.hypot(ours.offset_m or 0.0, 0.0) <= theirs.offset_m + 1e-4
        if abs(ours.signed_distance_m) > 1.0:
            assert math.cos(math.radians(ours.bearing_deg - theirs.bearing_deg)) == pytest.approx(1.0, abs=1e-4)


async def test_the_stored_geometry_is_valid_and_lies_where_it_was_drawn(tx: Tx, clock: ManualClock) -> None:
    row = await stored(tx, clock, metro("gcj02"), "gcj02", 0.0)
    found = (
        await tx.execute(
            text(
                """
                SELECT ST_IsValid(area), ST_SRID(area), ST_Length(axis::geography),
                  ST_Distance(axis::geography, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)::geography),
                  (SELECT max(ST_Length(s.geom::geography)) FROM ST_DumpSegments(area) s)
                FROM fence_version WHERE id = :id
                """
            ),
            {"id": row.version_id, "lon": metro_coordinates(WGS84)[0][0], "lat": metro_coordinates(WGS84)[0][1]},
        )
    ).one()
    valid, srid, length_m, off_m, longest_m = found
    assert (valid, srid) == (True, 4326)
    assert length_m == pytest.approx(40_709.5, abs=0.5)
    assert off_m < 0.02
    assert longest_m < 1_001.0


async def test_the_cache_reads_once_and_never_serves_drafts_or_strangers(
    database: Database, clock: ManualClock
) -> None:
    async with database.transaction() as tx:
        row = await stored(tx, clock, star(60), "wgs84", 0.0)
        project_id = await project_of(tx, row)
        other = await make_project(tx)
        draft = await stored(tx, clock, star(60), "wgs84", 0.0, publish=False)
        drafted_for = await project_of(tx, draft)
    cache = FenceCache()
    async with database.connection() as connection:
        assert await cache.get(connection, other.id, [row.version_id]) == []
        assert await cache.get(connection, drafted_for, [draft.version_id]) == []
        (held,) = await cache.get(connection, project_id, [row.version_id, new_id(clock.now())])
        (again,) = await cache.get(connection, project_id, [row.version_id])
    assert again is held
    assert held.fence.version_ids == (row.version_id,)
    assert held.is_open(time(3))


async def test_a_full_cache_drops_the_least_recently_used(database: Database, clock: ManualClock) -> None:
    rows: list[tuple[UUID, UUID]] = []
    async with database.transaction() as tx:
        for _ in range(3):
            row = await stored(tx, clock, star(60), "wgs84", 0.0)
            project_id = await project_of(tx, row)
            rows.append((project_id, row.version_id))
    async with database.connection() as connection:
        one = (await FenceCache().get(connection, rows[0][0], [rows[0][1]]))[0]
        cache = FenceCache(capacity_edges=2 * one.fence.edges)
        first, second = [(await cache.get(connection, project, [version]))[0] for project, version in rows[:2]]
        assert (await cache.get(connection, rows[0][0], [rows[0][1]]))[0] is first
        await cache.get(connection, rows[2][0], [rows[2][1]])
        assert (await cache.get(connection, rows[0][0], [rows[0][1]]))[0] is first
        assert (await cache.get(connection, rows[1][0], [rows[1][1]]))[0] is not second
