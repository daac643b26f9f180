"""Measures reading, searching and evaluating fences when there are 10 000 and 100 000 of them.

The mixture: 60 % polygons of 10 to 500 corners and 50 to 800 m radius, 40 % corridors of 1 to 30 km with one to six
widths, strewn over 240 x 240 km round Wuhan. A thousand shapes are made as drawings are, and moved about; they lie in
tables of their own with the columns and indexes of the real ones. `python -m bench.fence_scale` runs it alone.
"""

import asyncio
import math
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np
import psycopg
import shapely
from psycopg.sql import SQL, Identifier

from backend.migrate import migrate
from bench.loads import HERE
from geofences.cache import LOAD, FenceCache
from geofences.choice import Fix, evaluate_fixes
from geofences.evaluation import EvaluationPolicy
from geofences.materialise import materialise
from geofences.shapes import Corridor, Point, Polygon, Shape, WidthRange
from tools.newcomer import recreate
from tools.postgres import held
from tools.say import step, told

SEED: Final = 20_261_121
SHAPES: Final = 1_000
COUNTS: Final = (10_000, 100_000)
PROBES: Final = 2_000
MIDDLE: Final = Point(114.3, 30.6)
REACH_M: Final = 120_000.0
DEG_M: Final = 111_195.0
TABLES: Final = ("fence_version", "fence_period", "fence_part")
POLICY: Final = EvaluationPolicy()

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Probes:
    """Sites with their version ids, and positions (lon, lat) near the edges of their fences."""

    sites: list[UUID]
    versions: list[UUID]
    places: list[tuple[float, float]]


def measure_fences() -> dict[str, float]:
    """Return the figures by name: medians and 99th percentiles in milliseconds."""
    figures: dict[str, float] = {}
    probes = Probes([], [], [])
    with held("bench") as url:
        recreate(url)
        migrate(url, datetime.now(UTC).date())
        with psycopg.connect(url, autocommit=True) as connection:
            with step("drawing a thousand fences"):
                _make_tables(connection)
                middles = _draw(connection)
            have = 0
            for count in COUNTS:
                with step(f"strewing {count} of them"):
                    probes = _strew(connection, have, count, middles)
                    have = count
                figures |= _measure(connection, probes, f"{count // 1000}k")
            figures |= asyncio.run(_measure_evaluation(url, probes))
            connection.execute("DROP SCHEMA fence_scale CASCADE")
    return figures


def shapes() -> Iterator[Shape]:
    """Draw the mixture round MIDDLE, with a fixed seed."""
    rng = np.random.default_rng(SEED)
    for number in range(SHAPES):
        yield _polygon(rng) if number % 5 < 3 else _corridor(rng)  # noqa: PLR2004 - three of five


def _degrees(x: float, y: float) -> Point:
    return Point(MIDDLE.lon + x / DEG_M / math.cos(math.radians(MIDDLE.lat)), MIDDLE.lat + y / DEG_M)


def _polygon(rng: np.random.Generator) -> Polygon:
    corners, radius = int(rng.integers(10, 501)), rng.uniform(50.0, 800.0)
    turn = np.sort(rng.uniform(0.0, 2.0 * math.pi, corners))
    reach = radius * (1.0 + 0.15 * np.sin(3.0 * turn + rng.uniform(0.0, 6.0)) + rng.uniform(-0.05, 0.05, corners))
    ring = [_degrees(r * math.cos(t), r * math.sin(t)) for t, r in zip(turn.tolist(), reach.tolist(), strict=True)]
    return Polygon((*ring, ring[0]))


def _corridor(rng: np.random.Generator) -> Corridor:
    length = rng.uniform(1_000.0, 30_000.0)
    steps = max(int(length / 100.0), 4)
    heading = rng.uniform(0.0, 2.0 * math.pi) + np.cumsum(rng.normal(0.0, 0.08, steps))
    path = length / steps * np.cumsum(np.column_stack([np.cos(heading), np.sin(heading)]), axis=0)
    cuts = [0.0, *np.sort(rng.uniform(0.0, length, int(rng.integers(0, 6)))).tolist()]
    ends: list[float | None] = [*cuts[1:], None]
    widths = [
        WidthRange(begin, end, float(rng.uniform(10.0, 60.0)), float(rng.uniform(10.0, 60.0)))
        for begin, end in zip(cuts, ends, strict=True)
    ]
    return Corridor(tuple(_degrees(x, y) for x, y in path.tolist()), tuple(widths))


