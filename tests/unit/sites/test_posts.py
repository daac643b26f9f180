import pytest

from backend.sites import errors
from backend.sites.posts import (
    KEY_POSTS,
    PARTY_KINDS,
    POST_KINDS,
    SINGLE_POSTS,
    UNWATCHED_POSTS,
    read_party_kind,
    read_post_kind,
    require_post_of_party,
)


def test_all_national_party_codes_are_there() -> None:
    assert sorted(PARTY_KINDS) == [f"{number:03d}" for number in range(1, 13)]


@pytest.mark.parametrize("kind", sorted(POST_KINDS))
def test_every_name_of_a_post_leads_to_it(kind: str) -> None:
    post = POST_KINDS[kind]
    for name in (post.code, post.zh, post.en, *post.aliases):
        assert read_post_kind(f" {name} ") is post
    assert post.parties
    assert post.parties <= set(PARTY_KINDS)


def test_no_two_posts_share_a_name() -> None:
    names = [name for post in POST_KINDS.values() for name in {post.code, post.zh, post.en, *post.aliases}]
    assert len(names) == len(set(names))


def test_the_sets_of_posts_name_posts() -> None:
    assert set(POST_KINDS) >= KEY_POSTS | SINGLE_POSTS | UNWATCHED_POSTS
    assert not KEY_POSTS & UNWATCHED_POSTS


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("监理", "007"),
        ("监理单位", "007"),
        ("施工单位", "009"),
        ("7", "007"),
        ("劳务分包单位", "006"),
        ("建设单位", "008"),
    ],
)
def test_party_kinds_are_read_as_people_write_them(text: str, code: str) -> None:
    assert read_party_kind(text) == code


def test_who_leads_the_project_depends_on_the_party() -> None:
    assert read_post_kind("项目负责人").code == "project_manager"
    assert read_post_kind("项目负责人", "009").code == "project_manager"
    assert read_post_kind("项目负责人", "008").code == "owner_project_leader"


def test_unknown_words_are_refused() -> None:
    with pytest.raises(errors.PartyKindUnknown):
        read_party_kind("单位")
    with pytest.raises(errors.PostKindUnknown):
        read_post_kind("宇航员")


def test_a_post_belongs_to_certain_parties() -> None:
    assert require_post_of_party("chief_supervisor", "007").zh == "总监理工程师"
    with pytest.raises(errors.PostPartyMismatch):
        require_post_of_party("chief_supervisor", "009")
    with pytest.raises(errors.PostKindUnknown):
        require_post_of_party("astronaut", "009")
