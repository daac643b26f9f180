"""From a person's days on a post to due days, valid days, the rate and whether it suffices (pure).

The database reckons the same for many people at once (`statements.py`); tests hold both against each other.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from backend.attendance.rates.force import PublishedRules
from backend.attendance.rates.rule_model import DAY, RuleBody, Threshold, ValidDayRule, threshold_of

Verdict = Literal["met", "met_if_counted", "failed", "nothing_due", "not_judged"]
"""`met_if_counted`: not met, but it would be if what is in review gets counted."""

_WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a day's punches: how many, seconds from first to last, whether one goes in and one out."""

    punches: int = 0
    span_s: int = 0
    goes_in: bool = False
    goes_out: bool = False


NOTHING: Final = Seen()


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyDay:
    """A day on which a person has the duty of a post, and what bears on it.

    `counted` are punches that count, `own` those of them that are no make-ups, `likely` with those in review too.
    `calendar_due`: due by the calendar and the project's own days. `projects`: on how many he holds this post that day.
    `holder` and `deputy` are the day's punches of the chief and of his deputy, where a rule asks for them: counted,
    own and likely ones of whoever was there longest.
    """

    day: date
    rules: PublishedRules
    calendar_due: bool
    stopped: bool = False
    on_leave: bool = False
    projects: int = 1
    counted: Seen = NOTHING
    own: Seen = NOTHING
    likely: Seen = NOTHING
    holder_credit: int = 0
    deputy_credits: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayResult:
    """What a day comes to; credits in thousandths of a day. `weekly`: due by the week, not by the day."""

    due: bool
    weekly: bool
    credit: int
    own: int
    likely: int
    covered: int


class Sums(msgspec.Struct):
    """Days of one person on one post; `due`, `valid` … up to the last day reckoned, `due_all` of the whole span.

    `valid`, `own`, `likely`, `covered` in thousandths of a day; `due` days are whole.
    """

    on_duty: int = 0
    due: int = 0
    due_all: int = 0
    valid: int = 0
    own: int = 0
    likely: int = 0
    covered: int = 0
    leave_days: int = 0
    stop_days: int = 0
    present_days: int = 0
    review_days: int = 0
    make_up_days: int = 0


@dataclass(slots=True)
class _Week:
    quota: int
    days: int = 0
    open_days: int = 0
    due: int = 0
    open_due: int = 0
    credits: list[int] = field(default_factory=lambda: [0, 0, 0, 0])


