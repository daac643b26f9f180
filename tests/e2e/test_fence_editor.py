"""Journeys of docs/journeys.md with the fence editor, in a real Chromium against a real server."""

import json
import math
import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.browsers import Browser, DemoHouse, gcj02_line, is_sound, lay_alignment

LINE = "地铁11号线演示工程"
SHANGHAI = ZoneInfo("Asia/Shanghai")
TOWER = "光谷东研发楼演示工地"


def square_metres(told: str) -> float:
    """Read the first area that a text tells, in square metres."""
    found = re.search(r"([\d,]+) m²", told)
    assert found, told
    return float(found[1].replace(",", ""))


async def test_a_boundary_is_drawn_taken_back_saved_and_published(browser: Browser, demo_house: DemoHouse) -> None:
    about: dict[str, Any] = {**demo_house.staff("tower"), "project": TOWER, "name": "堆场"}
    seen = await browser.play("fences.drawPolygon", about)
    assert seen["unnamed"] == "请先填写围栏名称。"
    assert seen["figures"] == ["边界 · 4 点\n删除"]
    before, after = (text.splitlines() for text in seen["corners"])
    assert len(before) == len(after) == 4
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1, "one corner was dragged"
    assert square_metres(seen["dragged"]) > square_metres(seen["drawn"])
    assert "草稿" in seen["draft"]
    assert "这是此围栏的第一个生效版本。" in seen["asked"]
    assert "已发布" in seen["published"]
    is_sound(seen)


async def test_a_corridor_is_entered_tried_on_punches_and_published(browser: Browser, demo_house: DemoHouse) -> None:
    line = [[114.30, 30.500], [114.305, 30.502], [114.31, 30.501]]
    about = {**demo_house.staff("line11"), "project": LINE, "name": "施工便道", "line": line, "start_m": 12_300}
    seen = await browser.play("fences.drawCorridor", about)
    assert seen["unread"].startswith("第 1 行")
    assert seen["labels"][0] == "K12+300"
    assert seen["labels"][-1].startswith("K13+321")
    assert abs(square_metres(seen["drawn"]) - 1_021.3 * 40) < 200
    assert "没有人的结果会改变。" in seen["simulated"]
    assert "1,021.3 米" in seen["facts"]
    is_sound(seen)


async def test_a_narrower_version_tells_whom_it_shuts_out(browser: Browser, demo_house: DemoHouse) -> None:
    about = {**demo_house.staff("line11"), "project": LINE, "name": "武汉地铁11号线"}
    seen = await browser.play("fences.narrowerVersion", about)
    assert re.search(r"第 2 版\s+草稿", seen["versions"])
    lost = re.search(r"减少 ([\d,]+) m²", seen["difference"])
    assert lost
    # 40.7 km of it lose 29 m on either side; bends have less.
    assert abs(float(lost[1].replace(",", "")) - 40_709.5 * 58) < 40_709.5 * 58 * 0.005
    assert seen["people"], "the demo's punches lie metres off the line"
    assert re.search(r"将改变的判定\n[1-9]|[1-9]\d*\n将改变的判定", seen["corrected"]), seen["corrected"]
    assert "计入 → " in seen["corrected"]
    assert "已放弃" in seen["dropped"]
    is_sound(seen)


async def test_a_boundary_that_crosses_itself_is_refused_with_place_and_advice(
    browser: Browser, demo_house: DemoHouse
) -> None:
    ring = [[114.30, 30.50], [114.31, 30.51], [114.31, 30.50], [114.30, 30.51]]
    about = {**demo_house.staff("line11"), "project": LINE, "name": "交叉", "ring": ring}
    seen = await browser.play("fences.crossedBoundary", about)
    assert "自相交（经度 114.305，纬度 30.505）" in seen["problem"]
    assert "请移动该处的顶点" in seen["problem"]
    assert "geofences.self_crossing" in seen["problem"]
    assert seen["stays"], "what was drawn is still there"
    is_sound(seen)


