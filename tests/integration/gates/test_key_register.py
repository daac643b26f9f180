"""Keys from the application to their end, and the register of all that."""

import asyncio
import csv
import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from openpyxl import load_workbook
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backend.gates.registry import key_register
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.integration.gates.desks import Office, gate, issue_key, office, try_issue
from tests.integration.gates.gate_site import GateSite, minutes, rows
from tests.support.factories import make_project


async def apply(desk: Office, gate_id: object, **body: Any) -> str:
    """Apply and return the path of the application."""
    applied = await desk.take("POST", f"/gates/{gate_id}/key-applications", {"reason": "新装闸机", **body})
    return f"/key-applications/{applied['id']}"


async def test_a_vendor_applies_another_approves_and_each_step_is_on_record(
    site: GateSite, desk: Office, database: Database, keys: MemoryKeyRing
) -> None:
    vendor = await office(database, keys, site, "vendor", project_id=site.project_id)
    path = await apply(vendor, site.device.id, reason="东门更换主板")
    early = await vendor.call("POST", f"{path}/issue", {"reason": "x"})
    assert (early.status_code, early.json()["code"]) == (409, "gates.application_settled")
    site.device.clock.advance(minutes(1))
    assert (await desk.take("POST", f"{path}/approval", {"reason": "同意"}))["state"] == "approved"
    site.device.clock.advance(minutes(1))
    issued = await vendor.call("POST", f"{path}/issue", {"reason": "现场领取"})
    assert (issued.status_code, issued.headers["cache-control"]) == (201, "no-store")
    site.device.key_id, site.device.secret = issued.json()["id"], issued.json()["secret"]
    await site.device.deliver(site.device.event(site.people[0]))
    own = await vendor.client.get("/admin/v1/key-applications", headers=dict(vendor.headers))
    (application,) = own.json()["items"]
    told = [(step["step"], step["made_at"], step["reason"]) for step in application["steps"]]
    assert told == [
        ("applied", "2026-03-16T01:30:00Z", "东门更换主板"),
        ("approved", "2026-03-16T01:31:00Z", "同意"),
        ("issued", "2026-03-16T01:32:00Z", "现场领取"),
    ]
    assert application["steps"][2]["key_id"] == issued.json()["id"]
    assert (await desk.take("GET", "/key-applications"))["items"] == [application]


async def test_a_secret_is_shown_once_and_stored_encrypted(
    site: GateSite, desk: Office, admin: Office, database: Database
) -> None:
    answer = await try_issue(admin, desk, site.device.id)
    secret = answer.json()["secret"]
    assert secret not in (await desk.call("GET", f"/gates/{site.device.id}/keys")).text
    assert secret not in (await desk.call("GET", "/key-applications")).text
    (row,) = await rows(database, "SELECT secret_cipher FROM gate_key WHERE id = :id", id=answer.json()["id"])
    assert secret.encode() not in bytes(row["secret_cipher"])
    assert not await rows(database, "SELECT FROM audit_event WHERE detail::text LIKE :part", part=f"%{secret}%")


async def test_nobody_decides_on_his_own_application(site: GateSite, desk: Office) -> None:
    path = await apply(desk, site.device.id)
    for step in ("approval", "rejection"):
        answer = await desk.call("POST", f"{path}/{step}", {"reason": "x"})
        assert (answer.status_code, answer.json()["code"]) == (403, "gates.own_application")


