"""Fences that several tests judge by."""

from collections.abc import Callable

import pytest

from geofences.construction import build_corridor
from geofences.coordinates import WGS84
from geofences.evaluation import Fence
from geofences.shapes import Corridor, WidthRange
from tests.support.fences import PLANE, metres, metro_coordinates, prepared


@pytest.fixture(scope="session")
def metro() -> Corridor:
    """Give the metro line with half-widths of 50 m and flat ends."""
    return build_corridor(WGS84, metro_coordinates(WGS84), [WidthRange(0.0, None, 50.0, 50.0)])


@pytest.fixture(scope="session")
def metro_fence(metro: Corridor) -> Fence:
    """Give the metro line's corridor, prepared."""
    return prepared(metro)


@pytest.fixture(scope="session")
def straight_fence() -> Callable[[float], Fence]:
    """Make an east-west corridor of 2 km, by its half-width, centred on the place on the meridian."""

    def make(half_width_m: float) -> Fence:
        widths = [WidthRange(0.0, None, half_width_m, half_width_m)]
        return prepared(build_corridor(PLANE, metres([(-1000.0, 0.0), (1000.0, 0.0)]), widths))

    return make
