"""What people do with alerts, and who is told of what: steps, levels, rights, delegates, quiet hours, storms' ends."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import text

from backend.alerts.channels.attempts import settle_attempts, take_attempts
from backend.alerts.channels.composing import Wanted, compose_many
from backend.alerts.channels.model import ChannelName, failed
from backend.alerts.channels.planning import plan_due
from backend.identity.services import make_identity_services
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.support.apps import client_of, running_app
from tests.support.channels import give_app
from tests.support.cities import City, CitySite, local, make_city
from tests.support.factories import bearer, grant_role, make_officer, make_staff

OUTBOX = "SELECT account_id, kind, level, due_at FROM alert_outbox ORDER BY id"
STEPS = "SELECT kind, level, note, cause, account_id FROM alert_step ORDER BY at, seq"


@dataclass
class Desk:
    """The city with its application."""

    city: City
    client: AsyncClient
    keys: MemoryKeyRing

    def headers(self, account: UUID, role: str) -> dict[str, str]:
        """Return the headers of somebody who is logged in."""
        return bearer(self.keys, self.city.clock.now(), account, role)

    async def call(
        self,
        account: UUID,
        method: str,
        path: str,
        body: object = None,
        *,
        role: str = "district",
        status: int = 200,
    ) -> Any:
        """Call a route and return its answer."""
        headers = self.headers(account, role)
        sent = {} if method != "GET" and body is None else body
        answer = await self.client.request(method, path, headers=headers, json=sent)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def inbox(self, account: UUID, role: str = "district", which: str = "open") -> list[dict[str, Any]]:
        """Return the entries of somebody's inbox."""
        return (await self.call(account, "GET", f"/admin/v1/alerts?which={which}", role=role))["items"]

    @property
    def site(self) -> CitySite:
        """Return the first site."""
        return self.city.sites[0]

    @property
    def supervisor(self) -> UUID:
        """Return the supervisor of its district."""
        return self.city.supervisors[self.site.district_id]


@pytest.fixture
async def desk(
    own_database: Database,
    fresh_database: str,
    at_dawn: ManualClock,
    keys: MemoryKeyRing,
    tmp_path_factory: Any,
) -> Any:
    """Give a city at 10:00 with its application."""
    at_dawn.advance(timedelta(hours=4))
    city = await make_city(own_database, at_dawn, districts=2, sites=6)
    folder = tmp_path_factory.mktemp("app")
    async with running_app(fresh_database, folder, clock=at_dawn, keys=keys) as app, client_of(app) as client:
        yield Desk(city, client, keys)


async def test_an_alert_is_read_acknowledged_and_resolved_with_a_note_step_by_step(desk: Desk) -> None:
    await desk.city.gate_down(desk.site)
    await desk.city.follow()
    (entry,) = await desk.inbox(desk.supervisor)
    assert (entry["kind"], entry["state"], entry["alerts"], entry["read_at"]) == ("gate_down", "open", 1, None)
    assert "1号门" in entry["title"]
    path = f"/admin/v1/alerts/{entry['id']}"
    read = await desk.call(desk.supervisor, "POST", f"{path}/reading")
    assert read["group"]["read_at"] is not None
    taken = await desk.call(desk.supervisor, "POST", f"{path}/acknowledgement")
    assert taken["group"]["state"] == "acknowledged"
    await desk.call(desk.supervisor, "POST", f"{path}/acknowledgement")
    done = await desk.call(desk.supervisor, "POST", f"{path}/resolution", {"note": "已换电源"})
    assert (done["group"]["state"], done["group"]["unresolved"]) == ("resolved", 0)
    assert [row["kind"] for row in await desk.city.rows(STEPS)] == ["opened", "acknowledged", "resolved"]
    assert [step["note"] for step in done["alerts"][0]["steps"]] == [None, None, "已换电源"]
    assert await desk.inbox(desk.supervisor) == []
    assert len(await desk.inbox(desk.supervisor, which="all")) == 1
    refused = await desk.call(desk.supervisor, "POST", f"{path}/acknowledgement", status=409)
    assert refused["code"] == "alerts.resolved"


async def test_who_nobody_acknowledges_to_is_told_level_by_level_and_no_further_once_somebody_does(desk: Desk) -> None:
    owner = await make_officer(desk.city.database, "owner", project_id=desk.site.id)
    await desk.city.gate_down(desk.site)
    await desk.city.follow()
    assert await desk.inbox(owner, "owner") == []
    await desk.city.advance(timedelta(hours=4, seconds=10))
    (entry,) = await desk.inbox(owner, "owner")
    assert entry["kind"] == "gate_down"
    assert [(row["account_id"], row["kind"], row["level"]) for row in await desk.city.rows(OUTBOX)][-1] == (
        owner,
        "escalation",
        1,
    )
    assert [row["kind"] for row in await desk.city.rows(STEPS)] == ["opened", "escalated"]


