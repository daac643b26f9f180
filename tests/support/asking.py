"""Who asks for what and shows himself how in the demo's world: people, days and places for journeys of the phone.

Nobody of another journey: a number gets one code by SMS a minute.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from backend.demo.world import TOWER_CENTRE
from tests.support.browsers import DemoHouse, place

SITE = ZoneInfo("Asia/Shanghai")
CUTOVER = timedelta(hours=4)


def day_of(house: DemoHouse, name: str) -> date:
    """Return the demo's day: that of somebody's first punch."""
    with psycopg.connect(house.url) as connection:
        row = connection.execute(
            "SELECT min(p.occurred_at) FROM punch_status p WHERE p.person_id ="
            " (SELECT a.person_id FROM account a JOIN phone f ON f.account_id = a.id WHERE f.install_id = %s)",
            (house.phone(name)["install_id"],),
        ).fetchone()
    assert row
    return (row[0].astimezone(SITE) - CUTOVER).date()


def project_of(house: DemoHouse, registration_no: str) -> str:
    """Return the id of one of the demo's projects."""
    with psycopg.connect(house.url) as connection:
        row = connection.execute("SELECT id FROM project WHERE registration_no = %s", (registration_no,)).fetchone()
    assert row
    return str(row[0])


def at_the_tower() -> dict[str, float]:
    """Return a place on the demo's building site as a browser is told it."""
    lon, lat = TOWER_CENTRE
    return {"longitude": lon, "latitude": lat, "accuracy": 8}


def missing_check_in(house: DemoHouse) -> dict[str, Any]:
    """Return somebody whose last check-in of the demo's day waits for a ruling, so that the day is not valid yet."""
    on = day_of(house, "沈若川")
    return {**house.phone("沈若川"), "place": place(21_400, 0), "on": f"{on}"}


def check_in_in_review(house: DemoHouse) -> dict[str, Any]:
    """Return somebody with a check-in that no ruling by people has reached."""
    on = day_of(house, "傅云开")
    return {**house.phone("傅云开"), "place": at_the_tower(), "on": f"{on}"}


def leave_with_a_deputy(house: DemoHouse) -> dict[str, Any]:
    """Return somebody who has to name a deputy, that deputy, who decides, and two days that can still be asked for."""
    today = (datetime.now(UTC).astimezone(SITE) - CUTOVER).date()
    deputy = {**house.phone("顾北辰"), "place": at_the_tower(), "name": "顾北辰"}
    days = {"first": f"{today + timedelta(days=3)}", "last": f"{today + timedelta(days=4)}"}
    office = {"project_id": project_of(house, "DEMO-2026-0102"), "office": house.staff("donghu")}
    return {**house.phone("柳听泉"), "place": at_the_tower(), "deputy": deputy, **office, **days}


def scans(house: DemoHouse) -> dict[str, Any]:
    """Return somebody on the line, with the office that sets codes up, and the names of two gates."""
    office = house.staff("line11")
    about = {**house.phone("管仲平"), "place": place(33_010, 0), "project_id": project_of(house, "DEMO-2026-0011")}
    return {**about, "staff": office, "gate": "盾构井入口", "other_gate": "竖井入口"}


def face_without_network(house: DemoHouse) -> dict[str, Any]:
    """Return somebody on the line who agrees to face checks while there is a network."""
    return {**house.phone("韦长庚"), "place": place(33_025, 0)}


def pushed_notices(house: DemoHouse) -> dict[str, Any]:
    """Return somebody who has notices pushed."""
    return {**house.phone("严思齐"), "place": at_the_tower()}
