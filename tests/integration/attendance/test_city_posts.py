"""How many posts are filled, by district and project: what the list of posts counts, for the eyes of whoever asks."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.support.cities import local
from tests.support.factories import MadeSite, bearer, make_officer, make_post, make_project, make_site
from tests.support.ledgers import append, entry

POSTS = (("009", "project_manager"), ("009", "technical_lead"), ("010", "worker"), ("007", "chief_supervisor"))
Ask = Callable[..., Awaitable[Any]]


@pytest.fixture
async def site(database: Database, keys: MemoryKeyRing, clock: ManualClock) -> MadeSite:
    """Make a site at noon: manager there and worker in review, nobody else, and a post that nobody holds."""
    made = await make_site(database, keys, posts=POSTS, accounts=False)
    await make_post(database, made.parties["007"], kind="chief_deputy")
    clock.advance(local(clock, 12) - clock.now())
    morning = local(clock, 7)
    manager = entry(made.project.id, made.people["project_manager"].id, morning)
    worker = entry(made.project.id, made.people["worker"].id, morning, outcome="review", reasons=())
    await append(database, [manager, worker], clock.now())
    return made


@pytest.fixture
def ask(client: AsyncClient, keys: MemoryKeyRing, clock: ManualClock) -> Ask:
    async def asked(account_id: UUID, role: str, path: str, status: int = 200) -> Any:
        answer = await client.get(f"/admin/v1{path}", headers=bearer(keys, clock.now(), account_id, role))
        assert answer.status_code == status, answer.text
        return answer.json()

    return asked


async def test_a_district_counts_the_posts_of_its_sites(site: MadeSite, database: Database, ask: Ask) -> None:
    district_id = site.project.district_id
    officer = await make_officer(database, "district", district_id=district_id)
    counts = {
        "holders": 4,
        "present": 1,
        "valid": 0,
        "key_holders": 3,
        "key_present": 1,
        "vacant_posts": 1,
        "in_review": 1,
    }
    city = await ask(officer, "district", "/on-post")
    assert city["districts"] == [
        {
            "district_id": str(district_id),
            "district_name": city["districts"][0]["district_name"],
            "projects": 1,
            "full": 0,
            "counts": counts,
        }
    ]
    assert (city["projects"], city["counts"]) == (1, counts)
    [project] = await ask(officer, "district", f"/districts/{district_id}/on-post")
    assert (project["project_id"], project["counts"]) == (str(site.project.id), counts)
    listed = await ask(officer, "district", f"/projects/{site.project.id}/on-post")
    assert [counts[name] for name in ("holders", "present", "valid", "vacant_posts")] == [
        listed[name] for name in ("holders", "present", "valid", "vacant_posts")
    ]
    assert {"项目经理", "工人"} <= {line["post_name"] for line in listed["lines"]}
    assert sum(line["in_review"] for line in listed["lines"]) == 1
    yesterday = date.fromisoformat(listed["work_on"]) - timedelta(days=1)
    assert (await ask(officer, "district", f"/on-post?on={yesterday}"))["counts"]["present"] == 0


async def test_a_party_counts_its_own_posts_alone(site: MadeSite, database: Database, ask: Ask) -> None:
    party = site.parties["007"]
    supervisor = await make_officer(database, "supervisor", project_id=site.project.id, party_id=party.id)
    counts = (await ask(supervisor, "supervisor", "/on-post"))["counts"]
    assert (counts["holders"], counts["present"], counts["vacant_posts"]) == (1, 0, 1)


async def test_another_district_is_unknown_and_an_empty_one_of_ones_own_is_empty(
    site: MadeSite,
    database: Database,
    ask: Ask,
) -> None:
    other = await make_project(database, status="finished")
    officer = await make_officer(database, "district", district_id=other.district_id)
    assert (await ask(officer, "district", "/on-post"))["districts"] == []
    assert await ask(officer, "district", f"/districts/{other.district_id}/on-post") == []
    refused = await ask(officer, "district", f"/districts/{site.project.district_id}/on-post", status=404)
    assert refused["code"] == "sites.district_unknown"


async def test_before_the_day_changes_the_posts_are_those_of_the_day_before(
    site: MadeSite,
    database: Database,
    clock: ManualClock,
    ask: Ask,
) -> None:
    officer = await make_officer(database, "district", district_id=site.project.district_id)
    path = f"/districts/{site.project.district_id}/on-post"
    [noon] = await ask(officer, "district", path)
    clock.advance(local(clock, 24 + 3, 59) - clock.now())
    [night] = await ask(officer, "district", path)
    assert (night["work_on"], night["counts"]["present"]) == (noon["work_on"], 1)
    clock.advance(timedelta(minutes=1))
    [morning] = await ask(officer, "district", path)
    assert morning["work_on"] > noon["work_on"]
    assert morning["counts"]["present"] == 0
