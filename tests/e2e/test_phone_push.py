"""The journey of docs/journeys.md with pushed notices, in Chromium against a real server without a push service."""

import psycopg
import pytest

from tests.support.asking import at_the_tower, pushed_notices
from tests.support.browsers import Browser, DemoHouse, is_sound


async def test_notices_are_pushed_when_one_allows_it_and_told_why_not_when_one_does_not(
    browser: Browser, demo_house: DemoHouse
) -> None:
    about = pushed_notices(demo_house)
    seen = await browser.play("push.noticesPushed", about)
    assert "浏览器会询问" in seen["before"], "what comes is said before the browser asks"
    assert "不打开也不影响打卡" in seen["before"]
    assert seen["asked"] == "default"
    looks, is_checked = seen["aside"]
    assert ("off" in looks.split(), is_checked) == (True, False), "who puts the question aside may be asked again"
    assert "不允许到岗发通知" in seen["denied"]
    assert "网站设置" in seen["denied"]
    assert seen["isShut"], "a browser that was told no asks nobody again"
    assert "推送服务连不上" in seen["missing"], "this Chromium has no push service behind it"
    assert not seen["isOn"]
    assert "服务器没有开通浏览器推送" in seen["on"], "the demo's server has the channel off, and the phone says so"
    assert seen["isSameKey"]
    assert seen["isVisible"]
    assert seen["shown"] == ["闸机故障", "盾构井入口可用手机打卡"]
    held, checked = False, False
    assert seen["unnamed"] == [checked, held, checked, checked], (
        "what the server does not know is ended, and not called on"
    )
    assert "服务器没有开通浏览器推送" in seen["reopened"], "it is said as well when the page is opened again"
    assert "推送到这部手机" in seen["sent"]
    assert "服务器还没有答复是否推送" in seen["unasked"]
    assert "推送到这部手机" not in seen["unasked"] + seen["reopened"]
    with psycopg.connect(demo_house.url) as connection:
        rows = connection.execute(
            "SELECT d.kind, d.ended_at IS NOT NULL FROM delivery_address d JOIN phone f USING (account_id)"
            " WHERE f.install_id = %s",
            (about["install_id"],),
        ).fetchall()
    assert rows == [("web_push", True)], "named to the server once, and ended with the log-in"
    is_sound(seen)


@pytest.mark.parametrize(("how", "person"), [("refuses", "章继光"), ("hangs", "薛迎霜")])
async def test_a_push_service_that_fails_keeps_nobody_from_logging_in_or_out(
    browser: Browser, demo_house: DemoHouse, how: str, person: str
) -> None:
    about = {**demo_house.phone(person), "place": at_the_tower(), "how": how}
    seen = await browser.play("push.pushFails", about)
    assert seen["before"] == ["daogang.kept.somebody.month", "daogang.session.phone"]
    assert seen["after"] == [], "neither tokens nor kept answers stay on a phone that others use"
    assert seen["heard"] == []
