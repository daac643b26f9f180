"""Takes pictures of every screen on the demo's world into docs/screens; `make screenshots` runs it."""

import asyncio
import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.support.browsers import demo_house, place, running_browser
from tests.support.databases import databases
from tools.house import ROOT
from tools.say import say, step, told

COLOURS = 160
SCREENS = ROOT / "docs" / "screens"


async def take(folder: Path) -> list[str]:
    """Play the galleries of the apps; return the names of the pictures."""
    with databases() as found, step("loading the demo"), demo_house(found, folder) as house:
        async with running_browser(folder) as browser:
            about = {**house.phone("祁明朗"), "place": place(19_600, 4), "outside": place(19_600, 210, 12)}
            await browser.play("phone.gallery", {**about, "folder": str(folder / "screens")})
    return sorted(path.name for path in (folder / "screens").iterdir())


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
