from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from backend.identity.tables import Account
from tests.integration.sites.conftest import Office, TwoSites
from tests.support.databases import TEST_DAY
from tests.support.factories import draw_number, draw_phone, make_person, make_section

DAY = timedelta(days=1)
TODAY = TEST_DAY.isoformat()


async def test_posts_are_made_for_the_parties_that_have_them(office: Office, sites: TwoSites) -> None:
    path = f"/projects/{sites.here.project.id}/posts"
    contractor = str(sites.here.parties["009"].id)
    made = await office.call("admin", "POST", path, json={"party_id": contractor, "kind": "safety_officer", "seats": 2})
    assert made.status_code == 201, made.text
    assert (made.json()["kind"], made.json()["seats"], made.json()["party_kind"]) == ("safety_officer", 2, "009")
    for body, status, code in (
        ({"party_id": contractor, "kind": "safety_officer"}, 409, "sites.post_exists"),
        ({"party_id": contractor, "kind": "chief_deputy"}, 422, "sites.post_party_mismatch"),
        ({"party_id": contractor, "kind": "astronaut"}, 422, "sites.post_kind_unknown"),
        ({"party_id": str(sites.there.parties["009"].id), "kind": "builder"}, 404, "sites.party_unknown"),
        ({"party_id": contractor, "kind": "builder", "seats": 0}, 422, "request.invalid"),
    ):
        refused = await office.call("admin", "POST", path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    own = f"{path}/{made.json()['id']}"
    assert (await office.call("admin", "PATCH", own, json={"seats": 3})).json()["seats"] == 3
    assert (await office.call("stranger", "PATCH", own, json={"seats": 1})).json()["code"] == "sites.post_unknown"
    kinds = {row["kind"] for row in (await office.call("contractor", "GET", path)).json()}
    assert kinds == {"project_manager", "safety_officer"}


async def test_overlaps_are_reported_and_not_refused(office: Office, sites: TwoSites) -> None:
    project = sites.here.project.id
    successor = await make_person(office.database, office.keys, created_by=office.accounts["admin"])
    body = {
        "post_id": str(sites.here.posts["project_manager"]),
        "person_id": str(successor.id),
        "from_on": TODAY,
        "to_on": (TEST_DAY + 10 * DAY).isoformat(),
    }
    made = await office.call("admin", "POST", f"/projects/{project}/assignments", json=body)
    assert made.status_code == 201, made.text
    assignment = made.json()["assignment"]
    assert (assignment["person_name"], assignment["post_kind"]) == (successor.name, "project_manager")
    assert assignment["exit_confirmed_at"] is None
    (doubly,) = made.json()["overlaps"]
    # The filed last day alone ends nobody's duty, so the overlap is open.
    assert (doubly["from_on"], doubly["to_on"], doubly["holders"]) == (TODAY, None, 2)
    assert set(doubly["assignment_ids"]) == {assignment["id"], str(sites.here.assignments["project_manager"])}

    report = (await office.call("admin", "GET", f"/projects/{project}/vacancies")).json()
    assert (report["since"], report["until"]) == (TODAY, None)
    found = {duty["post"]["kind"]: duty for duty in report["posts"]}
    assert found["project_manager"]["overlaps"] == [doubly]
    assert found["chief_supervisor"] | {"post": 0} == {"post": 0, "overlaps": [], "vacancies": []}


async def test_the_holder_keeps_the_duty_until_his_exit_is_confirmed(office: Office, sites: TwoSites) -> None:
    project = sites.here.project.id
    path = f"/projects/{project}/assignments/{sites.here.assignments['project_manager']}/end"
    until = {"until": (TEST_DAY + 9 * DAY).isoformat()}

    async def vacancies() -> list[dict[str, object]]:
        report = (await office.call("admin", "GET", f"/projects/{project}/vacancies", params=until)).json()
        return next(duty["vacancies"] for duty in report["posts"] if duty["post"]["kind"] == "project_manager")

    filed = await office.call("admin", "POST", path, json={"to_on": TODAY})
    assert (filed.status_code, filed.json()["to_on"], filed.json()["exit_confirmed_at"]) == (200, TODAY, None)
    assert await vacancies() == []
    confirmed = await office.call("admin", "POST", path, json={"to_on": TODAY, "confirm_exit": True})
    assert confirmed.json()["exit_confirmed_at"] is not None
    assert await vacancies() == [
        {"from_on": (TEST_DAY + DAY).isoformat(), "to_on": until["until"], "holders": 0, "assignment_ids": []}
    ]
    again = await office.call("admin", "POST", path, json={"to_on": TODAY, "confirm_exit": True})
    assert again.json() == confirmed.json()
    later = await office.call("admin", "POST", path, json={"to_on": (TEST_DAY + DAY).isoformat()})
    assert (later.status_code, later.json()["code"]) == (409, "sites.assignment_ended")


async def test_ends_before_the_beginning_and_foreign_assignments_are_refused(office: Office, sites: TwoSites) -> None:
    path = f"/projects/{sites.here.project.id}/assignments/{sites.here.assignments['project_manager']}/end"
    early = await office.call("admin", "POST", path, json={"to_on": "2020-01-01"})
    assert (early.status_code, early.json()["code"]) == (422, "sites.dates_reversed")
    foreign = await office.call("stranger", "POST", path, json={"to_on": TODAY})
    assert (foreign.status_code, foreign.json()["code"]) == (404, "sites.assignment_unknown")
    crossed = f"/projects/{sites.there.project.id}/assignments/{sites.here.assignments['project_manager']}/end"
    assert (await office.call("stranger", "POST", crossed, json={"to_on": TODAY})).status_code == 404
    reversed_ = {"since": TODAY, "until": "2026-01-01"}
    report = await office.call("admin", "GET", f"/projects/{sites.here.project.id}/vacancies", params=reversed_)
    assert report.json()["code"] == "sites.dates_reversed"


async def test_anyone_is_assigned_by_his_document(office: Office, sites: TwoSites) -> None:
    path = f"/projects/{sites.here.project.id}/assignments"
    post = str(sites.here.posts["project_manager"])
    elsewhere = sites.there.people["chief_supervisor"]
    body = {
        "post_id": post,
        "from_on": TODAY,
        "person": {"name": elsewhere.name, "document_number": elsewhere.number},
    }
    made = await office.call("admin", "POST", path, json=body)
    assert made.status_code == 201, made.text
    assert made.json()["assignment"]["person_id"] == str(elsewhere.id)
    assert (await office.call("admin", "GET", f"/people/{elsewhere.id}")).status_code == 200

    number, phone = draw_number(), draw_phone()
    new = body | {"person": {"name": "赵海", "document_number": number, "phone": phone}}
    made = await office.call("admin", "POST", path, json=new)
    assert made.status_code == 201, made.text
    async with office.database.transaction() as tx:
        person_id = made.json()["assignment"]["person_id"]
        accounts = await tx.scalar(select(func.count()).where(Account.person_id == person_id, Account.kind == "person"))
    assert accounts == 1
    wrong = body | {"person": {"name": "钱海", "document_number": number}}
    assert (await office.call("admin", "POST", path, json=wrong)).json()["code"] == "sites.person_name_differs"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"person_id": None}, 422, "sites.one_person_expected"),
        ({"person_id": str(uuid4())}, 404, "sites.person_unknown"),
        ({"post_id": str(uuid4())}, 404, "sites.post_unknown"),
        ({"section_id": str(uuid4())}, 404, "sites.section_unknown"),
        ({"to_on": "2020-01-01"}, 422, "sites.dates_reversed"),
        ({"from_on": "2026-13-01"}, 422, "request.invalid"),
        ({"from_on": 20260101}, 422, "request.invalid"),
    ],
)
async def test_an_assignment_that_cannot_be_meant_is_refused(
    office: Office, sites: TwoSites, change: dict[str, object], status: int, code: str
) -> None:
    person = await make_person(office.database, office.keys, created_by=office.accounts["admin"])
    body = {"post_id": str(sites.here.posts["project_manager"]), "person_id": str(person.id), "from_on": TODAY}
    refused = await office.call("admin", "POST", f"/projects/{sites.here.project.id}/assignments", json=body | change)
    assert (refused.status_code, refused.json()["code"]) == (status, code)


