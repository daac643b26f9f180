"""Journeys of docs/journeys.md at the desk of those who supervise, in a real Chromium against a real server."""

from tests.support.browsers import Browser, DemoHouse, is_sound


async def test_the_menu_shows_what_the_account_may_enter(browser: Browser, demo_house: DemoHouse) -> None:
    seen = await browser.play("desk.menu", demo_house.staff("donghu"))
    assert "工程项目" in seen["areas"]
    assert seen["wasHidden"], "a phone's screen begins with the page, not with the menu"
    assert seen["widest"] <= 390
    assert seen["title"] == "Projects · Daogang desk"
    assert seen["sent"] == "/desk/projects?page=sent", "a link that was sent leads there after the log-in"
    is_sound(seen)
