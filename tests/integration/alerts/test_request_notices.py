"""Requests and rulings from beginning to end: each step is told once to those whom it concerns, and to nobody else."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from backend.alerts.following import Following, follow_once
from backend.attendance.person_days import send_fold
from backend.attendance.reviews.lapsing import count_undecided
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.support.apps import client_of, running_app
from tests.support.factories import make_site
from tests.support.ledgers import append, entry
from tests.support.requests import Office, make_leave

POSTS = (("009", "project_manager"), ("009", "technical_lead"), ("007", "chief_supervisor"))
OURS = ("request_", "ruling_")
OFFICERS = ("project_admin", "supervisor", "owner", "district", "city", "contractor")


class Inboxes:
    """A site of its own database, whose rules are followed, with everybody's inbox."""

    def __init__(self, office: Office, client: AsyncClient) -> None:
        self.office, self.client, self.state = office, client, Following()

    async def follow(self) -> tuple[int, int]:
        """Let the rules look until they have seen all that is committed."""
        opened = ended = 0
        while True:
            found = await follow_once(self.office.database, self.office.clock, self.state)
            opened, ended = opened + found[0], ended + found[1]
            if not any(horizon.waiting for horizon in self.state.horizons.values()) and found == (0, 0):
                return opened, ended

    async def of_officer(self, role: str) -> list[dict[str, Any]]:
        """Return what an officer is told of requests and rulings and is not over."""
        answer = (await self.office.staff(role, "GET", "/alerts?which=open")).json()
        return [one for one in answer["items"] if one["kind"].startswith(OURS)]

    async def of_phone(self, post: str) -> list[dict[str, Any]]:
        """Return the same for the holder of a post."""
        answer = (await self.office.phone(post, "GET", "/alerts")).json()
        return [one for one in answer["items"] if one["kind"].startswith(OURS) and one["state"] != "resolved"]

    async def told(self) -> set[str]:
        """Return the offices that have something of requests or rulings before them."""
        return {role for role in OFFICERS if await self.of_officer(role)}


@pytest.fixture
async def inboxes(
    own_database: Database, fresh_database: str, clock: ManualClock, keys: MemoryKeyRing, tmp_path: Path
) -> AsyncIterator[Inboxes]:
    """Give the site with its officers, all of them logged in once, and rules that begin now."""
    site = await make_site(own_database, keys, posts=POSTS)
    async with running_app(fresh_database, tmp_path, clock=clock, keys=keys) as app, client_of(app) as client:
        found = Inboxes(Office(client, own_database, keys, clock, site), client)
        for role in OFFICERS:
            await found.office.officer(role)
        await found.follow()
        yield found


async def test_a_make_up_is_told_to_who_decides_next_and_its_outcome_to_who_asked(inboxes: Inboxes) -> None:
    office = inboxes.office
    at = office.clock.now() - timedelta(hours=1)
    filed = await office.phone("project_manager", "POST", "/requests/make-ups", office.make_up(at))
    assert filed.status_code < 300, filed.text
    assert await inboxes.follow() == (1, 0)
    assert await inboxes.told() == {"project_admin"}
    assert await inboxes.of_phone("project_manager") == []

    shown = filed.json()
    endorsed = await office.endorse(shown, note="闸机当日故障")
    assert endorsed.status_code < 300, endorsed.text
    assert await inboxes.follow() == (2, 1)
    # Not the administrator any more, and never the person's own party; the city only of what went up.
    assert await inboxes.told() == {"supervisor", "owner", "district"}
    (entry,) = await inboxes.of_phone("project_manager")
    assert "项目审核通过（项目管理员）" in entry["title"]
    assert "闸机当日故障" in entry["advice"]
    assert await inboxes.of_phone("technical_lead") == []

    decided = await office.decide("supervisor", endorsed.json(), approve=False, note="当日无人见到")
    assert decided.status_code < 300, decided.text
    assert await inboxes.follow() == (1, 2)
    assert await inboxes.told() == set()
    (entry,) = await inboxes.of_phone("project_manager")
    assert "驳回（监理单位）" in entry["title"]
    assert "当日无人见到" in entry["advice"]

    # Looked at once more, by a process that remembers nothing, it is told no second time; in the end it is over.
    inboxes.state = Following()
    assert await inboxes.follow() == (0, 0)
    office.clock.advance(timedelta(days=15))
    inboxes.state = Following()
    await inboxes.follow()
    assert await inboxes.of_phone("project_manager") == []


async def test_leave_is_told_to_the_deputy_first_and_a_withdrawal_ends_what_waits(inboxes: Inboxes) -> None:
    office = inboxes.office
    first = office.clock.now().date() + timedelta(days=3)
    deputy = office.site.people["technical_lead"].id
    body = office.leave(first, first, deputy_id=str(deputy))
    filed = await office.phone("project_manager", "POST", "/requests/leave", body)
    assert filed.status_code < 300, filed.text
    assert await inboxes.follow() == (1, 0)
    (entry,) = await inboxes.of_phone("technical_lead")
    assert "替岗" in entry["title"]
    assert await inboxes.of_phone("project_manager") == []
    request_id = body["request_id"]
    gone = await office.phone("project_manager", "POST", f"/requests/{request_id}/withdrawal")
    assert gone.status_code < 300, gone.text
    assert await inboxes.follow() == (0, 1)
    assert await inboxes.of_phone("technical_lead") == []
    assert await inboxes.told() == set()


