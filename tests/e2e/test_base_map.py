"""The base map beneath the fences, in a real Chromium against a map service on this machine."""

import base64
import io
import math
from pathlib import Path
from typing import Any

from PIL import Image

from tests.support import processes
from tests.support.browsers import Browser, DemoHouse, is_sound
from tests.support.tile_server import base_map_settings, middle_of_dots, tile_server

LINE = "地铁11号线演示工程"
AT = (114.31, 30.505)
ASIDE_M = 40
NEAR_PX = 2.0
"""Of a dot 10 pixels wide whose rim is mixed with the ground."""


async def test_tiles_of_gcj02_lie_right_beneath_a_fence(
    browser: Browser, demo_house: DemoHouse, tmp_path: Path
) -> None:
    east = ASIDE_M / (111_320 * math.cos(math.radians(AT[1])))
    dots = [(AT[0] - east, AT[1]), (AT[0] + east, AT[1])]
    with tile_server(dots) as (address, asked):
        settings = base_map_settings(address, tmp_path / "key")
        with processes.server(demo_house.url, demo_house.folder, **settings) as server:
            about: dict[str, Any] = {**demo_house.staff("line11"), "project": LINE, "at": AT}
            seen = await browser.play("maps.overTiles", {**about, "base_url": server.base_url})
            assert "Traceback" not in processes.said(server)
    assert set(asked) == {f"{server.base_url}/"}, "the service is told the site, not the page"
    picture = base64.b64decode(seen["picture"])
    width, height = Image.open(io.BytesIO(picture)).size
    x, y = middle_of_dots(picture)
    assert math.hypot(x - width / 2, y - height / 2) < NEAR_PX, "the dots lie to both sides of the middle"
    assert seen["attribution"] == "本机演示地图"
    assert "app.base_map_failed" in seen["told"]
    is_sound(seen)


async def test_without_a_base_map_nothing_is_asked_of_anybody_else(browser: Browser, demo_house: DemoHouse) -> None:
    about = {**demo_house.staff("line11"), "project": LINE, "at": AT}
    seen = await browser.play("maps.withoutTiles", about)
    assert seen["state"] == "none"
    assert seen["origins"] == [demo_house.base_url]
    is_sound(seen)
