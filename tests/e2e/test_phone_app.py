"""Journeys of docs/journeys.md with the phone app, in a real Chromium against a real server."""

import re
from pathlib import Path

import psycopg

from tests.support.browsers import Browser, DemoHouse, is_sound, place


def punches_of(house: DemoHouse, name: str) -> list[str]:
    """Return the outcomes of somebody's punches, in the order in which they came in."""
    with psycopg.connect(house.url) as connection:
        rows = connection.execute(
            "SELECT s.outcome FROM punch p JOIN punch_status s USING (project_id, punch_id) WHERE p.person_id ="
            " (SELECT a.person_id FROM account a JOIN phone f ON f.account_id = a.id WHERE f.install_id = %s)"
            " ORDER BY p.received_at, p.punch_id",
            (house.phone(name)["install_id"],),
        ).fetchall()
    return [row[0] for row in rows]


async def test_first_check_in_on_a_corridor(browser: Browser, demo_house: DemoHouse) -> None:
    about = {**demo_house.phone("江知远"), "place": place(20_050, 6)}
    seen = await browser.play("phone.firstCheckIn", about)
    assert re.search(r"看来在围栏内 · K20\+0(49|50|51)", seen["where"])
    assert seen["came"].startswith("已计入")
    assert re.search(r"在电子围栏内（精度 8 米，桩号 K20\+0(49|50|51)）", seen["came"])
    assert seen["widest"] <= 360, "a phone of 360 px has to scroll sideways"
    assert seen["targets"] == [], "too small for gloves"
    assert seen["isWhole"], "the button is cut off on a low screen"
    is_sound(seen)


async def test_refused_outside_and_why_then_counted_inside(browser: Browser, demo_house: DemoHouse) -> None:
    about = {**demo_house.phone("陆怀舟"), "place": place(20_000, 210), "inside": place(20_000, 3)}
    seen = await browser.play("phone.refusedOutside", about)
    told = re.search(r"看来在围栏外 (\d+) 米，请向(\S{1,2})方向走", seen["where"])
    ruled = re.search(r"在围栏外 (\d+) 米\s+请向(\S{1,2})方向移动约", seen["refused"])
    assert told
    assert ruled
    assert seen["refused"].startswith("未计入")
    assert abs(int(told[1]) - int(ruled[1])) <= 2, "the phone foresees what the server says"
    assert told[2] == ruled[2]
    assert seen["counted"].startswith("已计入")
    is_sound(seen)


async def test_offline_for_a_day_three_punches_then_sync(browser: Browser, demo_house: DemoHouse) -> None:
    about = {**demo_house.phone("段鹤鸣"), "place": place(36_250, 0)}
    before = punches_of(demo_house, "段鹤鸣")
    seen = await browser.play("phone.offlineDay", about)
    assert [one.startswith("已存本机") for one in seen["saved"]] == [True] * 3
    assert "已存本机 3 条，待上传" in seen["state"]
    assert punches_of(demo_house, "段鹤鸣")[len(before) :] == ["counted"] * 3
    is_sound(seen)


async def test_an_answer_that_is_lost_costs_nothing_and_doubles_nothing(
    browser: Browser, demo_house: DemoHouse
) -> None:
    about = {**demo_house.phone("白一舟"), "place": place(18_250, 0)}
    before = punches_of(demo_house, "白一舟")
    seen = await browser.play("phone.lostAnswer", about)
    assert seen["isLost"]
    assert seen["came"].startswith("已计入")
    assert punches_of(demo_house, "白一舟")[len(before) :] == ["counted"]
    assert seen["heard"] == []


async def test_a_photo_goes_along_with_the_tap(browser: Browser, demo_house: DemoHouse) -> None:
    about = {**demo_house.phone("方砚秋"), "place": place(5_200, 0)}
    seen = await browser.play("phone.photoAlong", about)
    assert seen["came"].split("\n")[0] in {"已记录，等待照片", "已计入"}
    with psycopg.connect(demo_house.url) as connection:
        query = (
            "SELECT count(*) FROM photo WHERE person_id ="
            " (SELECT a.person_id FROM account a JOIN phone f ON f.account_id = a.id WHERE f.install_id = %s)"
        )
        assert connection.execute(query, (about["install_id"],)).fetchone() == (1,)
    is_sound(seen)


async def test_a_passkey_shows_presence(browser: Browser, demo_house: DemoHouse) -> None:
    about = {**demo_house.phone("童晓峰"), "place": place(9_900, 0)}
    seen = await browser.play("phone.byPasskey", about)
    assert seen["ready"].startswith("通行密钥")
    assert seen["came"].startswith("已计入")
    is_sound(seen)


async def test_a_colleague_is_witness(browser: Browser, demo_house: DemoHouse) -> None:
    witness = {**demo_house.phone("贺松年"), "place": place(24_900, 2)}
    about = {**demo_house.phone("戚安澜"), "place": place(24_900, 0), "witness": witness}
    seen = await browser.play("phone.byWitness", about)
    assert "戚安澜" in seen["who"]
    assert seen["ready"].startswith("同事见证")
    assert seen["came"].startswith("已计入")
    is_sound(seen)


async def test_consents_are_given_after_reading_and_withdrawn(browser: Browser, demo_house: DemoHouse) -> None:
    seen = await browser.play("phone.consents", {**demo_house.phone("欧阳既明"), "place": place(15_000, 0)})
    assert "不同意不影响打卡" in seen["text"]
    assert "效力相同" in seen["sure"]
    is_sound(seen)


async def test_a_face_check_is_asked_for_step_by_step_and_its_refusal_told(
    browser: Browser, demo_house: DemoHouse
) -> None:
    """Somebody who is called away between two moves is refused, in words."""
    seen = await browser.play("phone.byFace", {**demo_house.phone("罗望舒"), "place": place(7_000, 0)})
    assert "需要您的单独同意" in seen["asked"]
    assert seen["steps"][0] == "正对镜头"
    assert len(seen["steps"]) == 5
    assert "错误代码：liveness.times_wrong" in seen["came"]
    is_sound(seen)


async def test_every_screen_can_be_read_and_reached(browser: Browser, demo_house: DemoHouse, tmp_path: Path) -> None:
    about = {**demo_house.phone("祁明朗"), "place": place(19_600, 4), "outside": place(19_600, 210, 12)}
    seen = await browser.play("phone.gallery", {**about, "folder": str(tmp_path)})
    assert len(seen["faults"]) > 10
    assert {name: found for name, found in seen["low"].items() if found} == {}, "too small for gloves"
    assert {name: found for name, found in seen["cut"].items() if found} == {}, "cut off with large text"
    is_sound(seen)
