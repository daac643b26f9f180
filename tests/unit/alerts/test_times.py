"""When accounts are told, when rules are due, which days are worked, which settings hold, how far followers read."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.alerts.errors import RuleSettingsInvalid
from backend.alerts.model import Site
from backend.alerts.moments import due_day, moment_of
from backend.alerts.rulebook import RuleBook, Setting
from backend.alerts.settings import KINDS, PostSettings, read_settings
from backend.alerts.telling_times import Preferences, due_at, is_told
from backend.kit.horizon import Horizon
from backend.sites.working_days import WorkCalendar, is_known

CALENDAR = WorkCalendar()
SITE = Site(
    project_id=uuid4(),
    project_name="工地",
    district_id=uuid4(),
    district_name="区",
    time_zone="Asia/Shanghai",
    cutover=time(4),
)


def wuhan(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), UTC) - timedelta(hours=8)


FRIDAY = date(2026, 3, 13)


@pytest.mark.parametrize(
    ("at", "due"),
    [
        (wuhan(FRIDAY, 12), wuhan(FRIDAY, 12)),
        (wuhan(FRIDAY, 21, 59), wuhan(FRIDAY, 21, 59)),
        (wuhan(FRIDAY, 22), wuhan(FRIDAY + timedelta(days=1), 7)),
        (wuhan(FRIDAY, 3), wuhan(FRIDAY, 7)),
    ],
)
def test_quiet_hours_put_off_what_is_not_critical(at: datetime, due: datetime) -> None:
    assert due_at(at, "warning", Preferences(), CALENDAR) == due
    assert due_at(at, "critical", Preferences(), CALENDAR) == at


def test_days_off_put_it_off_to_the_next_day_that_is_worked() -> None:
    wanted = Preferences(working_days_only=True)
    monday = FRIDAY + timedelta(days=3)
    assert due_at(wuhan(FRIDAY + timedelta(days=1), 12), "warning", wanted, CALENDAR) == wuhan(monday, 7)
    assert due_at(wuhan(FRIDAY, 23), "warning", wanted, CALENDAR) == wuhan(monday, 7)
    assert due_at(wuhan(FRIDAY, 12), "warning", wanted, CALENDAR) == wuhan(FRIDAY, 12)
    # A Saturday on which work makes up for the spring festival.
    worked = date(2026, 2, 28)
    assert due_at(wuhan(worked, 12), "warning", wanted, CALENDAR) == wuhan(worked, 12)


@given(
    st.integers(0, 480_000).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
    st.times(),
    st.times(),
    st.booleans(),
)
def test_what_is_put_off_is_told_outside_of_quiet_hours_and_never_in_the_past(
    at: datetime,
    begin: time,
    end: time,
    days: bool,
) -> None:
    wanted = Preferences(quiet_from=begin, quiet_to=end, working_days_only=days)
    due = due_at(at, "warning", wanted, CALENDAR)
    assert due >= at
    assert due_at(due, "warning", wanted, CALENDAR) == due


def test_preferences_mute_what_is_not_critical() -> None:
    wanted = Preferences(muted=frozenset({"gate_down"}), least_severity="warning")
    assert not is_told(wanted, "gate_down", "warning")
    assert is_told(wanted, "gate_down", "critical")
    assert not is_told(wanted, "post_empty", "info")
    assert not is_told(Preferences(single=False), "post_empty", "warning")


def test_a_moment_is_due_once_and_not_on_a_day_that_is_over() -> None:
    moment = moment_of(SITE, FRIDAY, time(9, 30))
    assert moment == wuhan(FRIDAY, 9, 30)
    before, after = moment - timedelta(seconds=10), moment + timedelta(seconds=5)
    assert due_day(SITE, time(9, 30), before, after) == FRIDAY
    assert due_day(SITE, time(9, 30), after, after + timedelta(hours=1)) is None
    assert due_day(SITE, time(9, 30), before, before) is None
    # The worker was away until the evening: the day is not over. Until the next morning: it is.
    assert due_day(SITE, time(9, 30), before, wuhan(FRIDAY, 20)) == FRIDAY
    assert due_day(SITE, time(9, 30), before, wuhan(FRIDAY + timedelta(days=1), 6)) is None
    assert moment_of(SITE, FRIDAY, time(2)) == wuhan(FRIDAY + timedelta(days=1), 2)


def test_holidays_make_up_days_and_the_city_s_own_days() -> None:
    assert not CALENDAR.is_working(date(2026, 2, 17))  # spring festival
    assert CALENDAR.is_working(date(2026, 2, 28))  # a Saturday that makes up for it
    assert not CALENDAR.is_working(date(2026, 3, 14))
    assert CALENDAR.is_due(date(2026, 3, 14), "six_day_week")
    assert not CALENDAR.is_due(date(2026, 3, 15), "six_day_week")
    assert CALENDAR.is_due(date(2026, 3, 15), "every")
    set_days = WorkCalendar({date(2026, 3, 16): False, date(2026, 3, 15): True})
    assert not set_days.is_working(date(2026, 3, 16))
    assert set_days.is_working(date(2026, 3, 15))
    assert set_days.next_working(date(2026, 3, 16)) == date(2026, 3, 17)


def test_a_year_without_known_holidays_has_its_weekends() -> None:
    assert not is_known(date(2050, 1, 3))
    assert CALENDAR.is_working(date(2050, 1, 3))  # a Monday
    assert not CALENDAR.is_working(date(2050, 1, 1))  # a Saturday


NOW = wuhan(FRIDAY, 8)


def setting(body: dict[str, object], *, valid_from: datetime = NOW, set_at: datetime = NOW, **place: UUID) -> Setting:
    return Setting(uuid4(), "post_empty", place.get("district_id"), place.get("project_id"), valid_from, set_at, body)


def at_of(book: RuleBook, site: Site = SITE) -> time:
    settings = book.holds("post_empty", site.district_id, site.project_id).settings
    assert isinstance(settings, PostSettings)
    return settings.at


def test_the_nearest_setting_holds_and_of_the_same_place_the_last() -> None:
    city = setting({"at": "08:00:00"})
    district = setting({"at": "08:30:00"}, district_id=SITE.district_id)
    project = setting({"at": "10:00:00"}, project_id=SITE.project_id)
    assert at_of(RuleBook([], NOW)) == time(9, 30)
    assert at_of(RuleBook([city], NOW)) == time(8)
    assert at_of(RuleBook([city, district], NOW)) == time(8, 30)
    assert at_of(RuleBook([project, district, city], NOW)) == time(10)
    later = setting({"at": "11:00:00"}, set_at=NOW + timedelta(minutes=1), project_id=SITE.project_id)
    assert at_of(RuleBook([later, project], NOW)) == time(11)
    coming = setting({"at": "07:00:00"}, valid_from=NOW + timedelta(days=1), set_at=NOW + timedelta(hours=1))
    assert at_of(RuleBook([city, coming], NOW)) == time(8)
    assert at_of(RuleBook([city, coming], NOW + timedelta(days=1))) == time(7)


def test_a_setting_that_nobody_reads_any_more_hurts_nothing() -> None:
    broken = setting({"at": "late"}, project_id=SITE.project_id)
    book = RuleBook([broken, setting({"at": "08:00:00"})], NOW)
    assert book.unreadable == [broken.rule_id]
    assert at_of(book) == time(8)


@pytest.mark.parametrize(
    "body",
    [
        {"posts": ["king"]},
        {"unknown": 1},
        {"at": "9:3"},
        {"levels": []},
        {"levels": [{"after_s": 60, "roles": ["district"]}]},
        {"levels": [{"after_s": 0, "roles": ["district"]}, {"after_s": 0, "roles": ["city"]}]},
    ],
)
def test_settings_of_another_form_are_refused(body: dict[str, object]) -> None:
    with pytest.raises(RuleSettingsInvalid):
        read_settings("post_empty", body)


def test_every_rule_has_settings_of_its_own() -> None:
    for kind in KINDS:
        assert read_settings(kind, {}).enabled


@given(st.data())
def test_a_horizon_never_passes_a_row_that_can_still_appear(data: st.DataObject) -> None:
    """Play transactions that draw numbers and end in any order; whatever is settled must be there or gone."""
    horizon = Horizon()
    next_xid, next_number = 1, 1
    running: dict[int, list[int]] = {}
    seen: set[int] = set()
    for _ in range(data.draw(st.integers(1, 60))):
        act = data.draw(st.sampled_from(["begin", "draw", "commit", "abort", "look"]))
        if act == "begin":
            running[next_xid] = []
            next_xid += 1
        elif act == "draw" and running:
            running[data.draw(st.sampled_from(sorted(running)))].append(next_number)
            next_number += 1
        elif act in {"commit", "abort"} and running:
            numbers = running.pop(data.draw(st.sampled_from(sorted(running))))
            seen |= set(numbers) if act == "commit" else set()
        elif act == "look":
            settled = horizon.look(max(seen, default=0), min(running, default=next_xid), next_xid)
            if settled is not None:
                assert all(number > settled.number for numbers in running.values() for number in numbers)
            if not running:
                assert settled is not None
                assert settled.number == max(seen, default=0)
