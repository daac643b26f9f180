import asyncio
from datetime import timedelta
from typing import Any

import pytest
from httpx import Response
from litestar import Litestar
from sqlalchemy import func, select

from backend.identity.tables import Account, AuditEvent
from backend.sites.tables import Assignment, Company, Person, Post, ProjectParty
from tests.integration.sites.conftest import Office, TwoSites, statements
from tests.support.databases import TEST_DAY
from tests.support.factories import (
    draw_code,
    draw_number,
    draw_phone,
    draw_uscc,
    make_assignment,
    make_person,
    make_post,
    make_section,
)
from tests.support.rosters import csv_roster, roster_line, xlsx_roster

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def send(
    office: Office,
    sites: TwoSites,
    body: bytes,
    *,
    name: str = "admin",
    kind: str = CSV,
    **params: Any,
) -> Response:
    return await office.call(
        name,
        "POST",
        f"/projects/{sites.here.project.id}/roster-imports",
        params=params,
        content=body,
        headers={"Content-Type": kind},
    )


async def stored(office: Office, sites: TwoSites) -> dict[str, int]:
    project = sites.here.project.id
    async with office.database.transaction() as tx:
        on_project = {
            table.__tablename__: await tx.scalar(select(func.count()).where(table.project_id == project)) or 0
            for table in (ProjectParty, Post, Assignment)
        }
        people = select(Assignment.person_id).where(Assignment.project_id == project)
        on_project["account"] = await tx.scalar(select(func.count()).where(Account.person_id.in_(people))) or 0
    return on_project


def team() -> list[dict[str, str]]:
    """Make a contractor with a manager, two safety officers and a worker of its labour party, and a supervisor."""
    contractor, labour, supervisor = (f"试验{word}{draw_code()}公司" for word in ("建设", "劳务", "监理"))
    code = draw_uscc()
    return [
        roster_line(company=contractor, uscc=code),
        roster_line(company=contractor, post="安全员"),
        roster_line(company=contractor, post="专职安全员", to_on="2026-12-31"),
        roster_line(company=labour, party_kind="劳务分包", post="工人", phone=""),
        roster_line(company=supervisor, party_kind="监理单位", post="总监"),
    ]


async def test_a_roster_is_imported_and_a_second_time_changes_nothing(office: Office, sites: TwoSites) -> None:
    body = csv_roster(team())
    before = await stored(office, sites)
    first = await send(office, sites, body)
    assert first.status_code == 200, first.text
    assert first.json()["outcome"] == "applied"
    assert first.json()["faults"] == []
    assert first.json()["counts"] == {
        "lines": 5,
        "created": 5,
        "updated": 0,
        "unchanged": 0,
        "faulty": 0,
        "companies": 3,
        "parties": 3,
        "posts": 4,
        "people": 5,
        "assignments": 5,
        "accounts": 4,
    }
    after = await stored(office, sites)
    assert {name: after[name] - before[name] for name in after} == {
        "project_party": 3,
        "post": 4,
        "assignment": 5,
        "account": 4,
    }
    second = await send(office, sites, body)
    assert second.json()["digest"] == first.json()["digest"]
    assert second.json()["counts"] == first.json()["counts"] | {
        "created": 0,
        "unchanged": 5,
        "companies": 0,
        "parties": 0,
        "posts": 0,
        "people": 0,
        "assignments": 0,
        "accounts": 0,
    }
    assert await stored(office, sites) == after
    posts = (await office.call("admin", "GET", f"/projects/{sites.here.project.id}/posts")).json()
    assert sorted(row["seats"] for row in posts if row["kind"] == "safety_officer") == [2]


async def test_an_imported_key_person_logs_in_with_his_phone(office: Office, sites: TwoSites) -> None:
    line = roster_line()
    await send(office, sites, csv_roster([line]))
    asked = await office.client.post("/mobile/v1/session/code", json={"phone_number": line["phone"]})
    assert asked.status_code in {200, 201, 202}, asked.text
    found = await office.call("admin", "POST", "/people/search", json={"phone": line["phone"]})
    (person,) = found.json()["items"]
    async with office.database.transaction() as tx:
        account = (await tx.execute(select(Account.kind, Account.state).where(Account.person_id == person["id"]))).one()
    assert tuple(account) == ("person", "active")


