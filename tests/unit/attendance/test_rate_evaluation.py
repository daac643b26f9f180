from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.alerts.rules.duty import project_share
from backend.attendance.rates.evaluation import (
    DutyDay,
    Seen,
    Sums,
    add_sums,
    credit_of,
    judge_day,
    judge_sums,
    outlook_of,
    rate_of,
    sum_days,
    wanted_days,
)
from backend.attendance.rates.rule_model import (
    Deputy,
    DueDayRule,
    RuleBody,
    SeveralProjects,
    Threshold,
    ValidDayRule,
)
from tests.support.rates import days_between, published

HOUR = 3600
MONDAY = date(2026, 3, 2)
LAST = date(2026, 3, 29)
MANAGER, CHIEF, DEPUTY = "project_manager", "chief_supervisor", "chief_deputy"
FULL = Seen(2, 9 * HOUR, goes_in=True, goes_out=True)
SHORT = Seen(2, 3 * HOUR, goes_in=True, goes_out=True)


def rules(**changes: Any) -> RuleBody:
    base = RuleBody(thresholds=(Threshold(posts=frozenset({MANAGER, CHIEF, DEPUTY}), min_share=800),))
    return msgspec.structs.replace(base, **changes)


def days(
    rule: RuleBody,
    seen: dict[date, Seen],
    first: date = MONDAY,
    last: date = LAST,
    **more: Any,
) -> list[DutyDay]:
    version = published(rule)
    return [
        replace(
            DutyDay(
                day=day,
                rules=version,
                calendar_due=rule.due_day.days == "every" or day.isoweekday() < 6,
                counted=seen.get(day, Seen()),
                own=seen.get(day, Seen()),
                likely=seen.get(day, Seen()),
            ),
            **more,
        )
        for day in days_between(first, last)
    ]


@pytest.mark.parametrize(
    ("rule", "seen", "credit"),
    [
        (ValidDayRule(), Seen(2, 4 * HOUR), 1000),
        (ValidDayRule(), Seen(2, 4 * HOUR - 1), 0),
        (ValidDayRule(), Seen(1, 0), 0),
        (ValidDayRule(min_punches=1, apart_s=0), Seen(1, 0), 1000),
        (ValidDayRule(min_punches=1, apart_s=0), Seen(), 0),
        (ValidDayRule(kind="pro_rata"), Seen(2, 4 * HOUR), 1000),
        (ValidDayRule(kind="pro_rata"), Seen(2, 3 * HOUR), 750),
        (ValidDayRule(kind="pro_rata"), Seen(2, 1), 0),
        (ValidDayRule(kind="pro_rata"), Seen(1, 0), 0),
        (ValidDayRule(kind="pro_rata"), Seen(9, 24 * HOUR), 1000),
        (ValidDayRule(kind="in_and_out", apart_s=0), Seen(2, 9, goes_in=True, goes_out=True), 1000),
        (ValidDayRule(kind="in_and_out", apart_s=0), Seen(5, 9 * HOUR, goes_in=True), 0),
        (ValidDayRule(kind="in_and_out"), Seen(2, HOUR, goes_in=True, goes_out=True), 0),
    ],
)
def test_what_makes_a_valid_day(rule: ValidDayRule, seen: Seen, credit: int) -> None:
    assert credit_of(seen, rule) == credit


def test_a_month_of_78_3_percent() -> None:
    worked = [day for day in days_between(MONDAY, LAST) if day.isoweekday() < 6]
    some = worked[:15] + worked[-1:]
    sums = sum_days(days(rules(), dict.fromkeys(some, FULL)), MANAGER, LAST)
    assert (sums.due, sums.valid, sums.present_days) == (20, 16_000, 16)
    assert judge_sums(sums, rules(), MANAGER, whole_month=True) == "met"
    assert rate_of(18_000, 23) == 782  # 78.26 %: never rounded up to what it is not


