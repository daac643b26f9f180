"""Measures alerts alone: a city's day of faults by the application's clock, and how long a fact takes to the outbox.

`.venv/bin/python -m bench.alerts`. The day: 2 000 sites, 15 district supervisors, 60 gates that fall silent, 3 areas
without power with 40 gates each, 25 posts that nobody fills. The latency: the worker's loop follows an idle system on
the machine's clock while gates fall silent one by one; measured from the commit of the fact to the first look at the
outbox that shows it.
"""

import asyncio
import statistics
import sys
import time
from datetime import UTC, date, datetime, timedelta

from backend.alerts.following import follow
from backend.gates.outages.recording import Opening, record_openings
from backend.kit.clock import ManualClock, SystemClock
from backend.kit.db import Database
from backend.kit.ids import new_id
from backend.migrate import migrate
from tests.support.cities import City, make_city
from tests.support.city_day import plan_day, play_day
from tools.newcomer import recreate
from tools.postgres import held
from tools.say import say, step, told

SITES, DISTRICTS = 2000, 15
DAWN = datetime(2026, 3, 15, 22, tzinfo=UTC)  # 06:00 on a Monday in Wuhan
ROUNDS = 30
LOOK_S = 0.005
WAITING = "SELECT count(*) FROM alert_outbox"


async def measure_day(url: str) -> dict[str, float]:
    """Play the day and return its figures."""
    database = Database(url, max_size=4)
    async with database.opened():
        city = await make_city(database, ManualClock(DAWN), districts=DISTRICTS, sites=SITES)
        begun = time.perf_counter()
        day = await play_day(city, plan_day(city, seed=7))
        took_s = time.perf_counter() - begun
    return {
        "alerts_day_missed_faults": day.missed,
        "alerts_day_gate_faults": len(day.gate_delays_s),
        "alerts_day_gate_delay_max_s": day.gate_delays_s[-1],
        "alerts_day_empty_posts": len(day.post_delays_s),
        "alerts_day_post_delay_max_s": day.post_delays_s[-1],
        "alerts_day_inbox_per_supervisor_max": day.inbox[-1],
        "alerts_day_inbox_per_supervisor_median": statistics.median(day.inbox),
        "alerts_day_sent_per_supervisor_max": day.sent[-1],
        "alerts_day_largest_group": day.largest_group,
        "alerts_day_took_s": round(took_s, 1),
    }


async def measure_latency(url: str) -> dict[str, float]:
    """Let gates fall silent on an idle system and return how long each took to the outbox, in seconds."""
    database, clock, stopping = Database(url, max_size=4), SystemClock(), asyncio.Event()
    async with database.opened():
        dawn = ManualClock(clock.now())
        city = await make_city(database, dawn, districts=ROUNDS, sites=ROUNDS)
        following = asyncio.create_task(follow(database, clock, stopping))
        waits = [await _one(city, place, clock) for place in range(ROUNDS)]
        stopping.set()
        await following
    ordered = sorted(waits)
    return {
        "alerts_fact_to_outbox_p50_s": round(statistics.median(ordered), 3),
        "alerts_fact_to_outbox_p95_s": round(ordered[int(0.95 * len(ordered))], 3),
        "alerts_fact_to_outbox_max_s": round(ordered[-1], 3),
    }


async def _one(city: City, place: int, clock: SystemClock) -> float:
    site, now = city.sites[place], clock.now()
    opening = Opening(
        id=new_id(now),
        device_id=site.gate_id,
        kind="silent",
        from_at=now - timedelta(minutes=3),
        last_sign_at=now - timedelta(minutes=3),
        evidence={},
    )
    async with city.database.connection() as connection, connection.transaction():
        await record_openings(connection, site.id, [opening], now)
    begun = time.perf_counter()
    # Asked as a channel would ask: the rows come from another task's transactions.
    while (await city.rows(WAITING))[0]["count"] <= place:  # noqa: ASYNC110
        await asyncio.sleep(LOOK_S)
    return time.perf_counter() - begun


def main() -> int:
    """Measure on databases of its own and print the figures."""
    figures: dict[str, float] = {}
    with held("bench") as url:
        for name, measure in (("the latency", measure_latency), ("the day", measure_day)):
            with step(f"measuring {name}"):
                recreate(url)
                migrate(url, date(2026, 3, 16))
                figures |= asyncio.run(measure(url))
    for name, value in figures.items():
        say(f"{name} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(told(main))
