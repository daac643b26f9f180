"""Measures a week's bulletin of 2 000 projects with 20 key posts each: drawing it up from person-days, and its forms.

`make bench` measures it; `.venv/bin/python -m bench.bulletins` measures it alone.
"""

import asyncio
import sys
import time
from datetime import UTC, date, datetime
from statistics import median
from typing import Final

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.garbage import collect_less, keep_what_is_there
from backend.migrate import migrate
from backend.reports.bulletins.content import Content, freeze
from backend.reports.bulletins.issuing import BulletinTools, draw_up
from backend.reports.bulletins.wording import LINES_IN_PRINT, Published, word_bulletin
from backend.reports.rendering.limits import Form
from backend.reports.rendering.renderer import Renderer
from bench.loads import HERE, run_sql
from tools.newcomer import recreate
from tools.postgres import held
from tools.say import say, step

PROJECTS, HOLDERS, ROUNDS = 2000, 40_000, 5
NOW: Final = datetime(2026, 3, 23, 1, 0, tzinfo=UTC)
FORMS: Final[tuple[Form, ...]] = ("page", "xlsx", "pdf")


async def _drawn_up(tools: BulletinTools) -> tuple[Content, float]:
    """Return a bulletin and the seconds that it took; raises RuntimeError if it is not of the whole world."""
    began = time.perf_counter()
    content = await draw_up(tools, "weekly", date(2026, 3, 16), None)
    freeze(content)
    seconds = time.perf_counter() - began
    if (content.totals.projects, content.totals.holders) != (PROJECTS, HOLDERS):
        message = f"{content.totals.projects} projects, {content.totals.holders} holders"
        raise RuntimeError(message)
    return content, seconds


async def _measured(url: str) -> dict[str, float]:
    database = Database(url)
    tools = BulletinTools(database=database, renderer=Renderer(), clock=ManualClock(NOW))
    async with database.opened():
        content, seconds = await _drawn_up(tools)
        drawn = [seconds, *[(await _drawn_up(tools))[1] for _ in range(1, ROUNDS)]]
    frozen, digest = freeze(content)
    figures = {"bulletin_week_s": round(median(drawn), 2), "bulletin_kb": round(len(frozen) / 1000)}
    published = Published(edition=1, issued_at=NOW, digest=digest)
    for form in FORMS:
        took: list[float] = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            most = None if form == "xlsx" else LINES_IN_PRINT
            await tools.renderer.render(form, word_bulletin("zh-CN", content, published, most_lines=most))
            took.append(time.perf_counter() - began)
        figures[f"bulletin_{form}_s"] = round(median(took), 2)
    return figures


def measure_bulletins() -> dict[str, float]:
    """Make the world in a database of its own and return the figures by name, in a process set up like a server."""
    collect_less()
    keep_what_is_there()
    with held("bench") as url:
        with step("making a week of 2 000 projects with 20 key posts each"):
            recreate(url)
            migrate(url, date(2026, 3, 1))
            run_sql(url, "-f", str(HERE / "bulletin_world.sql"))
            run_sql(url, "-c", "VACUUM ANALYZE")
        return asyncio.run(_measured(url))


def main() -> int:
    """Print the figures."""
    for name, value in measure_bulletins().items():
        say(f"{name} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