async def test_a_deputy_is_told_that_leave_ends_early_by_whomever(inboxes: Inboxes) -> None:
    office, site = inboxes.office, inboxes.office.site
    deputy = site.people["technical_lead"].id
    first = office.clock.now().date() + timedelta(days=3)
    async with office.database.transaction() as tx:
        leave = await make_leave(tx, site, "project_manager", first, first + timedelta(days=4), deputy_id=deputy)
    assert await inboxes.follow() == (0, 0)
    body = {"last_on": (first + timedelta(days=2)).isoformat(), "seq": 1, "note": "工期调整，通知返岗"}
    ended = await office.staff("district", "POST", f"/projects/{site.project.id}/requests/{leave}/ending", body)
    assert ended.status_code < 300, ended.text
    assert await inboxes.follow() == (2, 0)
    (own,) = await inboxes.of_phone("project_manager")
    assert "通知返岗" in own["advice"]
    (entry_,) = await inboxes.of_phone("technical_lead")
    assert f"替岗到{first + timedelta(days=2)}" in entry_["title"]
    assert "通知返岗" not in entry_["title"] + entry_["advice"]

    # He ends the rest himself: that is news for his deputy alone, and what both were told before is over.
    body = {"last_on": None}
    ended = await office.phone("project_manager", "POST", f"/requests/{leave}/ending", body)
    assert ended.status_code < 300, ended.text
    assert await inboxes.follow() == (1, 2)
    assert await inboxes.of_phone("project_manager") == []
    (entry_,) = await inboxes.of_phone("technical_lead")
    assert "已取消" in entry_["title"]
    assert await inboxes.told() == set()


async def test_a_ruling_that_nobody_asked_for_is_told_to_the_person_alone(inboxes: Inboxes) -> None:
    office = inboxes.office
    project, person, now = office.site.project, office.site.people["project_manager"], office.clock.now()
    doubted = [
        entry(project.id, person.id, now - timedelta(minutes=minutes), outcome="review") for minutes in (1, 2, 3, 4)
    ]
    await append(office.database, doubted, now)
    # Judged by rule: his phone has the answer.
    assert await inboxes.follow() == (0, 0)
    ruling = {"outcome": "refused", "note": "影像中无本人", "seq": 1}
    path = f"/projects/{project.id}/punches/{doubted[0].punch_id}/rulings"
    assert (await office.staff("supervisor", "POST", path, ruling)).status_code == 201
    assert await inboxes.follow() == (1, 0)
    (entry_,) = await inboxes.of_phone("project_manager")
    assert entry_["kind"] == "ruling_made"
    assert "不予认定（监理单位）" in entry_["title"]
    # The seven working days after Monday the 16th.
    assert "影像中无本人" in entry_["advice"]
    assert "2026-03-25" in entry_["advice"]
    assert (await inboxes.told(), await inboxes.of_phone("technical_lead")) == (set(), [])

    # Two more at once are one entry with the first.
    items = [{"project_id": str(project.id), "punch_id": str(one.punch_id), "seq": 1} for one in doubted[1:3]]
    bulk = {"outcome": "counted", "note": "影像可见本人", "items": items}
    assert (await office.staff("district", "POST", "/reviews/rulings", bulk)).json()["ruled"] == 2
    assert await inboxes.follow() == (2, 0)
    (entry_,) = await inboxes.of_phone("project_manager")
    assert (entry_["alerts"], entry_["title"]) == (3, "您在1个工地的3次打卡有了认定结果")

    # He appeals, and the outcome of that is the request's; what was ruled before is over.
    appeal = office.appeal("punch", punch_id=str(doubted[0].punch_id))
    filed = await office.phone("project_manager", "POST", "/requests/appeals", appeal)
    assert filed.status_code == 201, filed.text
    await inboxes.follow()
    decided = await office.decide("district", filed.json(), approve=True, note="另一影像可见本人")
    assert decided.status_code == 200, decided.text
    await inboxes.follow()
    told = {one["kind"]: one["title"] for one in await inboxes.of_phone("project_manager")}
    assert set(told) == {"ruling_made", "request_moved"}
    assert "不予认定" not in told["ruling_made"]

    # Nobody decides on the last one.
    office.clock.advance(timedelta(days=8))
    assert await count_undecided(office.database, office.clock, send_fold, project_id=project.id) == 1
    await inboxes.follow()
    titles = [one["title"] for one in await inboxes.of_phone("project_manager")]
    assert any("逾期无人裁定" in title for title in titles)
    office.clock.advance(timedelta(days=15))
    inboxes.state = Following()
    await inboxes.follow()
    assert await inboxes.of_phone("project_manager") == []
