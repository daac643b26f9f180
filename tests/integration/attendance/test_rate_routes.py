"""Rule sets, stops of work, rates and explanations over HTTP, and a person's own month."""

from datetime import UTC, datetime
from typing import Any

import pytest
from httpx import AsyncClient

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import KeyRing
from tests.support.factories import MadeSite, bearer, make_officer, make_site
from tests.support.ledgers import append, entry

MANAGER, CHIEF, DEPUTY = "project_manager", "chief_supervisor", "chief_deputy"
NOW = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)
FIRST, LAST = "2026-03-01", "2026-03-31"
MONTH = {"first": FIRST, "last": LAST}
RULES: dict[str, Any] = {
    "thresholds": [{"posts": [MANAGER], "min_share": 800}],
    "valid_day": {"kind": "punches_apart", "min_punches": 1, "apart_s": 0},
}


@pytest.fixture
async def site(database: Database, keys: KeyRing) -> MadeSite:
    return await make_site(database, keys, posts=(("009", MANAGER), ("007", CHIEF), ("007", DEPUTY)))


@pytest.fixture
async def city(database: Database, keys: KeyRing, clock: ManualClock) -> dict[str, str]:
    return bearer(keys, clock.now(), await make_officer(database, "city"), "city")


@pytest.fixture
async def district(database: Database, keys: KeyRing, clock: ManualClock, site: MadeSite) -> dict[str, str]:
    account = await make_officer(database, "district", district_id=site.project.district_id)
    return bearer(keys, clock.now(), account, "district")


async def present(database: Database, site: MadeSite, post: str, days: list[int], **changes: Any) -> None:
    entries = []
    for day in days:
        for hour in (0, 9):
            at = datetime(2026, 3, day, hour, tzinfo=UTC)
            entries.append(entry(site.project.id, site.people[post].id, at, received_at=NOW, **changes))
    await append(database, entries, NOW)


async def explained(client: AsyncClient, site: MadeSite, post: str, headers: dict[str, str]) -> dict[str, Any]:
    path = f"/admin/v1/projects/{site.project.id}/people/{site.people[post].id}/rates"
    answer = await client.get(path, headers=headers, params=MONTH)
    assert answer.status_code == 200, answer.text
    (one,) = answer.json()
    return one


async def test_why_is_this_person_at_this_rate(
    client: AsyncClient, database: Database, site: MadeSite, district: dict[str, str]
) -> None:
    await present(database, site, MANAGER, [2, 3, 4, 5, 6, 9, 10])
    await present(database, site, MANAGER, [11], outcome="review")
    await present(database, site, MANAGER, [12], source="make_up")
    one = await explained(client, site, MANAGER, district)
    # Up to Friday the 13th: ten working days, seven of them of his own, one made up.
    assert (one["until"], one["due"], one["valid"], one["own"], one["likely"]) == ("2026-03-15", 10, 8000, 7000, 9000)
    assert (one["rate"], one["own_rate"], one["verdict"]) == (800, 700, "met")
    assert one["outlook"]["still_needed"] == 10
    by_day = {day["on"]: day for day in one["days"]}
    assert len(by_day) == 31
    whole = by_day["2026-03-02"]
    assert (whole["due"], whole["credit"], len(whole["entries"])) == (True, 1000, 2)
    assert "9:00" in whole["credit_words"]
    review = by_day["2026-03-11"]
    assert (review["credit"], review["likely"], review["entries"][0]["outcome"]) == (0, 1000, "review")
    assert (by_day["2026-03-07"]["due"], by_day["2026-03-13"]["credit_words"]) == (False, "没有打卡")
    assert sum(day["credit"] for day in one["days"]) == one["valid"]
    english = await client.get(
        f"/admin/v1/projects/{site.project.id}/people/{site.people[MANAGER].id}/rates",
        headers={**district, "Accept-Language": "en"},
        params=MONTH,
    )
    assert english.json()[0]["words"].startswith("project manager: 8 valid of 10 due days, 80.0 %")


