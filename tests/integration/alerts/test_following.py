"""From a fact to inbox and outbox: once, in groups, with its end; late facts, failing rules and crashes."""

from datetime import timedelta

from sqlalchemy import text

from backend.alerts.following import TOLD_AFTER, follow_once
from backend.alerts.model import Found
from backend.alerts.watching import RULES, Look, Rule
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from tests.support.cities import City, local, make_city
from tests.support.factories import make_officer

ALERTS = """
SELECT a.kind, a.project_id, a.group_id, a.numbers, t.state FROM alert a
JOIN alert_state t ON t.project_id = a.project_id AND t.alert_id = a.id ORDER BY a.found_at, a.id
"""
OUTBOX = "SELECT account_id, group_id, kind, level, due_at FROM alert_outbox ORDER BY id"


async def test_a_gate_that_falls_silent_is_told_once_to_the_supervisor_of_its_district(city: City) -> None:
    site = city.sites[0]
    await city.gate_down(site)
    assert await city.follow() == (1, 0)
    assert await city.follow() == (0, 0)
    (alert,) = await city.rows(ALERTS)
    assert (alert["kind"], alert["project_id"], alert["state"]) == ("gate_down", site.id, "open")
    assert [len(await city.inbox(account)) for account in city.supervisors.values()].count(1) == 1
    (entry,) = await city.inbox(city.supervisors[site.district_id])
    assert (entry["kind"], entry["alerts"]) == ("gate_down", 1)
    (row,) = await city.rows(OUTBOX)
    assert (row["account_id"], row["kind"], row["level"]) == (city.supervisors[site.district_id], "first", 0)


async def test_many_gates_of_one_power_cut_are_one_entry_with_a_list_that_grows(city: City) -> None:
    district = city.sites[0].district_id
    own = [site for site in city.sites if site.district_id == district]
    await city.gate_down(*own[:2])
    await city.follow()
    await city.advance(timedelta(minutes=1))
    await city.gate_down(*own[2:])
    await city.follow()
    (entry,) = await city.inbox(city.supervisors[district])
    assert entry["alerts"] == len(own)
    told = await city.rows(OUTBOX)
    # The first has not been told yet: it will tell of all.
    assert [row["kind"] for row in told] == ["first"]


async def test_a_group_that_grew_after_it_was_told_is_told_again_later_and_once(city: City) -> None:
    district = city.sites[0].district_id
    own = [site for site in city.sites if site.district_id == district]
    await city.gate_down(own[0])
    await city.follow()
    await _deliver(city)
    for site in own[1:]:
        await city.gate_down(site)
        await city.follow()
    told = [row for row in await city.rows(OUTBOX) if row["kind"] == "update"]
    assert len(told) == 1
    # 06:02 is within the quiet hours, which end at 07:00.
    assert told[0]["due_at"] == local(city.clock, 7)


async def test_the_end_of_an_outage_ends_its_alert_and_is_told_to_those_who_heard_of_it(city: City) -> None:
    site = city.sites[0]
    (outage,) = await city.gate_down(site)
    await city.follow()
    await _deliver(city)
    city.clock.advance(timedelta(minutes=20))
    await city.gate_back((site, outage))
    assert await city.follow() == (0, 1)
    (alert,) = await city.rows(ALERTS)
    assert alert["state"] == "resolved"
    steps = await city.rows("SELECT seq, kind, cause FROM alert_step ORDER BY seq")
    assert [(row["seq"], row["kind"], row["cause"]) for row in steps] == [
        (1, "opened", None),
        (2, "resolved", "alerts.cause_recovered"),
    ]
    assert [row["kind"] for row in await city.rows(OUTBOX)] == ["first", "update"]


async def test_an_outage_that_is_over_when_it_becomes_known_is_no_alert(city: City) -> None:
    site = city.sites[0]
    (outage,) = await city.gate_down(site, found_after=3600)
    await city.gate_back((site, outage))
    assert await city.follow() == (0, 0)
    assert await city.rows(ALERTS) == []


async def test_facts_of_the_time_before_the_rules_ran_are_told_to_nobody(
    own_database: Database, at_dawn: ManualClock
) -> None:
    city = await make_city(own_database, at_dawn, districts=1, sites=2, begun=False)
    await city.gate_down(city.sites[0])
    assert await city.follow() == (0, 0)
    await city.gate_down(city.sites[1])
    assert await city.follow() == (1, 0)


async def test_a_rule_that_fails_is_tried_again_told_and_hurts_no_other(city: City) -> None:
    operator = await make_officer(city.database, "operator")
    broken = {"is": True}
    whole = next(rule for rule in RULES if rule.kind == "gate_down")

    async def judge(look: Look) -> Found:
        if broken["is"]:
            raise ZeroDivisionError
        return await whole.judge(look)

    rules = [Rule("gate_down", judge, source="gate_fact"), *(rule for rule in RULES if rule.kind != "gate_down")]

    async def look() -> None:
        while True:
            found = await follow_once(city.database, city.clock, city.state, rules)
            if not any(one.waiting for one in city.state.horizons.values()) and found == (0, 0):
                return

    await city.gate_down(city.sites[0])
    await city.gate_down(city.sites[1], kind="mute")
    for _ in range(TOLD_AFTER + 1):
        await look()
        city.clock.advance(timedelta(minutes=1))
    kinds = [row["kind"] for row in await city.rows(ALERTS)]
    assert kinds == ["gate_mute", "platform_trouble"]
    assert [row["kind"] for row in await city.inbox(operator)] == ["platform_trouble"]
    (row,) = await city.rows("SELECT failures, error FROM alert_follower WHERE name = 'gate_down'")
    assert row["failures"] >= TOLD_AFTER
    assert row["error"] == "ZeroDivisionError"
    broken["is"] = False
    city.clock.advance(timedelta(minutes=30))
    await look()
    standing = {row["kind"]: row["state"] for row in await city.rows(ALERTS)}
    assert standing == {"gate_mute": "open", "platform_trouble": "resolved", "gate_down": "open"}


async def _deliver(city: City) -> None:
    """Do as if the channels had told everything that waits."""
    async with city.database.transaction() as tx:
        await tx.execute(
            text("UPDATE alert_outbox SET done_at = :now, outcome = 'sent' WHERE done_at IS NULL"),
            {"now": city.clock.now()},
        )