def _make_tables(connection: Connection) -> None:
    connection.execute("DROP SCHEMA IF EXISTS fence_scale CASCADE")
    connection.execute("CREATE SCHEMA fence_scale")
    for table in TABLES:
        statement = (
            "CREATE UNLOGGED TABLE fence_scale.{table} (LIKE public.{table} INCLUDING DEFAULTS INCLUDING STORAGE)"
        )
        connection.execute(SQL(statement).format(table=Identifier(table)))
    connection.execute(
        """
        CREATE UNLOGGED TABLE fence_scale.drawn (
          shape integer, kind text, zone integer, area geometry, axis geometry);
        CREATE UNLOGGED TABLE fence_scale.piece (shape integer, number integer, area geometry);
        CREATE UNLOGGED TABLE fence_scale.place (
          site uuid, version uuid, shape integer, across float8, up float8)
        """
    )


def _draw(connection: Connection) -> list[tuple[float, float]]:
    """Store the shapes and their pieces; return a corner of each."""
    corners: list[tuple[float, float]] = []
    with connection.cursor() as cursor, cursor.copy("COPY fence_scale.drawn FROM STDIN") as copy:
        for number, shape in enumerate(shapes()):
            made = materialise(shape)
            axis = shapely.LineString(shape.centreline) if isinstance(shape, Corridor) else None
            kind = "polygon" if axis is None else "corridor"
            copy.write_row((number, kind, made.zone, _ewkb(made.area), None if axis is None else _ewkb(axis)))
            lon, lat = shapely.get_coordinates(made.area)[0].tolist()
            corners.append((lon, lat))
    connection.execute(
        """
        INSERT INTO fence_scale.piece
        SELECT shape, row_number() OVER (PARTITION BY shape), part
        FROM fence_scale.drawn, ST_Subdivide(area, 64) AS part
        """
    )
    return corners


def _strew(connection: Connection, have: int, count: int, corners: list[tuple[float, float]]) -> Probes:
    """Add fences until there are `count`, each on a site of its own; return what to ask for."""
    rng = np.random.default_rng(SEED + count)
    across = rng.uniform(-REACH_M, REACH_M, count) / DEG_M / math.cos(math.radians(MIDDLE.lat))
    up = rng.uniform(-REACH_M, REACH_M, count) / DEG_M
    for index in _indexes(connection):
        connection.execute(SQL("DROP INDEX IF EXISTS fence_scale.{}").format(Identifier(index)))
    connection.execute("TRUNCATE fence_scale.place")
    with connection.cursor() as cursor, cursor.copy("COPY fence_scale.place FROM STDIN") as copy:
        for number in range(have, count):
            row = (_site(number), _version(number), number % SHAPES, float(across[number]), float(up[number]))
            copy.write_row(row)
    nobody = UUID(int=0)
    values = {"nobody": nobody, "since": datetime.now(UTC) - timedelta(days=30)}
    for statement in _STREWING:
        connection.execute(statement, values)
    for name, statement in _indexes(connection).items():
        connection.execute(statement.replace(f"INDEX {name} ON public.", f"INDEX {name} ON fence_scale.").encode())
    for table in TABLES:
        connection.execute(SQL("VACUUM ANALYZE fence_scale.{}").format(Identifier(table)))
    asked = rng.integers(have, count, PROBES)
    near = rng.normal(0.0, 25.0 / DEG_M, (PROBES, 2))
    places = [
        (
            corners[number % SHAPES][0] + float(across[number]) + dx,
            corners[number % SHAPES][1] + float(up[number]) + dy,
        )
        for number, (dx, dy) in zip(asked.tolist(), near.tolist(), strict=True)
    ]
    return Probes([_site(one) for one in asked.tolist()], [_version(one) for one in asked.tolist()], places)