async def test_foreign_people_and_posts_cannot_be_assigned_by_id(office: Office, sites: TwoSites) -> None:
    path = f"/projects/{sites.here.project.id}/assignments"
    body = {
        "post_id": str(sites.here.posts["project_manager"]),
        "person_id": str(sites.there.people["project_manager"].id),
        "from_on": TODAY,
    }
    refused = await office.call("admin", "POST", path, json=body)
    assert (refused.status_code, refused.json()["code"]) == (404, "sites.person_unknown")
    foreign = body | {"post_id": str(sites.there.posts["project_manager"])}
    assert (await office.call("admin", "POST", path, json=foreign)).json()["code"] == "sites.post_unknown"


async def test_the_same_person_is_not_entered_twice_on_one_post(office: Office, sites: TwoSites) -> None:
    path = f"/projects/{sites.here.project.id}/assignments"
    body = {
        "post_id": str(sites.here.posts["project_manager"]),
        "person_id": str(sites.here.people["project_manager"].id),
        "from_on": TODAY,
    }
    refused = await office.call("admin", "POST", path, json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "sites.assignment_overlaps")


async def test_key_personnel_need_a_phone_of_their_own(office: Office, sites: TwoSites) -> None:
    path = f"/projects/{sites.here.project.id}/assignments"
    body = {"post_id": str(sites.here.posts["project_manager"]), "from_on": TODAY}
    nameless = {"name": "孙明", "document_number": draw_number()}
    refused = await office.call("admin", "POST", path, json=body | {"person": nameless})
    assert (refused.status_code, refused.json()["code"]) == (422, "sites.key_person_needs_phone")
    taken = nameless | {"phone": sites.there.people["project_manager"].phone}
    refused = await office.call("admin", "POST", path, json=body | {"person": taken})
    assert (refused.status_code, refused.json()["code"]) == (409, "sites.phone_taken")
    async with office.database.transaction() as tx:
        from backend.sites.tables import Person

        assert await tx.scalar(select(func.count()).where(Person.name == "孙明")) == 0


