from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.reports.bulletins.composing import Earlier, compose
from backend.reports.bulletins.content import RANKED_POSTS, Content, freeze, thaw
from backend.reports.bulletins.facts import WHOLE_DAY, HeldPost
from tests.support.bulletins import city_content, city_facts, district, facts, held, site


def one_project(*posts: tuple[int, int, int], vacant: tuple[str, ...] = ()) -> Content:
    """Compose a city of one project whose project managers have these days: due, valid, open."""
    own = district(1)
    project = site(1, own, vacant=vacant)
    managers = [held(project, "project_manager", due=due, valid=valid, still=still) for due, valid, still in posts]
    return compose(facts([own], [project], managers), None, None)


def standing(content: Content) -> str:
    counted = {name: getattr(content.totals, name) for name in ("met", "failing", "open", "not_due")}
    assert sum(counted.values()) == content.totals.projects
    return next(name for name, count in counted.items() if count)


def test_a_post_is_met_by_valid_days_alone() -> None:
    assert standing(one_project((10, 8, 0))) == "met"
    assert standing(one_project((10, 7, 0))) == "failing"


def test_what_is_open_is_neither_passed_nor_failed() -> None:
    assert standing(one_project((10, 7, 1))) == "open"
    assert standing(one_project((10, 0, 10))) == "open"
    assert standing(one_project((10, 6, 1))) == "failing"


def test_nothing_due_is_not_passed() -> None:
    content = one_project((0, 0, 0))
    assert standing(content) == "not_due"
    assert content.totals.all_posts.rate is None
    assert content.totals.all_posts.rate_at_most is None
    assert content.districts[0].rank is None
    assert standing(one_project()) == "not_due"


def test_an_empty_post_fails_whatever_the_others_are() -> None:
    content = one_project((10, 10, 0), vacant=("chief_supervisor",))
    assert standing(content) == "failing"
    (line,) = content.failing
    assert [(short.post_kind, short.vacant, short.share) for short in line.shortfalls] == [
        ("chief_supervisor", True, None)
    ]


def test_holders_of_one_post_are_judged_together() -> None:
    assert standing(one_project((5, 5, 0), (5, 3, 0))) == "met"
    assert standing(one_project((5, 5, 0), (5, 2, 0))) == "failing"


def test_a_post_without_threshold_fails_nobody() -> None:
    own = district(1)
    project = site(1, own)
    content = compose(facts([own], [project], [held(project, "technical_lead", valid=0)]), None, None)
    assert standing(content) == "not_due"
    assert content.totals.all_posts.rate == 0


def test_make_ups_are_shown_with_and_without() -> None:
    own = district(1)
    project = site(1, own)
    content = compose(
        facts([own], [project], [held(project, "project_manager", due=4, valid=3, made_up=2)]), None, None
    )
    share = content.totals.all_posts
    assert (share.rate, share.rate_without_make_ups) == (7500, 2500)
    assert (share.due, share.valid, share.without_make_ups) == (4, 3, 1)


def test_a_rule_set_may_judge_without_make_ups() -> None:
    own = district(1)
    project = site(1, own)
    post = HeldPost(project.project_id, "project_manager", 10_000, 9000, 7000, 0, 8000, make_ups_count=False)
    content = compose(facts([own], [project], [post]), None, None)
    assert standing(content) == "failing"
    assert content.totals.all_posts.rate == 9000


def test_parts_of_days() -> None:
    own = district(1)
    project = site(1, own)
    post = HeldPost(project.project_id, "project_manager", 2 * WHOLE_DAY, 1437, 1437, 0, 8000)
    share = compose(facts([own], [project], [post]), None, None).totals.all_posts
    assert (share.valid, share.rate) == (1.437, 7185)


def test_districts_are_ranked_with_ties_and_one_without_projects_has_no_place() -> None:
    content = city_content()
    rates = [line.figures.all_posts.rate for line in content.districts]
    assert rates[-1] is None
    known = [rate for rate in rates if rate is not None]
    assert known == sorted(known, reverse=True)
    assert len(content.districts) == 11
    assert [line.rank for line in content.districts][-1] is None
    ranks = [line.rank for line in content.districts if line.rank is not None]
    assert len(ranks) > len(set(ranks)), "the sample has a tie"


def test_totals_are_what_the_districts_add_up_to() -> None:
    content = city_content()
    for name in ("projects", "met", "failing", "open", "not_due", "holders"):
        assert getattr(content.totals, name) == sum(getattr(line.figures, name) for line in content.districts)
    assert content.totals.all_posts.due == sum(line.figures.all_posts.due for line in content.districts)
    assert len(content.failing) == content.totals.failing
    assert len(content.open) == content.totals.open


def test_a_district_lists_its_own_projects_and_ranks_all() -> None:
    city, own = city_content(), city_content(of=8)
    assert own.scope is not None
    assert own.scope.name == "蔡甸区"
    assert own.city == city.totals
    assert own.districts == city.districts
    assert {line.district_name for line in (*own.failing, *own.open)} == {"蔡甸区"}
    mine = next(line for line in city.districts if line.name == "蔡甸区")
    assert own.totals == mine.figures
    assert own.outages == mine.outages
    assert own.quality == mine.quality


def test_changes_refer_to_what_was_published() -> None:
    now = city_facts()
    published = compose(city_facts(better=-2, from_on=date(2026, 3, 2), to_on=date(2026, 3, 8)), None, None)
    before = Earlier(bulletin_id=UUID(int=9), edition=2, digest="00" * 32, content=published)
    content = compose(now, None, before)
    assert content.before is not None
    assert (content.before.edition, content.before.to_on) == (2, date(2026, 3, 8))
    assert content.change is not None
    assert content.totals.all_posts.rate is not None
    assert published.totals.all_posts.rate is not None
    assert content.change.all_posts == content.totals.all_posts.rate - published.totals.all_posts.rate
    assert set(content.change.posts) == set(RANKED_POSTS)
    lost = next(line for line in content.districts if line.rank is None)
    assert lost.change is not None
    assert (lost.change.all_posts, lost.change.places) == (None, None)


def test_no_change_without_a_bulletin_before() -> None:
    content = city_content(with_before=False)
    assert content.before is None
    assert content.change is None
    assert {line.change for line in content.districts} == {None}


def test_a_site_of_no_district_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        compose(facts([district(1)], [site(1, district(2))], []), None, None)


def test_the_digest_is_of_the_content_and_of_nothing_else() -> None:
    frozen, digest = freeze(city_content())
    assert freeze(city_content()) == (frozen, digest)
    assert thaw(frozen) == city_content()
    shuffled = city_facts()
    again = compose(
        facts(list(shuffled.districts)[::-1], list(shuffled.sites)[::-1], list(shuffled.held)[::-1]), None, None
    )
    assert freeze(again) == freeze(city_content(with_before=False))


@given(st.lists(st.tuples(st.integers(0, 31), st.integers(0, 31), st.integers(0, 31)), max_size=6))
def test_what_is_open_never_makes_a_rate_smaller_or_more_than_all(days: list[tuple[int, int, int]]) -> None:
    share = one_project(*((due, min(due, valid), still) for due, valid, still in days)).totals.all_posts
    assert share.valid + share.open <= share.due
    if share.due == 0:
        assert (share.rate, share.rate_at_most) == (None, None)
    else:
        assert share.rate is not None
        assert share.rate_at_most is not None
        assert share.rate <= share.rate_at_most <= 10_000
