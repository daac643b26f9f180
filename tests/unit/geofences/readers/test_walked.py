"""A walked track becomes a centreline near the true one, and a half-width whose reasons are told."""

from pathlib import Path

import numpy as np
import pytest
import shapely

from geofences.coordinates import GCJ02, WGS84, from_wgs84, to_wgs84
from geofences.readers.content import Array
from geofences.readers.gpx import read_gpx
from geofences.readers.walked import SIMPLIFY_M, Walked, centreline_of
from geofences.shapes import MAX_LINE_VERTICES
from tests.support.fences import PLANE, metres

KORITA = Path(__file__).parents[5] / "shared" / "data" / "geo" / "gpxpy_korita-zbevnica.gpx"
ROUTE = [(0.0, 0.0), (400.0, 0.0), (800.0, 300.0), (1_500.0, 300.0)]


def walk(noise_m: float, *, seed: int = 3, route: list[tuple[float, float]] = ROUTE, step_m: float = 1.4) -> Array:
    """Walk a route on the plane at walking speed, one position a second, each off by `noise_m` in x and in y."""
    line = shapely.LineString(metres(route))
    along = np.arange(0.0, line.length, step_m)
    path = shapely.get_coordinates(shapely.line_interpolate_point(line, along))
    return path + np.random.default_rng(seed).normal(0.0, noise_m, path.shape)


def centred(track: Array) -> Walked:
    found = centreline_of(track, PLANE)
    assert found is not None
    return found


@pytest.mark.parametrize("noise_m", [0.0, 1.0, 3.0, 6.0])
def test_the_centreline_lies_near_the_way_that_was_walked(noise_m: float) -> None:
    found = centred(walk(noise_m))
    true = shapely.LineString(metres(ROUTE))
    off = shapely.distance(true, shapely.points(found.centreline))
    assert off.max() < SIMPLIFY_M + 4.0 * noise_m
    assert len(found.centreline) < 40
    assert found.length_m == pytest.approx(true.length, rel=0.02)


@pytest.mark.parametrize(("noise_m", "half_width_m"), [(0.0, 15.0), (2.0, 15.0), (10.0, 25.0)])
def test_the_half_width_is_scatter_and_phone(noise_m: float, half_width_m: float) -> None:
    found = centred(walk(noise_m))
    assert found.half_width_m == pytest.approx(half_width_m, abs=5.0)
    assert found.half_width_m >= min(found.scatter_m + found.phone_m, 500.0)
    assert found.half_width_m % 5.0 == 0.0


def test_standing_still_is_left_out() -> None:
    path = walk(0.0)
    rest = np.repeat(path[300:301], 5_000, axis=0) + np.random.default_rng(1).normal(0.0, 0.3, (5_000, 2))
    found = centred(np.vstack([path[:300], rest, path[300:]]))
    assert (found.positions, found.kept) == (len(path) + 5_000, pytest.approx(len(path) / 2, rel=0.1))


def test_spikes_are_left_out() -> None:
    path = walk(0.5)
    path[[200, 400, 700]] += [300.0, -200.0]
    found = centred(path)
    assert found.spikes == 3
    assert found.length_m == pytest.approx(shapely.LineString(metres(ROUTE)).length, rel=0.05)


def test_there_and_back_is_told() -> None:
    there = walk(1.0)
    assert not centred(there).came_back
    assert centred(np.vstack([there, there[::-1]])).came_back


def test_numbers_stay_in_the_track_s_own_datum() -> None:
    lon, lat = to_wgs84(PLANE, *walk(0.0).T)
    as_wgs = centreline_of(np.column_stack([lon, lat]), WGS84)
    as_gcj = centreline_of(np.column_stack(from_wgs84(GCJ02, lon, lat)), GCJ02)
    assert as_wgs is not None
    assert as_gcj is not None
    np.testing.assert_allclose(np.column_stack(to_wgs84(GCJ02, *as_gcj.centreline.T)), as_wgs.centreline, atol=3e-9)


def test_a_track_of_days_fits_a_fence() -> None:
    turns = [(float(index * 20), float(40 * (index % 2))) for index in range(7_000)]
    found = centred(np.array(metres(turns)))
    assert len(found.centreline) <= MAX_LINE_VERTICES


@pytest.mark.parametrize(
    "track",
    [
        np.zeros((0, 2)),
        np.array([[500_000.0, 3_386_000.0]]),
        np.array([[500_000.0, 3_386_000.0]] * 50),
        np.array([[np.nan, 3_386_000.0]] * 3),
        np.array([[1e300, 1e300]] * 3),
    ],
    ids=["none", "one", "standing", "nan", "nowhere"],
)
def test_no_walk_no_line(track: Array) -> None:
    assert centreline_of(track, PLANE) is None


def test_a_real_walk_is_simplified() -> None:
    if not KORITA.is_file():
        pytest.skip("the sample of gpxpy's own tests is not part of the project")
    tracks = [next(figure.paths) for figure in read_gpx(KORITA.read_bytes()).figures if figure.walked]
    longest = max(tracks, key=len)
    found = centreline_of(longest, WGS84)
    assert found is not None
    assert (found.positions, len(found.centreline)) == (358, 242)
    assert found.length_m == pytest.approx(10_850, abs=10)
    assert found.half_width_m == 15.0
