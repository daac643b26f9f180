"""Whole arrays come back to the millimetre, in every system, over all of the country, as single positions do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyproj import CRS, Geod

from geofences.coordinates import (
    EAST,
    NORTH,
    SOUTH,
    WEST,
    CoordinateSystem,
    checked_wgs84,
    coordinate_system,
    from_wgs84,
    to_wgs84,
)

Array = NDArray[np.float64]
GEOD = Geod(ellps="GRS80")
CODES = [
    "wgs84",
    "cgcs2000",
    "gcj02",
    "bd09",
    "EPSG:4326",
    "EPSG:4490",
    "EPSG:4214",
    "EPSG:4555",
    "EPSG:4610",
    "EPSG:2338",
    "EPSG:2435",
    "EPSG:3857",
    "EPSG:4502",
    "EPSG:4526",
    "EPSG:4547",
    "EPSG:32650",
]
# The sines of numpy's vectors and those of the C library may differ in their last digit, by processor.
ROUNDING = 1e-13
SYSTEMS = st.sampled_from(CODES).map(coordinate_system)


def extent_of(system: CoordinateSystem) -> tuple[float, float, float, float]:
    """West, south, east and north of where a system is meant to be used in the country."""
    area = CRS.from_epsg(int(system.code[5:])).area_of_use if system.code.startswith("EPSG:") else None
    if area is None:
        return WEST, SOUTH, EAST, NORTH
    return max(area.west, WEST), max(area.south, SOUTH), min(area.east, EAST), min(area.north, NORTH)


def worst_m(lon: Array, lat: Array, to_lon: Array, to_lat: Array) -> float:
    return float(np.max(GEOD.inv(lon, lat, to_lon, to_lat)[2]))


@pytest.mark.parametrize("code", CODES)
def test_a_hundred_thousand_positions_come_back_to_a_millimetre_from_both_ends(code: str) -> None:
    system = coordinate_system(code)
    west, south, east, north = extent_of(system)
    rng = np.random.default_rng(12)
    lon, lat = rng.uniform(west, east, 100_000), rng.uniform(south, north, 100_000)
    x, y = from_wgs84(system, lon, lat)
    back_lon, back_lat = to_wgs84(system, x, y)
    assert worst_m(lon, lat, back_lon, back_lat) <= 1e-3
    again_x, again_y = from_wgs84(system, back_lon, back_lat)
    tolerance = 1e-3 if system.kind == "projected" else 1e-8
    assert max(np.abs(again_x - x).max(), np.abs(again_y - y).max()) <= tolerance


@given(system=SYSTEMS, data=st.data(), rows=st.integers(0, 4), columns=st.integers(0, 5))
def test_arrays_of_any_shape_give_what_their_members_give(
    system: CoordinateSystem, data: st.DataObject, rows: int, columns: int
) -> None:
    west, south, east, north = extent_of(system)
    count = rows * columns
    lons = data.draw(st.lists(st.floats(west, east), min_size=count, max_size=count))
    lats = data.draw(st.lists(st.floats(south, north), min_size=count, max_size=count))
    lon, lat = np.array(lons, dtype=np.float64).reshape(rows, columns), np.array(lats).reshape(rows, columns)
    x, y = from_wgs84(system, lon, lat)
    back_lon, back_lat = to_wgs84(system, x, y)
    assert x.shape == y.shape == back_lon.shape == back_lat.shape == (rows, columns)
    for place in np.ndindex(rows, columns):
        one = from_wgs84(system, float(lon[place]), float(lat[place]))
        assert np.asarray(one) == pytest.approx([x[place], y[place]], rel=ROUNDING, abs=ROUNDING)
        one = to_wgs84(system, float(x[place]), float(y[place]))
        assert np.asarray(one) == pytest.approx([back_lon[place], back_lat[place]], rel=ROUNDING, abs=ROUNDING)


@given(st.lists(st.tuples(st.floats(WEST, EAST), st.floats(SOUTH, NORTH)), min_size=1, max_size=20))
def test_neighbours_stay_neighbours_in_the_shifted_datums(places: list[tuple[float, float]]) -> None:
    """A metre stays a metre within three per cent: nothing folds, tears or jumps where a worksite can be."""
    lon, lat = np.array(places).T
    beside_lon, beside_lat, _ = GEOD.fwd(lon, lat, np.linspace(0.0, 360.0, len(lon)), np.full(len(lon), 1.0))
    for code in ("gcj02", "bd09"):
        here = from_wgs84(coordinate_system(code), lon, lat)
        beside = from_wgs84(coordinate_system(code), np.array(beside_lon), np.array(beside_lat))
        apart = GEOD.inv(*here, *beside)[2]
        assert np.all(np.abs(apart - 1.0) < 3e-2)


def test_the_first_bad_one_of_many_is_named() -> None:
    lon, lat = np.full(50_000, 114.0), np.full(50_000, 30.0)
    found = checked_wgs84(coordinate_system("bd09"), lon, lat)
    assert np.all(found[0] == found[0][0])
    lat[31_415] = 2.0
    with pytest.raises(Exception, match=r"out_of_china|axes") as fault:
        checked_wgs84(coordinate_system("bd09"), lon, lat, "line")
    assert fault.value.detail["where"] == "line[31415]"  # pyright: ignore[reportAttributeAccessIssue] - an error of the tree