async def test_an_acknowledged_alert_is_not_escalated(desk: Desk) -> None:
    owner = await make_officer(desk.city.database, "owner", project_id=desk.site.id)
    await desk.city.gate_down(desk.site)
    await desk.city.follow()
    (entry,) = await desk.inbox(desk.supervisor)
    await desk.call(desk.supervisor, "POST", f"/admin/v1/alerts/{entry['id']}/acknowledgement")
    await desk.city.advance(timedelta(hours=5))
    assert await desk.inbox(owner, "owner") == []


async def test_a_snoozed_alert_wakes_by_itself_and_reminds(desk: Desk) -> None:
    await desk.city.gate_down(desk.site)
    await desk.city.follow()
    (entry,) = await desk.inbox(desk.supervisor)
    path, until = f"/admin/v1/alerts/{entry['id']}/snooze", desk.city.clock.now() + timedelta(hours=1)
    snoozed = await desk.call(desk.supervisor, "POST", path, {"until_at": until.isoformat()})
    assert snoozed["alerts"][0]["state"] == "snoozed"
    far = desk.city.clock.now() + timedelta(days=8)
    await desk.call(desk.supervisor, "POST", path, {"until_at": far.isoformat()}, status=422)
    await desk.city.advance(timedelta(minutes=59))
    assert (await desk.inbox(desk.supervisor))[0]["state"] == "snoozed"
    await desk.city.advance(timedelta(minutes=2))
    assert (await desk.inbox(desk.supervisor))[0]["state"] == "open"
    assert [row["kind"] for row in await desk.city.rows(OUTBOX)] == ["first", "reminder"]


async def test_whoever_is_supervised_reads_but_does_not_acknowledge(desk: Desk) -> None:
    admin = await make_officer(desk.city.database, "project_admin", project_id=desk.site.id)
    await desk.city.gate_down(desk.site)
    await desk.city.follow()
    (entry,) = await desk.inbox(admin, "project_admin")
    path = f"/admin/v1/alerts/{entry['id']}"
    await desk.call(admin, "POST", f"{path}/reading", role="project_admin")
    await desk.call(admin, "POST", f"{path}/acknowledgement", role="project_admin", status=403)


async def test_of_a_group_each_sees_the_alerts_of_his_own_projects_alone(desk: Desk) -> None:
    own = [site for site in desk.city.sites if site.district_id == desk.site.district_id]
    admin = await make_officer(desk.city.database, "project_admin", project_id=own[0].id)
    await desk.city.gate_down(*own)
    await desk.city.follow()
    (whole,) = await desk.inbox(desk.supervisor)
    (part,) = await desk.inbox(admin, "project_admin")
    assert (whole["id"], whole["alerts"], part["alerts"]) == (part["id"], len(own), 1)
    shown = await desk.call(admin, "GET", f"/admin/v1/alerts/{part['id']}", role="project_admin")
    assert [one["project_id"] for one in shown["alerts"]] == [str(own[0].id)]
    other = next(site for site in desk.city.sites if site.district_id != desk.site.district_id)
    stranger = desk.city.supervisors[other.district_id]
    await desk.call(stranger, "GET", f"/admin/v1/alerts/{whole['id']}", status=404)


async def test_rights_that_ended_after_the_alert_end_its_delivery(desk: Desk) -> None:
    own = [site for site in desk.city.sites if site.district_id == desk.site.district_id]
    account = await make_staff(desk.city.database)
    for site in own[:2]:
        await grant_role(desk.city.database, account, "project_admin", project_id=site.id)
    await desk.city.gate_down(*own)
    await desk.city.follow()
    assert [row["account_id"] for row in await desk.city.rows(OUTBOX)].count(account) == 1
    (entry,) = await desk.inbox(account, "project_admin")
    group = UUID(entry["id"])

    async def told() -> str | None:
        one = Wanted(delivery_id=uuid4(), outbox_id=None, digest_id=None, account_id=account, group_id=group)
        async with desk.city.database.transaction() as tx:
            worded = (await compose_many(tx, [one])).get(one.delivery_id)
        return None if worded is None else worded.title

    assert await told() == "2个工地共2台闸机中断"
    revoke = "UPDATE role_grant SET revoked_at = :now WHERE account_id = :account AND project_id = ANY(:projects)"
    for gone, left in ((own[0], True), (own[1], False)):
        async with desk.city.database.transaction() as tx:
            values = {"now": desk.city.clock.now(), "account": account, "projects": [gone.id]}
            await tx.execute(text(revoke), values)
        title = await told()
        # Of the one that is left alone the gate is named; of none there is nothing to tell.
        assert (title is not None and "闸机1号门自" in title) if left else title is None
    assert await desk.inbox(account, "project_admin") == []


