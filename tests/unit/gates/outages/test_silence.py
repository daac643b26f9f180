"""Which gaps in a gate's signs of life are outages."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gates.outages.hours import Stretch
from backend.gates.outages.silence import Silence, find_silences, judge_silence, silence_limit

ZERO = datetime(2026, 3, 16, tzinfo=UTC)
LIMIT = timedelta(seconds=180)


def at(minutes: float) -> datetime:
    return ZERO + timedelta(minutes=minutes)


def day(begin: float = 0, end: float = 24 * 60) -> Stretch:
    return Stretch(at(begin), at(end))


@pytest.mark.parametrize(("interval_s", "limit_s"), [(10, 120), (40, 120), (41, 123), (60, 180), (3600, 10_800)])
def test_the_limit_is_three_intervals_or_two_minutes(interval_s: int, limit_s: int) -> None:
    assert silence_limit(interval_s) == timedelta(seconds=limit_s)


def test_silence_begins_with_the_last_sign_and_is_certain_after_the_limit() -> None:
    found = judge_silence(at(10), None, at(20), LIMIT, [day()])
    assert found == Silence(at(10), at(10), at(13), None)


def test_exactly_the_limit_is_no_silence_yet() -> None:
    assert judge_silence(at(10), None, at(13), LIMIT, [day()]) is None
    assert judge_silence(at(10), at(13), at(99), LIMIT, [day()]) is None


def test_a_night_without_power_is_no_silence() -> None:
    expected = [day(0, 60), day(600, 700)]
    assert judge_silence(at(59), at(602), at(650), LIMIT, expected) is None


def test_a_gate_that_stays_off_in_the_morning_is_silent_from_the_beginning_of_the_hours() -> None:
    expected = [day(0, 60), day(600, 700)]
    assert judge_silence(at(59), None, at(602), LIMIT, expected) is None
    assert judge_silence(at(59), None, at(604), LIMIT, expected) == Silence(at(59), at(600), at(603), None)


def test_silence_that_began_in_working_hours_is_one_however_many_nights_it_lasts() -> None:
    expected = [day(0, 60), day(600, 700), day(1200, 1300)]
    assert find_silences([at(30), at(1290)], at(1291), LIMIT, expected) == [Silence(at(30), at(30), at(33), at(1290))]


def test_nothing_is_known_of_a_gate_without_signs() -> None:
    assert find_silences([], at(100), LIMIT, [day()]) == []


signs = st.lists(st.integers(0, 2000), min_size=1, max_size=25, unique=True).map(sorted)
spans = st.lists(st.integers(0, 2000), max_size=8, unique=True).map(sorted)


def stretches(ends: list[int]) -> list[Stretch]:
    return [day(*ends[place : place + 2]) for place in range(0, len(ends) - 1, 2)]


@given(signs=signs, ends=spans, later=st.integers(0, 500))
def test_each_silence_is_a_gap_longer_than_the_limit_inside_the_hours(
    signs: list[int], ends: list[int], later: int
) -> None:
    now, expected = at(signs[-1] + later), stretches(ends)
    found = find_silences(map(at, signs), now, LIMIT, expected)
    gaps = [(at(begin), at(end)) for begin, end in pairwise(signs)] + [(at(signs[-1]), now)]
    for one in found:
        assert (one.last_sign_at, one.until_at or now) in gaps
        assert one.certain_at == one.from_at + LIMIT
        assert one.certain_at < (one.until_at or now)
        assert any(part.begin <= one.from_at and one.certain_at < part.end for part in expected)
    named = {one.last_sign_at for one in found}
    for begin, end in gaps:
        inside = [min(end, part.end) - max(begin, part.begin) for part in expected]
        assert (begin in named) == any(span > LIMIT for span in inside)


@given(signs=signs, ends=spans, looks=st.lists(st.integers(0, 2600), min_size=1, max_size=10).map(sorted))
def test_looking_often_rarely_or_late_finds_the_same_silences(
    signs: list[int], ends: list[int], looks: list[int]
) -> None:
    """However the looks lie, what they find together is what one last look finds, each begun the same way."""
    expected, last = stretches(ends), looks[-1]
    known: dict[datetime, Silence] = {}
    cursor = signs[0]
    for look in looks:
        seen = [one for one in signs if cursor <= one <= look]
        for one in find_silences(map(at, seen), at(look), LIMIT, expected):
            earlier = known.get(one.last_sign_at)
            assert earlier is None or (earlier.from_at, earlier.certain_at) == (one.from_at, one.certain_at)
            assert earlier is None or earlier.until_at in {None, one.until_at}
            known[one.last_sign_at] = one
        cursor = max(seen, default=cursor)
    at_once = find_silences([at(one) for one in signs if one <= last], at(last), LIMIT, expected)
    assert sorted(known.values(), key=lambda one: one.last_sign_at) == at_once
