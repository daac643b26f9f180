"""Journeys of docs/journeys.md at the desk of those who supervise, in a real Chromium against a real server."""

import re
from datetime import UTC, datetime

from backend.demo.world import TOWER_CENTRE
from tests.support.browsers import Browser, DemoHouse, is_sound
from tests.support.desks import TOWER, declaration_of, make_desk_gate, rule_at_work, staff_at, this_day


async def test_the_menu_shows_what_the_account_may_enter(browser: Browser, demo_house: DemoHouse) -> None:
    seen = await browser.play("desk.menu", demo_house.staff("donghu"))
    assert "工程项目" in seen["areas"]
    assert seen["wasHidden"], "a phone's screen begins with the page, not with the menu"
    assert seen["widest"] <= 390
    assert seen["title"] == "Projects · Daogang desk"
    assert seen["sent"] == "/desk/projects?page=sent", "a link that was sent leads there after the log-in"
    is_sound(seen)


async def test_a_gate_goes_down_phones_are_let_in_and_its_backlog_is_merged(
    browser: Browser, demo_house: DemoHouse
) -> None:
    async with staff_at(demo_house, "tower", "donghu") as (admin, district):
        gate = await make_desk_gate(admin, district)
    begun_at, now = this_day(datetime.now(UTC))
    lon, lat = TOWER_CENTRE
    person = "裴景行"
    about = {
        **demo_house.staff("donghu"),
        "admin": demo_house.staff("tower"),
        "project": TOWER,
        "project_id": gate.project_id,
        "gate": gate.name,
        "person": person,
        "declaration": declaration_of(gate, "配电箱检修", begun_at),
        "phone": {**demo_house.phone(person), "place": {"longitude": lon, "latitude": lat, "accuracy": 8}},
        "batch": gate.late_event(person, begun_at, now),
    }
    seen = await browser.play("board.gateDown", about)
    assert "尚未到岗" in seen["before"]
    assert "项目申报" in seen["down"]
    assert "配电箱检修" in seen["down"]
    assert "故障" in seen["gate"]
    assert seen["came"].startswith("已计入")
    assert "手机" in seen["after"]
    assert seen["result"] == "accepted"
    assert not seen["wasReloaded"], "the live feed told all of it"
    assert len(seen["told"]) == seen["counts"] == 2, "both records stay, the day counts both"
    assert any("闸机故障期间的手机打卡" in one for one in seen["told"])
    assert re.search(r"已核验\s+位置\s+在围栏内", seen["evidence"])
    assert re.search(r"未核验\s+照片", seen["evidence"])
    assert seen["widest"] <= 390
    is_sound(seen)


async def test_an_alert_comes_in_is_read_acknowledged_and_resolved(browser: Browser, demo_house: DemoHouse) -> None:
    async with staff_at(demo_house, "tower", "donghu") as (admin, district):
        gate = await make_desk_gate(admin, district)
    about = {
        **demo_house.staff("donghu"),
        "admin": demo_house.staff("tower"),
        "project_id": gate.project_id,
        "gate": gate.name,
        "name": "东湖高新区监管",
        "declaration": declaration_of(gate, "闸机移位", datetime.now(UTC)),
    }
    async with rule_at_work(demo_house, "gate_declared"):
        seen = await browser.play("board.acknowledge", about)
    assert gate.name in seen["told"]
    assert "未读" in seen["told"]
    assert "待确认" in seen["told"]
    assert "未查看" not in seen["seen"], "whoever opened it has seen it"
    assert "–" in seen["seen"]
    assert "–" not in seen["acknowledged"]
    assert re.search(r"确认 · 东湖高新区监管", seen["steps"])
    assert "已换电源" in seen["steps"]
    assert "已解决" in seen["kept"]
    assert seen["own"]["isMuted"], "what was muted is kept"
    assert "alerts.delegate_invalid" in seen["own"]["refused"]
    assert "市级监管 示例" in seen["own"]["delegated"]
    assert seen["widest"] <= 390
    is_sound(seen)
