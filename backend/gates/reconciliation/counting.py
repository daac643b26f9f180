"""Compares numbers that arrived and counts that a device tells with what the ledger holds (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, Literal
from uuid import UUID

from backend.gates.sequence import Ranges

PATIENCE: Final = timedelta(hours=1)
"""What is missing for so long is not merely on its way."""
DAY_PATIENCE: Final = timedelta(hours=24)
"""After an outage a device delivers within a day; what is missing then needs somebody."""
EDGE: Final = timedelta(minutes=5)
"""Clocks differ: events so near to the edges of a counting period may belong to either side."""

GapEnd = Literal["arrived", "narrowed", "restarted"]


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """Sequence numbers that are missing, both included."""

    from_no: int
    to_no: int


@dataclass(frozen=True, slots=True)
class Report:
    """How many events a device said at some instant that it holds."""

    at: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Period:
    """What a device stored after `from_at` up to `to_at` by its own count; None when its memory was cleared."""

    from_at: datetime
    to_at: datetime
    growth: int | None


def missing_numbers(seen: Ranges) -> list[Gap]:
    """Return the gaps between ranges that arrived (each from its first number to the one after its last)."""
    return [Gap(one[1], other[0] - 1) for one, other in pairwise(seen)]


def compare_gaps(known: Mapping[UUID, Gap], seen: Ranges) -> tuple[list[Gap], dict[UUID, GapEnd]]:
    """Return the gaps that nobody knows yet, and how each known one ended that is no gap any more.

    `arrived`: all its numbers came. `narrowed`: some came, or more are missing; what is missing now is a gap of its
    own. `restarted`: the device's counter began anew, its old numbers will not come.
    """
    now = missing_numbers(seen)
    standing = set(now)
    ended: dict[UUID, GapEnd] = {name: _end_of(gap, seen) for name, gap in known.items() if gap not in standing}
    return sorted(standing - set(known.values())), ended


def _end_of(gap: Gap, seen: Ranges) -> GapEnd:
    if any(begin <= gap.from_no and gap.to_no < end for begin, end in seen):
        return "arrived"
    if not seen or gap.to_no < seen[0][0] or gap.from_no >= seen[-1][1]:
        return "restarted"
    return "narrowed"


def counting_period(reports: Sequence[Report], from_at: datetime, to_at: datetime) -> Period | None:
    """Return the period between a device's reports that ended from `from_at` to before `to_at`, None without two.

    `reports` are in order of time and hold the last one before `from_at`. Several periods of a day count as one.
    """
    ends = [place for place, report in enumerate(reports) if place > 0 and from_at <= report.at < to_at]
    if not ends:
        return None
    steps = [reports[place].count - reports[place - 1].count for place in ends]
    growth = None if min(steps) < 0 else sum(steps)
    return Period(reports[ends[0] - 1].at, reports[ends[-1]].at, growth)


def missing_events(period: Period | None, held: int) -> int | None:
    """Return how many events the device stored that the ledger does not hold; None when nobody can say.

    `held` counts the ledger's events of the period and of five minutes on either side. A device may hold more copies of
    one event than we do, never fewer events: a surplus of ours means nothing.
    """
    if period is None or period.growth is None:
        return None
    return max(0, period.growth - held)