async def test_a_gcj02_file_declared_as_wgs84_is_warned_of_and_held(browser: Browser, demo_house: DemoHouse) -> None:
    figure = {"type": "LineString", "coordinates": gcj02_line(18_000, 22_000)}
    file = json.dumps({"type": "Feature", "properties": {"name": "三标区间"}, "geometry": figure})
    seen = await browser.play("fences.importWrongDatum", {**demo_house.staff("line11"), "project": LINE, "file": file})
    assert "坐标系未知" in seen["undeclared"]
    shift = re.search(r"按 wgs84 .*按 gcj02 .*相差 (\d+)", seen["warned"])
    assert shift
    assert 500 < int(shift[1]) < 700
    assert "请核实数据来源" in seen["warned"]
    assert seen["isHeld"], "nothing is imported on a suspicion"
    assert "走廊" in seen["accepted"]
    assert "gcj02" in seen["facts"]
    is_sound(seen)


async def test_a_corridor_is_cut_out_of_an_alignment_and_set_by_its_handles(
    browser: Browser, demo_house: DemoHouse
) -> None:
    lay_alignment(demo_house, LINE)
    about = {
        **demo_house.staff("line11"),
        "project": LINE,
        "name": "二标段",
        "from": "K12+300.000",
        "to": "K12+900.500",
    }
    seen = await browser.play("maps.alongAlignment", about)
    assert "不在这条线路上" in seen["nowhere"]
    first, wider, shorter = (square_metres(one) for one in seen["told"])
    assert "600.5 米" in seen["told"][0]
    assert abs(first - 600.5 * 40) < 600.5 * 40 * 0.01
    assert {"K12+300", "K12+900.500"} <= set(seen["labels"])
    assert seen["dragged"] > 20
    assert abs((wider - first) - 600.5 * (seen["dragged"] - 20)) < 600.5
    assert seen["later"] == "K12+310.000"
    assert shorter != wider
    assert "590.5 米" in seen["facts"]
    assert seen["again"] == ["K12+310.000", "K12+900.500", f"{seen['dragged'] + 10:g}"]
    is_sound(seen)


async def test_points_are_moved_by_keys_and_jump_to_neighbours(browser: Browser, demo_house: DemoHouse) -> None:
    ring = [[114.40, 30.51], [114.403, 30.51], [114.403, 30.512], [114.40, 30.512]]
    line = [[114.40, 30.51], [114.404, 30.512]]
    later = (datetime.now(SHANGHAI) + timedelta(days=3)).strftime("%Y-%m-%dT08:00")
    about = {
        **demo_house.staff("tower"),
        "project": TOWER,
        "name": "邻近围栏",
        "ring": ring,
        "line": line,
        "later": later,
    }
    seen = await browser.play("maps.byKeysAndSnapping", about)
    assert seen["jumped"][0] == "114.403, 30.512", "to the last digit"
    assert len(seen["jumped"]) == 3
    assert "06:00 – 21:30" in seen["facts"]
    assert f"{later[:4]}年{int(later[5:7])}月{int(later[8:10])}日 08:00" in seen["facts"]
    inserted, moved, removed = seen["lines"]
    assert inserted == ["114.4, 30.51", "114.402, 30.511", "114.404, 30.512"]
    assert moved[1].startswith("114.402, ")
    assert abs((float(moved[1].split(", ")[1]) - 30.511) * 110_870 - 10) < 0.05, "ten metres to the north"
    assert removed == ["114.4, 30.51", "114.404, 30.512"]
    is_sound(seen)


async def test_a_way_is_walked_thinned_and_drawn(browser: Browser, demo_house: DemoHouse) -> None:
    # 12 m a step: 120 m to the east, then 120 m to the north, the phone a metre off to either side in turn.
    east, north = 12 / (111_320 * math.cos(math.radians(30.5))), 12 / 110_870
    corner = [(114.42 + east * step, 30.5 + north / 12 * (step % 2)) for step in range(11)]
    way = corner + [(114.42 + east * 10 + east / 12 * (step % 2), 30.5 + north * step) for step in range(1, 11)]
    fixes = [{"longitude": lon, "latitude": lat, "accuracy": 4 + step % 3} for step, (lon, lat) in enumerate(way)]
    about = {**demo_house.staff("tower"), "project": TOWER, "way": fixes}
    seen = await browser.play("maps.walkToDraw", about)
    assert "1 个点精度差于 30 米" in seen["vague"]
    assert "一半的点优于 5 米" in seen["told"]
    assert "21 个定位点整理为" in seen["note"]
    assert 3 <= len(seen["points"]) < len(way), "thinned, its corner kept"
    lengths = re.search(r"中线长度 ([\d.]+) 米", seen["checked"])
    assert lengths
    assert 225 < float(lengths[1]) < 245
    assert float(seen["width"]) >= 15, "as wide as phones need"
    is_sound(seen)
