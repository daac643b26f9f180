import asyncio
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from backend.identity.masking import mask_document_number, mask_phone_number
from backend.identity.tables import AuditEvent
from backend.sites.tables import Person
from tests.integration.sites.conftest import Office, TwoSites
from tests.support.factories import (
    draw_id_number,
    draw_name,
    draw_number,
    draw_phone,
    make_assignment,
    make_person,
    make_post,
)


async def test_a_person_is_entered_masked_and_encrypted(office: Office, sites: TwoSites) -> None:
    del sites
    number, phone = draw_number(), draw_phone()
    body = {"name": "  王 强 ", "document_number": number.lower(), "phone": f"+86 {phone[:3]}-{phone[3:]}"}
    made = await office.call("admin", "POST", "/people", json=body)
    assert made.status_code == 201, made.text
    assert made.json() | {"id": "", "created_at": ""} == {
        "id": "",
        "name": "王 强",
        "document_type": "01",
        "document_number_masked": mask_document_number(number),
        "phone_masked": mask_phone_number(phone),
        "created_at": "",
    }
    assert number not in made.text
    assert phone not in made.text
    async with office.database.transaction() as tx:
        row = (await tx.execute(select(Person).where(Person.id == made.json()["id"]))).one()
        stored = b"".join(value for value in row if isinstance(value, bytes))
    assert number.encode() not in stored
    assert phone.encode() not in stored

    again = await office.call("admin", "POST", "/people", json=body)
    assert (again.status_code, again.json()["id"]) == (201, made.json()["id"])
    other = await office.call("admin", "POST", "/people", json=body | {"name": "王刚"})
    assert (other.status_code, other.json()["code"]) == (409, "sites.person_name_differs")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"document_number": "990101198505200010"}, "sites.id_number_checksum"),
        ({"document_number": draw_id_number(date(2026, 3, 18))}, "sites.id_number_birth_date"),
        ({"document_number": "99010119"}, "sites.id_number_form"),
        ({"document_type": "02"}, "sites.document_kind_unknown"),
        ({"document_type": "08", "document_number": "ABCDE"}, "sites.document_number"),
        ({"phone": "021-12345678"}, "identity.phone_number_malformed"),
        ({"phone": "12345678901"}, "identity.phone_number_malformed"),
        ({"name": ""}, "request.invalid"),
        ({"name": "a\u0000b"}, "request.invalid"),
    ],
)
async def test_numbers_that_cannot_be_are_refused(office: Office, change: dict[str, str], code: str) -> None:
    body = {"name": "王强", "document_number": draw_number(), "phone": draw_phone()}
    refused = await office.call("city", "POST", "/people", json=body | change)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_someone_on_file_elsewhere_is_not_shown(office: Office, sites: TwoSites) -> None:
    known = sites.there.people["project_manager"]
    body = {"name": known.name, "document_number": known.number}
    refused = await office.call("admin", "POST", "/people", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "sites.person_elsewhere")
    shown = await office.call("admin", "GET", f"/people/{known.id}")
    assert (shown.status_code, shown.json()["code"]) == (404, "sites.person_unknown")


async def test_people_are_found_by_name_and_by_whole_or_last_four_of_their_numbers(
    office: Office, sites: TwoSites
) -> None:
    person = sites.here.people["project_manager"]
    stranger = sites.there.people["project_manager"]
    for wanted in (
        {"name": person.name[1:]},
        {"document": f" {person.number.lower()} "},
        {"document": person.number[-4:]},
        {"phone": f"+86{person.phone}"},
        {"phone": person.phone[-4:]},
        {
            "name": person.name,
            "document": person.number,
            "phone": person.phone,
            "project_id": str(sites.here.project.id),
        },
    ):
        for name in ("admin", "district", "city"):
            found = await office.call(name, "POST", "/people/search", json=wanted)
            assert found.status_code == 200, found.text
            ids = [row["id"] for row in found.json()["items"]]
            assert str(person.id) in ids
            assert person.number not in found.text
    for wanted in ({"document": stranger.number}, {"phone": stranger.phone}, {"document": draw_number()}):
        assert (await office.call("admin", "POST", "/people/search", json=wanted)).json()["items"] == []
    foreign = {"project_id": str(sites.there.project.id)}
    assert (await office.call("admin", "POST", "/people/search", json=foreign)).json()["items"] == []
    malformed = await office.call("admin", "POST", "/people/search", json={"phone": "19900"})
    assert (malformed.status_code, malformed.json()["code"]) == (422, "sites.search_malformed")


