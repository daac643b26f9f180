"""Counts days of leave and makes sure that no quota is exceeded (pure)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from backend.attendance.requests.kinds import CHOSEN
from backend.attendance.requests.rules import LeaveQuota, LeaveRule
from backend.sites.working_days import WorkCalendar


@dataclass(frozen=True, slots=True)
class Taken:
    """Leave that is asked for or approved: its kind and its days, both inclusive."""

    kind: str
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True)
class Excess:
    """The first month or year in which a quota would be exceeded, and by what: `used` before, `asked` now."""

    span: Literal["month", "year"]
    of: str
    quota: int
    used: int
    asked: int


def days_of(calendar: WorkCalendar, rule: LeaveRule, first_on: date, last_on: date) -> list[date]:
    """Return the days of a leave that use up a quota."""
    return calendar.due_between(first_on, last_on, rule.days)


def first_excess(
    calendar: WorkCalendar, rule: LeaveRule, posts: Sequence[str], asked: Taken, taken: Iterable[Taken]
) -> Excess | None:
    """Return by what the leave would exceed a quota, months before years, earlier before later; None if it does not."""
    before = list(taken)
    for quota in rule.quotas:
        if not quota.counts(posts, asked.kind):
            continue
        used = [
            day
            for one in before
            if quota.counts(posts, one.kind)
            for day in days_of(calendar, rule, one.first_on, one.last_on)
        ]
        wanted = days_of(calendar, rule, asked.first_on, asked.last_on)
        if (excess := _excess(quota, used, wanted)) is not None:
            return excess
    return None


def _excess(quota: LeaveQuota, used: list[date], wanted: list[date]) -> Excess | None:
    for span, limit, pattern in _limits(quota):
        spent = Counter(day.strftime(pattern) for day in used)
        for of, asked in sorted(Counter(day.strftime(pattern) for day in wanted).items()):
            if spent[of] + asked > limit:
                return Excess(span, of, limit, spent[of], asked)
    return None


@dataclass(frozen=True, slots=True)
class Spent:
    """How many days a quota allows in one month or year and how many are used; `kinds` are what counts towards it."""

    kinds: tuple[str, ...]
    span: Literal["month", "year"]
    of: str
    quota: int
    used: int


def spent_on(
    calendar: WorkCalendar, rule: LeaveRule, posts: Sequence[str], taken: Iterable[Taken], on: date
) -> list[Spent]:
    """Return what each quota of somebody on these posts allows in the month and year of a day, in the rule's order."""
    before = list(taken)
    found: list[Spent] = []
    for quota in rule.quotas:
        kinds = tuple(sorted(kind for kind in CHOSEN if quota.counts(posts, kind)))
        if not kinds:
            continue
        used = [
            day for one in before if one.kind in kinds for day in days_of(calendar, rule, one.first_on, one.last_on)
        ]
        for span, limit, pattern in _limits(quota):
            of = on.strftime(pattern)
            found.append(Spent(kinds, span, of, limit, sum(day.strftime(pattern) == of for day in used)))
    return found


def _limits(quota: LeaveQuota) -> Iterator[tuple[Literal["month", "year"], int, str]]:
    if quota.per_month is not None:
        yield "month", quota.per_month, "%Y-%m"
    if quota.per_year is not None:
        yield "year", quota.per_year, "%Y"


@dataclass(frozen=True, slots=True)
class BlackOut:
    """Days on which nobody on some posts takes leave; no posts named: nobody at all."""

    name: str
    first_on: date
    last_on: date
    posts: tuple[str, ...]


def black_out_of(black_outs: Iterable[BlackOut], posts: Sequence[str], asked: Taken) -> BlackOut | None:
    """Return the earliest black-out that a chosen leave meets; what befalls a person meets none."""
    if asked.kind not in CHOSEN:
        return None
    met = [
        one
        for one in black_outs
        if one.first_on <= asked.last_on
        and one.last_on >= asked.first_on
        and (not one.posts or not set(one.posts).isdisjoint(posts))
    ]
    return min(met, key=lambda one: (one.first_on, one.name), default=None)