async def test_a_project_admin_applies_but_does_not_approve(site: GateSite, desk: Office, admin: Office) -> None:
    path = await apply(desk, site.device.id)
    answer = await admin.call("POST", f"{path}/approval", {"reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, "request.scope_missing")


async def test_a_key_goes_to_the_one_who_applied(
    site: GateSite, desk: Office, admin: Office, database: Database, keys: MemoryKeyRing
) -> None:
    vendor = await office(database, keys, site, "vendor", project_id=site.project_id)
    path = await apply(vendor, site.device.id)
    await desk.take("POST", f"{path}/approval", {"reason": "x"})
    answer = await admin.call("POST", f"{path}/issue", {"reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, "gates.issue_not_yours")
    foreign = await admin.call("POST", f"{path}/withdrawal", {"reason": "x"})
    assert (foreign.status_code, foreign.json()["code"]) == (404, "gates.application_unknown")
    await desk.take("POST", f"{path}/issue", {"reason": "代领"})


@pytest.mark.parametrize(
    ("first", "state"), [("rejection", "rejected"), ("withdrawal", "withdrawn"), ("approval", "approved")]
)
async def test_each_step_is_made_once_and_in_order(
    site: GateSite, desk: Office, admin: Office, first: str, state: str
) -> None:
    path = await apply(admin, site.device.id)
    who = admin if first == "withdrawal" else desk
    assert (await who.take("POST", f"{path}/{first}", {"reason": "x"}))["state"] == state
    again = await who.call("POST", f"{path}/{first}", {"reason": "x"})
    assert (again.status_code, again.json()["code"], again.json()["state"]) == (409, "gates.application_settled", state)
    if first != "approval":
        late = await desk.call("POST", f"{path}/approval", {"reason": "x"})
        assert late.json()["code"] == "gates.application_settled"


async def test_approved_at_once_by_two_it_is_approved_once(
    site: GateSite, desk: Office, admin: Office, database: Database, keys: MemoryKeyRing
) -> None:
    path = await apply(admin, site.device.id)
    others = [desk, await office(database, keys, site), await office(database, keys, site, "city", **dict[str, Any]())]
    answers = await asyncio.gather(*(one.call("POST", f"{path}/approval", {"reason": "x"}) for one in others))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]


async def test_a_rotation_lets_both_keys_hold_for_a_while(site: GateSite, desk: Office, admin: Office) -> None:
    device = site.device
    old = (device.key_id, device.secret)
    new = await issue_key(admin, desk, device.id, replaces_key_id=old[0], issue={"overlap_h": 2})
    await device.deliver(device.event(site.people[0]))
    device.key_id, device.secret = new["id"], new["secret"]
    await device.deliver(device.event(site.people[1]))
    device.clock.advance(timedelta(hours=2))
    await device.deliver(device.event(site.people[2]))
    device.key_id, device.secret = old
    assert (await device.send([device.event(site.people[0])])).json()["code"] == "gates.key_unknown"


async def test_a_rotation_stands_in_the_register_with_both_keys(site: GateSite, desk: Office, admin: Office) -> None:
    new = await issue_key(admin, desk, site.device.id, replaces_key_id=site.device.key_id)
    (application,) = (await desk.take("GET", "/key-applications"))["items"]
    replaced, issued = sorted(application["steps"], key=lambda step: step["step"], reverse=True)[:1] + [
        step for step in application["steps"] if step["step"] == "issued"
    ]
    assert (replaced["step"], replaced["key_id"]) == ("replaced", site.device.key_id)
    assert (replaced["expires_at"], issued["key_id"]) == ("2026-03-23T01:30:00Z", new["id"])


async def test_two_keys_are_live_and_no_more(site: GateSite, desk: Office, admin: Office) -> None:
    device, path = site.device, f"/gates/{site.device.id}/keys"
    await issue_key(admin, desk, device.id)
    third = await try_issue(admin, desk, device.id)
    assert (third.status_code, third.json()["code"]) == (409, "gates.too_many_keys")
    for _ in range(2):
        await desk.take("POST", f"{path}/{device.key_id}/revocation", {"reason": "设备遗失"})
    assert (await device.send([device.event(site.people[0])])).json()["code"] == "gates.key_unknown"
    assert sorted(key["state"] for key in await desk.take("GET", path)) == ["active", "revoked"]
    await issue_key(admin, desk, device.id)


async def test_keys_issued_at_once_stay_two(site: GateSite, desk: Office, admin: Office) -> None:
    paths = [await apply(admin, site.device.id) for _ in range(4)]
    for path in paths:
        await desk.take("POST", f"{path}/approval", {"reason": "x"})
    answers = await asyncio.gather(*(admin.call("POST", f"{path}/issue", {"reason": "x"}) for path in paths))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_a_key_expires(site: GateSite, desk: Office, admin: Office) -> None:
    now, device = site.device.clock.now(), site.device
    past = await admin.call(
        "POST", f"/gates/{device.id}/key-applications", {"reason": "x", "expires_at": now.isoformat()}
    )
    assert (past.status_code, past.json()["code"]) == (422, "gates.key_expiry_past")
    key = await issue_key(admin, desk, device.id, expires_at=(now + minutes(10)).isoformat())
    device.key_id, device.secret = key["id"], key["secret"]
    device.clock.advance(minutes(9))
    await device.deliver(device.event(site.people[0]))
    device.clock.advance(minutes(1))
    assert (await device.send([device.event(site.people[0])])).json()["code"] == "gates.key_unknown"


async def test_what_cannot_be_applied_for(site: GateSite, desk: Office, admin: Office) -> None:
    other = await desk.take("POST", "/gates", gate())
    path = f"/gates/{other['id']}/key-applications"
    for where, body, status, code in (
        (f"/gates/{uuid4()}/key-applications", {}, 404, "gates.device_unknown"),
        (path, {"replaces_key_id": site.device.key_id}, 404, "gates.no_such_key"),
        (path, {"replaces_key_id": "x"}, 422, "request.invalid"),
        (path, {"credential": "access_token", "replaces_key_id": site.device.key_id}, 422, "gates.replaces_no_key"),
        (path, {"reason": " "}, 422, "request.invalid"),
    ):
        answer = await admin.call("POST", where, {"reason": "新装", **body})
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_steps_are_never_changed(site: GateSite, admin: Office, database: Database) -> None:
    await apply(admin, site.device.id)
    for statement in ("UPDATE gate_key_step SET reason = 'x'", "DELETE FROM gate_key_step"):
        with pytest.raises(DBAPIError):
            async with database.transaction() as tx:
                await tx.execute(text(statement))


async def register(desk: Office, kind: str, **params: Any) -> Any:
    asked = {"from_on": "2026-03-16", "to_on": "2026-03-16", "project_id": str(desk.project_id), **params}
    headers = {**desk.headers, "Accept-Language": "zh-CN"}
    return await desk.client.get(f"/admin/v1/gate-key-register/{kind}", params=asked, headers=headers)


async def test_the_register_of_a_period_is_a_file(site: GateSite, desk: Office, admin: Office) -> None:
    key = await issue_key(admin, desk, site.device.id, reason="=HYPERLINK(1)")
    await desk.take("POST", f"/gates/{site.device.id}/keys/{key['id']}/revocation", {"reason": "设备遗失"})
    answer = await register(desk, "csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    header, *lines = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert [line[header.index("环节")] for line in lines] == ["申请", "审批通过", "下发", "吊销"]
    assert lines[0][header.index("事由")] == "'=HYPERLINK(1)"
    assert lines[0][0] == "2026-03-16 09:30:00"
    book = load_workbook(io.BytesIO((await register(desk, "xlsx")).content))
    sheet = book["密钥申请及下发记录"]
    cells = [[cell.value or "" for cell in row] for row in sheet.iter_rows()]
    assert cells[0] == header
    assert [row[1:13] for row in cells[1:]] == [line[1:13] for line in lines]
    assert (sheet.cell(2, 14).value, sheet.cell(2, 14).data_type) == ("=HYPERLINK(1)", "s")


async def test_a_period_ends_after_it_begins_and_is_of_ones_own_projects(
    site: GateSite, desk: Office, admin: Office, database: Database
) -> None:
    await apply(admin, site.device.id)
    for dates in (
        {"to_on": "2026-03-15"},
        {"from_on": "2000-01-01"},
        {"from_on": "9999-12-31", "to_on": "9999-12-31"},
        {"from_on": "0001-01-01", "to_on": "0001-01-01"},
    ):
        answer = await register(desk, "csv", **dates)
        assert (answer.status_code, answer.json()["code"]) == (422, "gates.period_empty")
    other = await make_project(database)
    foreign = await register(desk, "csv", project_id=str(other.id))
    assert (foreign.status_code, foreign.json()["code"]) == (404, "sites.project_unknown")
    earlier = await register(desk, "csv", from_on="2026-03-14", to_on="2026-03-15")
    assert len(earlier.content.splitlines()) == 1


async def test_a_register_too_long_is_refused(
    site: GateSite, desk: Office, admin: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await issue_key(admin, desk, site.device.id)
    monkeypatch.setattr(key_register, "MOST_STEPS", 2)
    answer = await register(desk, "xlsx")
    assert (answer.status_code, answer.json()["code"], answer.json()["limit"]) == (422, "gates.register_too_long", 2)


async def test_the_report_of_a_year(site: GateSite, desk: Office, admin: Office) -> None:
    key = await issue_key(admin, desk, site.device.id)
    await desk.take("POST", f"/gates/{site.device.id}/keys/{key['id']}/revocation", {"reason": "设备遗失"})
    path = await apply(admin, site.device.id)
    await desk.take("POST", f"{path}/rejection", {"reason": "资料不全"})
    answer = await desk.client.get("/admin/v1/gate-key-report?year=2026", headers=dict(desk.headers))
    (mine,) = [one for one in answer.json()["projects"] if one["project_id"] == str(site.project_id)]
    counts = {step: mine[step] for step in ("applied", "approved", "rejected", "withdrawn", "issued", "replaced")}
    assert counts == {"applied": 2, "approved": 1, "rejected": 1, "withdrawn": 0, "issued": 1, "replaced": 0}
    assert (mine["revoked"], mine["live_at_end"]) == (1, 1)
    file = await desk.client.get("/admin/v1/gate-key-report/xlsx?year=2026", headers=dict(desk.headers))
    book = load_workbook(io.BytesIO(file.content))
    assert book.sheetnames == ["2026 年汇总", "密钥申请及下发记录"]
    totals = {row[0].value: [cell.value for cell in row[2:]] for row in book["2026 年汇总"].iter_rows()}
    assert totals[mine["registration_no"]] == [2, 0, 1, 1, 1, 0, 1, 1]
    empty = await desk.client.get("/admin/v1/gate-key-report?year=2024", headers=dict(desk.headers))
    assert empty.status_code == 200
