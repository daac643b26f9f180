"""Outages that somebody declares: reason, end, quota, and what the supervisor is told; lists of outages and facts."""

from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from httpx import Response

from backend.gates.tools import GateTools
from backend.kit.keyring import MemoryKeyRing
from tests.integration.gates.outage_site import OutageSite
from tests.support.factories import make_policy
from tests.support.pictures import photo_of

OUTAGES = "/gate-outages"


def declaration(site: OutageSite, hours: float = 4.0, **changes: Any) -> dict[str, Any]:
    return {
        "gate_ids": [str(site.device.id)],
        "reason": "配电箱检修",
        "expires_at": (site.clock.now() + timedelta(hours=hours)).isoformat(),
        **changes,
    }


async def test_a_declared_outage_lets_phones_in_until_it_expires(outage_site: OutageSite, keys: MemoryKeyRing) -> None:
    site = outage_site
    async with site.database.transaction() as tx:
        await make_policy(tx, site.project_id, site.ground.staff_id, {"mute_after_s": 0})
    admin = await site.officer(keys)
    (made,) = await admin.take("POST", OUTAGES, declaration(site))
    assert (made["kind"], made["reason"], made["end"]) == ("declared", "配电箱检修", None)
    [listed] = (await admin.take("GET", OUTAGES))["items"]
    assert (listed["phones_from"], listed["phones_until"]) == (made["from_at"], made["expires_at"])
    # The gate was alive when it was declared: whoever looks at the declaration sees that.
    assert made["evidence"]["last_seen_at"] == site.clock.now().isoformat()
    assert (await site.tapped())[0] == "counted"
    await site.live(60)
    assert (await site.tapped(site.ground.owners[1]))[0] == "counted"
    for _ in range(2):
        await site.live(91)
    # Nobody has looked, but what ends by itself does.
    assert (await site.tapped(site.ground.owners[2]))[1][0] == "decision.gate_site"
    await site.watch()
    later = await site.officer(keys)
    shown = (await later.take("GET", OUTAGES, kind="declared"))["items"][0]
    assert (shown["end"]["cause"], shown["end"]["ended_at"]) == ("expired", made["expires_at"])
    assert shown["phones_from"] is None
    found = await site.facts()
    assert found[:2] == ["outage_opened", "phones_let_in"]
    assert {"outage_ended", "phones_shut_out"} <= set(found)


async def test_the_supervisor_sees_who_declared_what_and_why(outage_site: OutageSite, keys: MemoryKeyRing) -> None:
    site = outage_site
    admin = await site.officer(keys)
    (made,) = await admin.take("POST", OUTAGES, declaration(site))
    district = await site.officer(keys, "district", district_id=site.ground.project.district_id)
    answer = await site.client.get("/admin/v1/gate-outages", headers=dict(district.headers))
    assert [one["id"] for one in answer.json()["items"]] == [made["id"]]
    assert answer.json()["items"][0]["declared_by"] == made["declared_by"]
    (opened, let_in) = await district.take("GET", "/gate-facts")
    assert (opened["kind"], opened["detail"]["kind"], opened["detail"]["reason"]) == (
        "outage_opened",
        "declared",
        "配电箱检修",
    )
    assert let_in["kind"] == "phones_let_in"
    assert await district.take("GET", "/gate-facts", after=opened["id"]) == [let_in]
    assert await district.take("GET", "/gate-facts", after=let_in["id"]) == []