async def test_a_dry_run_tells_the_same_and_writes_nothing(office: Office, sites: TwoSites) -> None:
    lines = [*team(), roster_line(name="")]
    before = await stored(office, sites)
    told = await send(office, sites, csv_roster(lines), dry_run="true")
    assert told.json()["outcome"] == "dry_run"
    assert (told.json()["counts"]["created"], told.json()["counts"]["faulty"]) == (5, 1)
    assert await stored(office, sites) == before
    async with office.database.transaction() as tx:
        assert await tx.scalar(select(func.count()).where(Company.name == lines[0]["company"])) == 0
        acts = select(func.count()).where(AuditEvent.project_id == sites.here.project.id)
        assert await tx.scalar(acts) == 0
    real = await send(office, sites, csv_roster(lines[:-1]))
    assert real.json()["counts"] == told.json()["counts"] | {"faulty": 0, "lines": 5}


async def test_one_faulty_line_refuses_the_file_unless_parts_are_wanted(office: Office, sites: TwoSites) -> None:
    lines = [roster_line(), roster_line(document_number="990101198505200010", from_on="明天")]
    before = await stored(office, sites)
    refused = await send(office, sites, csv_roster(lines))
    assert (refused.status_code, refused.json()["outcome"]) == (200, "refused")
    assert refused.json()["faults"] == [
        {
            "line": 3,
            "column": "证件号码",
            "code": "sites.id_number_checksum",
            "message": "身份证号码校验位不符，号码中有错",
            "advice": "请对照证件逐位核对，注意相邻数字是否颠倒。",
        },
        {
            "line": 3,
            "column": "进场日期",
            "code": "sites.roster_date",
            "message": "无法识别日期",
            "advice": "请填写如 2026-01-02 的日期。",
        },
    ]
    assert await stored(office, sites) == before
    partial = await send(office, sites, csv_roster(lines), partial="true")
    assert (partial.json()["outcome"], partial.json()["counts"]["created"]) == ("applied", 1)
    assert (await stored(office, sites))["assignment"] == before["assignment"] + 1
    assert "990101198505200010" not in refused.text + partial.text


async def test_faults_are_told_in_the_caller_s_language(office: Office, sites: TwoSites) -> None:
    answer = await office.call(
        "admin",
        "POST",
        f"/projects/{sites.here.project.id}/roster-imports",
        content=csv_roster([roster_line(from_on="x")]),
        headers={"Content-Type": CSV, "Accept-Language": "en"},
    )
    assert answer.json()["faults"][0]["message"] == "This is no date"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_a_roster_may_come_in_any_usual_encoding(office: Office, sites: TwoSites, encoding: str) -> None:
    line = roster_line(name="欧阳建国")
    answer = await send(office, sites, csv_roster([line], encoding=encoding), kind="text/csv; charset=x")
    assert answer.json()["counts"]["created"] == 1, answer.text
    found = await office.call("admin", "POST", "/people/search", json={"document": line["document_number"]})
    assert [row["name"] for row in found.json()["items"]] == ["欧阳建国"]


async def test_a_workbook_says_the_same_as_the_text(office: Office, sites: TwoSites) -> None:
    lines = team()
    assert (await send(office, sites, xlsx_roster(lines), kind=XLSX)).json()["counts"]["created"] == 5
    assert (await send(office, sites, csv_roster(lines))).json()["counts"]["unchanged"] == 5


