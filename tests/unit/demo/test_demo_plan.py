"""The plan of the day: the same for the same day, in order, and what it promises about late and double sendings."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from backend.demo.gate_plan import OUTAGE, Beat, Delivery, gate_events
from backend.demo.phone_plan import ZONE, instant, phone_owners, phone_taps
from backend.demo.running import day_to_play
from backend.demo.world import EAST, SOUTH
from backend.kit.clock import ManualClock
from backend.sites.model import DEFAULT_CUTOVER, work_on

DAY = date(2026, 3, 16)
TAPS = phone_taps(DAY)
SENT = gate_events(DAY)
BATCHES = [one for one in SENT if isinstance(one, Delivery)]


def test_the_same_day_is_the_same_plan() -> None:
    assert phone_taps(DAY) == TAPS
    assert gate_events(DAY) == SENT


def test_everything_comes_in_order_and_within_the_site_s_day() -> None:
    for sent in (TAPS, SENT):
        instants = [one.at for one in sent]
        assert instants == sorted(instants)
        assert {work_on(at, ZONE.key, DEFAULT_CUTOVER) for at in instants} == {DAY}


def test_only_what_is_sent_again_shares_an_event() -> None:
    twice = {event for event, count in Counter(tap.event for tap in TAPS).items() if count > 1}
    assert twice == {tap.event for tap in TAPS if tap.lesson in {"retry", "changed"}}


def test_who_taps_owns_a_phone() -> None:
    assert {tap.who for tap in TAPS} == set(phone_owners())


def test_live_events_arrive_within_ten_minutes_and_stored_ones_say_so() -> None:
    for batch in BATCHES:
        for item in batch.items:
            if item.live:
                assert batch.at - datetime.fromisoformat(item.device_time) <= timedelta(minutes=10)
            else:
                assert batch.at >= instant(DAY, OUTAGE[1])


def test_the_east_gate_is_silent_during_the_outage() -> None:
    begin, end = (instant(DAY, clock_time) for clock_time in OUTAGE)
    assert not [one for one in SENT if one.gate is EAST and begin <= one.at < end]
    assert [one for one in SENT if one.gate is SOUTH and begin <= one.at < end]


def test_the_first_beat_after_the_outage_tells_the_backlog() -> None:
    end = instant(DAY, OUTAGE[1])
    beat = next(one for one in SENT if isinstance(one, Beat) and one.gate is EAST and one.at >= end)
    late = next(batch for batch in BATCHES if batch.note == "late")
    assert beat.backlog == len(late.items) == 13
    assert beat.oldest_unsent_at == datetime.fromisoformat(late.items[0].device_time)


def test_numbers_of_a_gate_count_up_by_one() -> None:
    for gate in (SOUTH, EAST):
        first = [item.seq for batch in BATCHES if batch.gate is gate for item in batch.items]
        assert list(dict.fromkeys(first)) == list(range(1, max(first) + 1))


@pytest.mark.parametrize(
    ("now", "played"),
    [
        (datetime(2026, 3, 17, 2, tzinfo=UTC), date(2026, 3, 16)),  # 10:00 in Wuhan: yesterday
        (datetime(2026, 3, 16, 20, 30, tzinfo=UTC), date(2026, 3, 15)),  # 04:30: the night shift is hardly over
        (datetime(2026, 3, 16, 21, 30, tzinfo=UTC), date(2026, 3, 16)),  # 05:30
        (datetime(2026, 3, 16, 16, 30, tzinfo=UTC), date(2026, 3, 15)),  # half past midnight
    ],
)
def test_the_day_to_play_is_over(now: datetime, played: date) -> None:
    assert day_to_play(now) == played
    assert instant(played, "28:20") < ManualClock(now).now()