async def test_assignments_are_listed_by_day_post_and_person(office: Office, sites: TwoSites) -> None:
    path = f"/projects/{sites.here.project.id}/assignments"
    section = await make_section(office.database, sites.here.project.id)
    builder = await office.call(
        "admin",
        "POST",
        f"/projects/{sites.here.project.id}/posts",
        json={"party_id": str(sites.here.parties["009"].id), "kind": "builder"},
    )
    person = {"name": "李安", "document_number": draw_number(), "phone": draw_phone()}
    later = (TEST_DAY + 5 * DAY).isoformat()
    made = await office.call(
        "admin",
        "POST",
        path,
        json={"post_id": builder.json()["id"], "person": person, "from_on": later, "section_id": str(section)},
    )
    assert made.json()["assignment"]["section_id"] == str(section)
    for wanted, count in (
        ({}, 4),
        ({"on": TODAY}, 3),
        ({"on": later}, 4),
        ({"kind": "builder"}, 1),
        ({"post_id": str(sites.here.posts["chief_supervisor"])}, 1),
        ({"person_id": made.json()["assignment"]["person_id"]}, 1),
        ({"limit": 2}, 2),
    ):
        found = await office.call("admin", "GET", path, params=wanted)
        assert len(found.json()["items"]) == count, wanted
    own = (await office.call("contractor", "GET", path)).json()["items"]
    assert {row["post_kind"] for row in own} == {"project_manager", "builder"}
    for bad in ({"on": "x"}, {"kind": "X"}, {"person_id": "1"}):
        assert (await office.call("admin", "GET", path, params=bad)).status_code in {400, 422}, bad