def test_stops_and_leave_are_not_due_and_the_rules_can_say_otherwise() -> None:
    for more in ({"stopped": True}, {"on_leave": True}):
        excused = [replace(day, **more) for day in days(rules(), {})]
        assert sum_days(excused, MANAGER, LAST).due == 0
        strict = rules(due_day=DueDayRule(less_stop_work=False, less_leave=False))
        assert sum_days([replace(day, **more) for day in days(strict, {})], MANAGER, LAST).due == 20


def test_days_off_count_only_where_the_rules_say_so() -> None:
    sunday = LAST
    assert sum_days(days(rules(), {sunday: FULL}), MANAGER, LAST).valid == 0
    counting = rules(due_day=DueDayRule(count_days_off=True))
    sums = sum_days(days(counting, dict.fromkeys(days_between(MONDAY, LAST), FULL)), MANAGER, LAST)
    assert (sums.valid, sums.due, rate_of(sums.valid, sums.due)) == (28_000, 20, 1000)


def test_what_is_not_over_is_not_reckoned_yet() -> None:
    sums = sum_days(days(rules(), {MONDAY: FULL, LAST - timedelta(days=2): FULL}), MANAGER, MONDAY)
    assert (sums.due, sums.due_all, sums.valid) == (1, 20, 1000)


def test_a_chief_of_several_projects_owes_three_days_a_week() -> None:
    rule = rules(several_projects=SeveralProjects(post=CHIEF), valid_day=ValidDayRule(min_punches=1, apart_s=0))
    there = {day: FULL for day in days_between(MONDAY, LAST) if day.isoweekday() in {1, 2, 6, 7}}
    sums = sum_days(days(rule, there, projects=2), CHIEF, LAST)
    assert (sums.due, sums.valid) == (12, 12_000)  # Saturdays do, the fourth day of a week counts no further
    assert sum_days(days(rule, there, projects=1), CHIEF, LAST).due == 20
    assert sum_days(days(rule, there, projects=2), MANAGER, LAST).due == 20


@pytest.mark.parametrize("cut", range(1, 7))
def test_a_week_that_two_months_share_is_owed_once(cut: int) -> None:
    rule = rules(several_projects=SeveralProjects(post=CHIEF), due_day=DueDayRule(days="every"))
    edge = MONDAY + timedelta(days=cut)
    parts = [(MONDAY, edge - timedelta(days=1)), (edge, MONDAY + timedelta(days=6))]
    owed = [sum_days(days(rule, {}, *part, projects=3), CHIEF, part[1]).due for part in parts]
    assert sum(owed) == 3


def test_a_deputy_is_due_when_the_chief_is_away() -> None:
    rule = rules(deputy=Deputy(holder=CHIEF, deputy=DEPUTY, deputy_due=True))
    absent, there = days(rule, {})[0], days(rule, {}, holder_credit=1000)[0]
    assert judge_day(absent, DEPUTY).due
    assert not judge_day(there, DEPUTY).due
    assert judge_day(there, CHIEF).due


def test_a_deputy_can_count_for_the_chief_and_is_shown_apart() -> None:
    rule = rules(deputy=Deputy(holder=CHIEF, deputy=DEPUTY, counts_for_holder=True))
    result = judge_day(days(rule, {}, deputy_credits=(1000, 0, 1000))[0], CHIEF)
    assert (result.credit, result.own, result.covered) == (1000, 0, 1000)
    own = judge_day(days(rule, {MONDAY: FULL}, deputy_credits=(1000, 1000, 1000))[0], CHIEF)
    assert (own.credit, own.covered) == (1000, 0)


def test_make_ups_judge_only_where_the_rules_say_so() -> None:
    sums = Sums(due=10, valid=10_000, own=5000, likely=10_000)
    assert judge_sums(sums, rules(), MANAGER, whole_month=True) == "met"
    assert judge_sums(sums, rules(make_ups_count=False), MANAGER, whole_month=True) == "met_if_counted"


def test_days_of_a_month_are_asked_of_months_alone() -> None:
    threshold = Threshold(posts=frozenset({MANAGER}), min_days=22)
    assert wanted_days(threshold, 25, whole_month=True) == 22_000
    assert wanted_days(threshold, 19, whole_month=True) == 19_000
    assert wanted_days(threshold, 25, whole_month=False) == 0


