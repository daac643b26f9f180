"""GCJ-02 and BD-09 agree with published positions and come back to the millimetre."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofences import map_datums
from geofences.projection import ground_distance_m

LON = st.floats(73.0, 135.0)
LAT = st.floats(3.0, 54.0)

WAYS = {
    "gcj02": (map_datums.wgs84_to_gcj02, map_datums.gcj02_to_wgs84),
    "bd09 of gcj02": (map_datums.gcj02_to_bd09, map_datums.bd09_to_gcj02),
    "bd09": (map_datums.wgs84_to_bd09, map_datums.bd09_to_wgs84),
}


@pytest.mark.parametrize("way", WAYS)
@given(lon=LON, lat=LAT)
def test_there_and_back_is_within_a_millimetre(way: str, lon: float, lat: float) -> None:
    there, back = WAYS[way]
    for first, second in ((there, back), (back, there)):
        returned_lon, returned_lat = second(*first(lon, lat))
        moved, _ = ground_distance_m(lon, lat, float(returned_lon), float(returned_lat))
        assert moved <= 1e-3


def test_arrays_give_what_single_positions_give() -> None:
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(73, 135, 50), rng.uniform(3, 54, 50)
    for there, back in WAYS.values():
        for function in (there, back):
            many = np.column_stack(function(lon, lat))
            single = np.array([function(a, b) for a, b in zip(lon.tolist(), lat.tolist(), strict=True)])
            # Not to the last bit: arrays have their own sine.
            np.testing.assert_allclose(many, single, rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("lon", [math.nan, math.inf, -1e308, 1e308, 180.0, 0.0])
@pytest.mark.parametrize("lat", [math.nan, math.inf, -1e308, 1e308, 90.0, 0.0])
def test_no_number_raises(lon: float, lat: float) -> None:
    for there, back in WAYS.values():
        for function in (there, back):
            with np.errstate(all="ignore"):
                assert len(function(lon, lat)) == 2


def test_the_shift_at_wuhan_is_the_known_one() -> None:
    lon, lat = map_datums.wgs84_to_gcj02(114.3, 30.6)
    assert ground_distance_m(114.3, 30.6, float(lon), float(lat))[0] == pytest.approx(586.3, abs=0.5)
    # The reference implementations of the public formula print these digits.
    assert float(lon) == pytest.approx(114.30543824024, abs=1e-10)
    assert float(lat) == pytest.approx(30.59758419650, abs=1e-10)


@pytest.mark.parametrize(("lon", "lat"), [(71.9, 30.0), (137.9, 30.0), (114.0, 0.5), (114.0, 56.0), (-0.1, 51.5)])
def test_gcj02_is_wgs84_outside_its_box(lon: float, lat: float) -> None:
    for function in (map_datums.wgs84_to_gcj02, map_datums.gcj02_to_wgs84):
        assert tuple(float(number) for number in function(lon, lat)) == (lon, lat)


def test_nan_stays_nan() -> None:
    for function in (map_datums.wgs84_to_bd09, map_datums.bd09_to_wgs84):
        assert np.isnan(function(np.nan, 30.0)).any()
