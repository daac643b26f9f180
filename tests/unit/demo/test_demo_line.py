"""Places on the real line: chainage and offset come back when the place is projected onto it."""

import numpy as np
import pytest
import shapely

from backend.demo.line import displaced, metro_line, phone_errors
from geofences.projection import ground_distance_m
from tests.support.fences import WGS84, metro_coordinates

LINE = metro_line()


def test_the_line_is_the_published_one() -> None:
    assert [list(point) for point in LINE.path] == metro_coordinates(WGS84)
    assert LINE.length_m == pytest.approx(40_709.5, abs=0.1)


@pytest.mark.parametrize("place", range(0, 128, 9))
def test_a_vertex_lies_at_its_distance(place: int) -> None:
    lon, lat = LINE.at(LINE.distances[place])
    assert ground_distance_m(lon, lat, *LINE.path[place])[0] == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("chainage_m", [100.0, 5_540.0, 20_000.0, 33_010.0, 40_600.0])
@pytest.mark.parametrize("offset_m", [-25.0, 12.0])
def test_an_offset_lies_to_its_side_at_its_distance(chainage_m: float, offset_m: float) -> None:
    lon, lat = LINE.at(chainage_m)
    beside = LINE.at(chainage_m, offset_m)
    assert ground_distance_m(lon, lat, *beside)[0] == pytest.approx(abs(offset_m), abs=1e-3)
    ahead = LINE.at(chainage_m + 1.0)
    ring = shapely.LinearRing([(lon, lat), ahead, beside])
    assert ring.is_ccw is (offset_m > 0)  # left of the direction of rising chainage


def test_metres_east_and_north_are_metres() -> None:
    lon, lat = displaced(114.4, 30.5, 30.0, 40.0)
    distance, azimuth = ground_distance_m(114.4, 30.5, lon, lat)
    assert distance == pytest.approx(50.0, abs=1e-3)
    assert azimuth == pytest.approx(36.87, abs=0.01)


def test_the_errors_are_the_measured_ones() -> None:
    errors = phone_errors()
    assert len(errors) == 148
    assert max(np.hypot(error.east_m, error.north_m) for error in errors) == pytest.approx(148.5, abs=0.1)
    assert {error.provider for error in errors} == {"FLP", "NLP"}
