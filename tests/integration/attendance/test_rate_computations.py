"""A month reckoned anew: a copy, compared, published by a second act; what was published never moves by itself."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from httpx import AsyncClient
from sqlalchemy import text

from backend.attendance.rates.computations import run_computations
from backend.attendance.rates.differences import read_place, write_place
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import KeyRing
from tests.support.factories import bearer, make_officer, make_site
from tests.support.ledgers import append, entry

MANAGER = "project_manager"
NOW = datetime(2026, 3, 10, tzinfo=UTC)
PATH = "/admin/v1/rate-computations"
EASY: dict[str, Any] = {
    "thresholds": [{"posts": [MANAGER], "min_share": 50}],
    "valid_day": {"kind": "punches_apart", "min_punches": 1, "apart_s": 0},
}


async def test_a_copy_is_compared_and_published_by_a_second_act(
    client: AsyncClient, database: Database, keys: KeyRing, clock: ManualClock
) -> None:
    site = await make_site(database, keys, posts=(("009", MANAGER),))
    project, person = site.project.id, site.people[MANAGER].id
    account = await make_officer(database, "district", district_id=site.project.district_id)
    headers = bearer(keys, clock.now(), account, "district")
    once = [entry(project, person, datetime(2026, 2, 26, 2, tzinfo=UTC), received_at=NOW)]
    twice = [entry(project, person, datetime(2026, 2, 27, hour, tzinfo=UTC), received_at=NOW) for hour in (1, 9)]
    await append(database, once + twice, NOW)

    async def asked(**more: Any) -> str:
        body = {"month": "2026-02", "project_id": str(project), "reason": "年度核对", **more}
        made = await client.post(PATH, headers=headers, json=body)
        assert made.status_code == 201, made.text
        return made.json()["computation_id"]

    async def done() -> None:
        assert await run_computations(database, clock) >= 1

    first = await asked()
    early = await client.post(f"{PATH}/{first}/publication", headers=headers, json={})
    assert early.json()["code"] == "rates.computation_open"
    await done()
    found = (await client.get(f"{PATH}/{first}", headers=headers)).json()
    (new,) = found["items"]
    assert (found["compared_with"], new["rate_before"], new["valid_after"], new["verdict_after"]) == (
        None,
        None,
        1000,
        "failed",
    )
    published = await client.post(f"{PATH}/{first}/publication", headers=headers, json={"note": "首次"})
    assert published.json()["published_at"] is not None
    again = await client.post(f"{PATH}/{first}/publication", headers=headers, json={})
    assert again.json()["code"] == "rates.computation_stale"

    draft = {"name": "一次", "valid_from": "2026-01-01", "rules": EASY, "project_id": str(project)}
    rules = (await client.post("/admin/v1/rule-sets", headers=headers, json=draft)).json()["rule_set_id"]
    older = await asked()
    second = await asked(rule_set_id=rules, version=1)
    await done()
    compared = (await client.get(f"{PATH}/{second}", headers=headers)).json()
    (change,) = compared["items"]
    assert (compared["compared_with"], compared["changed"], compared["verdicts_changed"]) == (first, 1, 1)
    assert (change["valid_before"], change["valid_after"]) == (1000, 2000)
    assert (change["verdict_before"], change["verdict_after"]) == ("failed", "met")
    assert compared["computation"]["rules"][0]["rule_set_id"] == rules
    # The same month under the same rules changes nothing, and draft rules publish nothing.
    assert (await client.get(f"{PATH}/{older}", headers=headers)).json()["changed"] == 0
    refused = await client.post(f"{PATH}/{second}/publication", headers=headers, json={})
    assert refused.json()["code"] == "rates.computation_of_draft"
    await client.post(f"/admin/v1/rule-sets/{rules}/publications", headers=headers, json={"version": 1})
    async with database.transaction() as tx:
        kept = await tx.execute(text("SELECT valid FROM rate_figure WHERE computation_id = :id"), {"id": first})
        assert [row.valid for row in kept] == [1000]
    moved = await client.post(f"{PATH}/{second}/publication", headers=headers, json={})
    assert moved.json()["replaces"] == first
    stale = await client.post(f"{PATH}/{older}/publication", headers=headers, json={})
    assert stale.json()["code"] == "rates.computation_stale"
    listed = (await client.get(PATH, headers=headers)).json()
    assert [one["computation_id"] for one in listed] == [second, older, first]
    assert len({one["digest"] for one in listed}) == 2


async def test_only_who_supervises_asks_and_sees(
    client: AsyncClient, database: Database, keys: KeyRing, clock: ManualClock
) -> None:
    site = await make_site(database, keys, posts=(("009", MANAGER),))
    account = await make_officer(database, "district", district_id=site.project.district_id)
    headers = bearer(keys, clock.now(), account, "district")
    for body, code in (
        ({}, "sites.city_needed"),
        ({"district_id": "00000000-0000-4000-8000-000000000000"}, "sites.district_unknown"),
        ({"rule_set_id": "00000000-0000-4000-8000-000000000000", "version": 1}, "sites.city_needed"),
        (
            {
                "project_id": str(site.project.id),
                "rule_set_id": "00000000-0000-4000-8000-000000000000",
                "version": 1,
            },
            "rates.rule_version_unknown",
        ),
        ({"project_id": str(site.project.id), "version": 1}, "rates.rule_version_unknown"),
    ):
        answer = await client.post(PATH, headers=headers, json={"month": "2026-02", "reason": "问", **body})
        assert answer.json()["code"] == code
    unknown = await client.get(f"{PATH}/00000000-0000-4000-8000-000000000000", headers=headers)
    assert unknown.json()["code"] == "rates.computation_unknown"


async def test_all_changes_can_be_read_by_pages_that_compare_with_the_same(
    client: AsyncClient, database: Database, keys: KeyRing, clock: ManualClock
) -> None:
    posts = ("project_manager", "technical_lead", "safety_officer", "quality_officer", "builder")
    site = await make_site(database, keys, posts=tuple(("009", post) for post in posts))
    account = await make_officer(database, "district", district_id=site.project.district_id)
    headers = bearer(keys, clock.now(), account, "district")

    async def asked() -> str:
        body = {"month": "2026-02", "project_id": str(site.project.id), "reason": "核对"}
        made = await client.post(PATH, headers=headers, json=body)
        assert await run_computations(database, clock) >= 1
        return made.json()["computation_id"]

    async def page(computation_id: str, **params: Any) -> dict[str, Any]:
        answer = await client.get(f"{PATH}/{computation_id}", headers=headers, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def walked(computation_id: str, begin: dict[str, Any]) -> list[str]:
        found, shown = begin, [one["post_id"] for one in begin["items"]]
        while found["next"] is not None:
            found = await page(computation_id, limit=2, after=found["next"])
            assert (found["changed"], found["compared_with"]) == (begin["changed"], begin["compared_with"])
            shown += [one["post_id"] for one in found["items"]]
        return shown

    first = await asked()
    whole = await page(first)
    assert (whole["changed"], len(whole["items"]), whole["next"]) == (5, 5, None)
    begin = await page(first, limit=2)
    assert await walked(first, begin) == [one["post_id"] for one in whole["items"]]
    assert (await client.post(f"{PATH}/{first}/publication", headers=headers, json={})).status_code == 201
    # Published meanwhile: a page that follows goes on with what the first one compared with.
    assert await walked(first, begin) == [one["post_id"] for one in whole["items"]]

    for number, post in enumerate(posts):
        # Of each a different number of days: what moves most comes first.
        days = [
            entry(site.project.id, site.people[post].id, datetime(2026, 2, 24 + day, hour, tzinfo=UTC), received_at=NOW)
            for day in range(number)
            for hour in (1, 9)
        ]
        await append(database, days, NOW)
    second = await asked()
    changed = await page(second, limit=2)
    assert (changed["changed"], changed["compared_with"]) == (4, first)
    # The builder's rate moves most of all.
    assert await walked(second, changed) == [
        str(site.posts[post]) for post in ("builder", "quality_officer", "safety_officer", "technical_lead")
    ]
    # Figures that are none of these rows' published ones are not opened by a cursor that somebody makes.
    forged = write_place(replace(read_place(changed["next"]), before=UUID(second)))
    for after in (forged, "x", "AAAA"):
        refused = await client.get(f"{PATH}/{second}", headers=headers, params={"after": after})
        assert (refused.status_code, refused.json()["code"]) == (422, "request.cursor")


async def test_what_is_published_of_a_district_holds_for_its_projects_and_parties_see_their_own(
    client: AsyncClient, database: Database, keys: KeyRing, clock: ManualClock
) -> None:
    chief = "chief_supervisor"
    site = await make_site(database, keys, posts=(("009", MANAGER), ("007", chief)))
    office = await make_officer(database, "district", district_id=site.project.district_id)
    headers = bearer(keys, clock.now(), office, "district")
    path = f"/admin/v1/projects/{site.project.id}/published-rates"

    async def reckoned() -> str:
        body = {"month": "2026-02", "district_id": str(site.project.district_id), "reason": "月度公布"}
        asked = (await client.post(PATH, headers=headers, json=body)).json()["computation_id"]
        assert await run_computations(database, clock) >= 1
        return asked

    async def told(month: str = "2026-02", headers: dict[str, str] = headers) -> Any:
        return (await client.get(path, headers=headers, params={"month": month})).json()

    first = await reckoned()
    assert (await told())["items"] == []
    await client.post(f"{PATH}/{first}/publication", headers=headers, json={"note": "二月"})
    late = [
        entry(site.project.id, site.people[MANAGER].id, datetime(2026, 2, 27, hour, tzinfo=UTC), received_at=NOW)
        for hour in (1, 9)
    ]
    await append(database, late, NOW)
    second = await reckoned()
    whole = await told()
    assert (whole["computation_id"], whole["note"], whole["replaces"]) == (first, "二月", None)
    assert [(one["post_kind"], one["valid"]) for one in whole["items"]] == [(chief, 0), (MANAGER, 0)]
    await client.post(f"{PATH}/{second}/publication", headers=headers, json={})
    whole = await told()
    assert (whole["computation_id"], whole["replaces"]) == (second, first)
    assert [(one["post_kind"], one["valid"]) for one in whole["items"]] == [(chief, 0), (MANAGER, 1000)]
    party = await make_officer(database, "contractor", project_id=site.project.id, party_id=site.parties["009"].id)
    own = await told(headers=bearer(keys, clock.now(), party, "contractor"))
    assert [one["post_kind"] for one in own["items"]] == [MANAGER]
    assert (await told("2026-01"))["computation_id"] is None
    assert (await told("2026-13"))["code"] == "request.invalid"