async def test_during_leave_a_delegate_is_told_of_what_he_may_see_himself(desk: Desk) -> None:
    name = "deputy.of.district"
    deputy = await make_staff(desk.city.database, username=name)
    await grant_role(desk.city.database, deputy, "supervisor", project_id=desk.site.id)
    await desk.call(
        desk.supervisor,
        "POST",
        "/admin/v1/me/alert-delegations",
        {"username": name, "until_at": (desk.city.clock.now() + timedelta(days=7)).isoformat()},
        status=201,
    )
    taken = await desk.call(
        desk.supervisor,
        "POST",
        "/admin/v1/me/alert-delegations",
        {"username": name, "until_at": (desk.city.clock.now() + timedelta(days=2)).isoformat()},
        status=409,
    )
    assert taken["code"] == "alerts.delegation_taken"
    other = next(site for site in desk.city.sites if site.district_id == desk.site.district_id and site != desk.site)
    await desk.city.gate_down(desk.site)
    await desk.city.follow()
    # The deputy is told as a supervisor of the site anyway; the one who is away is not, but finds it in his inbox.
    assert [row["account_id"] for row in await desk.city.rows(OUTBOX)] == [deputy]
    assert len(await desk.inbox(desk.supervisor)) == 1
    await desk.city.advance(timedelta(hours=2))
    await desk.city.gate_down(other)
    await desk.city.follow()
    assert [row["account_id"] for row in await desk.city.rows(OUTBOX)] == [deputy, desk.supervisor]


async def test_quiet_hours_hold_back_the_telling_but_not_the_inbox(desk: Desk) -> None:
    desk.city.clock.set(local(desk.city.clock, 23))
    await desk.city.gate_down(desk.site)
    await desk.city.follow()
    (entry,) = await desk.inbox(desk.supervisor)
    assert entry["state"] == "open"
    (row,) = await desk.city.rows(OUTBOX)
    assert row["due_at"] == local(desk.city.clock, 7) + timedelta(days=1)


async def test_muted_rules_lie_in_the_inbox_alone(desk: Desk) -> None:
    await desk.call(desk.supervisor, "PUT", "/admin/v1/me/alert-preferences", {"muted": ["gate_down"]})
    await desk.city.gate_down(desk.site)
    await desk.city.follow()
    assert len(await desk.inbox(desk.supervisor)) == 1
    assert await desk.city.rows(OUTBOX) == []


async def test_a_rule_set_for_a_project_holds_there_alone_and_is_on_record_with_the_alert(desk: Desk) -> None:
    other = next(site for site in desk.city.sites if site.district_id == desk.site.district_id and site != desk.site)
    setting = await desk.call(
        desk.supervisor,
        "POST",
        "/admin/v1/alert-rules/gate_down",
        {"project_id": str(desk.site.id), "settings": {"severity": "critical"}},
        status=201,
    )
    await desk.city.gate_down(desk.site, other)
    await desk.city.follow()
    rows = await desk.city.rows("SELECT project_id, severity, rule_id FROM alert")
    assert {row["project_id"]: (row["severity"], row["rule_id"]) for row in rows} == {
        desk.site.id: ("critical", UUID(setting["id"])),
        other.id: ("warning", None),
    }
    off = {"project_id": str(desk.site.id), "settings": {"enabled": False}}
    await desk.call(desk.supervisor, "POST", "/admin/v1/alert-rules/gate_mute", off, status=201)
    await desk.city.gate_down(desk.site, kind="mute")
    assert await desk.city.follow() == (0, 0)


async def test_a_district_sets_nothing_for_others_nor_for_the_city(desk: Desk) -> None:
    other = next(site for site in desk.city.sites if site.district_id != desk.site.district_id)
    path = "/admin/v1/alert-rules/gate_down"
    await desk.call(desk.supervisor, "POST", path, {"project_id": str(other.id), "settings": {}}, status=404)
    await desk.call(desk.supervisor, "POST", path, {"district_id": str(other.district_id), "settings": {}}, status=404)
    await desk.call(desk.supervisor, "POST", path, {"settings": {}}, status=403)
    refused = await desk.call(
        desk.supervisor, "POST", path, {"project_id": str(desk.site.id), "settings": {"severity": "loud"}}, status=422
    )
    assert refused["code"] == "alerts.settings_invalid"


