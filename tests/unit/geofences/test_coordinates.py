"""Declared coordinate systems: what is understood, what is refused, and exact conversion both ways."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofences.coordinates import (
    GCJ02,
    WGS84,
    check_position,
    checked_wgs84,
    coordinate_system,
    from_wgs84,
    to_wgs84,
    zone_meridian,
    zone_of,
)
from geofences.errors import AxesSwapped, NotFinite, OutOfChina, ShapeFault, SystemUnknown
from geofences.projection import ground_distance_m

SYSTEMS = [
    *("wgs84", "cgcs2000", "gcj02", "bd09", "EPSG:4326", "EPSG:4490", "EPSG:4547", "EPSG:4526", "EPSG:4534"),
    *("EPSG:4554", "EPSG:2383", "EPSG:2435", "EPSG:4214", "EPSG:3857", "EPSG:32650"),
]


@pytest.mark.parametrize("declared", SYSTEMS)
@given(east=st.floats(-1.4, 1.4), lat=st.floats(18.0, 45.0))
def test_there_and_back_is_within_a_millimetre(declared: str, east: float, lat: float) -> None:
    system = coordinate_system(declared)
    meridian = zone_meridian(int(declared[5:])) if declared in {"EPSG:4534", "EPSG:4554"} else 114.0
    lon = meridian + east
    there_lon, there_lat = to_wgs84(system, *from_wgs84(system, lon, lat))
    assert ground_distance_m(lon, lat, float(there_lon), float(there_lat))[0] <= 1e-3


def test_a_surveyed_position_lands_where_it_belongs() -> None:
    # On the central meridian the easting is 500 km, and the northing is the meridian arc, which EPSG 4490 defines.
    easting, northing = from_wgs84(coordinate_system("EPSG:4547"), 114.0, 30.0)
    assert float(easting) == pytest.approx(500_000.0, abs=1e-4)
    assert float(northing) == pytest.approx(3_320_113.398, abs=1e-3)  # GRS80 meridian arc to 30 N
    prefixed, _ = from_wgs84(coordinate_system("EPSG:4526"), 114.0, 30.0)
    assert float(prefixed) == pytest.approx(38_500_000.0, abs=1e-4)


@pytest.mark.parametrize(
    "declared",
    ["", "wgs-84", "EPSG:", "EPSG:1", "EPSG:99999", "EPSG:27700", "EPSG:4479", "EPSG:٤٥٤٧", "4547", "x" * 99],
)
def test_what_is_no_system_of_ours_is_refused(declared: str) -> None:
    with pytest.raises(SystemUnknown) as caught:
        coordinate_system(declared)
    assert caught.value.detail["system"] == declared[:40]


def test_spelling_does_not_matter_but_is_made_one() -> None:
    assert coordinate_system("GCJ02") is GCJ02
    assert coordinate_system("epsg:4547").code == "EPSG:4547"


def test_a_datum_without_public_parameters_says_so() -> None:
    assert coordinate_system("EPSG:2383").accuracy_m is None
    assert coordinate_system("EPSG:2435").accuracy_m == 15.0
    assert coordinate_system("EPSG:4547").accuracy_m == 1.0


@pytest.mark.parametrize(
    ("declared", "x", "y", "fault"),
    [
        ("wgs84", 30.6, 114.3, AxesSwapped),
        ("gcj02", 30.6, 114.3, AxesSwapped),
        ("EPSG:4547", 3_386_666.0, 528_770.0, AxesSwapped),
        ("EPSG:4526", 3_386_666.0, 38_528_770.0, AxesSwapped),
        ("wgs84", 2.35, 48.85, OutOfChina),
        ("wgs84", 0.0, 0.0, OutOfChina),
        ("EPSG:4547", 38_528_770.0, 3_386_666.0, OutOfChina),
        ("EPSG:4547", 114.3, 30.6, OutOfChina),
        ("wgs84", math.nan, 30.6, NotFinite),
        ("gcj02", 114.3, math.inf, NotFinite),
    ],
)
def test_a_position_that_makes_no_sense_is_refused(declared: str, x: float, y: float, fault: type[ShapeFault]) -> None:
    with pytest.raises(fault) as caught:
        check_position(coordinate_system(declared), x, y, "fix")
    assert caught.value.detail["where"] == "fix"


def test_the_first_bad_place_of_a_path_is_named() -> None:
    with pytest.raises(OutOfChina) as caught:
        checked_wgs84(WGS84, [114.0, 114.1, 4.0], [30.0, 30.1, 30.2], "line")
    assert caught.value.detail == {"where": "line[2]", "x": 4.0, "y": 30.2, "system": "wgs84"}


@pytest.mark.parametrize(
    ("lon", "zone"), [(114.3, 4547), (112.49, 4546), (112.51, 4547), (75.0, 4534), (73.0, 4534), (135.2, 4554)]
)
def test_the_zone_is_that_of_the_nearest_meridian(lon: float, zone: int) -> None:
    assert zone_of(lon) == zone
    assert abs(zone_meridian(zone) - lon) <= 2.0


def test_conversion_of_many_is_the_same_as_of_one() -> None:
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(113, 115, 20), rng.uniform(29, 32, 20)
    system = coordinate_system("EPSG:4547")
    many = np.column_stack(from_wgs84(system, lon, lat))
    assert np.array_equal(many, [from_wgs84(system, a, b) for a, b in zip(lon, lat, strict=True)])
