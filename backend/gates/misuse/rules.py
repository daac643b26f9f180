"""Says what in the passes and outages of gates speaks of misuse, with the numbers that say so (pure).

A signal accuses nobody: it is evidence for a person who looks into it. Thresholds stand here, each with its reason.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

FASTEST_M_S: Final = 150 / 3.6
"""No site is reached faster on average from another one's gate: 150 km/h from turnstile to turnstile."""
CLOCKS: Final = timedelta(minutes=4)
"""Two clocks may each be off by the two minutes after which a gate is told to be."""
NEAR_M: Final = 1000.0
"""Gates so near may be passed one after the other by anybody, and places are declared by hand."""
TRAVEL_WINDOW: Final = timedelta(hours=6)
"""In six hours everybody gets everywhere within a city: earlier passes need no look."""

BURST_WINDOW: Final = timedelta(minutes=10)
BURST_PASSES: Final = 8
"""A worker who is not let through at once taps three to five times; eight passes in ten minutes are somebody's card."""

CROWD_PEOPLE: Final = 10
CROWD_SHARE: Final = 0.6
"""Newcomers wait for their posts to be entered; of ten people and more the most are known on the gate's own site."""

DISPLACED_PEOPLE: Final = 3
"""One person's odd journey is a lent card; that of three different people on one day is the gate's place."""

OUTAGE_WINDOW: Final = timedelta(days=14)
OFTEN: Final = 5
SAME_HOURS: Final = 4
SAME_HOURS_SHARE: Final = 0.75
HABIT_SPAN: Final = timedelta(hours=2)
SAME_PEOPLE: Final = 4
SAME_PEOPLE_SHARE: Final = 0.8

_EARTH_M: Final = 6_371_008.8


@dataclass(frozen=True, slots=True)
class Place:
    """Where a gate is declared to stand: degrees WGS-84, and how far around (metres)."""

    lon: float
    lat: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class Pass:
    """A person at a gate."""

    person_id: UUID
    punch_id: UUID
    device_id: UUID
    at: datetime
    place: Place


@dataclass(frozen=True, slots=True)
class Journey:
    """Two passes of one person that nobody can have made; distances in metres, times in seconds."""

    first: Pass
    second: Pass
    distance_m: float
    took_s: float
    least_s: float


@dataclass(frozen=True, slots=True)
class Burst:
    """Many passes of one person within a short time."""

    from_at: datetime
    to_at: datetime
    passes: int


@dataclass(frozen=True, slots=True)
class Outage:
    """A gate that was down, to before `to_at`."""

    from_at: datetime
    to_at: datetime


@dataclass(frozen=True, slots=True)
class Habit:
    """Outages that begin at the same time of day: minutes after local midnight, and how many of how many."""

    from_minute: int
    to_minute: int
    outages: int
    of: int


def distance_m(one: Place, other: Place) -> float:
    """Return the great-circle distance of two places in metres (haversine; exact to half a per cent)."""
    lat, other_lat = math.radians(one.lat), math.radians(other.lat)
    half_lat, half_lon = (other_lat - lat) / 2, math.radians(other.lon - one.lon) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(lat) * math.cos(other_lat) * math.sin(half_lon) ** 2
    return 2 * _EARTH_M * math.asin(min(1.0, math.sqrt(chord)))


def impossible_journeys(passes: Iterable[Pass]) -> list[Journey]:
    """Return the neighbouring passes of each person between which the way was too long for the time.

    Distances count between the edges of the places; both clocks are given what clocks may be off by.
    """
    by_person: dict[UUID, list[Pass]] = defaultdict(list)
    for one in passes:
        by_person[one.person_id].append(one)
    found: list[Journey] = []
    for own in by_person.values():
        ordered = sorted(own, key=lambda one: (one.at, one.punch_id))
        found += [journey for pair in pairwise(ordered) if (journey := _journey(*pair)) is not None]
    return found


def _journey(first: Pass, second: Pass) -> Journey | None:
    if first.device_id == second.device_id:
        return None
    apart = distance_m(first.place, second.place) - first.place.radius_m - second.place.radius_m
    took = second.at - first.at
    if apart < NEAR_M or took > TRAVEL_WINDOW:
        return None
    least_s = apart / FASTEST_M_S
    if (took + CLOCKS).total_seconds() >= least_s:
        return None
    return Journey(first, second, apart, took.total_seconds(), least_s)


