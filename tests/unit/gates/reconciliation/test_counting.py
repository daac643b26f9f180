"""Gaps and counts: what is missing, since when, and how it ended."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gates.reconciliation.counting import (
    Gap,
    Period,
    Report,
    compare_gaps,
    counting_period,
    missing_events,
    missing_numbers,
)
from backend.gates.sequence import Ranges, note_seqs

DAY = datetime(2026, 3, 16, tzinfo=UTC)
ONE = UUID(int=1)


def ranges(numbers: set[int]) -> Ranges:
    return note_seqs((), numbers)


def test_numbers_between_those_that_arrived_are_missing() -> None:
    assert missing_numbers(ranges({1, 2, 5, 9, 10})) == [Gap(3, 4), Gap(6, 8)]
    assert missing_numbers(()) == []


@pytest.mark.parametrize(
    ("arrived", "opened", "ended"),
    [
        ({1, 5}, [], {}),
        ({1, 2, 3, 4, 5}, [], {ONE: "arrived"}),
        ({1, 3, 5}, [Gap(2, 2), Gap(4, 4)], {ONE: "narrowed"}),
        ({1, 7}, [Gap(2, 6)], {ONE: "narrowed"}),
        ({100, 102}, [Gap(101, 101)], {ONE: "restarted"}),
        (set(), [], {ONE: "restarted"}),
    ],
)
def test_a_gap_is_told_once_and_ends_for_a_reason(arrived: set[int], opened: list[Gap], ended: dict[UUID, str]) -> None:
    assert compare_gaps({ONE: Gap(2, 4)}, ranges(arrived)) == (opened, ended)


@given(st.sets(st.integers(1, 60)), st.sets(st.integers(1, 60)))
def test_what_is_known_afterwards_is_what_is_missing(before: set[int], after: set[int]) -> None:
    known = {UUID(int=place): gap for place, gap in enumerate(missing_numbers(ranges(before)))}
    opened, ended = compare_gaps(known, ranges(after))
    standing = {gap for name, gap in known.items() if name not in ended} | set(opened)
    assert standing == set(missing_numbers(ranges(after)))
    for name, how in ended.items():
        numbers = set(range(known[name].from_no, known[name].to_no + 1))
        assert (how == "arrived") == (numbers <= after)


def at(hour: float) -> datetime:
    return DAY + timedelta(hours=hour)


def test_a_period_ends_with_a_report_of_the_day() -> None:
    reports = [Report(at(-5), 100), Report(at(8), 130), Report(at(20), 150), Report(at(30), 155)]
    assert counting_period(reports, at(0), at(24)) == Period(at(-5), at(20), 50)
    assert counting_period(reports[:1], at(0), at(24)) is None
    assert counting_period(reports, at(48), at(72)) is None


def test_a_cleared_memory_counts_nothing() -> None:
    reports = [Report(at(-5), 100), Report(at(8), 3), Report(at(20), 50)]
    period = counting_period(reports, at(0), at(24))
    assert period == Period(at(-5), at(20), None)
    assert missing_events(period, 10) is None


@pytest.mark.parametrize(("growth", "held", "missing"), [(50, 50, 0), (50, 47, 3), (50, 60, 0), (0, 0, 0)])
def test_only_what_the_device_has_beyond_us_is_missing(growth: int, held: int, missing: int) -> None:
    assert missing_events(Period(at(0), at(1), growth), held) == missing
    assert missing_events(None, held) is None


@given(st.lists(st.tuples(st.floats(-24, 48), st.integers(0, 1000)), max_size=12))
def test_a_day_without_clearing_grows_by_its_last_less_its_first(told: list[tuple[float, int]]) -> None:
    counts = sorted(count for _, count in told)
    reports = [Report(at(hour), count) for hour, count in zip(sorted(hour for hour, _ in told), counts, strict=True)]
    period = counting_period(reports, at(0), at(24))
    within = [report for report in reports[1:] if at(0) <= report.at < at(24)]
    assert (period is None) == (not within)
    if period is not None:
        assert period.growth is not None
        assert period.growth >= 0
        assert period.to_at == within[-1].at