async def test_a_preview_says_what_a_rule_would_have_sent_and_sends_nothing(desk: Desk) -> None:
    own = [site for site in desk.city.sites if site.district_id == desk.site.district_id]
    since = local(desk.city.clock, 4)
    # One holder came at 08:00, one at 09:50; everybody else did not come.
    await desk.city.punch(local(desk.city.clock, 8), (own[0], "project_manager"), (own[1], "project_manager"))
    await desk.city.punch(local(desk.city.clock, 9, 50), (own[0], "chief_supervisor"))
    span = {"since": since.isoformat(), "until": desk.city.clock.now().isoformat()}
    ask = {**span, "district_id": str(desk.site.district_id)}
    path = "/admin/v1/alert-rules/post_empty/preview"
    one_post = {"posts": ["project_manager"], "vacant": False}
    found = await desk.call(desk.supervisor, "POST", path, {**ask, "settings": one_post})
    assert (found["alerts"], found["groups"], found["complete"]) == (0, 0, True)  # they are told together
    both = await desk.call(
        desk.supervisor, "POST", "/admin/v1/alert-rules/posts_empty/preview", {**ask, "settings": {"at": "09:30:00"}}
    )
    assert (both["alerts"], both["groups"]) == (3, 1)
    later = await desk.call(
        desk.supervisor, "POST", "/admin/v1/alert-rules/posts_empty/preview", {**ask, "settings": {"at": "09:55:00"}}
    )
    assert later["alerts"] == 2
    assert all("工地" in item["title"] for item in later["items"])
    assert await desk.city.rows("SELECT 1 FROM alert") == []


async def test_a_preview_of_gates_counts_what_was_recorded(desk: Desk) -> None:
    own = [site for site in desk.city.sites if site.district_id == desk.site.district_id]
    await desk.city.gate_down(*own)
    await desk.city.advance(timedelta(minutes=5))
    ask = {
        "district_id": str(desk.site.district_id),
        "since": (desk.city.clock.now() - timedelta(days=30)).isoformat(),
        "until": desk.city.clock.now().isoformat(),
    }
    found = await desk.call(
        desk.supervisor,
        "POST",
        "/admin/v1/alert-rules/gate_down/preview",
        ask,
    )
    assert (found["alerts"], found["groups"], found["projects"]) == (len(own), 1, len(own))
    silent = await desk.call(
        desk.supervisor,
        "POST",
        "/admin/v1/alert-rules/gate_down/preview",
        {**ask, "settings": {"enabled": False}},
    )
    assert silent["alerts"] == 0


async def test_who_was_told_who_read_it_and_what_became_of_the_messages(desk: Desk, keys: MemoryKeyRing) -> None:
    city = desk.city
    services = make_identity_services(keys, city.clock, None)
    async with city.database.transaction() as tx:
        await give_app(tx, desk.supervisor, "token-of-the-supervisor", city.clock, services)
    city.clock.advance(timedelta(hours=2))
    await city.gate_down(desk.site)
    await city.follow()
    [entry] = await desk.inbox(desk.supervisor)
    path = f"/admin/v1/alerts/{entry['id']}"
    [told] = [one for one in await desk.call(desk.supervisor, "GET", f"{path}/told") if one["stands_in_for"] is None]
    assert (told["read_at"], told["acknowledged_at"], told["deliveries"]) == (None, None, [])
    async with city.database.transaction() as tx:
        assert await plan_due(tx, (ChannelName.FCM,), city.clock.now()) == 1
    [told] = await desk.call(desk.supervisor, "GET", f"{path}/told")
    assert [(one["channel"], one["state"], one["attempts"]) for one in told["deliveries"]] == [("fcm", "waiting", 0)]
    async with city.database.transaction() as tx:
        attempts, _ = await take_attempts(tx, ChannelName.FCM, 100, city.clock.now(), services)
        await settle_attempts(tx, attempts, [failed("not_taken")], city.clock.now(), None)
    await desk.call(desk.supervisor, "POST", f"{path}/reading")
    [told] = await desk.call(desk.supervisor, "GET", f"{path}/told")
    assert told["read_at"] is not None
    assert [(one["state"], one["attempts"], one["reason"]) for one in told["deliveries"]] == [
        ("failed", 1, "not_taken")
    ]
    others = next(one for one in city.supervisors.values() if one != desk.supervisor)
    refused = await desk.call(others, "GET", f"{path}/told", status=404)
    assert refused["code"] == "alerts.unknown"
