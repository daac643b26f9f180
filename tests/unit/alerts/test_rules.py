"""Each rule on facts of history: what it finds, and what it leaves alone."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.alerts.model import PLATFORM, Site
from backend.alerts.rules.announced import Announced, raised_tolerances, troubles
from backend.alerts.rules.duty import DutyFact, absences, forecasts, project_share
from backend.alerts.rules.gates import OutageFact, gates_down, long_outages
from backend.alerts.rules.posts import Holder, PostFact, empty_posts, posts_together
from backend.alerts.rules.reviews import QueueFact, ageing_queue
from backend.alerts.rules.signs import SignFact, signs_of_forgery
from backend.alerts.settings import (
    AbsentSettings,
    ForecastSettings,
    GateSettings,
    LongSettings,
    PostSettings,
    PostsSettings,
    ReviewSettings,
    SignSettings,
    ToleranceSettings,
    TroubleSettings,
)
from backend.sites.working_days import WorkCalendar

SITE = Site(
    project_id=uuid4(),
    project_name="工地",
    district_id=uuid4(),
    district_name="区",
    time_zone="Asia/Shanghai",
    cutover=time(4),
)
MONDAY = date(2026, 3, 16)
CUTOFF = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)
CALENDAR = WorkCalendar()


def post(kind: str = "project_manager", *holders: Holder) -> PostFact:
    return PostFact(
        site=SITE, on=MONDAY, post_id=uuid4(), post_kind=kind, party_id=uuid4(), company_name="公司", holders=holders
    )


def holder(first_at: datetime | None = None, **changes: bool) -> Holder:
    return Holder(uuid4(), "张三", first_at, **changes)


@pytest.mark.parametrize(
    ("there", "empty"),
    [
        (holder(), 1),
        (holder(CUTOFF), 0),
        (holder(CUTOFF + timedelta(seconds=1)), 1),
        (holder(in_review=True), 0),
        (holder(elsewhere=True), 0),
    ],
)
def test_a_post_is_empty_when_no_holder_came_by_the_cutoff(there: Holder, empty: int) -> None:
    found = empty_posts([post("project_manager", there)], PostSettings(), CUTOFF, None)
    assert len(found) == empty
    for one in found:
        assert (one.person_id, one.words) == (there.person_id, "alerts.post_empty")


def test_who_stands_on_another_site_is_absent_where_that_is_set() -> None:
    settings = PostSettings(elsewhere_counts=False)
    assert len(empty_posts([post("project_manager", holder(elsewhere=True))], settings, CUTOFF, None)) == 1


def test_one_of_two_holders_fills_a_post_and_other_posts_are_not_watched() -> None:
    assert empty_posts([post("project_manager", holder(), holder(CUTOFF))], PostSettings(), CUTOFF, None) == []
    assert empty_posts([post("worker", holder())], PostSettings(), CUTOFF, None) == []


def test_a_vacant_post_is_told_once_a_week() -> None:
    one = post()
    (found,) = empty_posts([one], PostSettings(), CUTOFF, None)
    assert found.words == "alerts.post_vacant"
    assert found.fact_key == f"{one.post_id}:2026-W12"
    assert empty_posts([one], PostSettings(vacant=False), CUTOFF, None) == []


def test_several_empty_posts_are_told_together_and_not_one_by_one() -> None:
    posts = [post("project_manager", holder()), post("chief_supervisor", holder())]
    (found,) = posts_together(posts, PostsSettings(), CUTOFF)
    assert (found.severity, found.numbers["posts"]) == ("critical", 2)
    assert empty_posts(posts, PostSettings(), CUTOFF, PostsSettings()) == []
    assert len(empty_posts(posts, PostSettings(), CUTOFF, None)) == 2
    assert posts_together(posts[:1], PostsSettings(), CUTOFF) == []
    assert len(empty_posts(posts[:1], PostSettings(), CUTOFF, PostsSettings())) == 1


@given(st.lists(st.booleans(), max_size=8), st.integers(2, 5))
def test_every_empty_post_is_told_by_exactly_one_of_the_two_rules(there: list[bool], together: int) -> None:
    posts = [post("project_manager", holder(CUTOFF if came else None)) for came in there]
    both = PostsSettings(together=together)
    one_by_one = empty_posts(posts, PostSettings(), CUTOFF, both)
    at_once = posts_together(posts, both, CUTOFF)
    empty = there.count(False)
    assert len(one_by_one) == (empty if empty < together else 0)
    assert [found.numbers["posts"] for found in at_once] == ([empty] if empty >= together else [])


def duty(
    present: set[date] | None = None, valid: set[date] | None = None, from_on: date = date(2026, 1, 5)
) -> DutyFact:
    return DutyFact(
        site=SITE,
        assignment_id=UUID(int=1),
        post_kind="project_manager",
        party_id=uuid4(),
        company_name="公司",
        person_id=uuid4(),
        name="张三",
        from_on=from_on,
        present=frozenset(present or set()),
        valid=frozenset(valid or set()),
    )


def test_three_due_days_without_a_punch_are_told_on_the_morning_after() -> None:
    fact = duty({date(2026, 3, 10)})
    tuesday = absences([fact], AbsentSettings(), date(2026, 3, 13), CUTOFF, CALENDAR)
    assert tuesday == []  # Wednesday and Thursday
    (found,) = absences([fact], AbsentSettings(), MONDAY, CUTOFF, CALENDAR)  # and Friday; the weekend is not due
    assert (found.numbers["days"], found.numbers["since"]) == (3, "2026-03-11")
    (again,) = absences([fact], AbsentSettings(), MONDAY + timedelta(days=1), CUTOFF, CALENDAR)
    assert again.fact_key == found.fact_key


def test_who_came_on_a_day_off_or_is_there_this_morning_is_not_absent() -> None:
    sunday = duty({date(2026, 3, 10), date(2026, 3, 15)})
    assert absences([sunday], AbsentSettings(), MONDAY, CUTOFF, CALENDAR) == []
    assert absences([duty({date(2026, 3, 10), MONDAY})], AbsentSettings(), MONDAY, CUTOFF, CALENDAR) == []


def test_nobody_is_absent_before_he_took_the_post_nor_on_holidays() -> None:
    assert absences([duty(from_on=date(2026, 3, 12))], AbsentSettings(), MONDAY, CUTOFF, CALENDAR) == []
    # The spring festival of 2026 is from 15 to 23 February; presence until the 14th, a Saturday that is worked.
    festival = duty({date(2026, 2, 14)})
    assert absences([festival], AbsentSettings(), date(2026, 2, 24), CUTOFF, CALENDAR) == []


@given(st.integers(0, 90))
def test_each_threshold_of_a_row_of_days_is_one_fact_however_long_it_gets(days: int) -> None:
    fact = duty(from_on=date(2026, 1, 1))
    keys = {
        found.fact_key
        for number in range(days)
        for found in absences(
            [fact], AbsentSettings(days="every"), date(2026, 1, 1) + timedelta(days=number), CUTOFF, CALENDAR
        )
    }
    assert len(keys) == sum(threshold < days for threshold in AbsentSettings().thresholds)


def test_a_month_that_goes_on_as_it_began_is_told_once_it_falls_short() -> None:
    due = CALENDAR.due_between(date(2026, 3, 1), date(2026, 3, 31), "working")
    assert len(due) == 22
    on = date(2026, 3, 17)
    past = [day for day in due if day < on]
    good = duty(valid=set(past[:9]))
    assert forecasts([good], ForecastSettings(), on, CUTOFF, CALENDAR) == []
    (short,) = forecasts([duty(valid=set(past[:8]))], ForecastSettings(), on, CUTOFF, CALENDAR)
    assert (short.words, short.numbers["percent"], short.fact_key) == (
        "alerts.forecast_low",
        73,
        f"{UUID(int=1)}:2026-03",
    )
    (lost,) = forecasts([duty(valid=set(past[:6]))], ForecastSettings(), on, CUTOFF, CALENDAR)
    assert (lost.words, lost.fact_key) == ("alerts.forecast_lost", f"{UUID(int=1)}:2026-03:lost")
    assert forecasts([duty()], ForecastSettings(), date(2026, 3, 9), CUTOFF, CALENDAR) == []


@given(st.integers(1, 31), st.integers(0, 31), st.integers(0, 31))
def test_a_forecast_is_a_share_and_more_valid_days_never_lower_it(past: int, valid: int, more: int) -> None:
    due = 31
    one, other = project_share(min(valid, past), past, due), project_share(min(valid + more, past), past, due)
    assert 0 <= one <= other <= 1


def outage(**changes: object) -> OutageFact:
    values: dict[str, object] = {
        "site": SITE,
        "outage_id": uuid4(),
        "device_id": uuid4(),
        "gate_name": "1号门",
        "kind": "silent",
        "from_at": CUTOFF - timedelta(minutes=3),
        "known_at": CUTOFF,
    }
    return OutageFact(**{**values, **changes})  # type: ignore[arg-type] - fields by name


def test_an_outage_is_for_the_rule_of_its_kind_while_it_goes_on() -> None:
    down, mute = outage(), outage(kind="mute")
    found = gates_down([down, mute], GateSettings(), "gate_down", CUTOFF)
    assert [one.device_id for one in found.findings] == [down.device_id]
    assert found.endings == []
    over = outage(end_known_at=CUTOFF + timedelta(minutes=5), end_cause="recovered")
    assert len(gates_down([over], GateSettings(), "gate_down", CUTOFF).findings) == 1
    later = gates_down([over], GateSettings(), "gate_down", CUTOFF + timedelta(minutes=5))
    assert (later.findings, [one.cause for one in later.endings]) == ([], ["alerts.cause_recovered"])


def test_an_outage_becomes_long_and_says_so_once() -> None:
    one = outage()
    limit = one.from_at + timedelta(hours=8)
    assert long_outages([one], LongSettings(), limit).findings == []
    early = long_outages([one], LongSettings(), limit + timedelta(seconds=1)).findings
    late = long_outages([one], LongSettings(), limit + timedelta(hours=9)).findings
    assert {found.fact_key for found in (*early, *late)} == {f"outage:{one.outage_id}"}


def sign(**changes: object) -> SignFact:
    values: dict[str, object] = {"site": SITE, "sign": "mock_location", "at": CUTOFF, "found_at": CUTOFF}
    return SignFact(**{**values, "person_id": UUID(int=7), "person_name": "张三", **changes})  # type: ignore[arg-type] - fields by name


def test_signs_are_told_once_per_person_sign_and_day() -> None:
    same = sign(at=CUTOFF + timedelta(hours=2), found_at=CUTOFF + timedelta(hours=2))
    other = sign(sign="shared_phone")
    found = signs_of_forgery([sign(), same, other], SignSettings())
    assert [one.numbers["sign"] for one in found] == ["mock_location", "shared_phone"]


def test_old_signs_and_signs_that_are_not_asked_for_are_no_alerts() -> None:
    late = sign(found_at=CUTOFF + timedelta(hours=49))
    assert signs_of_forgery([late, sign(sign="clock_off")], SignSettings()) == []


def test_a_raised_tolerance_is_told_and_a_lowered_one_is_not() -> None:
    def published(before: float, after: float) -> Announced:
        return Announced(
            id=1,
            kind="fences.tolerance_raised",
            site=SITE,
            subject="f:2",
            occurred_at=CUTOFF,
            detail={"before_m": before, "after_m": after, "fence": "北段"},
        )

    (found,) = raised_tolerances([published(5, 30)], ToleranceSettings())
    assert (found.numbers["before_m"], found.numbers["after_m"]) == (5.0, 30.0)
    assert raised_tolerances([published(30, 30), published(30, 5)], ToleranceSettings()) == []
    assert raised_tolerances([published(5, 30)], ToleranceSettings(from_m=26)) == []


def trouble(kind: str, number: int) -> Announced:
    return Announced(id=number, kind=kind, site=None, subject="fcm", occurred_at=CUTOFF, detail={})


def test_trouble_stands_until_it_is_restored_and_may_come_again() -> None:
    settings = TroubleSettings()
    failed, restored = trouble("push.failed", 1), trouble("push.restored", 2)
    (found,) = troubles([failed, trouble("push.failed", 2)], settings, []).findings
    assert (found.project_id, found.fact_key) == (PLATFORM, "push:fcm:1")
    assert troubles([trouble("push.failed", 3)], settings, [found.fact_key]).findings == []
    over = troubles([restored], settings, [found.fact_key])
    assert [one.fact_key for one in over.endings] == [found.fact_key]
    within = troubles([failed, restored], settings, [])
    assert (within.findings, within.endings) == ([], [])
    (again,) = troubles([restored, trouble("push.failed", 4)], settings, [found.fact_key]).findings
    assert again.fact_key == "push:fcm:4"


def test_a_queue_ages_by_the_end_of_its_days() -> None:
    ended = CUTOFF - timedelta(hours=25)
    fresh = CUTOFF - timedelta(hours=5)
    fact = QueueFact(site=SITE, days=((date(2026, 3, 14), 3, ended), (date(2026, 3, 15), 9, fresh)))
    (found,) = ageing_queue(fact, ReviewSettings(), MONDAY, CUTOFF)
    assert (found.numbers["punches"], found.numbers["oldest"]) == (3, "2026-03-14")
    assert ageing_queue(fact, ReviewSettings(at_least=4), MONDAY, CUTOFF) == []