def bursts(instants: Iterable[datetime]) -> list[Burst]:
    """Return the longest runs of passes of which every eight neighbours lie within ten minutes."""
    ordered = sorted(instants)
    found: list[Burst] = []
    begin = end = None
    for last in range(BURST_PASSES - 1, len(ordered)):
        first = last - BURST_PASSES + 1
        if ordered[last] - ordered[first] > BURST_WINDOW:
            continue
        if begin is not None and end is not None and first <= end:
            end = last
            continue
        if begin is not None and end is not None:
            found.append(_burst(ordered, begin, end))
        begin, end = first, last
    if begin is not None and end is not None:
        found.append(_burst(ordered, begin, end))
    return found


def _burst(ordered: Sequence[datetime], begin: int, end: int) -> Burst:
    return Burst(ordered[begin], ordered[end], end - begin + 1)


def is_foreign_crowd(people: int, foreign: int) -> bool:
    """Tell whether so many of a day's people at a gate are not of its site that the gate may stand on another one."""
    return people >= CROWD_PEOPLE and foreign >= CROWD_SHARE * people


def displaced_gates(journeys: Iterable[Journey]) -> dict[UUID, set[UUID]]:
    """Return the gates that three people and more could not have reached, with those people.

    Both ends of a journey are suspect; a gate that stands elsewhere shows itself by many people's journeys.
    """
    people: dict[UUID, set[UUID]] = defaultdict(set)
    for journey in journeys:
        for end in (journey.first, journey.second):
            people[end.device_id].add(end.person_id)
    return {device: met for device, met in people.items() if len(met) >= DISPLACED_PEOPLE}


def merged_outages(outages: Iterable[Outage]) -> list[Outage]:
    """Return the times in which a gate was down, oldest first: several outages at once are one."""
    merged: list[Outage] = []
    for one in sorted(outages, key=lambda outage: (outage.from_at, outage.to_at)):
        if merged and one.from_at <= merged[-1].to_at:
            merged[-1] = Outage(merged[-1].from_at, max(merged[-1].to_at, one.to_at))
        else:
            merged.append(one)
    return merged


def fails_often(outages: Sequence[Outage]) -> bool:
    """Tell whether a gate was down too often, given its outages of the last fourteen days."""
    return len(outages) >= OFTEN


def failing_hours(outages: Sequence[Outage], zone: ZoneInfo) -> Habit | None:
    """Return the two hours of the day in which most of a gate's outages begin, None when they begin at any time.

    Counted are different days, since one bad morning with four breaks is one bad morning.
    """
    begins = {
        (local.date(), local.hour * 60 + local.minute) for one in outages for local in [one.from_at.astimezone(zone)]
    }
    days = {day for day, _ in begins}
    span = int(HABIT_SPAN.total_seconds() // 60)
    best: Habit | None = None
    for _, start in sorted(begins, key=lambda begin: begin[1]):
        within = {day for day, minute in begins if (minute - start) % 1440 < span}
        if best is None or len(within) > best.outages:
            best = Habit(start, (start + span) % 1440, len(within), len(days))
    if best is None or best.outages < SAME_HOURS or best.outages < SAME_HOURS_SHARE * best.of:
        return None
    return best


def same_people(outages: Sequence[Outage], taps: Iterable[tuple[UUID, datetime]]) -> dict[UUID, int]:
    """Return who used the phone in nearly every outage of a gate, with in how many.

    `taps` are the phone punches of the gate's site. With fewer than four outages everybody is there in most of them.
    """
    met: dict[UUID, set[int]] = defaultdict(set)
    for person_id, at in taps:
        for place, outage in enumerate(outages):
            if outage.from_at <= at < outage.to_at:
                met[person_id].add(place)
    if len(outages) < SAME_PEOPLE:
        return {}
    return {person: len(places) for person, places in met.items() if len(places) >= SAME_PEOPLE_SHARE * len(outages)}
