"""Appeals: against a punch, a day, a refusal; by another party, within terms, and one office up when nobody decides."""

from datetime import timedelta
from typing import Any

from backend.attendance.requests.escalating import escalate_appeals
from tests.integration.attendance.test_make_ups import MAKE_UPS, MINE, filed, told
from tests.support.ledgers import append, entry, stored_day
from tests.support.requests import Office

APPEALS = "/requests/appeals"


async def appealed(office: Office, body: object, post: str = MINE) -> dict[str, Any]:
    """File an appeal and return it."""
    answer = await office.phone(post, "POST", APPEALS, body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_refused_punch_counts_on_appeal_by_a_new_ruling(office: Office) -> None:
    project_id, person_id = office.site.project.id, office.site.people[MINE].id
    one = entry(project_id, person_id, office.clock.now() - timedelta(hours=1), outcome="refused")
    await append(office.database, [one], office.clock.now())
    body = office.appeal("punch", punch_id=str(one.punch_id))
    told(await office.phone("builder", "POST", APPEALS, body), 422, "requests.nothing_to_appeal")
    shown = await appealed(office, body)
    assert (shown["request"]["due_on"], shown["request"]["waiting"][:2]) == ("2026-04-07", "等待")
    again = office.appeal("punch", punch_id=str(one.punch_id))
    told(await office.phone(MINE, "POST", APPEALS, again), 409, "requests.appealed_already")
    decided = (await office.decide("supervisor", shown, approve=True, note="影像可见本人")).json()
    assert decided["request"]["state"] == "approved"
    file = (await office.staff("city", "GET", f"/projects/{project_id}/punches/{one.punch_id}")).json()
    last = file["rulings"][-1]
    assert (last["outcome"], last["note"], last["reasons"][0]["code"]) == (
        "counted",
        "影像可见本人",
        "attendance.appeal_upheld",
    )
    (day,) = await stored_day(office.database, project_id, person_id)
    assert day["punches"] == 1


async def test_who_ruled_on_the_punch_does_not_decide_on_the_appeal(office: Office) -> None:
    project_id, person_id = office.site.project.id, office.site.people[MINE].id
    one = entry(project_id, person_id, office.clock.now() - timedelta(hours=1), outcome="review")
    await append(office.database, [one], office.clock.now())
    ruling = {"outcome": "refused", "note": "无影像", "seq": 1}
    path = f"/projects/{project_id}/punches/{one.punch_id}/rulings"
    assert (await office.staff("supervisor", "POST", path, ruling)).status_code == 201
    shown = await appealed(office, office.appeal("punch", punch_id=str(one.punch_id)))
    told(await office.decide("supervisor", shown, approve=False), 403, "requests.own_step")
    assert (await office.decide("supervisor/2", shown, approve=False)).status_code == 200


async def test_a_missing_day_becomes_two_punches(office: Office) -> None:
    morning = office.clock.now() - timedelta(days=3)
    claims = [
        {"direction": "in", "at": morning.isoformat()},
        {"direction": "out", "at": (morning + timedelta(hours=9)).isoformat()},
    ]
    backwards = office.appeal("day", claims=[claims[0], {**claims[1], "at": claims[0]["at"]}])
    told(await office.phone(MINE, "POST", APPEALS, backwards), 422, "requests.claim_invalid")
    shown = await appealed(office, office.appeal("day", claims=claims))
    # What an appeal asks for is no make-up's any more.
    taken = office.make_up(morning + timedelta(hours=1))
    told(await office.phone(MINE, "POST", MAKE_UPS, taken), 409, "requests.claim_taken")
    decided = (await office.decide("owner", shown, approve=True)).json()
    assert all(claim["punch_id"] for claim in decided["request"]["claims"])
    (day,) = await stored_day(office.database, office.site.project.id, office.site.people[MINE].id)
    assert (day["punches"], day["valid"], day["sources"]) == (2, True, ["make_up"])


async def test_seven_working_days_to_file_and_one_office_up_after_fifteen(office: Office) -> None:
    # Monday: the seven working days after Thursday 5 March end today, those after the day before have ended.
    for days, status in ((11, 201), (12, 422)):
        claims = [{"direction": "in", "at": (office.clock.now() - timedelta(days=days)).isoformat()}]
        answer = await office.phone(MINE, "POST", APPEALS, office.appeal("day", claims=claims))
        assert answer.status_code == status, answer.text
    claims = [{"direction": "in", "at": (office.clock.now() - timedelta(days=1)).isoformat()}]
    shown = await appealed(office, office.appeal("day", claims=claims))
    path, escalated = f"/requests/{shown['request']['request_id']}", list[int]()
    for days in (22, 1, 26):  # until 7 April it may be decided; then until 28 April by the district
        office.clock.advance(timedelta(days=days))
        await escalate_appeals(office.database, office.clock)
        now = (await office.phone(MINE, "GET", path)).json()
        escalated.append(now["request"]["level"])
    assert escalated == [0, 1, 2]
    assert [step["by"] for step in now["steps"] if step["kind"] == "escalated"] == [None, None]
    told(await office.decide("supervisor", now, approve=False), 403, "requests.higher_decides")
    told(await office.decide("district", now, approve=False), 403, "requests.higher_decides")
    office.clock.advance(timedelta(days=60))
    await escalate_appeals(office.database, office.clock)
    overdue = (await office.phone(MINE, "GET", path)).json()["request"]
    assert (overdue["level"], overdue["overdue_days"] > 0, "已超期" in overdue["waiting"]) == (2, True, True)
    listed = (await office.staff("city", "GET", f"/requests?which=overdue&project_id={office.site.project.id}")).json()
    assert overdue["request_id"] in {one["request_id"] for one in listed["items"]}
    assert (await office.decide("city", now, approve=True)).json()["request"]["state"] == "approved"


async def test_a_shorter_term_takes_nobody_the_days_that_his_ruling_promised(office: Office) -> None:
    project_id, person_id = office.site.project.id, office.site.people[MINE].id

    async def refused() -> str:
        one = entry(project_id, person_id, office.clock.now() - timedelta(hours=1), outcome="refused")
        await append(office.database, [one], office.clock.now())
        return str(one.punch_id)

    before, promised_on = await refused(), office.clock.now().date()
    office.clock.advance(timedelta(days=1))
    rule = {"settings": {"file_within": 1}, "project_id": str(project_id)}
    assert (await office.staff("district", "POST", "/request-rules/appeal", rule)).status_code == 201
    after = await refused()
    # Wednesday 25 March: the seventh working day after Monday the 16th, long behind the first one after the 17th.
    office.clock.advance(timedelta(days=8))
    late = await office.phone(MINE, "POST", APPEALS, office.appeal("punch", punch_id=after))
    told(late, 422, "requests.term_over")
    offer = (await office.phone(MINE, "GET", f"/projects/{project_id}/request-offer")).json()
    assert offer["appeal_since"] == f"{promised_on}", "the offer hides no day that is still taken"
    assert await appealed(office, office.appeal("punch", punch_id=before))


async def test_a_punch_that_was_ruled_on_late_is_appealed_from_its_ruling_on(office: Office) -> None:
    project_id, person_id = office.site.project.id, office.site.people[MINE].id
    one = entry(project_id, person_id, office.clock.now() - timedelta(hours=1), outcome="review")
    await append(office.database, [one], office.clock.now())
    office.clock.advance(timedelta(days=14))
    ruling = {"outcome": "refused", "note": "影像中无本人", "seq": 1}
    path = f"/projects/{project_id}/punches/{one.punch_id}/rulings"
    assert (await office.staff("supervisor", "POST", path, ruling)).status_code == 201
    (shown,) = (await office.phone(MINE, "GET", "/punches")).json()["items"]
    offer = (await office.phone(MINE, "GET", f"/projects/{project_id}/request-offer")).json()
    # What the phone goes by to show it among what can be appealed.
    assert shown["occurred_at"][:10] < offer["appeal_since"] <= shown["ruled_at"][:10]
    assert await appealed(office, office.appeal("punch", punch_id=str(one.punch_id)))


async def test_a_refused_make_up_stands_again_on_appeal_and_is_decided_by_others(office: Office) -> None:
    at = office.clock.now() - timedelta(hours=1)
    shown = (await office.endorse(await filed(office, office.make_up(at)))).json()
    refused = (await office.decide("supervisor", shown, approve=False, note="未见到岗")).json()
    request_id = refused["request"]["request_id"]
    appeal = await appealed(office, office.appeal("decision", decision_id=request_id))
    told(await office.decide("supervisor", appeal, approve=True), 403, "requests.own_step")
    assert (await office.decide("district", appeal, approve=True)).json()["request"]["state"] == "approved"
    now = (await office.phone(MINE, "GET", f"/requests/{request_id}")).json()
    assert (now["request"]["state"], now["steps"][-1]["kind"], now["steps"][-1]["appeal_id"]) == (
        "approved",
        "overturned",
        appeal["request"]["request_id"],
    )
    assert now["request"]["claims"][0]["punch_id"] is not None
    (day,) = await stored_day(office.database, office.site.project.id, office.site.people[MINE].id)
    assert day["punches"] == 1


async def test_a_refused_appeal_can_be_disputed_one_office_up_until_the_city(office: Office) -> None:
    claims = [{"direction": "in", "at": (office.clock.now() - timedelta(days=1)).isoformat()}]
    disputed = await appealed(office, office.appeal("day", claims=claims))
    for level, role in enumerate(("supervisor", "district", "city")):
        assert disputed["request"]["level"] == level
        refused = (await office.decide(role, disputed, approve=False)).json()
        body = office.appeal("decision", decision_id=refused["request"]["request_id"])
        if role == "city":
            told(await office.phone(MINE, "POST", APPEALS, body), 422, "requests.nothing_to_appeal")
        else:
            disputed = await appealed(office, body)
