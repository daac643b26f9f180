"""Make-ups: two steps, a quota, a term, one for a day and direction, and a ledger row that leads to the request."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import text

from tests.support.ledgers import stored_day
from tests.support.requests import Office

MAKE_UPS = "/requests/make-ups"
MINE = "project_manager"


def told(answer: Response, status: int, code: str) -> dict[str, Any]:
    """Assert that an answer is the problem of that code, and return it."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    return answer.json()


async def filed(office: Office, body: object, post: str = MINE) -> dict[str, Any]:
    """File a make-up and return it."""
    answer = await office.phone(post, "POST", MAKE_UPS, body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_two_steps_make_a_counted_punch_that_leads_back_to_its_request(office: Office) -> None:
    at = office.clock.now() - timedelta(hours=1)
    shown = await filed(office, office.make_up(at))
    assert (shown["request"]["state"], shown["request"]["waiting"][:9]) == ("endorsing", "等待项目管理员审核")
    told(await office.decide("supervisor", shown, approve=True), 409, "requests.step_impossible")
    endorsed = (await office.endorse(shown)).json()
    assert endorsed["request"]["state"] == "deciding"
    approved = (await office.decide("supervisor", endorsed, approve=True, note="查看监控属实")).json()
    assert (approved["request"]["state"], approved["request"]["waiting"]) == ("approved", "")
    assert [step["kind"] for step in approved["steps"]] == ["filed", "endorsed", "approved"]

    project_id, person_id = office.site.project.id, office.site.people[MINE].id
    (claim,) = approved["request"]["claims"]
    file = (await office.staff("city", "GET", f"/projects/{project_id}/punches/{claim['punch_id']}")).json()
    assert (file["punch"]["source"], file["source_id"]) == ("make_up", approved["request"]["request_id"])
    assert [(one["outcome"], one["note"]) for one in file["rulings"]] == [("review", None), ("counted", "查看监控属实")]
    assert file["rulings"][1]["ruled_by"] == approved["steps"][2]["account_id"]
    (reason,) = file["rulings"][0]["reasons"]
    assert (reason["code"], reason["request_id"]) == ("attendance.made_up", approved["request"]["request_id"])
    (day,) = await stored_day(office.database, project_id, person_id)
    assert (day["punches"], day["sources"], day["first_at"]) == (1, ["make_up"], at)
    async with office.database.transaction() as tx:
        facts = text("SELECT kind, detail FROM announced_fact WHERE subject = :subject ORDER BY id")
        told_of = (await tx.execute(facts, {"subject": approved["request"]["request_id"]})).all()
        acts = text("SELECT action FROM audit_event WHERE object_id = :id ORDER BY at, id")
        done = (await tx.execute(acts, {"id": approved["request"]["request_id"]})).scalars().all()
    assert [(kind, detail["step"]) for kind, detail in told_of] == [
        ("requests.filed", "filed"),
        ("requests.moved", "endorsed"),
        ("requests.moved", "approved"),
    ]
    assert {detail["person_id"] for _, detail in told_of} == {str(person_id)}
    assert sorted(done) == ["request.approved", "request.endorsed"]
    # Whoever decides on it again is told that it is decided.
    told(await office.decide("district", approved, approve=False), 409, "requests.step_impossible")


async def test_a_repetition_files_nothing_twice_and_other_words_are_a_conflict(office: Office) -> None:
    body = office.make_up(office.clock.now() - timedelta(hours=1))
    first = await filed(office, body)
    assert (await filed(office, body))["steps"] == first["steps"]
    told(await office.phone(MINE, "POST", MAKE_UPS, {**body, "statement": "别的话"}), 409, "requests.id_taken")
    told(await office.phone("builder", "POST", MAKE_UPS, body), 409, "requests.id_taken")


async def test_never_two_for_a_day_and_direction_until_one_is_gone(office: Office) -> None:
    at = office.clock.now() - timedelta(hours=1)
    shown = await filed(office, office.make_up(at))
    again = office.make_up(at + timedelta(minutes=30))
    told(await office.phone(MINE, "POST", MAKE_UPS, again), 409, "requests.claim_taken")
    await filed(office, office.make_up(at + timedelta(minutes=40), "out"))
    request_id = shown["request"]["request_id"]
    taken_back = await office.phone(MINE, "POST", f"/requests/{request_id}/withdrawal")
    assert taken_back.json()["request"]["state"] == "withdrawn"
    told(await office.phone(MINE, "POST", f"/requests/{request_id}/withdrawal"), 409, "requests.step_impossible")
    refused = (await office.endorse(await filed(office, again), endorse=False, note="当日未到岗")).json()
    assert (refused["request"]["state"], refused["steps"][-1]["note"]) == ("rejected", "当日未到岗")
    await filed(office, {**again, "request_id": office.make_up(at)["request_id"]})


async def test_two_at_once_do_not_both_find_the_last_one_of_the_month_free(office: Office) -> None:
    rule = {"settings": {"per_month": 1}, "project_id": str(office.site.project.id)}
    assert (await office.staff("district", "POST", "/request-rules/make_up", rule)).status_code == 201
    at = office.clock.now() - timedelta(hours=1)
    answers = await asyncio.gather(
        *(office.phone(MINE, "POST", MAKE_UPS, office.make_up(at, way)) for way in ("in", "out"))
    )
    assert sorted(one.status_code for one in answers) == [201, 409]
    (refused,) = [one for one in answers if one.status_code == 409]
    assert told(refused, 409, "requests.make_ups_used")["quota"] == 1


@pytest.mark.parametrize(
    ("ago", "code"),
    [
        # Monday: the five working days after Monday a week ago end today.
        (timedelta(days=7, hours=1), None),
        (timedelta(days=8), "requests.term_over"),
        (timedelta(days=11), "requests.term_over"),
        (timedelta(days=500), "requests.term_over"),
        (timedelta(hours=-1), "requests.not_yet"),
    ],
)
async def test_a_make_up_is_filed_within_its_term(office: Office, ago: timedelta, code: str | None) -> None:
    answer = await office.phone(MINE, "POST", MAKE_UPS, office.make_up(office.clock.now() - ago))
    if code is None:
        assert answer.status_code == 201, answer.text
    else:
        told(answer, 422, code)


async def test_a_photo_that_is_wanted_or_named_must_have_arrived(office: Office) -> None:
    at = office.clock.now() - timedelta(hours=1)
    told(await office.phone(MINE, "POST", MAKE_UPS, office.make_up(at, reason="other")), 422, "requests.photo_missing")
    named = office.make_up(at, photos=["0" * 64])
    assert told(await office.phone(MINE, "POST", MAKE_UPS, named), 422, "requests.photo_unknown")["sha256"] == "0" * 64


async def test_who_looked_at_another_state_decides_nothing(office: Office) -> None:
    shown = await filed(office, office.make_up(office.clock.now() - timedelta(hours=1)))
    endorsed = (await office.endorse(shown)).json()
    told(await office.endorse(shown), 409, "requests.moved")
    told(await office.decide("supervisor", shown, approve=True), 409, "requests.moved")
    assert endorsed["request"]["seq"] == 2


async def test_the_offer_says_what_is_left(office: Office) -> None:
    path = f"/projects/{office.site.project.id}/request-offer"
    before = (await office.phone(MINE, "GET", path)).json()
    await filed(office, office.make_up(office.clock.now() - timedelta(hours=1)))
    after = (await office.phone(MINE, "GET", path)).json()
    assert (before["make_ups_left"], after["make_ups_left"]) == (4, 3)
    assert {"code": "gate_fault", "title": "闸机故障"} in after["make_up_reasons"]
    assert before["make_up_since"] < before["today"]