async def test_a_list_says_the_same_as_its_explanations(
    client: AsyncClient, database: Database, site: MadeSite, district: dict[str, str]
) -> None:
    await present(database, site, MANAGER, [2, 3])
    await present(database, site, CHIEF, [2, 3, 4, 5, 6])
    answer = await client.get(f"/admin/v1/projects/{site.project.id}/rates", headers=district, params=MONTH)
    body = answer.json()
    assert [item["post_kind"] for item in body["items"]] == [MANAGER, CHIEF, DEPUTY]
    for item in body["items"]:
        one = await explained(client, site, item["post_kind"], district)
        assert {name: item[name] for name in ("due", "valid", "rate", "verdict", "rules")} == {
            name: one[name] for name in ("due", "valid", "rate", "verdict", "rules")
        }
    assert [(total["people"], total["rate"]) for total in body["posts"]] == [(1, 200), (1, 500), (1, 0)]
    assert [item["verdict"] for item in body["items"]] == ["failed", "met", "not_judged"]
    for by in ("district", "project", "post"):
        page = await client.get("/admin/v1/rates", headers=district, params={**MONTH, "by": by})
        assert sum(item["due"] for item in page.json()["items"]) == 30
        assert sum(item["valid"] for item in page.json()["items"]) == 7000


@pytest.mark.parametrize("by", ["district", "project", "post"])
async def test_sums_of_parts_are_those_of_the_whole(
    by: str,
    client: AsyncClient,
    database: Database,
    keys: KeyRing,
    site: MadeSite,
    district: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = await make_site(database, keys, district_id=site.project.district_id, posts=(("009", MANAGER),))
    await present(database, site, MANAGER, [2, 3])
    await present(database, other, MANAGER, [4, 5, 6])
    query = {**MONTH, "by": by}
    whole = (await client.get("/admin/v1/rates", headers=district, params=query)).json()
    monkeypatch.setattr("backend.attendance.rates.city_sums.MOST_PROJECTS", 1)
    parts = (await client.get("/admin/v1/rates", headers=district, params=query)).json()
    assert sum(item["valid"] for item in whole["items"]) == 5000
    assert parts == whole


async def test_projects_come_by_pages(
    client: AsyncClient, database: Database, keys: KeyRing, site: MadeSite, district: dict[str, str]
) -> None:
    other = await make_site(database, keys, district_id=site.project.district_id, posts=(("009", MANAGER),))
    await make_site(database, keys, posts=(("009", MANAGER),))  # of another district: not to be seen
    seen: list[str] = []
    after: dict[str, str] = {}
    for _ in range(2):
        answer = await client.get(
            "/admin/v1/rates", headers=district, params={**MONTH, **after, "by": "project", "limit": 1}
        )
        seen += [item["key"] for item in answer.json()["items"]]
        after = {"after": answer.json()["next"]} if answer.json()["next"] else {}
    assert sorted(seen) == sorted([str(site.project.id), str(other.project.id)])
    assert after == {}


async def test_a_draft_does_nothing_until_it_is_published_and_then_it_stays(
    client: AsyncClient, database: Database, site: MadeSite, district: dict[str, str]
) -> None:
    at = datetime(2026, 3, 2, 3, tzinfo=UTC)
    await append(database, [entry(site.project.id, site.people[MANAGER].id, at, received_at=NOW)], NOW)
    draft = {"name": "一次即可", "valid_from": FIRST, "rules": RULES, "project_id": str(site.project.id)}
    made = (await client.post("/admin/v1/rule-sets", headers=district, json=draft)).json()
    path = f"/admin/v1/rule-sets/{made['rule_set_id']}"
    assert made["versions"][0]["published_at"] is None
    assert (await explained(client, site, MANAGER, district))["valid"] == 0
    shown = (await client.post(f"{path}/publications", headers=district, json={"version": 1})).json()
    assert shown["versions"][0]["published_by"]
    one = await explained(client, site, MANAGER, district)
    assert (one["valid"], one["rules"]["rule_set_id"], one["rules"]["version"]) == (1000, made["rule_set_id"], 1)
    again = await client.post(f"{path}/publications", headers=district, json={"version": 1})
    assert (again.status_code, again.json()["code"]) == (409, "rates.version_published")
    stale = await client.post(
        f"{path}/versions", headers=district, json={"valid_from": FIRST, "preset": "jilin", "based_on": 2}
    )
    assert (stale.status_code, stale.json()["version"]) == (409, 1)
    more = await client.post(
        f"{path}/versions", headers=district, json={"valid_from": FIRST, "preset": "jilin", "based_on": 1}
    )
    assert [version["version"] for version in more.json()["versions"]] == [2, 1]
    assert more.json()["versions"][0]["rules"]["due_day"]["days"] == "every"
    unknown = await client.post(f"{path}/publications", headers=district, json={"version": 9})
    assert unknown.json()["code"] == "rates.rule_version_unknown"
    assert (await explained(client, site, MANAGER, district))["rules"]["version"] == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"preset": "atlantis"}, "rates.preset_unknown"),
        ({"preset": "jilin", "rules": RULES}, "rates.rules_invalid"),
        ({}, "rates.rules_invalid"),
        ({"preset": "jilin", "valid_to": "2026-02-28"}, "rates.span_invalid"),
        ({"rules": {"thresholds": [{"posts": ["pope"], "min_share": 1}]}}, "rates.rules_invalid"),
        ({"preset": "jilin", "district_id": "00000000-0000-4000-8000-000000000000"}, "rates.scope_invalid"),
    ],
)
async def test_a_draft_that_cannot_be(
    change: dict[str, Any], code: str, client: AsyncClient, site: MadeSite, district: dict[str, str]
) -> None:
    draft = {"name": "错", "valid_from": FIRST, "project_id": str(site.project.id), **change}
    answer = await client.post("/admin/v1/rule-sets", headers=district, json=draft)
    assert answer.json()["code"] == code, answer.text


