from uuid import uuid4

import pytest

from tests.integration.sites.conftest import Office, TwoSites
from tests.support.factories import draw_code, draw_uscc, make_company, make_district, make_project


async def test_a_city_officer_makes_and_changes_districts(office: Office) -> None:
    code = draw_code()
    made = await office.call("city", "POST", "/districts", json={"code": code, "name": "江夏 试验区"})
    assert made.status_code == 201
    assert made.json() == {"id": made.json()["id"], "code": code, "name": "江夏 试验区"}
    again = await office.call("city", "POST", "/districts", json={"code": code, "name": "另一区"})
    assert (again.status_code, again.json()["code"]) == (409, "sites.district_code_taken")
    changed = await office.call("city", "PATCH", f"/districts/{made.json()['id']}", json={"name": "改名区"})
    assert changed.json()["name"] == "改名区"
    unknown = await office.call("city", "PATCH", f"/districts/{uuid4()}", json={"name": "改名区"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "sites.district_unknown")
    listed = (await office.call("city", "GET", "/districts")).json()
    assert changed.json() in listed


async def test_districts_are_the_city_s_to_make(office: Office, sites: TwoSites) -> None:
    for name in ("district", "admin"):
        made = await office.call(name, "POST", "/districts", json={"code": draw_code(), "name": "区"})
        assert (made.status_code, made.json()["code"]) == (403, "sites.city_needed")
    changed = await office.call(
        "district", "PATCH", f"/districts/{sites.here.project.district_id}", json={"name": "区"}
    )
    assert changed.status_code == 403


async def test_everyone_lists_the_districts_he_reaches(office: Office, sites: TwoSites) -> None:
    for name in ("district", "admin", "contractor"):
        listed = (await office.call(name, "GET", "/districts")).json()
        assert [row["id"] for row in listed] == [str(sites.here.project.district_id)]


async def test_a_project_is_made_with_a_number_of_one_spelling(office: Office) -> None:
    district = await make_district(office.database)
    number = f"420999-{draw_code(10)}"
    body = {
        "registration_no": f" {number[:6]}–{number[7:].lower()} ",
        "name": "  地铁 11 号线  试验段 ",
        "district_id": str(district),
        "category": "02",
        "site_mode": "phone",
        "starts_on": "2026-01-01",
    }
    made = await office.call("city", "POST", "/projects", json=body)
    assert made.status_code == 201, made.text
    assert made.json() | {"id": "", "created_at": "", "district_name": ""} == {
        "id": "",
        "registration_no": number,
        "name": "地铁 11 号线 试验段",
        "district_id": str(district),
        "district_name": "",
        "category": "02",
        "status": "preparing",
        "site_mode": "phone",
        "time_zone": "Asia/Shanghai",
        "cutover": "04:00:00",
        "starts_on": "2026-01-01",
        "ends_on": None,
        "created_at": "",
    }
    again = await office.call("city", "POST", "/projects", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "sites.registration_taken")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"registration_no": "报监第一号"}, "sites.registration_no"),
        ({"time_zone": "Asia/Wuhan"}, "sites.time_zone_unknown"),
        ({"cutover": "12:00:00"}, "sites.cutover_too_late"),
        ({"starts_on": "2026-02-01", "ends_on": "2026-01-01"}, "sites.dates_reversed"),
        ({"category": "2"}, "request.invalid"),
        ({"name": "\u0000"}, "request.invalid"),
        ({"name": "   "}, "request.invalid"),
        ({"seats": 1}, "request.invalid"),
        ({"name": "\ufdfa" * 12}, "sites.text_too_long"),
    ],
)
async def test_a_project_that_cannot_be_meant_is_refused(office: Office, change: dict[str, str], code: str) -> None:
    district = await make_district(office.database)
    body = {"registration_no": f"420999-{draw_code()}", "name": "工程", "district_id": str(district)}
    made = await office.call("city", "POST", "/projects", json=body | change)
    assert (made.status_code, made.json()["code"]) == (422, code)