def credit_of(seen: Seen, rule: ValidDayRule) -> int:
    """Return how much of a valid day the punches make, in thousandths, rounded down."""
    if seen.punches < rule.min_punches:
        return 0
    if rule.kind == "pro_rata":
        return min(DAY, seen.span_s * DAY // max(rule.apart_s, 1))
    if rule.kind == "in_and_out" and not (seen.goes_in and seen.goes_out):
        return 0
    return DAY if seen.span_s >= rule.apart_s else 0


def owes_by_week(rules: RuleBody, post_kind: str, projects: int) -> bool:
    """Tell whether the post's holder owes days a week because he has so many projects."""
    several = rules.several_projects
    return several is not None and several.post == post_kind and projects >= several.from_projects


def judge_day(day: DutyDay, post_kind: str) -> DayResult:
    """Return whether the day is due and what it counts."""
    rules = day.rules.rules
    excused = (day.stopped and rules.due_day.less_stop_work) or (day.on_leave and rules.due_day.less_leave)
    due = day.calendar_due and not excused
    made = [credit_of(seen, rules.valid_day) for seen in (day.counted, day.own, day.likely)]
    deputy, covered = rules.deputy, 0
    if deputy is not None and deputy.deputy_due and deputy.deputy == post_kind and day.holder_credit > 0:
        due = False
    if deputy is not None and deputy.counts_for_holder and deputy.holder == post_kind and due:
        covered = day.deputy_credits[0] if not made[0] else 0
        made = [own or theirs for own, theirs in zip(made, day.deputy_credits, strict=True)]
    weekly = owes_by_week(rules, post_kind, day.projects)
    if not (due or weekly or rules.due_day.count_days_off):
        made, covered = [0, 0, 0], 0
    return DayResult(due=due, weekly=weekly, credit=made[0], own=made[1], likely=made[2], covered=covered)


def sum_days(days: Iterable[DutyDay], post_kind: str, until: date) -> Sums:
    """Return the sums of one person's days on one post; days after `until` are not reckoned yet.

    Who owes days by the week owes in each part of a week under one rule his share of them, to the next whole number:
    3 a week are 1 in a part of three days and 2 in the other four. More valid days than owed count no further.
    """
    sums = Sums()
    weeks: defaultdict[tuple[date, int, int], _Week] = defaultdict(lambda: _Week(0))
    for day in days:
        result = judge_day(day, post_kind)
        passed = day.day <= until
        rules = day.rules.rules
        sums.on_duty += 1
        sums.leave_days += day.on_leave
        sums.stop_days += day.stopped
        if passed:
            sums.present_days += day.counted.punches > 0
            sums.review_days += day.likely.punches > day.counted.punches
            sums.make_up_days += day.own.punches < day.counted.punches
        if result.weekly and rules.several_projects is not None:
            monday = day.day - timedelta(days=day.day.weekday())
            week = weeks[monday, day.rules.rank, id(day.rules)]
            week.quota = rules.several_projects.days_a_week
            excused = (day.stopped and rules.due_day.less_stop_work) or (day.on_leave and rules.due_day.less_leave)
            week.days += not excused
            week.due += result.due
            if passed:
                week.open_days += not excused
                week.open_due += result.due
                for place, credit in enumerate((result.credit, result.own, result.likely, result.covered)):
                    week.credits[place] += credit
            continue
        sums.due_all += result.due
        if passed:
            sums.due += result.due
            sums.valid += result.credit
            sums.own += result.own
            sums.likely += result.likely
            sums.covered += result.covered
    for week in weeks.values():
        owed, owed_all = (
            min(due, _share_of_week(week.quota, count))
            for due, count in ((week.open_due, week.open_days), (week.due, week.days))
        )
        sums.due += owed
        sums.due_all += owed_all
        valid, own, likely, covered = (min(credit, owed * DAY) for credit in week.credits)
        sums.valid += valid
        sums.own += own
        sums.likely += likely
        sums.covered += covered
    return sums


def _share_of_week(quota: int, days: int) -> int:
    return (2 * quota * days + _WEEK) // (2 * _WEEK)


def rate_of(valid: int, due: int) -> int | None:
    """Return valid ÷ due in thousandths, at most 1000, rounded down: 79.96 % is not 80 %; None if nothing is due."""
    return min(DAY, valid // due) if due else None


def wanted_days(threshold: Threshold, due: int, *, whole_month: bool) -> int:
    """Return how many thousandths of days suffice for `due` due days; `min_days` is for whole calendar months."""
    wanted = 0
    if threshold.min_share is not None:
        wanted = threshold.min_share * due
    if threshold.min_days is not None and whole_month:
        wanted = max(wanted, min(threshold.min_days, due) * DAY)
    return wanted


def judge_sums(sums: Sums, rules: RuleBody, post_kind: str, *, whole_month: bool) -> Verdict:
    """Return whether the valid days suffice, by the figure with or without make-ups as the rules say."""
    threshold = threshold_of(rules, post_kind)
    if threshold is None:
        return "not_judged"
    if not sums.due:
        return "nothing_due"
    wanted = wanted_days(threshold, sums.due, whole_month=whole_month)
    valid = sums.valid if rules.make_ups_count else sums.own
    if valid >= wanted:
        return "met"
    return "met_if_counted" if sums.likely >= wanted else "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How the span ends if it goes on as it was; days in thousandths, `still_needed` in whole days.

    `forecast` is valid ÷ due so far, as the alert on the month's forecast has it; None before anything was due.
    `reachable`: the threshold can still be reached on the due days that are left.
    """

    wanted: int
    still_needed: int
    due_left: int
    forecast: int | None
    reachable: bool


def outlook_of(sums: Sums, rules: RuleBody, post_kind: str, *, whole_month: bool) -> Outlook | None:
    """Return what is still needed; None where nothing is asked of the post."""
    threshold = threshold_of(rules, post_kind)
    if threshold is None:
        return None
    valid = sums.valid if rules.make_ups_count else sums.own
    wanted = wanted_days(threshold, sums.due_all, whole_month=whole_month)
    missing = max(0, wanted - valid)
    left = sums.due_all - sums.due
    return Outlook(
        wanted=wanted,
        still_needed=-(-missing // DAY),
        due_left=left,
        forecast=rate_of(valid, sums.due),
        reachable=valid + left * DAY >= wanted,
    )


def add_sums(many: Iterable[Sums]) -> Sums:
    """Return the sums of several people; none makes up for another: valid days count up to one's own due ones."""
    total = Sums()
    for one in many:
        most = one.due * DAY
        capped = replace(one, valid=min(one.valid, most), own=min(one.own, most), likely=min(one.likely, most))
        for name in Sums.__struct_fields__:
            setattr(total, name, getattr(total, name) + getattr(capped, name))
    return total