async def test_rules_are_for_those_who_supervise(
    client: AsyncClient, database: Database, keys: KeyRing, clock: ManualClock, site: MadeSite, district: dict[str, str]
) -> None:
    draft: dict[str, Any] = {"name": "全市", "valid_from": "2031-01-01", "preset": "wuhan"}
    answer = await client.post("/admin/v1/rule-sets", headers=district, json=draft)
    assert answer.json()["code"] == "sites.city_needed"
    foreign = await make_site(database, keys, posts=(("009", MANAGER),))
    away = {**draft, "district_id": str(foreign.project.district_id)}
    answer = await client.post("/admin/v1/rule-sets", headers=district, json=away)
    assert answer.json()["code"] == "sites.district_unknown"
    own = {**draft, "district_id": str(site.project.district_id)}
    assert (await client.post("/admin/v1/rule-sets", headers=district, json=own)).status_code == 201
    admin = await make_officer(database, "project_admin", project_id=site.project.id)
    headers = bearer(keys, clock.now(), admin, "project_admin")
    assert (await client.post("/admin/v1/rule-sets", headers=headers, json=own)).status_code == 403
    presets = await client.get("/admin/v1/rate-presets", headers=headers)
    assert {one["preset"]: one["checked"] for one in presets.json()}["wuhan"] == "unverified"


