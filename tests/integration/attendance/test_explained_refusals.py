"""Punches that do not count are named where a rate is explained: why, by whom, and where to go on."""

from datetime import UTC, datetime
from typing import Any

from tests.support.ledgers import append, entry
from tests.support.requests import Office

MINE = "project_manager"
OUTSIDE = {"code": "decision.outside_fence", "distance_m": 183, "direction": "N", "chainage": None}


async def explained(office: Office, *, language: str = "zh-CN") -> dict[str, dict[str, Any]]:
    """Return the manager's days of March as the district sees them, by day."""
    path = f"/admin/v1/projects/{office.site.project.id}/people/{office.site.people[MINE].id}/rates"
    headers = {**await office.officer("district"), "Accept-Language": language}
    params = {"first": "2026-03-01", "last": "2026-03-31"}
    answer = await office.client.get(path, headers=headers, params=params)
    assert answer.status_code == 200, answer.text
    (one,) = answer.json()
    return {day["on"]: day for day in one["days"]}


async def punched(office: Office, day: int, hour: int, **changes: Any) -> str:
    """Record a punch of the manager at an hour (UTC) of a day of March and return its id."""
    at = datetime(2026, 3, day, hour, tzinfo=UTC)
    one = entry(office.site.project.id, office.site.people[MINE].id, at, **changes)
    await append(office.database, [one], at)
    return str(one.punch_id)


async def test_a_refused_punch_is_no_missing_one_and_leads_to_its_appeal(office: Office) -> None:
    # Monday the 16th: the seven working days after Friday run until Tuesday of next week, those after the 2nd are over.
    punch_id = await punched(office, 13, 8, outcome="refused", reasons=(OUTSIDE,))
    await punched(office, 2, 8, outcome="refused", reasons=(OUTSIDE,))
    days = await explained(office)
    assert days["2026-03-12"]["credit_words"] == "没有打卡"
    day = days["2026-03-13"]
    assert (day["credit"], day["entries"][0]["punch_id"]) == (0, punch_id)
    (one,) = day["unsettled"]
    assert (one["punch_id"], one["outcome"], one["by_person"]) == (punch_id, "refused", False)
    assert one["reasons"][0] == {"code": "decision.outside_fence", "title": "在围栏外 183 米"}
    assert (one["appeal_until"], one["decide_until"], one["appeal_id"]) == ("2026-03-24", None, None)
    sentence = "16:00未通过（在围栏外 183 米），可在2026-03-24前（含当日）申诉"
    assert (one["words"], day["credit_words"]) == (sentence, f"没有打卡被认定；未计入1次：{sentence}")
    assert "申诉期限2026-03-11已过" in days["2026-03-02"]["credit_words"]
    english = await explained(office, language="en")
    assert "16:00 refused (183 m outside the fence), can be appealed up to" in english["2026-03-13"]["credit_words"]

    body = office.appeal("punch", punch_id=punch_id)
    filed = (await office.phone(MINE, "POST", "/requests/appeals", body)).json()
    (one,) = (await explained(office))["2026-03-13"]["unsettled"]
    assert (one["appeal_id"], one["appeal_state"], one["appeal_until"]) == (body["request_id"], "deciding", None)
    assert one["words"].endswith("，申诉处理中")
    rejected = await office.decide("supervisor", filed, approve=False, note="影像中无本人")
    assert rejected.status_code == 200, rejected.text
    month = (await office.phone(MINE, "GET", "/my-month?month=2026-03")).json()
    (own,) = (day for day in month["rates"][0]["days"] if day["on"] == "2026-03-13")
    assert own["credit_words"].endswith("，申诉已办结")


async def test_an_office_s_refusal_says_its_note_and_a_review_until_when(office: Office) -> None:
    project_id = office.site.project.id
    doubted = [await punched(office, 12, hour, outcome="review", reasons=(OUTSIDE,)) for hour in (1, 8)]
    ruling = {"outcome": "refused", "note": "影像中无本人", "seq": 1}
    path = f"/projects/{project_id}/punches/{doubted[0]}/rulings"
    assert (await office.staff("supervisor", "POST", path, ruling)).status_code == 201
    day = (await explained(office))["2026-03-12"]
    assert day["credit_words"] == (
        "无效：认定打卡0次，要求2次；未计入2次：09:00未通过（影像中无本人），可在2026-03-25前（含当日）申诉；"
        "16:00复核中（在围栏外 183 米），最迟2026-03-19裁定，逾期未裁定即计入"
    )
    refused, waiting = day["unsettled"]
    assert (refused["by_person"], refused["note"], refused["reasons"]) == (True, "影像中无本人", [])
    assert (waiting["outcome"], waiting["decide_until"], waiting["appeal_until"]) == (
        "review",
        "2026-03-19",
        "2026-03-23",
    )


async def test_a_whole_day_keeps_what_did_not_count_in_its_list_alone(office: Office) -> None:
    for hour in (0, 9):
        await punched(office, 11, hour)
    for minute in range(5):
        await punched(office, 10, minute, outcome="refused", reasons=(OUTSIDE,))
    await punched(office, 11, 4, outcome="pending", deadline_at=datetime(2026, 3, 12, 4, tzinfo=UTC))
    days = await explained(office)
    whole, hopeless = days["2026-03-11"], days["2026-03-10"]
    assert (whole["credit"], len(whole["unsettled"]), "未计入" in whole["credit_words"]) == (1000, 1, False)
    assert (whole["unsettled"][0]["appeal_until"], whole["unsettled"][0]["words"][:8]) == (None, "12:00待照片")
    # Three by name, all in the list.
    assert hopeless["credit_words"].startswith("没有打卡被认定；未计入5次：10:00未通过")
    assert (hopeless["credit_words"].count("未通过"), len(hopeless["unsettled"])) == (3, 5)
