"""Plays a day of the whole city by a clock of its own, and says how late each fault was in an alert.

`.venv/bin/python -m bench.city_day`: 2 000 sites, 15 district supervisors, 60 gate faults, 3 power cuts of 40 gates,
25 empty posts. The status is 1 when a fault is missed or late, or a supervisor has more than 20 entries.
"""

import asyncio
import sys
from datetime import UTC, datetime

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.migrate import migrate
from tests.support.cities import make_city
from tests.support.city_day import Told, plan_day, play_day
from tools.newcomer import recreate
from tools.postgres import held
from tools.say import step

DAWN = datetime(2026, 3, 15, 22, tzinfo=UTC)
SITES, DISTRICTS = 2000, 15
GATE_WITHIN_S, POST_WITHIN_S, MOST = 300, 60, 20


async def play(url: str) -> Told:
    """Make the city and play the Monday."""
    database, clock = Database(url), ManualClock(DAWN)
    async with database.opened():
        city = await make_city(database, clock, districts=DISTRICTS, sites=SITES)
        return await play_day(city, plan_day(city, seed=7))


def main() -> int:
    """Play, print one figure a line."""
    with held("bench") as url, step(f"playing a day of {SITES} sites"):
        recreate(url)
        migrate(url, DAWN.date())
        told = asyncio.run(play(url))
    print(f"gate_faults {len(told.gate_delays_s)}")
    print(f"gate_delay_max_s {max(told.gate_delays_s):.0f}")
    print(f"empty_posts {len(told.post_delays_s)}")
    print(f"post_delay_max_s {max(told.post_delays_s):.0f}")
    print(f"missed {told.missed}")
    print(f"inbox_max {max(told.inbox)}")
    late = max(told.gate_delays_s) > GATE_WITHIN_S or max(told.post_delays_s) > POST_WITHIN_S
    return 1 if told.missed or late or max(told.inbox) > MOST else 0


if __name__ == "__main__":
    sys.exit(main())
