"""A day of a city: every fault is told in time, and no supervisor is told more often than he can read.

The whole city of 2 000 sites is played by bench/city_day.py; here it is smaller, with as many faults for each
supervisor.
"""

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from tests.support.cities import make_city
from tests.support.city_day import plan_day, play_day

MOST = 20
GATE_WITHIN_S = 300
POST_WITHIN_S = 60


async def test_every_fault_of_a_day_is_told_in_time_and_nobody_is_flooded(
    own_database: Database, at_dawn: ManualClock
) -> None:
    city = await make_city(own_database, at_dawn, districts=6, sites=90)
    told = await play_day(city, plan_day(city, seed=7, single=24, areas=2, area_gates=8, empty=10))
    assert told.missed == 0
    assert len(told.gate_delays_s) == 24 + 2 * 8
    assert len(told.post_delays_s) == 10
    assert max(told.gate_delays_s) <= GATE_WITHIN_S
    assert min(told.post_delays_s) >= 0
    assert max(told.post_delays_s) <= POST_WITHIN_S
    assert max(told.inbox) <= MOST
    assert told.largest_group >= 8