async def test_it_can_be_taken_back_once(outage_site: OutageSite, keys: MemoryKeyRing) -> None:
    site = outage_site
    admin = await site.officer(keys)
    (made,) = await admin.take("POST", OUTAGES, declaration(site))
    path = f"{OUTAGES}/{made['id']}/withdrawal"
    ended = await admin.take("POST", path, {"reason": "已恢复供电"})
    assert (ended["end"]["cause"], ended["end"]["reason"]) == ("withdrawn", "已恢复供电")
    assert (await site.tapped())[1][0] == "decision.gate_site"
    again = await admin.call("POST", path, {"reason": "再次"})
    assert (again.status_code, again.json()["code"]) == (409, "gates.outage_ended")
    unknown = await admin.call("POST", f"{OUTAGES}/{uuid4()}/withdrawal", {"reason": "再次"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "gates.outage_unknown")


async def test_a_found_outage_cannot_be_taken_back(outage_site: OutageSite, keys: MemoryKeyRing) -> None:
    site = outage_site
    admin = await site.officer(keys)
    site.wait(10)
    await site.watch()
    (found,) = await site.outages()
    answer = await admin.call("POST", f"{OUTAGES}/{found['id']}/withdrawal", {"reason": "无故障"})
    assert (answer.status_code, answer.json()["code"]) == (409, "gates.outage_not_declared")


@pytest.mark.parametrize(("begins_h", "ends_h"), [(None, 24.1), (None, -1.0), (None, 0.0), (0.5, 4.0), (-24.1, 4.0)])
async def test_a_span_that_is_too_long_or_in_the_past_is_refused(
    outage_site: OutageSite, keys: MemoryKeyRing, begins_h: float | None, ends_h: float
) -> None:
    site = outage_site
    begins = {} if begins_h is None else {"from_at": (site.clock.now() + timedelta(hours=begins_h)).isoformat()}
    answer = await (await site.officer(keys)).call("POST", OUTAGES, declaration(site, ends_h, **begins))
    assert (answer.status_code, answer.json()["code"]) == (422, "gates.outage_span")
    assert await site.outages() == []


async def test_as_many_as_the_policy_allows_and_no_more(outage_site: OutageSite, keys: MemoryKeyRing) -> None:
    site = outage_site
    async with site.database.transaction() as tx:
        await make_policy(tx, site.project_id, site.ground.staff_id, {"declared_outages": 2})
    admin = await site.officer(keys)
    for _ in range(2):
        (made,) = await admin.take("POST", OUTAGES, declaration(site))
        twice = await admin.call("POST", OUTAGES, declaration(site))
        assert (twice.status_code, twice.json()["code"]) == (409, "gates.outage_declared")
        await admin.take("POST", f"{OUTAGES}/{made['id']}/withdrawal", {"reason": "已恢复"})
        site.wait(1)
        await site.beat()
    answer = await admin.call("POST", OUTAGES, declaration(site))
    assert (answer.status_code, answer.json()["code"]) == (409, "gates.outage_quota")
    assert answer.json()["quota"] == 2


async def test_a_gate_that_is_not_there_cannot_be_down(outage_site: OutageSite, keys: MemoryKeyRing) -> None:
    site = outage_site
    admin = await site.officer(keys)
    answer = await admin.call("POST", OUTAGES, declaration(site, gate_ids=[str(uuid4())]))
    assert (answer.status_code, answer.json()["code"]) == (404, "gates.device_unknown")


async def test_what_was_held_since_it_began_is_ruled_anew(outage_site: OutageSite, keys: MemoryKeyRing) -> None:
    site = outage_site
    await site.live(20)
    held = await site.tap()
    assert held.json()["outcome"] == "review"
    await site.live(10)
    begun = (site.clock.now() - timedelta(minutes=15)).isoformat()
    await (await site.officer(keys)).take("POST", OUTAGES, declaration(site, from_at=begun))
    await site.live(2)
    await site.rule_again()
    (state,) = await site.states()
    assert (state["outcome"], state["seq"]) == ("counted", 2)


async def test_a_declaration_may_carry_photos_that_keep_nothing_but_their_pixels(
    outage_site: OutageSite, keys: MemoryKeyRing
) -> None:
    site = outage_site
    admin = await site.officer(keys)
    (outage,) = await admin.take("POST", "/gate-outages", declaration(site))
    path = f"/outage-declarations/{outage['declaration_id']}/photos"
    url = f"/admin/v1/projects/{site.project_id}{path}"

    async def add(content: bytes, media_type: str = "image/jpeg") -> Response:
        headers = {**admin.headers, "Content-Type": media_type}
        return await site.client.post(url, content=content, headers=headers)

    first = photo_of(1)
    added = [(await add(first)).json() for _ in range(2)]
    assert added[0] == added[1]
    shown = await site.client.get(f"{url}/{added[0]['sha256']}", headers=dict(admin.headers))
    assert (shown.status_code, shown.headers["content-type"], shown.headers["cache-control"]) == (
        200,
        "image/jpeg",
        "private, no-store",
    )
    assert sha256(shown.content).hexdigest() == added[0]["sha256"] != sha256(first).hexdigest()
    for seed in range(2, 6):
        assert (await add(photo_of(seed))).status_code == 201
    full = await add(photo_of(6))
    assert (full.status_code, full.json()["code"]) == (409, "gates.outage_photos_full")
    assert len(await admin.take("GET", path)) == 5
    for content in (b"", b"MZ" + b"x" * 900, b"<svg/>", first[:200]):
        refused = await add(content)
        assert (refused.status_code, refused.json()["code"]) == (422, "gates.outage_photo_refused")
    unknown = await admin.call("GET", f"{path}/{'0' * 64}")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "gates.outage_photo_unknown")
    # Sealed where it lies, and the act on record.
    tools: GateTools = site.client._transport.app.state.gate_tools  # type: ignore[attr-defined] - httpx keeps it so
    names = await tools.blobs.names(f"outage-photos/{site.project_id}")
    assert len(names) == 5
    assert shown.content not in [await tools.blobs.get(name) for name in names]
    acts = await site.rows(
        "SELECT FROM audit_event WHERE project_id = :project_id AND action = 'gate_outage.photo_added'"
    )
    assert len(acts) == 5


async def test_who_may_not_declare_adds_no_photo_and_nobody_else_s_site_is_seen(
    outage_site: OutageSite, keys: MemoryKeyRing
) -> None:
    site = outage_site
    admin, auditor = await site.officer(keys), await site.officer(keys, "auditor", project_id=site.project_id)
    (outage,) = await admin.take("POST", "/gate-outages", declaration(site))
    url = f"/admin/v1/projects/{site.project_id}/outage-declarations/{outage['declaration_id']}/photos"
    refused = await site.client.post(url, content=photo_of(1), headers=dict(auditor.headers))
    assert refused.status_code == 403
    assert (await site.client.get(url, headers=dict(auditor.headers))).json() == []
    elsewhere = url.replace(str(outage["declaration_id"]), str(site.device.id))
    for method in ("GET", "POST"):
        answer = await site.client.request(method, elsewhere, content=photo_of(1), headers=dict(admin.headers))
        assert (answer.status_code, answer.json()["code"]) == (404, "gates.outage_unknown")
