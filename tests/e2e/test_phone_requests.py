"""Journeys of docs/journeys.md with my month and with requests on the phone, in Chromium against a real server."""

import re
from typing import Any

from tests.support.asking import check_in_in_review, leave_with_a_deputy, missing_check_in
from tests.support.browsers import Browser, DemoHouse, is_sound


def fits(seen: dict[str, Any]) -> None:
    """Hold that no screen has to be scrolled sideways, and nothing is too small for gloves."""
    for name, one in seen["fits"].items():
        assert (one["widest"], one["small"]) == (360, []), name


async def test_a_missing_check_in_is_asked_for_from_my_month(browser: Browser, demo_house: DemoHouse) -> None:
    about = missing_check_in(demo_house)
    seen = await browser.play("requests.makeUpFromTheMonth", about)
    assert re.search(r"有效\s+0 / \d+ 天", seen["figures"])
    assert "复核中的打卡认定后即有效" in seen["why"]
    assert "没有取得定位" in seen["why"]
    assert seen["filled"] == about["on"]
    assert "请选择「漏打的是」" in seen["missing"]
    assert "错误代码：app.offline" in seen["offline"]
    assert "等待项目管理员审核" in seen["filed"]
    assert "离岗" in seen["filed"]
    assert "18:20" in seen["filed"]
    assert seen["listed"].count("补卡") == 1, "the repetition filed nothing twice"
    is_sound(seen)
    fits(seen)


async def test_a_check_in_in_review_is_appealed_against_from_its_day(browser: Browser, demo_house: DemoHouse) -> None:
    seen = await browser.play("requests.appealFromADay", check_in_in_review(demo_house))
    assert re.match(r"打卡 .+：已记录，待认定", seen["subject"])
    assert "等待监理、建设单位或区审批" in seen["filed"]
    assert "无网络，显示" in seen["offline"]
    assert "申诉 · 当时在岗" in seen["offline"]
    assert "无网络，显示" in seen["month"]
    is_sound(seen)
    fits(seen)


async def test_leave_is_asked_for_agreed_to_and_ended_early(browser: Browser, demo_house: DemoHouse) -> None:
    about = leave_with_a_deputy(demo_house)
    seen = await browser.play("requests.leaveWithADeputy", about)
    assert "本月：已用 0 天，限 6 天" in seen["quota"]
    assert "等待替岗人顾北辰确认" in seen["filed"]
    assert "替岗人确认" in seen["confirmed"]
    assert f"最后一天为 {about['first']}" in seen["ended"]
    is_sound(seen)
    fits(seen)
