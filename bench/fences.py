"""Measures one evaluation of a fix against prepared fences, and conversions of coordinates, without a database.

Run it with `python bench/fences.py`; docs/geometry.md quotes what it prints.
"""

import math
import time
import timeit
from importlib.resources import files
from uuid import UUID

import msgspec
import numpy as np
import shapely

from geofences.construction import build_corridor, build_polygon
from geofences.coordinates import WGS84, coordinate_system, from_wgs84, to_wgs84
from geofences.evaluation import EvaluationPolicy, Fence, evaluate
from geofences.materialise import materialise
from geofences.preparation import prepare_fence
from geofences.shapes import Corridor, Shape, WidthRange

FIXES = 3_000
POSITIONS = 100_000
ACCURACIES_M = (5.0, 20.0, 60.0)
POLICY = EvaluationPolicy()
METRO = "wuhan_metro_line11_osm_wgs84.geojson"


def metro() -> Corridor:
    """Draw the metro line with half-widths of 50 m."""
    document = msgspec.json.decode((files("backend") / "demo_data" / METRO).read_bytes())
    line = document["features"][0]["geometry"]["coordinates"]
    return build_corridor(WGS84, line, [WidthRange(0.0, None, 50.0, 50.0)])


def road(vertices: int) -> Corridor:
    """Draw a winding road of 29 km with half-widths of 20 m."""
    lon = np.linspace(114.2, 114.5, vertices)
    line = np.column_stack([lon, 30.5 + 0.02 * np.sin(30.0 * (lon - 114.2))])
    return build_corridor(WGS84, line.tolist(), [WidthRange(0.0, None, 20.0, 20.0)])


def site(vertices: int) -> Shape:
    """Draw a site of 1 km with a ragged edge."""
    turn = np.linspace(0.0, 2.0 * math.pi, vertices, endpoint=False)
    radius = 0.005 * (1.0 + 0.1 * np.sin(17.0 * turn) + 0.02 * np.sin(171.0 * turn))
    ring = np.column_stack([114.3 + radius * np.cos(turn), 30.6 + radius * np.sin(turn)])
    return build_polygon(WGS84, [ring.tolist()])


def prepared(shape: Shape) -> Fence:
    """Materialise and prepare a shape."""
    axis = shapely.to_wkb(shapely.LineString(shape.centreline)) if isinstance(shape, Corridor) else None
    return prepare_fence(UUID(int=1), materialise(shape).wkb, axis)


def measure(fence: Fence, accuracy_m: float) -> list[float]:
    """Return p50, p90 and p99 in microseconds of evaluating fixes within some 25 m of the fence's edge."""
    rng = np.random.default_rng(1)
    edge = np.column_stack(fence.backward.transform(fence.x, fence.y))
    fixes = edge[rng.integers(0, len(edge), FIXES)] + rng.normal(0.0, 2.5e-4, (FIXES, 2))
    took: list[int] = []
    for lon, lat in fixes.tolist():
        began = time.perf_counter_ns()
        evaluate(fence, lon, lat, accuracy_m, "android", POLICY)
        took.append(time.perf_counter_ns() - began)
    return [float(value) / 1000.0 for value in np.percentile(took, [50, 90, 99])]


def conversion(code: str) -> tuple[float, float, float]:
    """Return nanoseconds per position from and to WGS-84 in arrays, and microseconds of one alone to WGS-84."""
    system, rng = coordinate_system(code), np.random.default_rng(1)
    lon, lat = rng.uniform(114.0, 115.0, POSITIONS), rng.uniform(30.0, 31.0, POSITIONS)
    x, y = from_wgs84(system, lon, lat)
    one_x, one_y = float(x[0]), float(y[0])
    there = min(timeit.repeat(lambda: from_wgs84(system, lon, lat), number=1, repeat=5))
    back = min(timeit.repeat(lambda: to_wgs84(system, x, y), number=1, repeat=5))
    alone = min(timeit.repeat(lambda: to_wgs84(system, one_x, one_y), number=100, repeat=5)) / 100
    return there / POSITIONS * 1e9, back / POSITIONS * 1e9, alone * 1e6


def main() -> None:
    """Print one line per fence and accuracy, then one per coordinate system."""
    shapes = {
        "metro line 11": metro(),
        "road": road(1_000),
        "site": site(2_000),
        "largest site": site(20_000),
    }
    print(f"{'fence':15}{'edges':>8}{'accuracy m':>12}{'p50 us':>9}{'p90 us':>9}{'p99 us':>9}")
    for name, shape in shapes.items():
        fence = prepared(shape)
        for accuracy_m in ACCURACIES_M:
            p50, p90, p99 = measure(fence, accuracy_m)
            print(f"{name:15}{fence.edges:8}{accuracy_m:12.0f}{p50:9.0f}{p90:9.0f}{p99:9.0f}")

    print(f"\n{'system':15}{'from WGS-84 ns':>16}{'to WGS-84 ns':>16}{'one alone us':>16}")
    for code in ("gcj02", "bd09", "EPSG:4547", "EPSG:4214"):
        there, back, alone = conversion(code)
        print(f"{code:15}{there:16.0f}{back:16.0f}{alone:16.1f}")


if __name__ == "__main__":
    main()
