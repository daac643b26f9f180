"""The queue: who sees what, one result for each of many, and what becomes of punches on which nobody decides."""

from datetime import timedelta
from typing import Any

from backend.attendance.person_days import send_fold
from backend.attendance.reviews.lapsing import count_undecided
from backend.ledger.model import Entry
from tests.integration.attendance.test_make_ups import MINE, told
from tests.support.ledgers import append, entry, stored_day
from tests.support.requests import Office

OUTSIDE: dict[str, Any] = {"code": "decision.outside_fence", "distance_m": 12, "direction": "N", "percent": 20}


async def waiting(office: Office, *posts: str, hours: int = 1, **sides: Any) -> list[Entry]:
    """Append a punch in review of each post's holder."""
    at = office.clock.now() - timedelta(hours=hours)
    made = [entry(office.site.project.id, office.site.people[post].id, at, outcome="review", **sides) for post in posts]
    await append(office.database, made, at)
    return made


async def queue(office: Office, role: str, more: str = "") -> list[dict[str, Any]]:
    """Return what the officer finds in the queue of the project."""
    answer = await office.staff(role, "GET", f"/reviews?project_id={office.site.project.id}{more}")
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def rule(office: Office, role: str, items: list[dict[str, Any]], outcome: str = "counted") -> dict[str, Any]:
    """Rule on items as they were seen."""
    seen = [{name: item[name] for name in ("project_id", "punch_id", "seq")} for item in items]
    answer = await office.staff(role, "POST", "/reviews/rulings", {"outcome": outcome, "note": "已核实", "items": seen})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_each_finds_what_he_may_decide_on_with_reason_place_and_age(office: Office) -> None:
    await waiting(office, MINE, hours=30, reasons=(OUTSIDE,), signed_distance_m=-12.3, accuracy_m=8.0)
    await waiting(office, "chief_supervisor")
    assert [one["person_id"] for one in await queue(office, "supervisor")] == [str(office.site.people[MINE].id)]
    first, second = await queue(office, "district")
    assert (first["place"], first["waiting_days"], first["due_on"]) == ("在围栏外 12 米", 1, "2026-03-20")
    (reason,) = first["reasons"]
    assert (reason["code"], "12" in reason["title"]) == ("decision.outside_fence", True)
    assert second["place"] == "没有可用的位置"
    told(await office.staff("owner", "GET", "/reviews"), 403, "request.scope_missing")
    assert [one["punch_id"] for one in await queue(office, "city", "&waiting_h=24")] == [first["punch_id"]]
    assert [one["punch_id"] for one in await queue(office, "city", "&reason=decision.outside_fence")] == [
        first["punch_id"]
    ]
    (page,) = await queue(office, "city", "&limit=1")
    assert page["punch_id"] == first["punch_id"]


async def test_many_are_ruled_on_with_one_result_for_each(office: Office) -> None:
    mine, builders = await waiting(office, MINE, "builder")
    await waiting(office, "chief_supervisor", hours=2)
    items = await queue(office, "district")
    assert (await rule(office, "supervisor/2", [one for one in items if one["punch_id"] == str(builders.punch_id)]))[
        "ruled"
    ] == 1
    twice = [*items, items[-1]]
    answer = await rule(office, "supervisor", twice)
    assert answer["ruled"] == 1
    codes = {result["punch_id"]: result["code"] for result in answer["results"][:3]}
    assert codes == {
        str(mine.punch_id): None,
        str(builders.punch_id): "attendance.not_in_review",
        items[0]["punch_id"]: "ledger.own_party",
    }
    assert (len(answer["results"]), answer["results"][3]["ruled"]) == (4, False)
    assert all(result["title"] for result in answer["results"] if not result["ruled"])
    (day,) = await stored_day(office.database, office.site.project.id, office.site.people[MINE].id)
    assert (day["punches"], day["in_review"]) == (1, 0)
    assert [one["punch_id"] for one in await queue(office, "district")] == [items[0]["punch_id"]]


async def test_undecided_counts_when_its_term_is_over_in_the_name_of_the_rule(office: Office) -> None:
    (mine,) = await waiting(office, MINE)
    nobody = entry(office.site.project.id, None, office.clock.now(), outcome="review")
    timeless = entry(
        office.site.project.id,
        office.site.people[MINE].id,
        office.clock.now(),
        outcome="review",
        time_quality="quarantined",
    )
    await append(office.database, [nobody, timeless], office.clock.now())
    # Monday 16 March: five working days are the 17th to the 23rd.
    for days, outcome in ((7, "review"), (1, "counted")):
        office.clock.advance(timedelta(days=days))
        await count_undecided(office.database, office.clock, send_fold, project_id=office.site.project.id)
        path = f"/projects/{office.site.project.id}/punches/{mine.punch_id}"
        file = (await office.staff("city", "GET", path)).json()
        assert file["punch"]["outcome"] == outcome
    last = file["rulings"][-1]
    assert (last["ruled_by"], last["reasons"]) == (None, [{"code": "attendance.review_undecided", "days": 5}])
    (day,) = await stored_day(office.database, office.site.project.id, office.site.people[MINE].id)
    assert (day["punches"], day["in_review"]) == (1, 0)
    left = {one["punch_id"]: one["counts_undecided"] for one in await queue(office, "city")}
    assert left == {str(nobody.punch_id): False, str(timeless.punch_id): False}
    # A named person may still rule on it.
    refused = await office.staff("city", "POST", f"{path}/rulings", {"outcome": "refused", "note": "伪造", "seq": 2})
    assert refused.status_code == 201


async def test_a_project_has_a_term_of_its_own(office: Office) -> None:
    (mine,) = await waiting(office, MINE)
    rule_ = {"settings": {"decide_within": 1}, "project_id": str(office.site.project.id)}
    assert (await office.staff("district", "POST", "/request-rules/review", rule_)).status_code == 201
    office.clock.advance(timedelta(days=2))
    await count_undecided(office.database, office.clock, send_fold, project_id=office.site.project.id)
    file = (await office.staff("city", "GET", f"/projects/{office.site.project.id}/punches/{mine.punch_id}")).json()
    assert file["rulings"][-1]["reasons"] == [{"code": "attendance.review_undecided", "days": 1}]
