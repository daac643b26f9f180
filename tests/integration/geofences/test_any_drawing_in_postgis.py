"""Of whatever is drawn, the evaluation in memory says what PostGIS says, wherever somebody stands."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from psycopg.rows import TupleRow

from geofences.coordinates import CoordinateSystem
from geofences.drawing import Drawing, shape_from
from geofences.errors import ShapeFault
from geofences.evaluation import EvaluationPolicy, evaluate
from geofences.materialise import materialise
from geofences.preparation import prepare_fence
from geofences.shapes import Corridor
from tests.support.drawings import drawings

POLICY = EvaluationPolicy()
CHORD_M = 0.02
"""Stored edges are straight in degrees, ours in metres: chords of a kilometre part by 1.2 cm."""

ORACLE = """
WITH stored AS (
  SELECT ST_Transform(area, %(zone)s) AS plane, area, ST_Transform(axis, %(zone)s) AS axis
  FROM (SELECT ST_GeomFromWKB(%(area)s, 4326) AS area, ST_GeomFromWKB(%(axis)s, 4326) AS axis) g
)
SELECT ST_Covers(area, ST_SetSRID(ST_MakePoint(lon, lat), 4326)),
  ST_Distance(ST_Boundary(plane), here), ST_Distance(axis, here)
FROM stored, unnest(%(lon)s::float8[], %(lat)s::float8[]) WITH ORDINALITY AS at (lon, lat, place),
  ST_Transform(ST_SetSRID(ST_MakePoint(lon, lat), 4326), %(zone)s) AS here
ORDER BY place
"""

OFF = st.floats(-4e-3, 4e-3)
POSITIONS = st.lists(st.tuples(OFF, OFF).map(lambda off: (114.1 + off[0], 30.6 + off[1])), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def oracle(database_url: str) -> Iterator[psycopg.Connection[TupleRow]]:
    """Connect to a database that has PostGIS."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(drawn=drawings(), buffer_m=st.sampled_from([0.0, 5.0]), positions=POSITIONS)
def test_cover_and_distances(
    oracle: psycopg.Connection[TupleRow],
    drawn: tuple[Drawing, CoordinateSystem],
    buffer_m: float,
    positions: list[tuple[float, float]],
) -> None:
    try:
        shape = shape_from(*drawn)
        made = materialise(shape, buffer_m)
    except ShapeFault:
        assume(False)  # noqa: FBT003 - what cannot be a fence is the unit test's
        return
    axis = shapely.to_wkb(shapely.LineString(shape.centreline)) if isinstance(shape, Corridor) else None
    fence = prepare_fence(UUID(int=1), made.wkb, axis)
    lon, lat = zip(*positions, strict=True)
    asked = {"area": made.wkb, "axis": axis, "zone": fence.zone, "lon": list(lon), "lat": list(lat)}
    found = oracle.execute(ORACLE, asked).fetchall()
    for (x, y), (covered, distance_m, offset_m) in zip(positions, found, strict=True):
        ours = evaluate(fence, x, y, 10.0, "android", POLICY)
        if distance_m > CHORD_M:
            assert ours.covered is covered
            assert (ours.signed_distance_m > 0.0) is covered
        assert abs(ours.signed_distance_m) == pytest.approx(distance_m, abs=1e-4)
        assert (ours.offset_m is None) is (offset_m is None)
        if ours.offset_m is not None:
            assert abs(ours.offset_m) <= offset_m + 1e-4