async def test_projects_are_made_in_one_s_own_district(office: Office, sites: TwoSites) -> None:
    body = {"registration_no": f"420999-{draw_code()}", "name": "工程"}
    own = {"district_id": str(sites.here.project.district_id)}
    foreign = {"district_id": str(sites.there.project.district_id)}
    refused = await office.call("district", "POST", "/projects", json=body | foreign)
    assert (refused.status_code, refused.json()["code"]) == (404, "sites.district_unknown")
    assert (await office.call("admin", "POST", "/projects", json=body | own)).status_code == 404
    assert (await office.call("district", "POST", "/projects", json=body | own)).status_code == 201


async def test_projects_are_listed_by_page_and_filter(office: Office) -> None:
    district = await make_district(office.database)
    await office.staff("district", "district", district_id=district)
    made = [await make_project(office.database, district_id=district, name=f"道路{number}_%") for number in range(5)]
    await make_project(office.database, district_id=district, name="桥梁", status="stopped", site_mode="gate")
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = (await office.call("district", "GET", "/projects", params={"limit": 2, **after})).json()
        assert len(page["items"]) <= 2
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert len(seen) == len(set(seen)) == 6
    assert seen == sorted(seen)
    for wanted, count in (
        ({"status": "stopped"}, 1),
        ({"site_mode": "gate"}, 1),
        ({"words": "道路"}, 5),
        ({"words": "_%"}, 5),
        ({"words": "%道"}, 0),
        ({"words": made[0].registration_no.lower()}, 1),
        ({"district_id": str(uuid4())}, 0),
    ):
        found = await office.call("district", "GET", "/projects", params=wanted)
        assert len(found.json()["items"]) == count, wanted
    for bad in ({"limit": 0}, {"limit": 201}, {"after": "x"}, {"status": "y"}, {"words": "\u0000"}):
        assert (await office.call("district", "GET", "/projects", params=bad)).status_code in {400, 422}, bad


async def test_a_project_is_changed_field_by_field(office: Office, sites: TwoSites) -> None:
    path = f"/projects/{sites.here.project.id}"
    changed = await office.call("admin", "PATCH", path, json={"status": "stopped", "ends_on": "2027-01-01"})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["status"], changed.json()["ends_on"]) == ("stopped", "2027-01-01")
    cleared = await office.call("admin", "PATCH", path, json={"ends_on": None})
    assert (cleared.json()["status"], cleared.json()["ends_on"]) == ("stopped", None)
    taken = await office.call("admin", "PATCH", path, json={"registration_no": sites.there.project.registration_no})
    assert (taken.status_code, taken.json()["code"]) == (409, "sites.registration_taken")
    frozen = await office.call("admin", "PATCH", path, json={"cutover": "05:00:00"})
    assert (frozen.status_code, frozen.json()["code"]) == (422, "request.invalid")


async def test_only_supervisors_say_whether_phones_count(office: Office, sites: TwoSites) -> None:
    path = f"/projects/{sites.here.project.id}"
    refused = await office.call("admin", "PATCH", path, json={"site_mode": "phone"})
    assert (refused.status_code, refused.json()["code"]) == (403, "sites.supervisor_needed")
    same = await office.call("admin", "PATCH", path, json={"site_mode": "either", "name": "改名"})
    assert same.status_code == 200
    assert (await office.call("district", "PATCH", path, json={"site_mode": "phone"})).json()["site_mode"] == "phone"