async def test_people_are_listed_by_page_within_one_s_rows(office: Office, sites: TwoSites) -> None:
    mine = {str(person.id) for person in sites.here.people.values()}
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = (await office.call("admin", "GET", "/people", params={"limit": 2, **after})).json()
        seen += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert len(seen) == len(set(seen))
    assert set(seen) == mine
    words = {"words": sites.here.people["project_manager"].name}
    assert len((await office.call("admin", "GET", "/people", params=words)).json()["items"]) >= 1
    by_project = {"project_id": str(sites.there.project.id)}
    assert (await office.call("admin", "GET", "/people", params=by_project)).json()["items"] == []


async def test_a_party_sees_its_own_people_only(office: Office, sites: TwoSites) -> None:
    manager, chief = sites.here.people["project_manager"], sites.here.people["chief_supervisor"]
    assert (await office.call("contractor", "GET", f"/people/{manager.id}")).status_code == 200
    assert (await office.call("contractor", "GET", f"/people/{chief.id}")).status_code == 404
    assert (await office.call("supervisor", "GET", f"/people/{manager.id}")).status_code == 200
    listed = (await office.call("contractor", "GET", "/people")).json()["items"]
    assert [row["id"] for row in listed] == [str(manager.id)]


async def test_who_enters_a_person_sees_him_before_he_is_assigned(office: Office, sites: TwoSites) -> None:
    person = await make_person(office.database, office.keys, created_by=office.accounts["admin"])
    assert (await office.call("admin", "GET", f"/people/{person.id}")).status_code == 200
    assert (await office.call("stranger", "GET", f"/people/{person.id}")).status_code == 404
    post = await make_post(office.database, sites.there.parties["009"], kind="builder")
    await make_assignment(office.database, sites.there.project.id, post, person.id)
    assert (await office.call("stranger", "GET", f"/people/{person.id}")).status_code == 200
    assert (await office.call("admin", "GET", f"/people/{person.id}")).status_code == 404
    listed = (await office.call("admin", "GET", "/people", params={"limit": 200})).json()["items"]
    assert str(person.id) not in {row["id"] for row in listed}


async def test_a_person_is_corrected_but_not_his_log_in(office: Office, sites: TwoSites) -> None:
    person = await make_person(office.database, office.keys, created_by=office.accounts["admin"])
    phone = draw_phone()
    changed = await office.call("admin", "PATCH", f"/people/{person.id}", json={"name": "新 名", "phone": phone})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["name"], changed.json()["phone_masked"]) == ("新 名", mask_phone_number(phone))
    manager = sites.here.people["project_manager"]
    refused = await office.call("admin", "PATCH", f"/people/{manager.id}", json={"phone": phone})
    assert (refused.status_code, refused.json()["code"]) == (409, "sites.phone_is_login")
    foreign = await office.call("stranger", "PATCH", f"/people/{manager.id}", json={"name": draw_name()})
    assert foreign.status_code == 404


async def test_a_renaming_is_on_record_with_both_names(office: Office, sites: TwoSites) -> None:
    """The audit log cannot be erased and holds no names: it names the record, which holds them."""
    manager = sites.here.people["project_manager"]
    path = f"/people/{manager.id}"
    shown = await office.call("city", "GET", path)
    for before, after in ((manager.name, "改名一"), ("改名一", "改名二")):
        changed = await office.call("admin", "PATCH", path, json={"name": after})
        assert changed.json()["name"] == after, before
        office.clock.advance(timedelta(seconds=1))
    same = await office.call("admin", "PATCH", path, json={"name": " 改名二 "})
    assert (same.status_code, same.json()) == (200, shown.json() | {"name": "改名二"})

    told = (await office.call("city", "GET", f"{path}/renamings")).json()["items"]
    assert [(one["name_before"], one["name_after"], one["renamed_by"]) for one in told] == [
        ("改名一", "改名二", str(office.accounts["admin"])),
        (manager.name, "改名一", str(office.accounts["admin"])),
    ]
    async with office.database.transaction() as tx:
        acts = (
            await tx.execute(
                select(AuditEvent.detail)
                .where(AuditEvent.action == "person.changed", AuditEvent.object_id == str(manager.id))
                .order_by(AuditEvent.id.desc())
            )
        ).scalars()
    assert list(acts) == [{"fields": ["name"], "renaming_id": one["id"]} for one in told]
    hidden = await office.call("stranger", "GET", f"{path}/renamings")
    assert (hidden.status_code, hidden.json()["code"]) == (404, "sites.person_unknown")


