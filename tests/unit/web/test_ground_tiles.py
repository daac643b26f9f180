"""How exactly tiles of GCJ-02 are laid beneath WGS-84 fences, against the server's own conversion."""

import math
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from geofences.map_datums import wgs84_to_gcj02
from tests.support.typescript import call_all

Array: TypeAlias = NDArray[np.float64]
Ways: TypeAlias = dict[tuple[str, int], tuple[tuple[int, int], Array]]
TILE_PX = 256
# Fences are drawn at these zooms; the last has pixels of 0.5 m near Wuhan. Services end at 18 or 19.
ZOOMS = (8, 10, 12, 14, 16, 18, 19)
PLACES = {"Wuhan": (114.31, 30.52), "Mohe": (122.5, 53.4), "Sanya": (109.5, 18.25), "Kashgar": (75.99, 39.47)}
WORST_PX = 0.05
"""A twentieth of a pixel cannot be seen."""


def pixel(zoom: int, lon: Array | float, lat: Array | float) -> tuple[Array, Array]:
    """Return the pixel of the Web Mercator world for positions in degrees, as the tile scheme defines it."""
    world = TILE_PX * 2**zoom
    return np.asarray((lon + 180) / 360 * world), (1 - np.arcsinh(np.tan(np.radians(lat))) / math.pi) / 2 * world


def position(zoom: int, x: Array, y: Array) -> tuple[Array, Array]:
    """Return longitude and latitude in degrees of pixels of the world."""
    world = TILE_PX * 2**zoom
    return x / world * 360 - 180, np.degrees(np.arctan(np.sinh(math.pi * (1 - 2 * y / world))))


@pytest.fixture(scope="module")
def ways() -> Ways:
    """Give for each place and zoom the tile there and the ways of 32 x 32 of its pixels, as the desk reckons them."""
    tiles = {}
    for name, at in PLACES.items():
        for zoom in ZOOMS:
            x, y = pixel(zoom, *at)
            tiles[name, zoom] = (int(float(x) // TILE_PX), int(float(y) // TILE_PX))
    calls: list[tuple[str, list[Any]]] = [
        ("waysOf", [{"z": zoom, "x": x, "y": y}, 8]) for (_, zoom), (x, y) in tiles.items()
    ]
    found = call_all("desk/fences/tiles.ts", calls)
    return {key: (tiles[key], np.array(one)) for key, one in zip(tiles, found, strict=True)}


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("zoom", ZOOMS)
def test_a_shifted_tile_lies_within_a_twentieth_of_a_pixel(ways: Ways, name: str, zoom: int) -> None:
    (x, y), found = ways[name, zoom]
    lon, lat = position(zoom, x * TILE_PX + found[:, 0], y * TILE_PX + found[:, 1])
    true_x, true_y = pixel(zoom, *wgs84_to_gcj02(lon, lat))
    off = np.hypot(found[:, 2] - true_x, found[:, 3] - true_y)
    assert off.max() < WORST_PX
    # What would be seen without the shift: hundreds of metres.
    unshifted = np.hypot(x * TILE_PX + found[:, 0] - true_x, y * TILE_PX + found[:, 1] - true_y)
    metres_per_px = 40_075_017 * math.cos(math.radians(float(lat.mean()))) / (TILE_PX * 2**zoom)
    assert unshifted.min() * metres_per_px > 100


def test_the_needed_tiles_hold_every_pixel(ways: Ways) -> None:
    (x, y), found = ways["Wuhan", 18]
    tile = {"z": 18, "x": x, "y": y}
    corners = call_all("desk/fences/tiles.ts", [("cornersInGcj02", [tile])])[0]
    needed = {(one["x"], one["y"]) for one in call_all("desk/fences/tiles.ts", [("tilesFor", [corners, 18])])[0]}
    there = {(int(px // TILE_PX), int(py // TILE_PX)) for px, py in found[:, 2:].tolist()}
    assert there <= needed
    assert len(needed) <= 9
