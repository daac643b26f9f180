from dataclasses import replace
from datetime import date

import pytest

from backend.reports.bulletins.composing import compose
from backend.reports.bulletins.differences import differences
from tests.support.bulletins import city_content, city_facts


def test_the_same_content_has_none() -> None:
    assert differences(city_content(), city_content()) == []


def test_a_project_that_was_corrected() -> None:
    old = city_facts()
    mended = [
        replace(one, valid=one.due, without_make_ups=one.due) if one.project_id == old.sites[10].project_id else one
        for one in old.held
    ]
    found = differences(compose(old, None, None), compose(replace(old, held=mended), None, None))
    assert found
    gone = [one for one in found if one.path[0] == "failing" and one.after is None]
    assert [one.of for one in gone] == [old.sites[10].name]
    rates = [one for one in found if one.path == ["totals", "all_posts", "rate"]]
    assert len(rates) == 1
    assert rates[0].after > rates[0].before
    assert {one.of for one in found if one.path[0] == "districts"} >= {"硚口区"}
    assert all(one.before != one.after for one in found)


def test_a_district_that_was_renamed_is_the_same_district() -> None:
    old = city_facts()
    renamed = replace(old.districts[8], name="蔡甸新区")
    then, now = compose(old, old.districts[8], None), compose(old, renamed, None)
    assert [(one.path, one.after) for one in differences(then, now)] == [(["scope", "name"], "蔡甸新区")]
    with pytest.raises(ValueError, match="district"):
        differences(then, compose(old, old.districts[7], None))


def test_editions_of_two_periods_cannot_be_compared() -> None:
    last = compose(city_facts(from_on=date(2026, 3, 2), to_on=date(2026, 3, 8)), None, None)
    with pytest.raises(ValueError, match="from_on"):
        differences(last, city_content())
