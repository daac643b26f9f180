"""Journeys of docs/journeys.md in which several offices have a part, in a real Chromium against a real server."""

import re
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from backend.attendance.rates.computations import run_computations
from backend.demo.aftermath import RULES_NAME
from backend.demo.line import metro_line
from backend.kit.clock import ManualClock, SystemClock
from backend.kit.db import Database
from backend.settings import Settings
from backend.wiring import wire
from geofences.corrections import CorrectionTools
from geofences.tasks import continue_corrections
from tests.support.asking import at_the_tower
from tests.support.browsers import Browser, DemoHouse, is_sound
from tests.support.desks import job_at_work, staff_at

LINE = "地铁11号线演示工程"
HOME = "东湖高新区"
AHEAD = timedelta(minutes=10)


def reckoning(database: Database) -> Awaitable[int]:
    """Reckon the months that somebody asked for, as the worker does."""
    return run_computations(database, SystemClock())


@contextmanager
def correcting(house: DemoHouse) -> Generator[Callable[[Database], Awaitable[int]]]:
    """Give the worker's job that goes on with corrections, by a clock that is ahead: it waits for minutes."""
    clock = ManualClock(SystemClock().now() + AHEAD)
    settings = Settings(database_url=house.url, keys_dir=house.folder / "keys", environment="test", processes=1)
    wiring = wire(settings, clock)

    def go_on(database: Database) -> Awaitable[int]:
        tools = CorrectionTools(database, wiring.data_keys, wiring.workbench, wiring.fold_days, clock)
        return continue_corrections(tools)

    try:
        yield go_on
    finally:
        wiring.workbench.close()


async def test_missed_check_ins_are_decided_in_two_steps_and_the_bulletin_is_issued_again(
    browser: Browser, demo_house: DemoHouse
) -> None:
    """By the person, the site and the district; nobody else's figures are touched."""
    name, on = "尹逢春", demo_house.played_on
    missed = [
        {"direction": "到岗", "at": "07:10", "reason": "闸机故障", "statement": "南门闸机读不出卡"},
        {"direction": "离岗", "at": "17:20", "reason": "闸机故障", "statement": "同上"},
    ]
    about = {
        "person": {**demo_house.phone(name), "place": at_the_tower(), "name": name, "on": on},
        "site": demo_house.staff("tower"),
        "district": demo_house.staff("donghu"),
        "bulletin": {"on": on, "district": HOME},
        "missed": missed,
    }
    seen = await browser.play("offices.decideAndIssueAgain", about)
    assert "等待项目管理员审核" in seen["endorsed"]
    assert "闸机未录入，带班人员可证明。" in seen["asked"], "who decides reads what was said before"
    assert "核对门卫登记，同意补记。" in seen["steps"]
    assert "核对门卫登记，同意补记。" in seen["heardBack"], "the person reads the note"
    assert seen["day"].split()[2:] == ["07:10", "–", "17:20", "有效"]
    differs = {where: (before, after) for where, before, after in (one.split("\t") for one in seen["differences"])}
    before, after = differs["合计 · 全部关键岗位 · 有效天数"]
    assert int(after) == int(before) + 1, "one day of one person, and nothing else"
    assert differs["合计 · 岗位 · 质量员 · 到岗率"] == ("50.00%", "100.00%")
    assert re.search(r"第 2 版.*补卡已批准", seen["editions"], re.DOTALL)
    is_sound(seen)


async def test_a_fence_that_judged_wrongly_is_corrected_by_two_offices(browser: Browser, demo_house: DemoHouse) -> None:
    """One refused check-in of the demo's day, 180 m beside the line; the period holds nobody else's."""
    name, on = "方砚秋", demo_house.played_on
    lon, lat = metro_line().at(5_540, 210)
    ring = [
        [lon - 0.001, lat - 0.001],
        [lon + 0.001, lat - 0.001],
        [lon + 0.001, lat + 0.001],
        [lon - 0.001, lat + 0.001],
    ]
    async with staff_at(demo_house, "line11") as (admin,):
        project_id = next(one["id"] for one in (await admin.call("GET", "/projects"))["items"] if LINE in one["name"])
        shape = {"kind": "polygon", "coordinates": [[[*ring, ring[0]]]]}
        body = {"name": "临时堆场", "crs": "wgs84", "shape": shape}
        await admin.call("POST", f"/projects/{project_id}/fences", body)
    about: dict[str, Any] = {
        "base_url": demo_house.base_url,
        "site": demo_house.staff("line11"),
        "district": demo_house.staff("donghu"),
        "project": LINE,
        "project_id": project_id,
        "fence": "临时堆场",
        "from": f"{on}T12:15",
        "until": f"{on}T12:25",
        "reason": "堆场在走廊外，早应画入",
        "person": name,
        "on": on,
        "at": "12:20",
    }
    with correcting(demo_house) as job:
        async with job_at_work(demo_house, job):
            seen = await browser.play("offices.correct", about)
    assert "不计入 → 计入：1" in seen["looked"]
    assert seen["before"].count(name) == 1, "who approves sees the very rulings"
    assert "已更正" in seen["applied"]
    assert "在电子围栏内" in seen["day"]
    is_sound(seen)


async def test_a_month_is_reckoned_by_a_draft_waited_for_and_left(browser: Browser, demo_house: DemoHouse) -> None:
    """Progress is told without anybody at work; with somebody, what was left is done all the same."""
    async with staff_at(demo_house, "city") as (city,):
        rules = next(one for one in await city.call("GET", "/rule-sets") if one["name"] == RULES_NAME)
        newest = rules["versions"][0]
        draft = {
            "based_on": newest["version"],
            "valid_from": newest["valid_from"],
            "rules": newest["rules"],
            "note": "试算",
        }
        await city.call("POST", f"/rule-sets/{rules['rule_set_id']}/versions", draft)
    on = datetime.fromisoformat(demo_house.played_on)
    about = {
        **demo_house.staff("city"),
        "month": f"{on:%Y-%m}",
        "version": f"{RULES_NAME} V{newest['version'] + 1} · 草稿",
        "reason": "试算：没有人等它",
        "left": "试算：等到一半",
        "again": "试算：一直等到算完",
    }
    left = await browser.play("offices.leaveReckoning", about)
    assert "前面还有 0 份" in left["told"]
    assert left["isFree"], "something else can be asked for"
    is_sound(left)
    async with job_at_work(demo_house, reckoning):
        seen = await browser.play("offices.seeReckoned", about)
    assert "这个月还没有发布过数据" in seen["told"]
    assert "rates." in seen["refused"], "a draft's figures are not published"
    is_sound(seen)