async def test_sections_and_parties_belong_to_their_project(office: Office, sites: TwoSites) -> None:
    path = f"/projects/{sites.here.project.id}"
    section = {"code": "A1", "name": "一标段", "from_chainage_m": 0.0, "to_chainage_m": 3420.5}
    made = await office.call("admin", "POST", f"{path}/sections", json=section)
    assert made.status_code == 201
    assert made.json() | section == made.json()
    taken = await office.call("admin", "POST", f"{path}/sections", json=section)
    assert taken.json()["code"] == "sites.section_code_taken"
    own = f"{path}/sections/{made.json()['id']}"
    reversed_ = await office.call("admin", "PATCH", own, json={"to_chainage_m": -1.0})
    assert (reversed_.status_code, reversed_.json()["code"]) == (422, "sites.chainage_reversed")
    renamed = await office.call("admin", "PATCH", own, json={"code": "A2", "to_chainage_m": None})
    assert (renamed.json()["code"], renamed.json()["to_chainage_m"]) == ("A2", None)
    assert [row["code"] for row in (await office.call("contractor", "GET", f"{path}/sections")).json()] == ["A2"]
    foreign = f"/projects/{sites.there.project.id}/sections/{made.json()['id']}"
    assert (await office.call("stranger", "PATCH", foreign, json={"code": "A3"})).json()["code"] == (
        "sites.section_unknown"
    )

    company = await make_company(office.database)
    party = {"company_id": str(company), "kind": "006"}
    given = await office.call("admin", "POST", f"{path}/parties", json=party)
    assert given.status_code == 201
    assert (await office.call("admin", "POST", f"{path}/parties", json=party)).json()["code"] == "sites.party_exists"
    nobody = await office.call("admin", "POST", f"{path}/parties", json=party | {"company_id": str(uuid4())})
    assert (nobody.status_code, nobody.json()["code"]) == (404, "sites.company_unknown")
    kinds = [row["kind"] for row in (await office.call("supervisor", "GET", f"{path}/parties")).json()]
    assert kinds == ["006", "007", "008", "009"]


async def test_companies_are_one_list_for_all(office: Office, sites: TwoSites) -> None:
    del sites
    name, uscc = f"试验路桥{draw_code()}公司", draw_uscc()
    made = await office.call("admin", "POST", "/companies", json={"name": name, "uscc": uscc.lower()})
    assert (made.status_code, made.json()["uscc"]) == (201, uscc)
    for body, code in (
        ({"name": name}, "sites.company_name_taken"),
        ({"name": f"{name}二", "uscc": uscc}, "sites.uscc_taken"),
        ({"name": f"{name}三", "uscc": "91350100M000100Y44"}, "sites.uscc"),
    ):
        assert (await office.call("admin", "POST", "/companies", json=body)).json()["code"] == code
    for words in (name[2:-2], uscc):
        found = (await office.call("contractor", "GET", "/companies", params={"words": words})).json()
        assert [row["name"] for row in found["items"]] == [name]


async def test_foreign_projects_are_not_there(office: Office, sites: TwoSites) -> None:
    path = f"/projects/{sites.here.project.id}"
    company = str(await make_company(office.database))
    for method, tail, body in (
        ("GET", "", None),
        ("PATCH", "", {"name": "x"}),
        ("GET", "/sections", None),
        ("POST", "/sections", {"code": "A", "name": "A"}),
        ("PATCH", f"/sections/{uuid4()}", {"code": "A"}),
        ("GET", "/parties", None),
        ("POST", "/parties", {"company_id": company, "kind": "009"}),
        ("GET", "/posts", None),
        ("POST", "/posts", {"party_id": str(sites.here.parties["009"].id), "kind": "builder"}),
        ("GET", "/assignments", None),
        ("GET", "/vacancies", None),
        ("GET", "/policy", None),
        ("GET", "/policy/versions", None),
        ("PUT", "/policy", {"policy": {}}),
    ):
        answer = await office.call("stranger", method, path + tail, json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "sites.project_unknown"), (method, tail)


async def test_a_revoked_grant_ends_at_once(office: Office, sites: TwoSites) -> None:
    from sqlalchemy import update

    from backend.identity.tables import RoleGrant

    path = f"/projects/{sites.here.project.id}"
    assert (await office.call("admin", "GET", path)).status_code == 200
    async with office.database.transaction() as tx:
        await tx.execute(
            update(RoleGrant)
            .where(RoleGrant.account_id == office.accounts["admin"])
            .values(revoked_at=office.clock.now())
        )
    assert (await office.call("admin", "GET", path)).status_code == 404


async def test_roles_without_the_scope_are_turned_away(office: Office, sites: TwoSites) -> None:
    path = f"/projects/{sites.here.project.id}"
    await office.staff("vendor", "vendor", project_id=sites.here.project.id)
    assert (await office.call("vendor", "GET", path)).json()["code"] == "request.scope_missing"
    assert (await office.call("contractor", "PATCH", path, json={"name": "x"})).json()[
        "code"
    ] == "request.scope_missing"
    assert (await office.client.get(f"/admin/v1{path}")).status_code == 401
