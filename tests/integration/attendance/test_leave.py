"""Leave: quotas, days without leave, a deputy who says yes, and a decision by the owner's or the supervisor's side."""

from datetime import date, timedelta
from typing import Any

import pytest

from backend.attendance.requests.facts import approved_leave
from tests.integration.attendance.test_make_ups import MINE, told
from tests.support.requests import Office

LEAVE = "/requests/leave"
FIRST, LAST = date(2026, 3, 18), date(2026, 3, 20)  # Wednesday to Friday; today is Monday the 16th


async def asked(office: Office, post: str = MINE, first: date = FIRST, last: date = LAST, **sides: Any) -> Any:
    """Ask for leave and return the answer."""
    if post == MINE and "deputy_id" not in sides:
        sides["deputy_id"] = str(office.site.people["technical_lead"].id)
    return await office.phone(post, "POST", LEAVE, office.leave(first, last, **sides))


async def test_the_deputy_confirms_then_another_side_decides_and_days_are_facts(office: Office) -> None:
    shown = (await asked(office)).json()
    request = shown["request"]
    assert (request["state"], request["counted_days"]) == ("deputy", 3)
    assert office.site.people["technical_lead"].name in request["waiting"]
    told(await office.decide("supervisor", shown, approve=True), 409, "requests.step_impossible")
    path = f"/requests/{request['request_id']}/deputy-answer"
    told(await office.phone("builder", "POST", path, {"confirm": True}), 404, "requests.unknown")
    named = (await office.phone("technical_lead", "GET", "/requests?as_deputy=true")).json()["items"]
    assert [(one["request_id"], one["statement"]) for one in named] == [(request["request_id"], "")]
    told(await office.phone("technical_lead", "POST", path, {"confirm": False}), 422, "requests.note_missing")
    assert (await office.phone("technical_lead", "POST", path, {"confirm": True})).json()["state"] == "deciding"
    seen = (await office.phone(MINE, "GET", f"/requests/{request['request_id']}")).json()
    assert (await office.decide("owner", seen, approve=True)).json()["request"]["state"] == "approved"
    async with office.database.transaction() as tx:
        (span,) = await approved_leave(tx, FIRST, FIRST, project_ids=[office.site.project.id])
    assert (span.person_id, span.first_on, span.last_on) == (office.site.people[MINE].id, FIRST, LAST)
    listed = (await office.staff("supervisor", "GET", f"/projects/{office.site.project.id}/leave")).json()
    assert [(one["leave_kind"], one["deputy_name"]) for one in listed] == [
        ("personal", office.site.people["technical_lead"].name)
    ]


async def test_the_offer_tells_what_is_left_of_leave_and_who_could_stand_in(office: Office) -> None:
    offer = f"/projects/{office.site.project.id}/request-offer"
    assert (await asked(office)).status_code == 201
    told_quotas = (await office.phone(MINE, "GET", offer)).json()["leave_quotas"]
    assert [(one["span"], one["of"], one["quota"], one["used"]) for one in told_quotas] == [
        ("month", "2026-03", 6, 3),
        ("year", "2026", 20, 3),
    ]
    path = f"/projects/{office.site.project.id}/leave-deputies?first_on={FIRST}&last_on={LAST}"
    could = (await office.phone(MINE, "GET", path)).json()
    assert [(one["post_kind"], one["post_title"]) for one in could] == [("technical_lead", "技术负责人")]


async def test_a_deputy_who_declines_ends_it_and_the_days_are_free_again(office: Office) -> None:
    request = (await asked(office)).json()["request"]
    told(await asked(office, first=LAST, last=LAST), 409, "requests.leave_overlaps")
    path = f"/requests/{request['request_id']}/deputy-answer"
    declined = await office.phone("technical_lead", "POST", path, {"confirm": False, "note": "当日有验收"})
    assert declined.json()["state"] == "rejected"
    assert (await asked(office)).status_code == 201


