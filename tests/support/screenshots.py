"""Takes pictures of every screen on the demo's world into docs/screens; `make screenshots` runs it."""

import asyncio
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image

from backend.demo.line import metro_line
from tests.support import processes
from tests.support.asking import (
    check_in_in_review,
    face_without_network,
    leave_with_a_deputy,
    missing_check_in,
    pushed_notices,
    scans,
)
from tests.support.browsers import Browser, DemoHouse, demo_house, gcj02_line, lay_alignment, place, running_browser
from tests.support.databases import databases
from tests.support.desks import TOWER, declaration_of, make_desk_gate, rule_at_work, staff_at
from tests.support.tile_server import base_map_settings, tile_server
from tools.house import ROOT
from tools.say import say, step, told

COLOURS = 160
SCREENS = ROOT / "docs" / "screens"


def drawings() -> dict[str, Any]:
    """Return what the fence editor's gallery draws and imports."""
    line = {"type": "LineString", "coordinates": gcj02_line(18_000, 22_000)}
    return {
        "project": "地铁11号线演示工程",
        "name": "武汉地铁11号线",
        "line": [[114.30, 30.500], [114.305, 30.502], [114.31, 30.501]],
        "file": json.dumps({"type": "Feature", "properties": {"name": "三标区间"}, "geometry": line}),
    }


async def take(folder: Path) -> list[str]:
    """Play the galleries of the apps; return the names of the pictures."""
    with databases() as found, step("loading the demo"), demo_house(found, folder) as house:
        async with running_browser(folder) as browser:
            about = {**house.phone("祁明朗"), "place": place(19_600, 4), "outside": place(19_600, 210, 12)}
            await browser.play("phone.gallery", {**about, "folder": str(folder / "screens")})
            await journeys(house, browser, folder / "screens")
            about = {**house.staff("line11"), "folder": str(folder / "screens"), **drawings()}
            await browser.play("fences.gallery", about)
            lay_alignment(house, about["project"])
            await browser.play("maps.gallery", about)
            await take_base_map(house, browser, folder)
            await take_board(house, browser, str(folder / "screens"))
            about = {**house.staff("city"), "folder": str(folder / "screens"), "person": "陆怀舟", "reviewed": "童晓峰"}
            await browser.play("evidence.gallery", about)
    return sorted(path.name for path in (folder / "screens").iterdir())


async def journeys(house: DemoHouse, browser: Browser, folder: Path) -> None:
    """Play the journeys of requests and of presence, which take pictures where they are told a folder."""
    wanted = {
        "requests.makeUpFromTheMonth": missing_check_in(house),
        "requests.appealFromADay": check_in_in_review(house),
        "requests.leaveWithADeputy": leave_with_a_deputy(house),
        "presence.byScan": scans(house),
        "push.noticesPushed": pushed_notices(house),
        "presence.faceWithoutNetwork": face_without_network(house),
    }
    for name, about in wanted.items():
        await browser.play(name, {**about, "folder": str(folder)})


async def take_base_map(house: DemoHouse, browser: Browser, folder: Path) -> None:
    """Take a picture of a fence over tiles in GCJ-02, drawn here: the line of the demo and its stations' dots."""
    line = metro_line()
    dots = [line.at(chainage_m, 0) for chainage_m in range(19_000, 20_201, 200)]
    with tile_server(dots, [line.path]) as (address, _):
        settings = base_map_settings(address, folder / "key")
        with processes.server(house.url, house.folder, **settings) as server:
            about = {**house.staff("line11"), "project": "地铁11号线演示工程", "at": line.at(19_600, 0)}
            about |= {"base_url": server.base_url, "folder": str(folder / "screens")}
            await browser.play("maps.overTiles", about)


async def take_board(house: DemoHouse, browser: Browser, folder: str) -> None:
    """Play the gallery of those who supervise, with a gate that is down and the alert of it."""
    async with staff_at(house, "tower", "donghu") as (admin, district):
        gate = await make_desk_gate(admin, district)
    about = {
        **house.staff("donghu"),
        "admin": house.staff("tower"),
        "folder": folder,
        "on": house.played_on,
        "project": TOWER,
        "project_id": gate.project_id,
        "gate": gate.name,
        "person": "傅云开",
        "declaration": declaration_of(gate, "配电箱检修", datetime.now(UTC)),
    }
    async with rule_at_work(house, "gate_declared"):
        await browser.play("board.gallery", about)


def main() -> int:
    """Replace the pictures by those of today's screens."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "screens").mkdir()
        made = asyncio.run(take(folder))
        SCREENS.mkdir(exist_ok=True)
        for picture in made:
            # Screens have few colours; a palette makes the pictures a third as large and looks the same.
            with Image.open(folder / "screens" / picture) as taken:
                taken.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(SCREENS / picture, optimize=True)
    say(f"{len(made)} pictures are in {SCREENS}")
    return 0


if __name__ == "__main__":
    sys.exit(told(main))
