import io
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import pytest
from httpx import AsyncClient
from litestar import Litestar
from openpyxl import load_workbook
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.reports.bulletins.content import freeze, thaw
from backend.reports.bulletins.issuing import BulletinTools, issue_due
from tests.integration.reports.conftest import Attend, Quarter
from tests.support.pdfs import pages_of

pytestmark = pytest.mark.anyio
WEEK = {"kind": "weekly", "on": "2026-03-11"}
BASE = "/admin/v1/bulletins"


async def issued(client: AsyncClient, quarter: Quarter, **body: object) -> str:
    answer = await client.post(
        BASE, json={**WEEK, "district_id": str(quarter.district), **body}, headers=quarter.officer
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def shown(client: AsyncClient, quarter: Quarter, bulletin_id: str, **params: int) -> dict[str, Any]:
    answer = await client.get(f"{BASE}/{bulletin_id}", headers=quarter.officer, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_week_s_bulletin_counts_what_the_ledger_has(
    client: AsyncClient, quarter: Quarter, attend: Attend, database: Database
) -> None:
    await attend(quarter.site, "project_manager", [0, 1, 2, 3, 4])
    await attend(quarter.site, "safety_officer", [0, 1, 2])
    await attend(quarter.site, "safety_officer", [3], outcome="review")
    content = (await shown(client, quarter, await issued(client, quarter)))["content"]
    posts = content["totals"]["posts"]
    assert (posts["project_manager"]["due"], posts["project_manager"]["rate"]) == (5, 10_000)
    assert (posts["safety_officer"]["rate"], posts["safety_officer"]["rate_at_most"]) == (6000, 8000)
    assert (posts["chief_supervisor"]["valid"], posts["chief_supervisor"]["rate"]) == (0, 0)
    assert content["quality"]["in_review"] == 2
    (line,) = content["failing"]
    assert line["name"] == quarter.site.project.name
    assert [(one["post_kind"], one["threshold"]) for one in line["shortfalls"]] == [
        ("safety_officer", 8000),
        ("chief_supervisor", 5000),
    ]
    assert content["rule_sets"] == [{"rule_set_id": None, "name": "", "version": 1, "projects": 1}]
    async with database.transaction() as tx:
        newest = await tx.scalar(text("SELECT max(id) FROM ledger_outbox"))
    # Of what is settled: transactions in other databases of the cluster, those of other tests, may hold that back.
    assert 0 <= content["ledger"]["entry"] <= newest


async def test_what_was_published_never_changes_and_a_correction_says_what_it_changed(
    client: AsyncClient, quarter: Quarter, attend: Attend
) -> None:
    bulletin_id = await issued(client, quarter)
    first = await shown(client, quarter, bulletin_id)
    again = await client.post(f"{BASE}/{bulletin_id}/editions", json={"reason": "无"}, headers=quarter.officer)
    assert (again.status_code, again.json()["code"]) == (409, "bulletins.nothing_changed")
    await attend(quarter.site, "chief_supervisor", [0, 1, 2])
    assert await shown(client, quarter, bulletin_id) == first, "late punches change nothing that was published"
    answer = await client.post(
        f"{BASE}/{bulletin_id}/editions", json={"reason": "闸机恢复后补传"}, headers=quarter.officer
    )
    assert answer.json() == {"id": bulletin_id, "edition": 2}
    second = await shown(client, quarter, bulletin_id)
    assert [one["reason"] for one in second["editions"]] == [None, "闸机恢复后补传"]
    assert (await shown(client, quarter, bulletin_id, edition=1))["content"] == first["content"]
    told = await client.get(f"{BASE}/{bulletin_id}/differences", params={"edition": 2}, headers=quarter.officer)
    rates = [
        one for one in told.json()["differences"] if one["path"] == ["totals", "posts", "chief_supervisor", "rate"]
    ]
    assert [(one["before"], one["after"]) for one in rates] == [(0, 6000)]
    none = await client.get(f"{BASE}/{bulletin_id}/differences", params={"edition": 1}, headers=quarter.officer)
    assert none.status_code == 404
    page = await client.get(f"{BASE}/{bulletin_id}/page", headers=quarter.officer)
    assert "更正原因：闸机恢复后补传" in page.text


async def test_the_digest_is_of_the_very_bytes_and_stands_on_every_form(client: AsyncClient, quarter: Quarter) -> None:
    bulletin_id = await issued(client, quarter)
    frozen = await client.get(f"{BASE}/{bulletin_id}/frozen", headers=quarter.officer)
    digest = (await shown(client, quarter, bulletin_id))["digest"]
    assert sha256(frozen.content).hexdigest() == digest
    assert freeze(thaw(frozen.content)) == (frozen.content, digest)
    page = await client.get(f"{BASE}/{bulletin_id}/page", headers=quarter.officer)
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert digest in page.text
    printed = await client.get(f"{BASE}/{bulletin_id}/pdf", headers=quarter.officer)
    assert printed.headers["content-disposition"] == 'attachment; filename="bulletin-weekly-20260309-1.pdf"'
    assert digest in "".join(pages_of(printed.content))
    book = load_workbook(io.BytesIO((await client.get(f"{BASE}/{bulletin_id}/xlsx", headers=quarter.officer)).content))
    assert digest in [cell.value for row in book.worksheets[0].iter_rows() for cell in row]
    english = await client.get(f"{BASE}/{bulletin_id}/page", headers={**quarter.officer, "Accept-Language": "en"})
    assert "Weekly bulletin: key personnel on post" in english.text


async def test_a_district_sees_and_issues_its_own_alone(client: AsyncClient, quarter: Quarter) -> None:
    bulletin_id = await issued(client, quarter)
    for path in ("", "/frozen", "/page", "/pdf", "/xlsx"):
        assert (await client.get(f"{BASE}/{bulletin_id}{path}", headers=quarter.foreign)).status_code == 404
        assert (await client.get(f"{BASE}/{bulletin_id}{path}", headers=quarter.admin)).status_code == 403
    own = {"district_id": str(quarter.district)}
    refused = await client.post(BASE, json={**WEEK, **own}, headers=quarter.foreign)
    assert (refused.status_code, refused.json()["code"]) == (403, "bulletins.scope_not_own")
    assert (await client.post(BASE, json=WEEK, headers=quarter.officer)).status_code == 403, "the city's is the city's"
    draft = await client.get("/admin/v1/bulletin-draft", params={**WEEK, **own}, headers=quarter.foreign)
    assert draft.status_code == 403
    assert bulletin_id not in (await client.get(BASE, headers=quarter.foreign, params={"limit": 200})).text
    assert bulletin_id in (await client.get(BASE, headers=quarter.city, params={**own, "limit": 200})).text


async def test_a_draft_is_kept_nowhere(client: AsyncClient, quarter: Quarter) -> None:
    own = {"district_id": str(quarter.district)}
    draft = await client.get("/admin/v1/bulletin-draft", params={**WEEK, **own}, headers=quarter.officer)
    assert draft.json()["content"]["totals"]["projects"] == 1
    assert (await client.get(BASE, params=own, headers=quarter.officer)).json()["items"] == []


@pytest.mark.parametrize(
    ("on", "status", "code"),
    [("2026-03-16", 409, "bulletins.period_not_over"), ("1999-12-31", 422, "bulletins.period_too_early")],
)
async def test_a_period_that_is_not_over_or_never_was(
    client: AsyncClient, quarter: Quarter, on: str, status: int, code: str
) -> None:
    answer = await client.post(
        BASE, json={"kind": "daily", "on": on, "district_id": str(quarter.district)}, headers=quarter.officer
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_period_is_issued_once(client: AsyncClient, quarter: Quarter) -> None:
    await issued(client, quarter)
    answer = await client.post(
        BASE, json={**WEEK, "on": "2026-03-15", "district_id": str(quarter.district)}, headers=quarter.officer
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "bulletins.already_issued")


async def test_changes_refer_to_the_period_before(client: AsyncClient, quarter: Quarter, attend: Attend) -> None:
    await attend(quarter.site, "project_manager", [2])
    await issued(client, quarter, kind="daily", on="2026-03-10")
    later = await issued(client, quarter, kind="daily", on="2026-03-11")
    content = (await shown(client, quarter, later))["content"]
    assert content["before"]["to_on"] == "2026-03-10"
    assert content["change"]["posts"]["project_manager"] == 10_000


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE bulletin_edition SET issuer = 'x'",
        "DELETE FROM bulletin_edition",
        "UPDATE bulletin SET kind = 'daily'",
        "TRUNCATE bulletin_edition",
    ],
)
async def test_the_database_lets_nobody_alter_what_was_published(
    client: AsyncClient, quarter: Quarter, database: Database, statement: str
) -> None:
    await issued(client, quarter)
    with pytest.raises((ProgrammingError, DBAPIError)):
        async with database.transaction() as tx:
            await tx.execute(text(statement))


async def test_a_digest_of_something_else_cannot_be_stored(
    client: AsyncClient, quarter: Quarter, database: Database
) -> None:
    bulletin_id = await issued(client, quarter)
    with pytest.raises(DBAPIError, match="ck_bulletin_edition_digest"):
        async with database.transaction() as tx:
            await tx.execute(
                text(
                    "INSERT INTO bulletin_edition (bulletin_id, edition, content, digest, ledger_entry, reason,"
                    " issued_by, issued_at) SELECT bulletin_id, 2, content || ' '::bytea, digest, 1, 'x',"
                    " (SELECT id FROM account LIMIT 1), issued_at FROM bulletin_edition WHERE bulletin_id = :id"
                ),
                {"id": bulletin_id},
            )


async def test_the_schedule_issues_what_is_due_once_and_nothing_from_before_it_was_set(
    client: AsyncClient, quarter: Quarter, app: Litestar, clock: ManualClock
) -> None:
    tools: BulletinTools = replace(app.state.bulletin_tools, clock=clock)
    own = {"district_id": str(quarter.district)}
    wanted = {"daily": {"issue": "automatic", "at": "07:00:00"}, "issuer": "示例区建设局", **own}
    answer = await client.put("/admin/v1/bulletin-settings", json=wanted, headers=quarter.officer)
    assert answer.json()["settings"]["weekly"] == {"issue": "by_hand", "at": "08:00:00"}
    await issue_due(tools)
    assert (await client.get(BASE, params=own, headers=quarter.officer)).json()["items"] == []
    clock.advance(timedelta(days=1))
    await issue_due(tools)
    await issue_due(tools)
    clock.advance(timedelta(days=-1))  # log-ins end
    (line,) = (await client.get(BASE, params=own, headers=quarter.officer)).json()["items"]
    assert (line["kind"], line["from_on"], line["edition"]) == ("daily", "2026-03-16", 1)
    made = await shown(client, quarter, line["id"])
    assert (made["issuer"], made["issued_by_name"]) == ("示例区建设局", None)
    held = await client.put("/admin/v1/bulletin-settings", json=own, headers=quarter.officer)
    assert held.json()["settings"]["daily"]["issue"] == "by_hand"
    assert date.fromisoformat(line["to_on"]) == date(2026, 3, 16)


async def test_settings_of_another_scope(client: AsyncClient, quarter: Quarter) -> None:
    own = {"district_id": str(quarter.district)}
    assert (await client.put("/admin/v1/bulletin-settings", json=own, headers=quarter.foreign)).status_code == 403
    assert (await client.put("/admin/v1/bulletin-settings", json={}, headers=quarter.officer)).status_code == 403
    shown = await client.get("/admin/v1/bulletin-settings", params=own, headers=quarter.officer)
    assert (shown.json()["set_at"], shown.json()["settings"]["daily"]["issue"]) == (None, "by_hand")
