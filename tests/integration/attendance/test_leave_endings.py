"""Approved leave that ends early: what was approved stays on record, days are owed again, quotas have them back."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import text

from backend.attendance.requests.facts import approved_leave
from tests.integration.attendance.test_make_ups import told
from tests.support.requests import Office, make_leave

MINE = "project_manager"
FIRST, LAST = date(2026, 3, 18), date(2026, 3, 20)  # Wednesday to Friday; today is Monday the 16th


async def on_leave(office: Office, first: date = FIRST, last: date = LAST) -> dict[str, Any]:
    """Write approved leave of the manager and return it as he sees it."""
    async with office.database.transaction() as tx:
        request_id = await make_leave(tx, office.site, MINE, first, last, kind="personal")
    return (await office.phone(MINE, "GET", f"/requests/{request_id}")).json()


async def ended(office: Office, shown: dict[str, Any], last_on: date | None, **more: Any) -> Any:
    """End the manager's leave by his phone and return the answer."""
    body = {"last_on": None if last_on is None else last_on.isoformat(), **more}
    return await office.phone(MINE, "POST", f"/requests/{shown['request']['request_id']}/ending", body)


async def due_of(office: Office) -> int:
    """Return the manager's due days of March."""
    path = f"/admin/v1/projects/{office.site.project.id}/people/{office.site.people[MINE].id}/rates"
    params = {"first": "2026-03-01", "last": "2026-03-31"}
    answer = await office.client.get(path, headers=await office.officer("district"), params=params)
    return sum(day["due"] for day in answer.json()[0]["days"])


async def used(office: Office) -> int:
    """Return how much of the month's quota is used."""
    offer = (await office.phone(MINE, "GET", f"/projects/{office.site.project.id}/request-offer")).json()
    return offer["leave_quotas"][0]["used"]


async def test_a_person_ends_his_leave_and_what_was_approved_stays_as_it_was(office: Office) -> None:
    shown = await on_leave(office)
    assert (await due_of(office), await used(office)) == (19, 3)
    answer = await ended(office, shown, FIRST, note="提前返岗")
    assert answer.status_code == 200, answer.text
    file = answer.json()
    request, step = file["request"], file["steps"][-1]
    assert (request["state"], request["first_on"], request["last_on"], request["ended_on"]) == (
        "approved",
        "2026-03-18",
        "2026-03-20",
        "2026-03-18",
    )
    assert (step["kind"], step["title"], step["last_on"], step["note"]) == (
        "shortened",
        "提前结束",
        "2026-03-18",
        "提前返岗",
    )
    # Two days are due again and back in the quota, at once; they can be asked for anew.
    assert (await due_of(office), await used(office)) == (21, 1)
    listed = (await office.staff("supervisor", "GET", f"/projects/{office.site.project.id}/leave")).json()
    assert [(one["first_on"], one["last_on"]) for one in listed] == [("2026-03-18", "2026-03-18")]
    async with office.database.transaction() as tx:
        assert await approved_leave(tx, LAST, LAST, project_ids=[office.site.project.id]) == []
        filed = await tx.execute(
            text("SELECT first_on, last_on, counted_days FROM request_filing WHERE id = :id"),
            {"id": request["request_id"]},
        )
        assert tuple(filed.one()) == (FIRST, LAST, 3)
    deputy = str(office.site.people["technical_lead"].id)
    again = await office.phone(MINE, "POST", "/requests/leave", office.leave(LAST, LAST, deputy_id=deputy))
    assert again.status_code == 201, again.text
    # A second ending begins where the first one left it.
    told(await ended(office, shown, FIRST), 422, "requests.ending_whole")
    given_up = (await ended(office, shown, None)).json()["request"]
    assert (given_up["state"], await due_of(office)) == ("withdrawn", 22)
    told(await ended(office, shown, None), 409, "requests.step_impossible")


async def test_an_office_ends_it_too_but_never_on_its_own_party_s_people(office: Office) -> None:
    shown = await on_leave(office)
    path = f"/projects/{office.site.project.id}/requests/{shown['request']['request_id']}/ending"
    body = {"last_on": "2026-03-19", "seq": 1, "note": "危大工程施工，通知返岗"}
    assert (await office.staff("project_admin", "POST", path, body)).status_code == 403
    told(await office.staff("supervisor", "POST", path, {**body, "seq": 7}), 409, "requests.moved")
    done = await office.staff("supervisor", "POST", path, body)
    assert done.status_code == 200, done.text
    assert (done.json()["request"]["ended_on"], done.json()["steps"][-1]["note"]) == ("2026-03-19", body["note"])
    async with office.database.transaction() as tx:
        acts = await tx.scalar(
            text("SELECT count(*) FROM audit_event WHERE action = 'request.shortened' AND project_id = :project"),
            {"project": office.site.project.id},
        )
    assert acts == 1
    async with office.database.transaction() as tx:
        chiefs = await make_leave(tx, office.site, "chief_supervisor", FIRST, LAST)
    path = f"/projects/{office.site.project.id}/requests/{chiefs}/ending"
    told(await office.staff("supervisor", "POST", path, body), 403, "requests.own_party")


async def test_an_ending_may_come_some_days_late_and_never_after_the_last_day(office: Office) -> None:
    # Three days late at most: today is Monday the 16th, the 12th is the last day that can still be named.
    shown = await on_leave(office, date(2026, 3, 9), date(2026, 3, 18))
    for last_on in (date(2026, 3, 11), date(2026, 3, 18), date(2026, 4, 1), date.max, date.min, None):
        told(await ended(office, shown, last_on), 422, "requests.ending_invalid")
    assert (await ended(office, shown, date(2026, 3, 12))).status_code == 200
    open_ = (await office.phone(MINE, "POST", "/requests/leave", office.leave(LAST, LAST, kind="sick"))).json()
    told(await ended(office, open_, None), 409, "requests.step_impossible")
    office.clock.advance(timedelta(days=30))
    told(await ended(office, shown, date(2026, 3, 11)), 422, "requests.ending_too_late")
    foreign = f"/requests/{shown['request']['request_id']}/ending"
    told(await office.phone("builder", "POST", foreign, {"last_on": None}), 404, "requests.unknown")
