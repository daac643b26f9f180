"""A drawing that fits the fences in force only under another datum is noticed, with the numbers; nothing else is."""

import pytest
import shapely

from geofences.construction import build_corridor
from geofences.coordinates import BD09, GCJ02, WGS84, CoordinateSystem, coordinate_system, from_wgs84
from geofences.datum_fit import find_misfit
from geofences.materialise import materialise
from geofences.shapes import WidthRange
from tests.support.fences import metro_coordinates


@pytest.fixture(scope="module")
def known() -> list[shapely.Geometry]:
    line = build_corridor(WGS84, metro_coordinates(WGS84), [WidthRange(0.0, None, 50.0, 50.0)])
    return [materialise(line).area]


def sample(system: CoordinateSystem) -> list[tuple[float, float]]:
    x, y = from_wgs84(system, *zip(*metro_coordinates(WGS84), strict=True))
    return list(zip(x.tolist(), y.tolist(), strict=True))


@pytest.mark.parametrize("declared", [WGS84, GCJ02, BD09])
@pytest.mark.parametrize("actual", [WGS84, GCJ02, BD09])
def test_every_mistake_is_told(
    known: list[shapely.Geometry], declared: CoordinateSystem, actual: CoordinateSystem
) -> None:
    found = find_misfit(sample(actual), declared, known)
    if declared == actual:
        assert found is None
        return
    assert found is not None
    assert (found.declared, found.suspected) == (declared.code, actual.code)
    assert found.declared_distance_m > 150.0
    assert found.suspected_distance_m == 0.0
    assert 500.0 < found.moved_m < 1_400.0


def test_published_gcj_numbers_are_recognised(known: list[shapely.Geometry]) -> None:
    found = find_misfit([(x, y) for x, y in metro_coordinates(GCJ02)], coordinate_system("EPSG:4490"), known)
    assert found is not None
    assert (found.declared, found.suspected) == ("wgs84", "gcj02")


def test_what_lies_elsewhere_is_no_mistake(known: list[shapely.Geometry]) -> None:
    assert find_misfit([(x + 0.3, y) for x, y in sample(WGS84)], WGS84, known) is None
    assert find_misfit([(0.0, 0.0), (500_000.0, 3e6)], WGS84, known) is None


def test_nothing_known_nothing_suspected(known: list[shapely.Geometry]) -> None:
    assert find_misfit(sample(GCJ02), WGS84, []) is None
    assert find_misfit([], WGS84, known) is None


def test_metres_are_in_no_map_datum(known: list[shapely.Geometry]) -> None:
    plane = coordinate_system("EPSG:4547")
    moved = [(x + 500.0, y) for x, y in sample(plane)]
    assert find_misfit(moved, plane, known) is None
