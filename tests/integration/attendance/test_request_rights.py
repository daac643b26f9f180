"""Nobody decides on his own people, nobody on what he asked for himself, and each sees what concerns him."""

from datetime import timedelta

import pytest

from tests.integration.attendance.test_make_ups import MAKE_UPS, MINE, filed, told
from tests.support.factories import bearer, grant_role, make_site
from tests.support.requests import Office


@pytest.mark.parametrize(
    ("post", "role", "code"),
    [
        ("chief_supervisor", "supervisor", "requests.own_party"),
        ("owner_representative", "owner", "requests.own_party"),
        ("chief_supervisor", "owner", None),
        ("owner_representative", "supervisor", None),
        ("chief_supervisor", "district", None),
    ],
)
async def test_another_party_decides_than_ones_own(office: Office, post: str, role: str, code: str | None) -> None:
    shown = await filed(office, office.make_up(office.clock.now() - timedelta(hours=1)), post)
    endorsed = (await office.endorse(shown)).json()
    answer = await office.decide(role, endorsed, approve=True)
    if code is None:
        assert answer.json()["request"]["state"] == "approved", answer.text
    else:
        told(answer, 403, code)


async def test_the_contractor_sees_his_own_and_decides_nothing(office: Office) -> None:
    shown = await filed(office, office.make_up(office.clock.now() - timedelta(hours=1)))
    listed = (await office.staff("contractor", "GET", "/requests")).json()["items"]
    assert [one["request_id"] for one in listed] == [shown["request"]["request_id"]]
    told(await office.decide("contractor", shown, approve=True), 403, "request.scope_missing")
    told(await office.decide("project_admin", shown, approve=True), 403, "request.scope_missing")
    told(await office.staff("operator", "GET", "/requests"), 403, "request.scope_missing")


async def test_a_project_admin_does_not_endorse_his_own(office: Office) -> None:
    shown = await filed(office, office.make_up(office.clock.now() - timedelta(hours=1)))
    request, account, person = shown["request"], office.site.accounts[MINE], office.site.people[MINE].id
    await grant_role(office.database, account, "project_admin", project_id=office.site.project.id)
    own = bearer(office.keys, office.clock.now(), account, "project_admin", person_id=person)
    path = f"/admin/v1/projects/{request['project_id']}/requests/{request['request_id']}/endorsement"
    told(await office.client.post(path, headers=own, json={"endorse": True, "seq": 1}), 403, "requests.own_request")


async def test_lists_tell_each_what_waits_for_him(office: Office) -> None:
    at = office.clock.now() - timedelta(hours=1)
    first = await filed(office, office.make_up(at))
    second = (await office.endorse(await filed(office, office.make_up(at, "out")))).json()

    async def waiting(role: str) -> list[str]:
        path = f"/requests?which=mine&project_id={office.site.project.id}"
        return [one["request_id"] for one in (await office.staff(role, "GET", path)).json()["items"]]

    assert await waiting("project_admin") == [first["request"]["request_id"]]
    for role in ("supervisor", "owner", "district", "city"):
        assert await waiting(role) == [second["request"]["request_id"]], role
    assert await waiting("contractor") == []


async def test_pages_are_whole_and_without_repetition(office: Office) -> None:
    filings = [
        (await filed(office, office.make_up(office.clock.now() - timedelta(hours=1), way), post))["request"][
            "request_id"
        ]
        for post in (MINE, "builder")
        for way in ("in", "out")
    ]
    seen, after = list[str](), ""
    for _ in range(3):
        page = (await office.staff("supervisor", "GET", f"/requests?limit=3{after}")).json()
        seen += [one["request_id"] for one in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert sorted(seen) == sorted(filings)


async def test_foreign_projects_and_requests_are_unknown(office: Office) -> None:
    shown = await filed(office, office.make_up(office.clock.now() - timedelta(hours=1)))
    other = await make_site(office.database, office.keys, accounts=False)
    body = office.make_up(office.clock.now() - timedelta(hours=1), project_id=str(other.project.id))
    told(await office.phone(MINE, "POST", MAKE_UPS, body), 404, "sites.project_unknown")
    request_id = shown["request"]["request_id"]
    told(await office.phone("builder", "GET", f"/requests/{request_id}"), 404, "requests.unknown")
    told(await office.phone("builder", "POST", f"/requests/{request_id}/withdrawal"), 404, "requests.unknown")
    path = f"/projects/{other.project.id}/requests/{request_id}"
    told(await office.staff("city", "GET", path), 404, "requests.unknown")
