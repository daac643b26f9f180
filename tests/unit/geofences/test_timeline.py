"""What is in force when, against asking every period; and laying a period over others."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geofences.timeline import DAY_S, Period, Timeline, cut_out, overlaid, seconds

START = datetime(2026, 3, 1, tzinfo=UTC)
HOURS = st.integers(0, 72)


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


@st.composite
def periods(draw: st.DrawFn) -> list[Period]:
    """Draw periods of up to four fences; those of one fence do not overlap."""
    found: list[Period] = []
    for fence in range(draw(st.integers(0, 4))):
        bounds = sorted(draw(st.sets(HOURS, max_size=6)))
        open_end = draw(st.booleans())
        spans = list(zip(bounds, [*bounds, None][1:], strict=True))[:: draw(st.integers(1, 2))]
        for number, (begin, end) in enumerate(spans):
            if end is None and not open_end:
                continue
            hours = draw(st.none() | st.tuples(st.integers(0, 23), st.integers(0, 23)))
            found.append(
                Period(
                    fence_id=UUID(int=fence),
                    version_id=UUID(int=100 * fence + number + 1),
                    valid_from=at(begin),
                    valid_until=None if end is None else at(end),
                    opens_s=None if hours is None else hours[0] * 3600.0,
                    closes_s=None if hours is None else hours[1] * 3600.0,
                )
            )
    return found


def is_open(period: Period, local_s: float) -> bool:
    if period.opens_s is None or period.closes_s is None:
        return True
    if period.opens_s <= period.closes_s:
        return period.opens_s <= local_s < period.closes_s
    return local_s >= period.opens_s or local_s < period.closes_s


@given(periods=periods(), hours=st.lists(st.floats(-5, 80), max_size=30))
def test_many_instants_are_answered_as_each_alone(periods: list[Period], hours: list[float]) -> None:
    instants = np.array([seconds(at(hour)) for hour in hours])
    local_s = (instants + 8 * 3600.0) % DAY_S
    index, sets = Timeline(periods).in_force(instants, local_s)
    for row, hour in enumerate(hours):
        expected = {one.version_id for one in periods if one.holds(at(hour)) and is_open(one, float(local_s[row]))}
        assert set(sets[index[row]]) == expected
        assert list(sets[index[row]]) == sorted(sets[index[row]])


@given(periods=periods(), begin=st.none() | HOURS, length=st.none() | st.integers(1, 40), hour=st.floats(-5, 80))
def test_what_is_laid_over_a_fence_alone_is_in_force_there(
    periods: list[Period], begin: int | None, length: int | None, hour: float
) -> None:
    end = None if begin is None or length is None else at(begin + length)
    upper = Period(
        fence_id=UUID(int=0), version_id=UUID(int=999), valid_from=None if begin is None else at(begin), valid_until=end
    )
    laid = overlaid(periods, upper)
    before = {one.version_id for one in periods if one.holds(at(hour))}
    after = {one.version_id for one in laid if one.holds(at(hour))}
    if upper.holds(at(hour)):
        others = {one.version_id for one in periods if one.fence_id != upper.fence_id and one.holds(at(hour))}
        assert after == others | {upper.version_id}
    else:
        assert after == before


def test_a_piece_out_of_the_middle_leaves_two() -> None:
    whole = Period(fence_id=UUID(int=1), version_id=UUID(int=2), valid_from=at(0), valid_until=None)
    first, second = cut_out(whole, at(3), at(5))
    assert (first.valid_from, first.valid_until, second.valid_from, second.valid_until) == (at(0), at(3), at(5), None)
    assert cut_out(whole, at(0), None) == []
    assert cut_out(first, at(4), at(5)) == [first]
