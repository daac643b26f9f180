"""A fact or a site on which a rule keeps failing is set aside, told, tried again; the rule's other facts go on."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from backend.alerts import setting_aside
from backend.alerts.following import follow_once
from backend.alerts.inbox_queries import actor_of
from backend.alerts.model import Found
from backend.alerts.recipients import READ
from backend.alerts.setting_aside import FIRST_RETRY
from backend.alerts.settings import PostSettings
from backend.alerts.watching import RULES, Look, Rule, due_sites
from tests.support.cities import City, CitySite, local
from tests.support.factories import make_officer

ALERTS = """
SELECT a.kind, a.project_id, t.state FROM alert a
JOIN alert_state t ON t.project_id = a.project_id AND t.alert_id = a.id ORDER BY a.found_at, a.id
"""
ASIDE = "SELECT rule, kind, unit, attempts, error, settled_at FROM alert_set_aside ORDER BY rule, unit"
FOLLOWER = "SELECT failures, told FROM alert_follower WHERE name = :name"


def rule_of(kind: str) -> Rule:
    return next(rule for rule in RULES if rule.kind == kind)


class Broken:
    """A rule that fails whenever it finds something of a site, as a row that nobody thought of would make it."""

    def __init__(self, kind: str, fails: Callable[[Look, Found], bool]) -> None:
        self.rule, self.fails, self.mended = rule_of(kind), fails, False

    async def judge(self, look: Look) -> Found:
        found = await self.rule.judge(look)
        if not self.mended and self.fails(look, found):
            raise ZeroDivisionError
        return found

    def among(self) -> list[Rule]:
        """Return all rules, with this one in the place of the whole one."""
        mine = Rule(self.rule.kind, self.judge, source=self.rule.source, every=self.rule.every)
        return [mine, *(rule for rule in RULES if rule.kind != self.rule.kind)]


async def look(city: City, broken: Broken, minutes: int = 1) -> None:
    """Let the rules look until they have seen all, then let some time go by."""
    while True:
        found = await follow_once(city.database, city.clock, city.state, broken.among())
        if not any(one.waiting for one in city.state.horizons.values()) and found == (0, 0):
            break
    city.clock.advance(timedelta(minutes=minutes))


async def alerts(city: City) -> list[tuple[str, str]]:
    names = {site.id: f"site {number}" for number, site in enumerate(city.sites)}
    rows = await city.rows(ALERTS)
    return sorted((row["kind"], f"{names.get(row['project_id'], 'platform')} {row['state']}") for row in rows)


def at(site: CitySite) -> Callable[[Look, Found], bool]:
    return lambda _, found: any(one.project_id == site.id for one in found.findings)


async def test_a_fact_that_fails_is_set_aside_told_and_judged_once_it_can_be(city: City) -> None:
    operator = await make_officer(city.database, "operator")
    broken = Broken("gate_down", at(city.sites[1]))
    await city.gate_down(city.sites[0])
    await city.gate_down(city.sites[1])
    await city.gate_down(city.sites[2])
    for _ in range(4):
        await look(city, broken)
    assert await alerts(city) == [
        ("gate_down", "site 0 open"),
        ("gate_down", "site 2 open"),
        ("platform_trouble", "platform open"),
    ]
    (aside,) = await city.rows(ASIDE)
    assert (aside["rule"], aside["kind"], aside["error"], aside["settled_at"]) == (
        "gate_down",
        "fact",
        "ZeroDivisionError",
        None,
    )
    # The rule itself is well: it goes on with what comes, and its own failure is told to nobody.
    assert await city.rows(FOLLOWER, name="gate_down") == [{"failures": 0, "told": False}]
    await city.gate_down(city.sites[3])
    await look(city, broken)
    assert ("gate_down", "site 3 open") in await alerts(city)
    assert [row["kind"] for row in await city.inbox(operator)] == ["platform_trouble"]
    # Tried again in vain, then mended.
    await look(city, broken, minutes=10)
    await look(city, broken)
    (aside,) = await city.rows(ASIDE)
    assert (aside["attempts"], aside["settled_at"]) == (2, None)
    broken.mended = True
    city.clock.advance(2 * FIRST_RETRY)
    await look(city, broken)
    await look(city, broken)
    (aside,) = await city.rows(ASIDE)
    assert aside["settled_at"] is not None
    assert await alerts(city) == [
        *(("gate_down", f"site {number} open") for number in range(4)),
        ("platform_trouble", "platform resolved"),
    ]


async def test_a_rule_by_the_clock_goes_on_with_the_other_sites(city: City) -> None:
    empty = city.sites[:2]

    async def judge(look: Look) -> Found:
        due = await due_sites(look, "post_empty", PostSettings)
        if any(site.project_id == empty[0].id for sites in due.values() for site, _ in sites):
            raise ZeroDivisionError
        return await rule_of("post_empty").judge(look)

    broken = Broken("post_empty", lambda _, __: False)
    broken.rule = Rule("post_empty", judge, every=rule_of("post_empty").every)
    people = [
        (site, kind) for site in city.sites for kind in site.people if site not in empty or kind != "safety_officer"
    ]
    await city.punch(local(city.clock, 7, 30), *people)
    city.clock.set(local(city.clock, 9, 30))
    for _ in range(4):
        await look(city, broken)
    found = await alerts(city)
    assert ("post_empty", "site 1 open") in found
    assert ("post_empty", "site 0 open") not in found
    assert [(row["kind"], row["unit"]) for row in await city.rows(ASIDE)] == [("site", str(empty[0].id))]
    broken.rule = rule_of("post_empty")
    await look(city, broken, minutes=11)
    await look(city, broken)
    assert ("post_empty", "site 0 open") in await alerts(city)


async def test_a_rule_that_fails_on_everything_is_told_as_failing_and_sets_nothing_aside(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setting_aside, "MOST", 3)
    broken = Broken("gate_down", lambda look, _: look.only_facts is None or bool(look.only_facts))
    for site in city.sites:
        await city.gate_down(site, kind="mute")
    for _ in range(5):
        await look(city, broken)
    assert await city.rows(ASIDE) == []
    (row,) = await city.rows(FOLLOWER, name="gate_down")
    assert row["failures"] >= 3
    assert row["told"]


async def test_only_those_who_see_the_whole_city_are_shown_what_is_aside(city: City) -> None:
    broken = Broken("gate_down", at(city.sites[0]))
    await city.gate_down(city.sites[0])
    for _ in range(3):
        await look(city, broken)
    operator = await make_officer(city.database, "operator")
    async with city.database.transaction() as tx:
        for account_id, shown in ((operator, 1), (city.supervisors[city.sites[0].district_id], 0)):
            actor = await actor_of(tx, account_id)
            assert actor is not None
            assert len(await setting_aside.list_set_aside(tx, actor, READ)) == shown
