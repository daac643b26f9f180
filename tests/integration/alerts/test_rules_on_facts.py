"""Rules that look at days, queues, signs and announcements, on rows of the database as the platform writes them."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, text

from backend.gates.misuse.tables import GateSignal
from backend.kit.announcements import announce
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from tests.support.cities import City, CitySite, local, make_city
from tests.support.factories import make_officer

ALERTS = """
SELECT a.kind, a.project_id, a.fact_key, a.severity, a.numbers, a.person_id, t.state FROM alert a
JOIN alert_state t ON t.project_id = a.project_id AND t.alert_id = a.id ORDER BY a.kind, a.fact_key
"""
MANAGER, CHIEF = "project_manager", "chief_supervisor"


async def alerts(city: City, kind: str) -> list[dict[str, Any]]:
    return [row for row in await city.rows(ALERTS) if row["kind"] == kind]


def wuhan(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), UTC) - timedelta(hours=8)


async def all_but(city: City, at: datetime, *absent: tuple[CitySite, str]) -> None:
    """Let everybody pass his gate but some."""
    away = {(site.id, kind) for site, kind in absent}
    people = [(site, kind) for site in city.sites for kind in site.people if (site.id, kind) not in away]
    await city.punch(at, *people)


async def test_an_empty_post_is_told_at_its_cutoff_and_a_late_record_ends_the_alert(city: City) -> None:
    site = city.sites[0]
    await all_but(city, local(city.clock, 7, 30), (site, MANAGER))
    city.clock.set(local(city.clock, 9, 29))
    assert await city.follow() == (0, 0)
    assert await city.advance(timedelta(minutes=1, seconds=5)) == (1, 0)
    (alert,) = await alerts(city, "post_empty")
    assert (alert["project_id"], alert["person_id"]) == (site.id, site.people[MANAGER])
    assert alert["numbers"]["post_kind"] == MANAGER
    # A queue comes in that holds his punch of 08:10.
    city.clock.set(local(city.clock, 14))
    await city.punch(local(city.clock, 8, 10), (site, MANAGER), received_at=city.clock.now())
    assert await city.follow() == (0, 1)
    (alert,) = await alerts(city, "post_empty")
    assert alert["state"] == "resolved"


async def test_two_empty_posts_of_one_site_are_one_critical_alert(city: City) -> None:
    site = city.sites[0]
    await all_but(city, local(city.clock, 7, 30), (site, MANAGER), (site, CHIEF))
    city.clock.set(local(city.clock, 9, 31))
    assert await city.follow() == (1, 0)
    (alert,) = await alerts(city, "posts_empty")
    assert (alert["project_id"], alert["severity"], alert["numbers"]["posts"]) == (site.id, "critical", 2)
    assert await alerts(city, "post_empty") == []


async def test_a_worker_that_was_away_tells_of_today_and_not_of_yesterday(city: City) -> None:
    monday = local(city.clock, 12)
    city.clock.set(monday + timedelta(days=1, hours=-7))  # 05:00 on Tuesday: the whole Monday was missed
    assert await city.follow() == (0, 0)
    await all_but(city, local(city.clock, 7, 30), (city.sites[0], MANAGER))
    city.clock.set(monday + timedelta(days=1))
    assert await city.follow() == (1, 0)


async def test_nothing_is_due_on_a_sunday(own_database: Database, clock: ManualClock) -> None:
    clock.advance(timedelta(days=-1, hours=-3))
    city = await make_city(own_database, clock, districts=1, sites=2)
    assert await city.advance(timedelta(hours=6)) == (0, 0)


async def test_who_did_not_come_for_three_due_days_is_told_of_until_he_comes(
    own_database: Database, at_dawn: ManualClock
) -> None:
    friday = date(2026, 3, 13)
    city = await make_city(own_database, at_dawn, districts=1, sites=2, from_on=date(2026, 3, 2))
    site = city.sites[0]
    for day in (9, 10, 11, 12, 13):
        absent = [(site, CHIEF)] if day >= 11 else []
        await all_but(city, wuhan(friday.replace(day=day), 8), *absent)
    city.clock.set(local(city.clock, 8, 31))
    assert await city.follow() == (1, 0)
    (alert,) = await alerts(city, "absent_days")
    assert (alert["person_id"], alert["numbers"]["days"], alert["numbers"]["since"]) == (
        site.people[CHIEF],
        3,
        "2026-03-11",
    )
    await city.punch(local(city.clock, 8, 32), (site, CHIEF))
    await city.advance(timedelta(minutes=2))
    (alert,) = await alerts(city, "absent_days")
    assert alert["state"] == "resolved"


async def test_a_month_that_falls_short_is_forecast(own_database: Database, at_dawn: ManualClock) -> None:
    city = await make_city(own_database, at_dawn, districts=1, sites=1, from_on=date(2026, 3, 2))
    site = city.sites[0]
    for day in (2, 3, 4, 5, 6, 9, 10, 11, 12, 13):
        on = date(2026, 3, day)
        absent = [(site, MANAGER)] if day in {5, 6, 9} else []
        await all_but(city, wuhan(on, 8), *absent)
        await all_but(city, wuhan(on, 17), *absent)
    city.clock.set(local(city.clock, 8, 45))
    await city.follow()
    (alert,) = await alerts(city, "forecast_low")
    assert (alert["person_id"], alert["numbers"]["valid"], alert["numbers"]["past"]) == (site.people[MANAGER], 7, 10)


async def test_reviews_that_grow_old_are_told_each_day(own_database: Database, at_dawn: ManualClock) -> None:
    city = await make_city(own_database, at_dawn, districts=1, sites=2, from_on=date(2026, 3, 2))
    await city.punch(wuhan(date(2026, 3, 13), 8), (city.sites[0], MANAGER), outcome="review")
    await city.punch(local(city.clock, 7), (city.sites[1], MANAGER), outcome="review")
    city.clock.set(local(city.clock, 9, 1))
    await city.follow()
    (alert,) = await alerts(city, "review_ageing")
    assert (alert["project_id"], alert["numbers"]["punches"]) == (city.sites[0].id, 1)


async def test_signs_of_a_phone_and_of_a_gate_are_told_per_person_and_gate(city: City) -> None:
    site = city.sites[0]
    at = local(city.clock, 7)
    city.clock.set(at)
    signed = {"source": "phone", "signals": ("mock_location", "stale_fix"), "trust": "phone"}
    await city.punch(at, (site, MANAGER), **signed)
    await city.punch(at + timedelta(minutes=1), (site, MANAGER), **signed)
    async with city.database.transaction() as tx:
        await tx.execute(
            insert(GateSignal).values(
                project_id=site.id,
                id=uuid4(),
                device_id=site.gate_id,
                person_id=None,
                kind="displaced",
                subject="2026-03-16",
                from_at=at,
                to_at=at,
                found_at=at,
                evidence={},
            )
        )
    await city.advance(timedelta(seconds=10))
    found = [(one["numbers"]["sign"], one["person_id"]) for one in await alerts(city, "forgery_signs")]
    assert found == [("displaced", None), ("mock_location", site.people[MANAGER])]
    (entry,) = await city.inbox(city.supervisors[site.district_id])
    assert entry["alerts"] == 2


async def test_a_sign_in_a_late_record_is_no_alert_about_the_past(city: City) -> None:
    site = city.sites[0]
    old = city.clock.now() - timedelta(days=3)
    changes = {"source": "phone", "signals": ("mock_location",), "trust": "phone"}
    await city.punch(old, (site, MANAGER), received_at=city.clock.now(), **changes)
    assert await city.follow() == (0, 0)


async def test_trouble_of_the_platform_is_for_operators_until_it_is_over(city: City) -> None:
    operator = await make_officer(city.database, "operator")

    async def tell(kind: str) -> None:
        async with city.database.transaction() as tx:
            now = city.clock.now()
            await announce(tx, kind, "fcm", occurred_at=now, now=now, detail={"reason": "QUOTA_EXCEEDED"})

    await tell("push.failed")
    await tell("push.failed")
    assert await city.follow() == (1, 0)
    assert [row["kind"] for row in await city.inbox(operator)] == ["platform_trouble"]
    await tell("push.restored")
    assert await city.follow() == (0, 1)
    await tell("push.failed")
    assert await city.follow() == (1, 0)
    assert [row["state"] for row in await alerts(city, "platform_trouble")] == ["resolved", "open"]
    for supervisor in city.supervisors.values():
        assert await city.inbox(supervisor) == []


async def test_no_text_of_an_alert_holds_a_number_of_a_person(city: City) -> None:
    site = city.sites[0]
    async with city.database.transaction() as tx:
        blind = (
            await tx.execute(
                text("SELECT encode(document_blind, 'hex') FROM person WHERE id = :id"), {"id": site.people[MANAGER]}
            )
        ).scalar_one()
    city.clock.set(local(city.clock, 9, 31))
    await city.follow()
    rows = await city.rows("SELECT numbers::text || evidence::text AS said FROM alert")
    assert rows
    for row in rows:
        assert blind not in row["said"]
        assert not set(_long_numbers(row["said"])), row["said"]


def _long_numbers(said: str) -> list[str]:
    """Return runs of fifteen digits and more outside of ids: an ID number has eighteen places, its old form fifteen."""
    without_ids = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", said)
    return re.findall(r"[0-9]{15,}", without_ids)