async def test_a_stop_excuses_once_somebody_else_has_approved_it(
    client: AsyncClient, database: Database, keys: KeyRing, clock: ManualClock, site: MadeSite, district: dict[str, str]
) -> None:
    path = f"/admin/v1/projects/{site.project.id}/stop-work"
    admin = await make_officer(database, "project_admin", project_id=site.project.id)
    headers = bearer(keys, clock.now(), admin, "project_admin")
    body = {"from_on": "2026-03-09", "cause": "weather", "reason": "暴雨红色预警"}
    stop = (await client.post(path, headers=headers, json=body)).json()
    assert (stop["state"], (await explained(client, site, MANAGER, district))["due"]) == ("filed", 10)
    one = f"{path}/{stop['stop_work_id']}"
    early = await client.post(f"{one}/end", headers=headers, json={"last_on": "2026-03-10"})
    assert early.json()["code"] == "rates.stop_work_decided"
    approved = await client.post(f"{one}/decision", headers=district, json={"approved": True})
    assert (approved.json()["state"], (await explained(client, site, MANAGER, district))["due"]) == ("approved", 5)
    twice = await client.post(f"{one}/decision", headers=district, json={"approved": False})
    assert twice.json()["code"] == "rates.stop_work_decided"
    before = await client.post(f"{one}/end", headers=headers, json={"last_on": "2026-03-08"})
    assert before.json()["code"] == "rates.span_invalid"
    ended = await client.post(f"{one}/end", headers=headers, json={"last_on": "2026-03-10"})
    assert (ended.json()["state"], ended.json()["last_on"]) == ("ended", "2026-03-10")
    told = await explained(client, site, MANAGER, district)
    assert told["due"] == 8
    assert {day["on"] for day in told["days"] if day["stopped"]} == {"2026-03-09", "2026-03-10"}
    own = (await client.post(path, headers=district, json=body)).json()
    refused = await client.post(f"{path}/{own['stop_work_id']}/decision", headers=district, json={"approved": True})
    assert refused.json()["code"] == "rates.stop_work_own"
    listed = await client.get(path, headers=headers)
    assert len(listed.json()) == 2


async def test_my_month_says_what_is_still_needed(
    client: AsyncClient, database: Database, keys: KeyRing, clock: ManualClock, site: MadeSite
) -> None:
    await present(database, site, MANAGER, [2, 3, 4])
    headers = bearer(keys, clock.now(), site.accounts[MANAGER], person_id=site.people[MANAGER].id)
    body = (await client.get("/mobile/v1/my-month", headers=headers)).json()
    (one,) = body["rates"]
    assert (body["month"], body["pending"], one["person_id"]) == ("2026-03", [], str(site.people[MANAGER].id))
    assert (one["due"], one["valid"], one["verdict"]) == (10, 3000, "failed")
    outlook = one["outlook"]
    # 22 working days: 17.6 are wanted, so 15 more of the 12 that are left cannot be.
    assert (outlook["wanted"], outlook["still_needed"], outlook["due_left"]) == (17_600, 15, 12)
    assert (outlook["reachable"], outlook["forecast"]) == (False, 300)
    assert sum(len(day["entries"]) for day in one["days"]) == 6
    # A month that has not begun has no day that is over; on its first day that is so too.
    for month, status in (("2026-02", 200), ("2026-04", 200), ("2026-19", 422), ("x", 422)):
        answer = await client.get("/mobile/v1/my-month", headers=headers, params={"month": month})
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("first", "last"), [("2026-03-02", "2026-03-01"), ("2026-01-01", "2026-12-31"), ("9999-12-01", "9999-12-31")]
)
async def test_a_span_that_cannot_be(
    first: str, last: str, client: AsyncClient, site: MadeSite, district: dict[str, str]
) -> None:
    for path in ("/admin/v1/rates", f"/admin/v1/projects/{site.project.id}/rates"):
        answer = await client.get(path, headers=district, params={"first": first, "last": last})
        assert (answer.status_code, answer.json()["code"]) == (422, "rates.span_invalid")


async def test_another_party_s_people_are_not_shown(
    client: AsyncClient, database: Database, keys: KeyRing, clock: ManualClock, site: MadeSite
) -> None:
    account = await make_officer(database, "contractor", project_id=site.project.id, party_id=site.parties["009"].id)
    headers = bearer(keys, clock.now(), account, "contractor")
    body = (await client.get(f"/admin/v1/projects/{site.project.id}/rates", headers=headers, params=MONTH)).json()
    assert [item["post_kind"] for item in body["items"]] == [MANAGER]
    path = f"/admin/v1/projects/{site.project.id}/people/{site.people[CHIEF].id}/rates"
    assert (await client.get(path, headers=headers)).status_code == 404
    assert (await client.get("/admin/v1/rates", headers=headers, params=MONTH)).json()["items"] == []
