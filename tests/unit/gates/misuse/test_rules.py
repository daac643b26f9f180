"""What speaks of misuse, and what must not."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gates.misuse.rules import (
    BURST_PASSES,
    BURST_WINDOW,
    CLOCKS,
    FASTEST_M_S,
    NEAR_M,
    SAME_HOURS,
    Outage,
    Pass,
    Place,
    bursts,
    displaced_gates,
    distance_m,
    failing_hours,
    fails_often,
    impossible_journeys,
    is_foreign_crowd,
    merged_outages,
    same_people,
)

NOON = datetime(2026, 3, 16, 4, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
SPACE = UUID(int=7)
EAST, WEST = Place(114.35, 30.55, 50.0), Place(114.15, 30.55, 50.0)


def uid(name: object) -> UUID:
    return uuid5(SPACE, str(name))


def passing(person: object, device: str, at: datetime, place: Place) -> Pass:
    return Pass(uid(person), uid(f"{person}{device}{at}"), uid(device), at, place)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def test_a_distance_is_known() -> None:
    # One degree of longitude on the parallel of 30.55° N.
    assert distance_m(Place(114, 30.55, 0), Place(115, 30.55, 0)) == pytest.approx(95_750, rel=0.005)


def test_nobody_passes_two_gates_19_km_apart_within_two_minutes() -> None:
    journey = impossible_journeys([passing(1, "e", NOON, EAST), passing(1, "w", NOON + minutes(2), WEST)])[0]
    assert journey.distance_m == pytest.approx(19_050, abs=100)
    assert (journey.took_s, round(journey.least_s)) == (120, round(journey.distance_m / FASTEST_M_S))


@pytest.mark.parametrize(
    "other",
    [
        passing(1, "w", NOON + minutes(30), WEST),
        passing(2, "w", NOON + minutes(2), WEST),
        passing(1, "e2", NOON + minutes(1), Place(114.352, 30.55, 50.0)),
        passing(1, "e", NOON + minutes(1), WEST),
        passing(1, "w", NOON + timedelta(days=1), WEST),
    ],
    ids=["time enough", "somebody else", "the next gate", "the same gate, moved", "another day"],
)
def test_ordinary_ways_are_no_signal(other: Pass) -> None:
    assert impossible_journeys([passing(1, "e", NOON, EAST), other]) == []


places = st.builds(Place, st.floats(73, 135), st.floats(3, 54), st.floats(5, 5000))


@given(places, places, st.floats(0, 20_000))
def test_a_journey_that_a_car_can_make_is_never_a_signal(one: Place, other: Place, slack_s: float) -> None:
    took = timedelta(seconds=distance_m(one, other) / FASTEST_M_S + slack_s)
    assert impossible_journeys([passing(1, "a", NOON, one), passing(1, "b", NOON + took, other)]) == []


@given(places, places, st.floats(0, 3600), st.floats(0, 3600))
def test_less_time_never_takes_a_signal_away(one: Place, other: Place, a: float, b: float) -> None:
    def found(seconds: float) -> int:
        later = NOON + timedelta(seconds=seconds)
        return len(impossible_journeys([passing(1, "a", NOON, one), passing(1, "b", later, other)]))

    assert found(min(a, b)) >= found(max(a, b))


@given(places, places)
def test_distance_has_no_direction(one: Place, other: Place) -> None:
    assert distance_m(one, other) == pytest.approx(distance_m(other, one))
    assert distance_m(one, one) == 0


@given(places, st.floats(0, 0.9))
def test_near_gates_are_passed_in_no_time(place: Place, share: float) -> None:
    near = Place(place.lon, place.lat + share * NEAR_M / 111_200, place.radius_m)
    assert impossible_journeys([passing(1, "a", NOON, place), passing(1, "b", NOON, near)]) == []


def test_eight_passes_in_ten_minutes_are_a_burst_and_three_taps_are_not() -> None:
    taps = [NOON + timedelta(seconds=7 * place) for place in range(3)]
    assert bursts(taps) == []
    run = bursts([NOON + minutes(place) for place in range(9)])
    assert [(burst.passes, burst.from_at, burst.to_at) for burst in run] == [(9, NOON, NOON + minutes(8))]


@given(st.lists(st.integers(0, 6000), max_size=80))
def test_bursts_are_apart_dense_and_complete(seconds: list[int]) -> None:
    instants = sorted(NOON + timedelta(seconds=value) for value in seconds)
    found = bursts(instants)
    for burst in found:
        assert burst.passes >= BURST_PASSES
        assert sum(burst.from_at <= at <= burst.to_at for at in instants) >= burst.passes
    for one, following in pairwise(found):
        assert one.to_at <= following.from_at
    dense = any(
        instants[place + BURST_PASSES - 1] - instants[place] <= BURST_WINDOW
        for place in range(len(instants) - BURST_PASSES + 1)
    )
    assert bool(found) == dense


@pytest.mark.parametrize(
    ("people", "foreign", "speaks"), [(10, 6, True), (10, 5, False), (9, 9, False), (100, 60, True), (0, 0, False)]
)
def test_a_crowd_of_others_says_that_the_gate_stands_elsewhere(people: int, foreign: int, speaks: bool) -> None:
    assert is_foreign_crowd(people, foreign) is speaks


def test_a_gate_that_three_people_cannot_have_reached_is_displaced() -> None:
    def journeys(people: int) -> dict[UUID, set[UUID]]:
        passes = [
            one
            for person in range(people)
            for one in (
                passing(person, f"home{person}", NOON, EAST),
                passing(person, "moved", NOON + minutes(1), WEST),
            )
        ]
        return displaced_gates(impossible_journeys(passes))

    assert journeys(2) == {}
    assert journeys(3) == {uid("moved"): {uid(0), uid(1), uid(2)}}


def down(day: int, hour: float, hours: float = 1.0) -> Outage:
    begin = datetime(2026, 3, day, tzinfo=SHANGHAI) + timedelta(hours=hour)
    return Outage(begin.astimezone(UTC), (begin + timedelta(hours=hours)).astimezone(UTC))


def test_outages_at_one_time_are_one() -> None:
    silent, declared, later = down(1, 7, 2), down(1, 8, 3), down(1, 12)
    assert merged_outages([later, declared, silent]) == [Outage(silent.from_at, declared.to_at), later]


@given(st.lists(st.tuples(st.integers(1, 5), st.floats(0, 23), st.floats(0, 8)), max_size=15))
def test_merging_keeps_every_minute_and_adds_none(told: list[tuple[int, float, float]]) -> None:
    outages = [down(*one) for one in told]
    merged = merged_outages(outages)
    assert all(one.to_at < following.from_at for one, following in pairwise(merged))
    for outage in outages:
        assert any(one.from_at <= outage.from_at and outage.to_at <= one.to_at for one in merged)
    edges = {at for outage in outages for at in (outage.from_at, outage.to_at)}
    assert {at for one in merged for at in (one.from_at, one.to_at)} <= edges


def test_five_outages_in_a_fortnight_are_often() -> None:
    assert not fails_often([down(day, 7) for day in range(1, 5)])
    assert fails_often([down(day, 7) for day in range(1, 6)])


def test_outages_that_begin_at_the_same_hours_are_a_habit() -> None:
    habit = failing_hours([down(1, 6.5), down(2, 7), down(4, 7.5), down(5, 6.6), down(6, 15)], SHANGHAI)
    assert habit is not None
    assert (habit.from_minute, habit.to_minute, habit.outages, habit.of) == (390, 510, 4, 5)


@pytest.mark.parametrize(
    "outages",
    [
        [],
        [down(1, 7), down(2, 7), down(3, 7)],
        [down(1, hour) for hour in (7, 7.2, 7.4, 7.6)],
        [down(day, 3 * day) for day in range(1, 8)],
    ],
    ids=["none", "few", "one morning", "any time"],
)
def test_outages_at_any_time_are_no_habit(outages: list[Outage]) -> None:
    assert failing_hours(outages, SHANGHAI) is None


def test_a_habit_may_reach_over_midnight() -> None:
    habit = failing_hours([down(day, 23.5 + (day % 2)) for day in range(1, 14, 3)], SHANGHAI)
    assert habit is not None
    assert (habit.from_minute, habit.to_minute) == (23 * 60 + 30, 90)


@given(st.lists(st.tuples(st.integers(1, 14), st.floats(0, 23.9)), max_size=20))
def test_a_habit_is_of_the_clock_on_the_wall_and_counts_days(begins: list[tuple[int, float]]) -> None:
    outages = [down(day, hour) for day, hour in begins]
    habit = failing_hours(outages, SHANGHAI)
    if habit is not None:
        assert SAME_HOURS <= habit.outages <= habit.of <= len({day for day, _ in begins})


def test_people_who_use_the_phone_at_every_outage_are_named() -> None:
    outages = [down(day, 7) for day in range(1, 6)]
    inside = [outage.from_at + minutes(10) for outage in outages]
    taps = [(uid("always"), at) for at in inside] + [(uid("once"), inside[0])] + [(uid("later"), outages[0].to_at)]
    assert same_people(outages, taps) == {uid("always"): 5}
    assert same_people(outages[:3], taps) == {}


def test_clocks_are_given_what_they_may_be_off_by() -> None:
    least = timedelta(
        seconds=impossible_journeys([passing(1, "e", NOON, EAST), passing(1, "w", NOON, WEST)])[0].least_s
    )
    for early, speaks in ((minutes(0.1), False), (-minutes(0.1), True)):
        later = NOON + least - CLOCKS + early
        assert bool(impossible_journeys([passing(1, "e", NOON, EAST), passing(1, "w", later, WEST)])) is speaks