async def test_later_rosters_update_what_they_name(office: Office, sites: TwoSites) -> None:
    section = draw_code(3)
    await make_section(office.database, sites.here.project.id, code=section)
    line = roster_line()
    await send(office, sites, csv_roster([line]))
    code = draw_uscc()
    changed = await send(
        office, sites, csv_roster([line | {"to_on": "2026-06-30", "section": section, "seats": "2", "uscc": code}])
    )
    assert changed.json()["outcome"] == "applied", changed.text
    assert (changed.json()["counts"]["updated"], changed.json()["counts"]["created"]) == (1, 0)
    listed = await office.call("admin", "GET", f"/projects/{sites.here.project.id}/assignments", params={"limit": 200})
    (row,) = [item for item in listed.json()["items"] if item["company_name"] == line["company"]]
    assert (row["to_on"], row["section_id"] is not None) == ("2026-06-30", True)
    posts = (await office.call("admin", "GET", f"/projects/{sites.here.project.id}/posts")).json()
    assert [post["seats"] for post in posts if post["company_name"] == line["company"]] == [2]
    found = (await office.call("admin", "GET", "/companies", params={"words": code})).json()["items"]
    assert [company["name"] for company in found] == [line["company"]]


async def test_what_does_not_fit_what_is_on_file_is_a_fault(office: Office, sites: TwoSites) -> None:
    manager, stranger = sites.here.people["project_manager"], sites.there.people["project_manager"]
    company = sites.here.parties["009"].company
    lines = [
        roster_line(document_number=manager.number, name="另一人"),
        roster_line(document_number=manager.number, name=manager.name, phone=draw_phone(), company=company),
        roster_line(phone=stranger.phone),
        roster_line(section="没有"),
        roster_line(
            document_number=manager.number,
            name=manager.name,
            phone=manager.phone,
            company=company,
            from_on=TEST_DAY.isoformat(),
        ),
    ]
    found: list[tuple[str, str]] = []
    for line in lines:
        answer = await send(office, sites, csv_roster([line]))
        assert answer.json()["outcome"] == "refused"
        found += [(fault["column"], fault["code"]) for fault in answer.json()["faults"]]
    assert ("姓名", "sites.person_name_differs") in found
    assert ("手机号", "sites.phone_is_login") in found
    assert ("手机号", "sites.phone_taken") in found
    assert ("标段", "sites.section_unknown") in found
    assert ("进场日期", "sites.assignment_overlaps") in found


