from datetime import UTC, date, datetime, time
from uuid import UUID, uuid4

import pytest

from mobile_api.errors import ProjectAmbiguous, ProjectUnknown
from mobile_api.judging import choose_project
from mobile_api.reading import Reading, Standing

AT = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)
TODAY = date(2026, 3, 16)


def reading(standing: Standing, time_zone: str = "Asia/Shanghai") -> Reading:
    return Reading(
        person_id=UUID(int=1),
        phone_id=None,
        person_name="张三",
        shared_phone=False,
        refused_lately=0,
        project_id=uuid4(),
        project_name="试验工程",
        site_mode="either",
        status="building",
        time_zone=time_zone,
        cutover=time(4),
        standing=standing,
        policy_version=None,
        policy_body=None,
        key_id=None,
        wrapped=None,
        fence_version_ids=[],
    )


def standing(*ranges: tuple[date, date | None]) -> Standing:
    return Standing([one for one, _ in ranges], [two for _, two in ranges], [uuid4() for _ in ranges])


PRESENT = standing((date(2026, 1, 1), None))
PAST = standing((date(2025, 1, 1), date(2025, 12, 31)))


def test_the_named_project_is_taken_even_without_an_assignment_in_force() -> None:
    """The punch is recorded and goes to review: what was done is not lost for a date on paper."""
    one = reading(PAST)
    assert choose_project([one], one.project_id, AT) is one


def test_a_named_project_nobody_gave_him_is_unknown() -> None:
    with pytest.raises(ProjectUnknown):
        choose_project([], uuid4(), AT)


def test_the_only_fitting_project_need_not_be_named() -> None:
    past, present = reading(PAST), reading(PRESENT)
    assert choose_project([past, present], None, AT) is present


def test_several_fitting_projects_are_offered() -> None:
    one, two, past = reading(PRESENT), reading(PRESENT), reading(PAST)
    with pytest.raises(ProjectAmbiguous) as caught:
        choose_project([one, two, past], None, AT)
    candidates = caught.value.detail["candidates"]
    assert [item["project_id"] for item in candidates] == [str(one.project_id), str(two.project_id)]  # type: ignore[attr-defined] - a list


def test_without_a_fitting_one_all_are_offered() -> None:
    past = reading(PAST)
    with pytest.raises(ProjectAmbiguous) as caught:
        choose_project([past], None, AT)
    assert caught.value.detail["candidates"] == [{"project_id": str(past.project_id), "name": "试验工程"}]


def test_without_any_project_nothing_is_offered() -> None:
    with pytest.raises(ProjectAmbiguous) as caught:
        choose_project([], None, AT)
    assert caught.value.detail["candidates"] == []


def test_the_day_is_the_site_s() -> None:
    """At 19:30 UTC on the 15th the site in Wuhan is still in the night shift of the 15th."""
    last_day = standing((date(2026, 1, 1), date(2026, 3, 15)))
    assert choose_project([reading(last_day)], None, datetime(2026, 3, 15, 19, 59, tzinfo=UTC))
    with pytest.raises(ProjectAmbiguous):
        choose_project([reading(last_day)], None, datetime(2026, 3, 15, 20, 0, tzinfo=UTC))


def test_of_several_ranges_the_one_in_force_names_the_section() -> None:
    both = standing((date(2025, 1, 1), date(2025, 12, 31)), (date(2026, 1, 1), None))
    assert both.section_on(TODAY) == both.section_ids[1]
    assert both.section_on(date(2025, 6, 1)) == both.section_ids[0]
    assert both.section_on(date(2024, 1, 1)) is None
    assert [both.in_force(day) for day in (date(2024, 12, 31), date(2025, 1, 1), date(2025, 12, 31), TODAY)] == [
        False,
        True,
        True,
        True,
    ]