_STREWING: Final = (
    """
    INSERT INTO fence_scale.fence_version (project_id, id, fence_id, number, state, kind, crs, shape, shape_digest,
      zone_srid, buffer_m, area, axis, axis_start_m, created_by, created_at, published_by, published_at)
    SELECT p.site, p.version, p.version, 1, 'published', d.kind, 'wgs84', '{}', '', d.zone, 0,
      ST_Translate(d.area, p.across, p.up), ST_Translate(d.axis, p.across, p.up),
      CASE WHEN d.axis IS NOT NULL THEN 0 END, %(nobody)s, %(since)s, %(nobody)s, %(since)s
    FROM fence_scale.place p JOIN fence_scale.drawn d USING (shape)
    """,
    """
    INSERT INTO fence_scale.fence_period (project_id, id, fence_id, version_id, valid_during, known_during, recorded_by)
    SELECT site, version, version, version, tstzrange(%(since)s, NULL), tstzrange(%(since)s, NULL), %(nobody)s
    FROM fence_scale.place
    """,
    """
    INSERT INTO fence_scale.fence_part (project_id, version_id, number, area)
    SELECT p.site, p.version, e.number, ST_Translate(e.area, p.across, p.up)
    FROM fence_scale.place p JOIN fence_scale.piece e USING (shape)
    """,
)


def _indexes(connection: Connection) -> dict[str, str]:
    """Return the definitions of the real tables' indexes by name."""
    rows = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = ANY (%s)",
        [list(TABLES)],
    )
    return {name: definition for name, definition in rows}  # noqa: C416 - rows have two columns, dict() hides it


def _measure(connection: Connection, probes: Probes, suffix: str) -> dict[str, float]:
    in_force = (
        "ARRAY (SELECT f.version_id FROM fence_period f WHERE f.project_id = site "
        "AND upper_inf(f.known_during) AND f.valid_during @> moment)"
    )
    load = LOAD.replace("%s", "site", 1).replace("%s", in_force, 1).replace("SELECT", "PERFORM", 1)
    text = (HERE / "fence_scale.sql").read_text().replace(":load", load.strip())
    connection.execute(text.encode())
    now = datetime.now(UTC)
    lons, lats = [lon for lon, _ in probes.places], [lat for _, lat in probes.places]
    figures: dict[str, float] = {}
    for name, statement, values in (
        ("read", "SELECT time_reads(%s, %s)", (probes.sites, now)),
        ("search", "SELECT time_searches(%s, %s, %s)", (lons, lats, now)),
    ):
        connection.execute(statement.encode(), values)  # the first time fills the caches
        row = connection.execute(statement.encode(), values).fetchone()
        figures |= _percentiles(f"fence_{name}_{suffix}", row[0] if row else [])
    return figures


async def _measure_evaluation(url: str, probes: Probes) -> dict[str, float]:
    """Time from a version id and a fix to probability, distance, direction and chainage, the fence in memory."""
    cache = FenceCache(capacity_edges=10**9)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("SET search_path = fence_scale, public")
        warm, cold = [], []
        for site, version, (lon, lat) in zip(probes.sites, probes.versions, probes.places, strict=True):
            for took in (cold, warm):
                begun = time.perf_counter()
                (found,) = await cache.get(connection, site, [version])
                evaluate_fixes([found.fence], [Fix(lon, lat, 12.0, "android")], POLICY)
                took.append((time.perf_counter() - begun) * 1000)
    return _percentiles("fence_probability", warm) | _percentiles("fence_first_use", cold)


def _percentiles(name: str, took_ms: Sequence[float]) -> dict[str, float]:
    median, worst = np.percentile(took_ms, [50, 99]).tolist()
    return {f"{name}_ms": round(median, 4), f"{name}_p99_ms": round(worst, 4)}


def _site(number: int) -> UUID:
    return UUID(int=(1 << 120) + number * 0x9E3779B97F4A7C15 % (1 << 64))


def _version(number: int) -> UUID:
    return UUID(int=(1 << 121) + number * 0x9E3779B97F4A7C15 % (1 << 64))


def _ewkb(geometry: shapely.Geometry) -> str:
    return shapely.to_wkb(shapely.set_srid(geometry, 4326), hex=True, include_srid=True)


def main() -> int:
    """Print one figure a line."""
    for name, value in measure_fences().items():
        print(f"{name} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(told(main))