@pytest.mark.parametrize(
    ("first", "last", "sides", "status", "code"),
    [
        (LAST, FIRST, {}, 422, "sites.dates_reversed"),
        (date(2026, 3, 16), LAST, {}, 422, "requests.leave_too_late"),
        (FIRST, FIRST + timedelta(days=180), {"kind": "sick"}, 422, "requests.leave_too_long"),
        (FIRST, date(2026, 3, 26), {}, 409, "requests.leave_quota_month"),
        (date(2026, 3, 12), LAST, {"kind": "sick"}, 422, "requests.leave_too_late"),
        (FIRST, LAST, {"deputy_id": None}, 422, "requests.deputy_missing"),
        (date(2026, 3, 14), date(2026, 4, 14), {"kind": "sick", "deputy_id": None}, 201, None),
    ],
)
async def test_what_cannot_be_asked_for(  # the sides of a request
    office: Office, first: date, last: date, sides: dict[str, Any], status: int, code: str | None
) -> None:
    answer = await asked(office, first=first, last=last, **sides)
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text


@pytest.mark.parametrize("who", ["builder", "chief_supervisor", MINE])
async def test_only_a_colleague_on_a_fitting_post_stands_in(office: Office, who: str) -> None:
    answer = await asked(office, deputy_id=str(office.site.people[who].id))
    told(answer, 422, "requests.deputy_unfit")


async def test_who_is_on_leave_stands_in_for_nobody(office: Office) -> None:
    path = f"/projects/{office.site.project.id}/leave-deputies?first_on={FIRST}&last_on={LAST}"
    lead = str(office.site.people["technical_lead"].id)
    assert [one["person_id"] for one in (await office.phone(MINE, "GET", path)).json()] == [lead]
    away: dict[str, Any] = {"kind": "sick", "deputy_id": None}
    assert (await asked(office, "technical_lead", LAST, LAST, **away)).status_code == 201
    assert (await office.phone(MINE, "GET", path)).json() == []
    told(await asked(office), 422, "requests.deputy_unfit")


async def test_days_without_leave_are_of_city_district_and_project_until_they_are_lifted(office: Office) -> None:
    body = {"first_on": "2026-03-20", "last_on": "2026-03-22", "name": "塔吊安装", "posts": [MINE]}
    place = {"project_id": str(office.site.project.id)}
    told(await office.staff("district", "POST", "/leave-black-outs", body), 403, "sites.city_needed")
    set_ = (await office.staff("district", "POST", "/leave-black-outs", {**body, **place})).json()
    refused = told(await asked(office), 409, "requests.leave_black_out")
    assert (refused["name"], refused["first_on"]) == ("塔吊安装", "2026-03-20")
    assert (await asked(office, "builder")).status_code == 201
    assert (await asked(office, kind="sick", deputy_id=None)).status_code == 201
    lifting = f"/leave-black-outs/{set_['black_out_id']}/lifting"
    assert (await office.staff("district", "POST", lifting)).json()["lifted_at"] is not None
    told(await office.staff("district", "POST", lifting), 409, "requests.black_out_lifted")


async def test_the_nearest_rule_holds_and_says_so(office: Office) -> None:
    place = {"project_id": str(office.site.project.id)}
    rule = {"settings": {"quotas": [{"per_month": 1}], "deputies": {}}, **place}
    told(await office.staff("supervisor", "POST", "/request-rules/leave", rule), 403, "request.scope_missing")
    told(await office.staff("district", "POST", "/request-rules/nap", rule), 404, "requests.rule_kind_unknown")
    wrong = {**rule, "settings": {"quotas": [{"posts": ["king"]}]}}
    told(await office.staff("district", "POST", "/request-rules/leave", wrong), 422, "requests.rule_invalid")
    past = {**rule, "valid_from": "2026-03-15"}
    told(await office.staff("district", "POST", "/request-rules/leave", past), 422, "requests.rule_in_past")
    assert (await office.staff("district", "POST", "/request-rules/leave", rule)).status_code == 201
    refused = told(await asked(office, deputy_id=None), 409, "requests.leave_quota_month")
    assert (refused["quota"], refused["asked"]) == (1, 3)
    kinds = (await office.staff("supervisor", "GET", "/request-rules")).json()
    (leave,) = [one for one in kinds if one["kind"] == "leave"]
    assert rule["project_id"] in {one["project_id"] for one in leave["set"]}