async def test_nobody_gets_a_log_in_in_the_name_of_another_project_s_worker(office: Office, sites: TwoSites) -> None:
    """Neither by a roster nor by correcting him once he is assigned; his own number does it."""
    worker = await make_person(office.database, office.keys)
    post = await make_post(office.database, sites.there.parties["009"], kind="worker", seats=10)
    await make_assignment(office.database, sites.there.project.id, post, worker.id)
    line = roster_line(name=worker.name, document_number=worker.number, phone=draw_phone(), post="专职安全员")
    answer = await send(office, sites, csv_roster([line]))
    assert [fault["code"] for fault in answer.json()["faults"]] == ["sites.phone_elsewhere"], answer.text

    assigned = await send(office, sites, csv_roster([line | {"post": "工人", "phone": ""}]))
    assert assigned.json()["outcome"] == "applied", assigned.text
    path = f"/people/{worker.id}"
    refused = await office.call("admin", "PATCH", path, json={"phone": line["phone"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "sites.phone_elsewhere")
    again = await send(office, sites, csv_roster([line]))
    assert again.json()["outcome"] == "refused"

    own = await send(office, sites, csv_roster([line | {"phone": worker.phone}]))
    assert (own.json()["outcome"], own.json()["counts"]["accounts"]) == ("applied", 1), own.text


async def test_a_person_of_another_project_is_linked_and_not_copied(office: Office, sites: TwoSites) -> None:
    known = sites.there.people["project_manager"]
    line = roster_line(name=known.name, document_number=known.number, phone=known.phone)
    answer = await send(office, sites, csv_roster([line]))
    assert (answer.json()["counts"]["created"], answer.json()["counts"]["people"]) == (1, 0), answer.text
    assert answer.json()["counts"]["accounts"] == 0
    async with office.database.transaction() as tx:
        assert await tx.scalar(select(func.count()).where(Person.name == known.name, Person.id == known.id)) == 1
    assert (await office.call("admin", "GET", f"/people/{known.id}")).status_code == 200


async def test_a_long_roster_takes_as_many_statements_as_a_short_one(
    app: Litestar, office: Office, sites: TwoSites
) -> None:
    company = f"试验劳务{draw_code()}公司"
    numbers: set[int] = set()
    for size in (3, 300):
        lines = [
            roster_line(company=company, party_kind="劳务分包", post="工人", phone="", document_number=draw_number())
            for _ in range(size)
        ]
        with statements(app) as seen:
            answer = await send(office, sites, csv_roster(lines))
        assert answer.json()["counts"]["created"] == size, answer.text
        if size > 3:
            numbers.add(len(seen))
    assert max(numbers) <= 16


async def test_two_imports_at_once_make_everything_once(office: Office, sites: TwoSites) -> None:
    body = csv_roster(team())
    before = await stored(office, sites)
    answers = await asyncio.gather(*(send(office, sites, body) for _ in range(2)))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert sorted(answer.json()["counts"]["created"] for answer in answers) == [0, 5]
    assert (await stored(office, sites))["assignment"] == before["assignment"] + 5


async def test_files_that_are_no_rosters_are_told_so(office: Office, sites: TwoSites) -> None:
    for body, kind, status, code in (
        (b"", CSV, 422, "sites.roster_header"),
        (b"a,b\r\n1,2\r\n", CSV, 422, "sites.roster_header"),
        (b"PK\x03\x04", XLSX, 422, "sites.roster_unreadable"),
        (csv_roster([roster_line()]), XLSX, 422, "sites.roster_unreadable"),
        (b"\xff\xff\x80\x80,\xfe", CSV, 422, "sites.roster_encoding"),
        (b"x" * 5_000_001, CSV, 413, "sites.roster_too_large"),
        (b"{}", "application/json", 415, "request.media_type"),
        (b"{}", "", 415, "request.media_type"),
    ):
        refused = await send(office, sites, body, kind=kind)
        assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
    huge = await send(office, sites, b"x" * 7_000_000)
    assert huge.status_code == 413


async def test_rosters_are_imported_into_one_s_own_projects(office: Office, sites: TwoSites) -> None:
    body = csv_roster([roster_line()])
    refused = await send(office, sites, body, name="stranger")
    assert (refused.status_code, refused.json()["code"]) == (404, "sites.project_unknown")
    assert (await send(office, sites, body, name="contractor")).json()["code"] == "request.scope_missing"
    assert (await send(office, sites, body, name="district")).json()["outcome"] == "applied"


async def test_an_import_is_an_act_on_record(office: Office, sites: TwoSites) -> None:
    answer = await send(office, sites, csv_roster([roster_line()]))
    async with office.database.transaction() as tx:
        detail = await tx.scalar(
            select(AuditEvent.detail).where(
                AuditEvent.action == "roster.imported", AuditEvent.project_id == sites.here.project.id
            )
        )
    assert detail is not None
    assert (detail["digest"], detail["created"]) == (answer.json()["digest"], 1)


async def test_the_empty_roster_is_handed_out(office: Office, sites: TwoSites) -> None:
    del sites
    for form, kind in (("csv", CSV), ("xlsx", XLSX)):
        answer = await office.call("contractor", "GET", f"/roster-template/{form}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
        assert answer.headers["content-disposition"] == f'attachment; filename="roster.{form}"'
        assert len(answer.content) > 50


async def test_dates_beyond_the_last_day_stay_on_file(office: Office, sites: TwoSites) -> None:
    line = roster_line(to_on="2026-06-30")
    await send(office, sites, csv_roster([line]))
    reread = await send(office, sites, csv_roster([line | {"to_on": ""}]))
    assert reread.json()["counts"]["unchanged"] == 1
    longer = (TEST_DAY + timedelta(days=300)).isoformat()
    assert (await send(office, sites, csv_roster([line | {"to_on": longer}]))).json()["counts"]["updated"] == 1