def test_verdicts() -> None:
    assert judge_sums(Sums(), rules(), MANAGER, whole_month=True) == "nothing_due"
    assert judge_sums(Sums(due=5), rules(), "worker", whole_month=True) == "not_judged"
    assert judge_sums(Sums(due=5, valid=3999, likely=4000), rules(), MANAGER, whole_month=True) == "met_if_counted"
    assert judge_sums(Sums(due=5, valid=3999, likely=3999), rules(), MANAGER, whole_month=True) == "failed"


def test_nobody_makes_up_for_another() -> None:
    total = add_sums([Sums(due=5, valid=9000, own=9000, likely=9000), Sums(due=5)])
    assert (total.due, total.valid) == (10, 5000)


@given(past=st.integers(1, 31), share=st.integers(0, 1000))
def test_the_forecast_is_that_of_the_alert(past: int, share: int) -> None:
    valid = past * share // 1000
    outlook = outlook_of(Sums(due=past, due_all=past + 3, valid=valid * 1000), rules(), MANAGER, whole_month=True)
    assert outlook is not None
    assert outlook.forecast is not None
    assert abs(outlook.forecast / 1000 - project_share(valid, past, past + 3)) <= 0.001


@given(valid=st.integers(0, 31), due=st.integers(0, 31), left=st.integers(0, 31), share=st.integers(1, 1000))
def test_what_is_still_needed_suffices_exactly(valid: int, due: int, left: int, share: int) -> None:
    valid = min(valid, due)
    rule = rules(thresholds=(Threshold(posts=frozenset({MANAGER}), min_share=share),))
    outlook = outlook_of(Sums(due=due, due_all=due + left, valid=valid * 1000), rule, MANAGER, whole_month=True)
    assert outlook is not None
    whole = (valid + outlook.still_needed) * 1000
    assert whole >= share * (due + left)
    assert outlook.still_needed == 0 or whole - 1000 < share * (due + left)
    assert outlook.reachable == (outlook.still_needed <= left)


seen_days = st.dictionaries(
    st.sampled_from(days_between(MONDAY, LAST)),
    st.builds(Seen, st.integers(0, 6), st.integers(0, 14 * HOUR), st.booleans(), st.booleans()),
)
kinds = st.builds(
    ValidDayRule,
    kind=st.sampled_from(["punches_apart", "in_and_out", "pro_rata"]),
    min_punches=st.integers(1, 3),
    apart_s=st.sampled_from([1, HOUR, 4 * HOUR]),
)


@given(seen=seen_days, kind=kinds, projects=st.integers(1, 3), every=st.booleans())
def test_no_sum_leaves_its_bounds(seen: dict[date, Seen], kind: ValidDayRule, projects: int, *, every: bool) -> None:
    rule = rules(
        valid_day=kind,
        due_day=DueDayRule(days="every" if every else "working"),
        several_projects=SeveralProjects(post=CHIEF),
    )
    many = days(rule, seen, projects=projects)
    for until in (MONDAY - timedelta(days=1), MONDAY + timedelta(days=9), LAST):
        sums = sum_days(many, CHIEF, until)
        assert 0 <= sums.valid <= sums.due * 1000
        assert sums.due <= sums.due_all <= sums.on_duty == len(many)
        assert 0 <= sums.present_days <= sums.on_duty


@given(seen=seen_days, more=st.integers(0, 13), kind=kinds)
def test_one_more_punch_never_lowers_a_rate(seen: dict[date, Seen], more: int, kind: ValidDayRule) -> None:
    rule = rules(valid_day=kind)
    before = sum_days(days(rule, seen), MANAGER, LAST)
    day = MONDAY + timedelta(days=more)
    was = seen.get(day, Seen())
    later = {**seen, day: Seen(was.punches + 1, was.span_s + 60, was.goes_in, was.goes_out)}
    after = sum_days(days(rule, later), MANAGER, LAST)
    assert (after.due, after.valid >= before.valid) == (before.due, True)
