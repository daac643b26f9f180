"""Finds out whether a gate that was alive let nobody pass although people were expected (pure)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend.gates.outages.hours import Stretch, without
from backend.gates.outages.silence import Silence, judge_gaps

USUAL_DAYS = 7
USUALLY = 2
"""People are expected at a gate that passed somebody in the same hours on so many of the last seven days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Who could be expected at a gate in some hours of a day.

    `people` have an assignment on the site that day; on `usual_days` of the last seven somebody passed in the same
    hours; `ever_passed` tells whether anybody has since the gate was set up.
    """

    people: int
    usual_days: int
    ever_passed: bool


def is_expected(crowd: Crowd) -> bool:
    """Tell whether somebody should have passed.

    Somebody is assigned that day, and either people usually pass here in these hours or nobody ever has: then the
    gate's list of people may never have been installed.
    """
    return crowd.people > 0 and (crowd.usual_days >= USUALLY or not crowd.ever_passed)


def find_muteness(
    gaps: Iterable[tuple[datetime, datetime]],
    last_pass_at: datetime,
    silent: Iterable[Stretch],
    now: datetime,
    limit: timedelta,
    expected: Sequence[Stretch],
) -> list[Silence]:
    """Return the times in which a gate was alive and passed nobody for longer than `limit` of its working hours.

    `gaps` lie between neighbouring passes, in order; `last_pass_at` is the last, or when the gate was set up. While it
    was `silent` it was not mute, and muteness begins anew after it. With a limit of zero there is none.
    """
    if not limit:
        return []
    return judge_gaps(gaps, last_pass_at, now, limit, without(expected, silent))
