"""Journeys of docs/journeys.md with the desk's evidence, in a real Chromium against a real server."""

import hashlib
import json
from typing import Any

import httpx

from tests.support.browsers import Browser, DemoHouse, is_sound

LINE = "地铁11号线演示工程(线性)"
HOME = "东湖高新区"


def day_of(house: DemoHouse) -> str:
    """Return the day that the demo played."""
    return json.loads((house.folder / "demo-accounts.json").read_text())["played_on"]


def frozen_bulletin(house: DemoHouse) -> bytes:
    """Return the very bytes of the city's bulletin of the demo's day, as the API gives them."""
    about = house.staff("city")
    with httpx.Client(base_url=house.base_url) as api:
        log_in = {"username": about["username"], "password": about["password"]}
        token = api.post("/admin/v1/session", json=log_in).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        lines = api.get("/admin/v1/bulletins", params={"kind": "daily"}, headers=headers).json()["items"]
        mine = next(one for one in lines if one["from_on"] == day_of(house) and one["district_id"] is None)
        return api.get(f"/admin/v1/bulletins/{mine['id']}/frozen", params={"edition": 1}, headers=headers).content


async def test_a_bulletin_is_read_down_to_the_punches_of_a_day(browser: Browser, demo_house: DemoHouse) -> None:
    person = "陆怀舟"
    about: dict[str, Any] = {
        **demo_house.staff("city"),
        "on": day_of(demo_house),
        "district": HOME,
        "project": LINE,
        "person": person,
        "doubted": "童晓峰",
    }
    seen = await browser.play("evidence.readBulletin", about)
    frozen = frozen_bulletin(demo_house)
    assert seen["digest"] == hashlib.sha256(frozen).hexdigest(), "the digest that is shown is of what was frozen"
    totals = json.loads(frozen)["totals"]["all_posts"]
    assert (totals["valid"], totals["due"], totals["rate"]) == (18, 22, 8182)
    total = seen["cards"][0].replace("\n", " ")
    assert "全部关键岗位 81.82%" in total
    assert "有效 18 / 应到 22 天" in total
    assert "不计补卡 81.82% · 至多 90.91%" in total
    assert [card.split()[1] for card in seen["cards"][1:]] == ["100.00%", "100.00%", "75.00%"]
    assert (seen["ranking"]["排名"], seen["ranking"]["到岗率"], seen["ranking"]["至多"]) == ("1", "81.82%", "90.91%")
    assert all("旁边的表" in label for label in seen["charts"]), "who cannot see a chart is led to its table"
    assert seen["files"]["pdf"]["begins"] == "%PDF"
    assert seen["files"]["pdf"]["name"].endswith(".pdf")
    assert seen["files"]["xlsx"]["begins"].startswith("PK")
    assert "专职安全员：66.67%，要求 80.00%" in seen["short"]
    assert seen["people"] == 14
    assert (seen["person"]["有效天数"], seen["person"]["应到天数"], seen["person"]["到岗率"]) == ("1", "1", "100.0%")
    assert seen["explained"] == f"{person}：到岗率怎么来的"
    lines = seen["told"].split()
    assert lines[:2] == [about["on"], "有效"]
    assert [one for one in lines if one[2:3] == ":"] == ["07:36", "12:11", "17:34"]
    assert seen["told"].count("计入") == 3
    assert "武汉到岗规则（演示）" in seen["rules"]
    assert [one[:5] for one in seen["unsettled"]] == ["12:26"], "what does not count says why, beside its punch"
    assert "最迟" in seen["unsettled"][0], seen["unsettled"]
    assert seen["widest"] == 390, "nothing is wider than a phone"
    is_sound(seen)


async def test_a_review_is_decided_and_its_punch_proved_in_the_browser(browser: Browser, demo_house: DemoHouse) -> None:
    about: dict[str, Any] = {
        **demo_house.staff("donghu"),
        "person": "汤沐风",
        "reason": "当日在本项目没有生效的任职",
        "note": "任职已于前一日结束，退场已确认。",
    }
    seen = await browser.play("evidence.decideAndProve", about)
    assert "K16+401" in seen["evidence"]
    assert "确切位置依规定封存" in seen["evidence"]
    assert "认定 1 条打卡" in seen["asked"]
    assert about["reason"] in seen["asked"], "count, people and reasons are shown again before"
    assert seen["isHeld"], "nothing is decided without an outcome and a note"
    assert seen["remains"] == 0
    assert seen["proof"]["head"].startswith("✓ 签名有效")
    assert "✓ 1 条记录都在已签名的" in seen["proof"]["told"]
    assert "另有 1 条刚记录，尚未封存" in seen["proof"]["told"], (
        "the ruling of a moment ago is not claimed to be sealed"
    )
    assert "decision.assignment_not_in_force" in seen["proof"]["leaf"]
    # What the server says is not believed: each forgery is found by the browser itself.
    assert seen["forged"]["leaf"] == ["✗ 证明不成立：内容与已签名的账本不符"]
    assert seen["forged"]["head"] == ["✗ 签名无效：树头被改动或伪造"]
    assert seen["forged"]["memory"][0].startswith("✗ 与上次看到的树头")
    assert "app.offline" in seen["offline"]
    is_sound(seen)
