"""What one area gains and loses against another, against plain areas of squares in metres."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geofences.difference import difference_of
from geofences.errors import TooTangled

GEOD = Geod(ellps="GRS80")
LON, LAT = 114.0, 30.6


def box(x: float, y: float, width: float, height: float) -> shapely.MultiPolygon:
    """Return a box whose numbers are 1e-5 degrees."""
    west, south = LON + 1e-5 * x, LAT + 1e-5 * y
    return shapely.MultiPolygon([shapely.box(west, south, west + 1e-5 * width, south + 1e-5 * height)])


def area(of: shapely.MultiPolygon) -> float:
    return sum(abs(GEOD.geometry_area_perimeter(part)[0]) for part in of.geoms)


SIDE = st.integers(10, 400)
PLACE = st.integers(-300, 300)


@given(x=PLACE, y=PLACE, width=SIDE, height=SIDE)
def test_gained_lost_and_kept_add_up(x: int, y: int, width: int, height: int) -> None:
    before, after = box(0, 0, 200, 200), box(x, y, width, height)
    found = difference_of(before, after)
    assert found.gained_m2 + found.kept_m2 == pytest.approx(area(after), rel=1e-6, abs=0.5)
    assert found.lost_m2 + found.kept_m2 == pytest.approx(area(before), rel=1e-6, abs=0.5)
    shared_x = max(0, min(200, x + width) - max(0, x))
    shared_y = max(0, min(200, y + height) - max(0, y))
    assert found.kept_m2 == pytest.approx(area(before) * shared_x * shared_y / 40_000, rel=1e-3, abs=0.5)
    for one in (found.gained, found.lost):
        assert shapely.is_valid(one)
    assert shapely.area(shapely.intersection(found.gained, before)) < 1e-12


def test_the_same_area_with_many_corners_differs_in_nothing() -> None:
    turn = np.linspace(0, 2 * np.pi, 5_000, endpoint=False)
    ring = np.column_stack((LON + 0.01 * np.cos(turn), LAT + 0.01 * np.sin(turn)))
    disc = shapely.MultiPolygon([shapely.Polygon(ring)])
    found = difference_of(disc, disc)
    assert (found.gained_m2, found.lost_m2) == (0.0, 0.0)
    assert found.gained.is_empty


def test_against_nothing_all_is_gained() -> None:
    after = box(0, 0, 100, 100)
    found = difference_of(None, after)
    assert found.gained_m2 == pytest.approx(area(after), rel=1e-6)
    assert (found.lost_m2, found.kept_m2) == (0.0, 0.0)


def test_two_combs_across_each_other_are_refused_before_the_overlay() -> None:
    def comb(*, turned: bool) -> shapely.MultiPolygon:
        teeth = []
        for tooth in range(200):
            teeth += [(10 * tooth, 0), (10 * tooth, 2_000), (10 * tooth + 5, 2_000), (10 * tooth + 5, 0)]
        path = [(0, -10), *teeth, (2_000, -10)]
        ring = [(LON + 1e-5 * (y if turned else x), LAT + 1e-5 * (x if turned else y)) for x, y in path]
        return shapely.MultiPolygon([shapely.Polygon(ring)])

    with pytest.raises(TooTangled):
        difference_of(comb(turned=False), comb(turned=True))
