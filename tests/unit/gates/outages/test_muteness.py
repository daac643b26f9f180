"""A gate that is alive and passes nobody."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.gates.outages.hours import Stretch
from backend.gates.outages.muteness import Crowd, find_muteness, is_expected
from backend.gates.outages.silence import Silence

ZERO = datetime(2026, 3, 16, tzinfo=UTC)
LIMIT = timedelta(hours=2)


def at(hours: float) -> datetime:
    return ZERO + timedelta(hours=hours)


DAY = [Stretch(at(6), at(22)), Stretch(at(30), at(46))]


@pytest.mark.parametrize(
    ("crowd", "expected"),
    [
        (Crowd(people=12, usual_days=7, ever_passed=True), True),
        (Crowd(people=12, usual_days=2, ever_passed=True), True),
        (Crowd(people=12, usual_days=1, ever_passed=True), False),
        (Crowd(people=12, usual_days=0, ever_passed=False), True),
        (Crowd(people=0, usual_days=7, ever_passed=True), False),
        (Crowd(people=0, usual_days=0, ever_passed=False), False),
    ],
)
def test_people_are_expected_where_they_usually_pass_or_nobody_ever_did(crowd: Crowd, *, expected: bool) -> None:
    assert is_expected(crowd) == expected


def test_two_hours_without_anybody_count_from_the_last_pass() -> None:
    assert find_muteness([], at(7), [], at(9), LIMIT, DAY) == []
    assert find_muteness([], at(7), [], at(9.1), LIMIT, DAY) == [Silence(at(7), at(7), at(9), None)]


def test_in_the_morning_they_count_from_the_beginning_of_the_hours() -> None:
    assert find_muteness([], at(21.5), [], at(31.9), LIMIT, DAY) == []
    assert find_muteness([], at(21.5), [], at(32.1), LIMIT, DAY) == [Silence(at(21.5), at(30), at(32), None)]


def test_a_pass_ends_it() -> None:
    assert find_muteness([(at(7), at(12))], at(12), [], at(12.5), LIMIT, DAY) == [Silence(at(7), at(7), at(9), at(12))]


def test_silence_is_no_muteness_and_muteness_begins_after_it() -> None:
    silent = Stretch(at(8), at(10))
    assert find_muteness([], at(7), [silent], at(11.9), LIMIT, DAY) == []
    assert find_muteness([], at(7), [silent], at(12.1), LIMIT, DAY) == [Silence(at(7), at(10), at(12), None)]
    assert find_muteness([], at(7), [Stretch(at(8), at(20))], at(20), LIMIT, DAY) == []


def test_it_can_be_switched_off() -> None:
    assert find_muteness([], at(7), [], at(20), timedelta(0), DAY) == []
