"""A mistake of datum is recognised, told with its numbers, and never accepted."""

import itertools

import numpy as np
import pytest
from pyproj import Geod

from geofences.choice import Fix
from geofences.construction import build_circle
from geofences.coordinates import BD09, GCJ02, WGS84, CoordinateSystem, coordinate_system, from_wgs84, to_wgs84
from geofences.datum_suspicion import FARTHEST_SHIFT_M, suspect_datum
from geofences.evaluation import EvaluationPolicy, Fence
from tests.support.fences import prepared

POLICY = EvaluationPolicy()
PLACE = (114.3, 30.6)


@pytest.fixture(scope="module")
def office() -> Fence:
    return prepared(build_circle(WGS84, PLACE, 60.0))


def declared_fix(true: tuple[float, float], really: CoordinateSystem, declared: CoordinateSystem) -> Fix:
    """Make the fix of a person at a true place whose phone writes in one system and declares another."""
    lon, lat = to_wgs84(declared, *from_wgs84(really, *true))
    return Fix(float(lon), float(lat), 12.0, "web")


@pytest.mark.parametrize("really", [WGS84, GCJ02, BD09])
@pytest.mark.parametrize("declared", [WGS84, GCJ02, BD09])
def test_each_pair_of_datums_is_recognised(office: Fence, really: CoordinateSystem, declared: CoordinateSystem) -> None:
    found = suspect_datum([office], declared_fix(PLACE, really, declared), declared, POLICY)
    if really == declared:
        assert found is None
        return
    assert found is not None
    assert (found.culprit, found.declared, found.suspected) == ("fix", declared.code, really.code)
    assert 500.0 < found.moved_m < 1_350.0
    assert found.declared_distance_m < -400.0
    assert found.suspected_distance_m == pytest.approx(60.0, abs=0.2)
    assert found.suspected_probability > 0.99


def test_the_shift_is_that_of_wuhan(office: Fence) -> None:
    found = suspect_datum([office], declared_fix(PLACE, GCJ02, WGS84), WGS84, POLICY)
    assert found is not None
    assert found.moved_m == pytest.approx(586.3, abs=0.5)


@pytest.mark.parametrize("drawn_in", [GCJ02, BD09])
def test_a_fence_whose_numbers_were_of_another_datum_is_recognised(drawn_in: CoordinateSystem) -> None:
    lon, lat = from_wgs84(drawn_in, *PLACE)
    misplaced = prepared(build_circle(WGS84, (float(lon), float(lat)), 60.0))
    found = suspect_datum([misplaced], Fix(*PLACE, 12.0, "android"), coordinate_system("EPSG:4547"), POLICY)
    assert found is not None
    assert (found.culprit, found.declared, found.suspected) == ("fence", "wgs84", drawn_in.code)


def test_who_is_simply_elsewhere_raises_no_suspicion(office: Fence) -> None:
    assert suspect_datum([office], Fix(114.35, 30.62, 12.0, "android"), WGS84, POLICY) is None


def test_who_is_inside_or_uncertain_raises_no_suspicion(office: Fence) -> None:
    assert suspect_datum([office], Fix(*PLACE, 12.0, "android"), WGS84, POLICY) is None
    near = Fix(PLACE[0], PLACE[1] + 75.0 / 110_850.0, 30.0, "android")
    assert suspect_datum([office], near, WGS84, POLICY) is None
    assert suspect_datum([], near, WGS84, POLICY) is None


def test_no_two_datums_lie_farther_apart_than_is_searched() -> None:
    lon, lat = (axis.ravel() for axis in np.meshgrid(np.linspace(73.0, 135.2, 120), np.linspace(3.0, 54.0, 100)))
    shifted = [from_wgs84(system, lon, lat) for system in (WGS84, GCJ02, BD09)]
    ellipsoid = Geod(ellps="GRS80")
    farthest = max(float(ellipsoid.inv(*one, *other)[2].max()) for one, other in itertools.combinations(shifted, 2))
    assert 1_400.0 < farthest < FARTHEST_SHIFT_M