async def test_the_account_of_a_renamed_person_bears_the_new_name(office: Office, sites: TwoSites) -> None:
    manager = sites.here.people["project_manager"]
    await office.call("admin", "PATCH", f"/people/{manager.id}", json={"name": "改名"})
    account = sites.here.accounts["project_manager"]
    assert (await office.call("city", "GET", f"/accounts/{account}")).json()["display_name"] == "改名"


async def test_who_works_for_others_too_is_renamed_by_those_who_reach_all(office: Office, sites: TwoSites) -> None:
    manager = sites.here.people["project_manager"]
    post = sites.there.posts["project_manager"]
    await make_assignment(office.database, sites.there.project.id, post, manager.id)
    for name in ("admin", "stranger", "district"):
        refused = await office.call(name, "PATCH", f"/people/{manager.id}", json={"name": "改名"})
        assert (refused.status_code, refused.json()["code"]) == (409, "sites.name_elsewhere")
    assert (await office.call("city", "PATCH", f"/people/{manager.id}", json={"name": "改名"})).status_code == 200


async def test_renamings_at_once_make_one_chain(office: Office, sites: TwoSites) -> None:
    path = f"/people/{sites.here.people['project_manager'].id}"
    names = [f"改名{number}" for number in range(6)]
    answers = await asyncio.gather(*(office.call("admin", "PATCH", path, json={"name": name}) for name in names))
    assert {answer.status_code for answer in answers} == {200}
    told = (await office.call("city", "GET", f"{path}/renamings")).json()["items"]
    chain = {one["name_before"]: one["name_after"] for one in told}
    name = sites.here.people["project_manager"].name
    for _ in names:
        name = chain.pop(name)
    assert (await office.call("city", "GET", path)).json()["name"] == name
    assert not chain


async def test_numbers_are_revealed_for_a_purpose_that_is_written_down(office: Office, sites: TwoSites) -> None:
    person = sites.here.people["project_manager"]
    path = f"/people/{person.id}/reveal"
    shown = await office.call("admin", "POST", path, json={"purpose": "核对劳动合同"})
    assert shown.status_code == 200
    assert shown.json() == {
        "id": str(person.id),
        "document_type": "01",
        "document_number": person.number,
        "phone": person.phone,
    }
    assert shown.headers["cache-control"] == "no-store"
    async with office.database.transaction() as tx:
        acts = (
            await tx.execute(
                select(AuditEvent.actor_id, AuditEvent.detail).where(
                    AuditEvent.object_id == str(person.id), AuditEvent.action == "person.revealed"
                )
            )
        ).all()
    assert [tuple(act) for act in acts] == [(office.accounts["admin"], {"purpose": "核对劳动合同"})]
    for name, status in (("stranger", 404), ("contractor", 403), ("supervisor", 403)):
        assert (await office.call(name, "POST", path, json={"purpose": "想看一看"})).status_code == status
    assert (await office.call("admin", "POST", path, json={"purpose": "看"})).status_code == 422
    unknown = await office.call("city", "POST", f"/people/{uuid4()}/reveal", json={"purpose": "核对劳动合同"})
    assert unknown.status_code == 404


async def test_one_number_may_belong_to_documents_of_two_types(office: Office, sites: TwoSites) -> None:
    del sites
    number = f"{draw_number()[6:14]}"
    one = await office.call(
        "admin", "POST", "/people", json={"name": "甲", "document_type": "08", "document_number": number}
    )
    two = await office.call(
        "admin", "POST", "/people", json={"name": "乙", "document_type": "12", "document_number": number}
    )
    assert one.status_code == two.status_code == 201, one.text + two.text
    assert one.json()["id"] != two.json()["id"]
