"""Finds out from a gate's signs of life whether it was silent when it should have been alive (pure).

Silence counts only inside the hours in which the gate is expected to be alive: one that is switched off at night and
comes back in the morning was never down, one that does not come back is down from the beginning of the working hours.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from backend.gates.outages.hours import Stretch

SHORTEST = timedelta(seconds=120)
INTERVALS = 3


@dataclass(frozen=True, slots=True)
class Silence:
    """A time without a sign of life.

    `last_sign_at` is the last one before it and names it: a gate is silent once after each sign. `from_at` is where it
    begins to count, `certain_at` when it was long enough to be told, `until_at` the next sign of life (None: not yet).
    """

    last_sign_at: datetime
    from_at: datetime
    certain_at: datetime
    until_at: datetime | None


def silence_limit(interval_s: int) -> timedelta:
    """Return how long a gate that calls every `interval_s` seconds may say nothing: max(120 s, 3 x interval)."""
    return max(SHORTEST, INTERVALS * timedelta(seconds=interval_s))


def judge_silence(
    last_sign_at: datetime, next_sign_at: datetime | None, now: datetime, limit: timedelta, expected: Sequence[Stretch]
) -> Silence | None:
    """Return the silence between two signs of life, or after the last one until `now`; None if it was not too long.

    `expected` are the spans in which the gate should have been alive, in order; it was silent too long when more than
    `limit` of one of them passed without a sign.
    """
    until = now if next_sign_at is None else next_sign_at
    for stretch in expected:
        begin, end = max(last_sign_at, stretch.begin), min(until, stretch.end)
        if end - begin > limit:
            return Silence(last_sign_at, begin, begin + limit, next_sign_at)
    return None


def find_silences(
    signs: Iterable[datetime], now: datetime, limit: timedelta, expected: Sequence[Stretch]
) -> list[Silence]:
    """Return all silences among and after the signs of life, which come in order; none without any sign.

    The same from the first sign that matters on, however often and how late it is asked.
    """
    ordered = list(signs)
    return judge_gaps(pairwise(ordered), ordered[-1], now, limit, expected) if ordered else []


def judge_gaps(
    gaps: Iterable[tuple[datetime, datetime]],
    last_sign_at: datetime,
    now: datetime,
    limit: timedelta,
    expected: Sequence[Stretch],
) -> list[Silence]:
    """Return the silences among the gaps between neighbouring signs of life, in order, and after the last sign."""
    every: list[tuple[datetime, datetime | None]] = [*gaps, (last_sign_at, None)]
    found = (judge_silence(begin, end, now, limit, expected) for begin, end in every)
    return [one for one in found if one is not None]
