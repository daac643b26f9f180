"""What the database reckons for many is what the pure rules reckon for one, from days that the test counts itself."""

import random
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert

from backend.attendance.rates.evaluation import DutyDay, credit_of, sum_days
from backend.attendance.rates.figures import Span, duty_days_of, month_span, rates_of
from backend.attendance.rates.force import PublishedRules
from backend.attendance.rates.recomputing import reckon_from_ledger
from backend.attendance.rates.rule_model import (
    Deputy,
    DueDayRule,
    RuleBody,
    SeveralProjects,
    Threshold,
    ValidDayRule,
)
from backend.attendance.rates.tables import StopWork, StopWorkStep
from backend.kit.db import Database
from backend.kit.keyring import KeyRing
from backend.ledger.model import Entry
from backend.sites.working_days import WorkCalendar
from tests.support.factories import (
    MadeSite,
    make_assignment,
    make_district,
    make_party,
    make_person,
    make_post,
    make_site,
    make_staff,
)
from tests.support.ledgers import append, day_key, entry
from tests.support.rates import days_between, published, seen_three
from tests.support.requests import make_leave

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)
NOW = datetime(2026, 4, 2, 1, 0, tzinfo=UTC)
MANAGER, CHIEF, DEPUTY = "project_manager", "chief_supervisor", "chief_deputy"
POSTS = (("009", MANAGER), ("007", CHIEF), ("007", DEPUTY))
ASKED = frozenset({MANAGER, CHIEF, DEPUTY})
EVERYONE = (Threshold(posts=ASKED, min_share=800),)
HOUR = 3600
RULES = (
    RuleBody(thresholds=EVERYONE),
    RuleBody(
        thresholds=EVERYONE,
        valid_day=ValidDayRule(kind="pro_rata"),
        due_day=DueDayRule(days="every", count_days_off=True),
        deputy=Deputy(holder=CHIEF, deputy=DEPUTY, counts_for_holder=True),
    ),
    RuleBody(
        thresholds=EVERYONE,
        valid_day=ValidDayRule(kind="in_and_out", apart_s=HOUR),
        due_day=DueDayRule(days="six_day_week", less_stop_work=False, begins_after_days=3),
        deputy=Deputy(holder=CHIEF, deputy=DEPUTY, deputy_due=True),
    ),
    RuleBody(
        thresholds=EVERYONE,
        valid_day=ValidDayRule(min_punches=1, apart_s=0),
        several_projects=SeveralProjects(post=CHIEF),
        make_ups_count=False,
    ),
)


class World:
    """Two sites of one district with one chief on both, a stop of work, and punches of every kind."""

    def __init__(self, draw: random.Random, sites: list[MadeSite], chief: UUID) -> None:
        self.draw, self.sites, self.chief = draw, sites, chief
        self.entries: defaultdict[tuple[UUID, UUID, date], list[Entry]] = defaultdict(list)
        self.stopped: set[tuple[UUID, date]] = set()

    @property
    def projects(self) -> list[UUID]:
        return [site.project.id for site in self.sites]

    def people(self, site: MadeSite) -> list[tuple[str, UUID, UUID, UUID]]:
        """Return (kind of post, post, party, person); the chief of the first site is on the second too."""
        found = []
        for party, kind in POSTS:
            person = self.chief if kind == CHIEF else site.people[kind].id
            found.append((kind, site.posts[kind], site.parties[party].id, person))
        return found

    def punch(self, project: UUID, person: UUID, day: date) -> None:
        for _ in range(self.draw.choice([0, 0, 1, 2, 2, 3, 4])):
            at = datetime.combine(day, time(), UTC) + timedelta(minutes=self.draw.randrange(60, 900))
            made = entry(
                project,
                person,
                at,
                direction=self.draw.choice(["in", "out", "unknown"]),
                outcome=self.draw.choice(["counted", "counted", "counted", "review", "refused"]),
                source=self.draw.choice(["gate", "phone", "make_up"]),
                received_at=NOW - timedelta(hours=1),
            )
            self.entries[project, person, day_key(made).work_on].append(made)

    def duty(self, site: MadeSite, versions: list[PublishedRules]) -> dict[tuple[UUID, UUID, UUID], list[DutyDay]]:
        """Return the days of every holder, counted here."""
        calendar, found = WorkCalendar(), {}
        project = site.project.id
        people = self.people(site)
        for kind, post, _, person in people:
            days = []
            for day in days_between(FIRST, LAST):
                version = max((one for one in versions if one.valid_from <= day), key=lambda one: one.valid_from)
                rule = version.rules
                seen = seen_three(self.entries[project, person, day])
                days.append(
                    DutyDay(
                        day=day,
                        rules=version,
                        calendar_due=calendar.is_due(day, rule.due_day.days),
                        stopped=(project, day) in self.stopped,
                        projects=2 if kind == CHIEF and rule.several_projects else 1,
                        counted=seen[0],
                        own=seen[1],
                        likely=seen[2],
                        **self.pair(project, people, day, rule),
                    )
                )
            found[project, post, person] = days
        return found

    def pair(self, project: UUID, people: list[tuple[str, UUID, UUID, UUID]], day: date, rule: RuleBody) -> Any:
        if rule.deputy is None:
            return {}
        credit: dict[str, tuple[int, int, int]] = {}
        for kind, _, _, person in people:
            three = seen_three(self.entries[project, person, day])
            credit[kind] = tuple(credit_of(seen, rule.valid_day) for seen in three)  # type: ignore[assignment] - three of them
        return {"holder_credit": credit[CHIEF][0], "deputy_credits": credit[DEPUTY]}


async def make_world(database: Database, keys: KeyRing, seed: int) -> World:
    draw = random.Random(seed)
    district = await make_district(database)
    sites = [await make_site(database, keys, district_id=district, posts=POSTS, accounts=False) for _ in range(2)]
    chief = sites[0].people[CHIEF].id
    await make_assignment(database, sites[1].project.id, sites[1].posts[CHIEF], chief)
    world = World(draw, sites, chief)
    clerk = await make_staff(database)
    for site in sites:
        project = site.project.id
        for _, _, _, person in world.people(site):
            for day in days_between(FIRST, LAST):
                world.punch(project, person, day)
        for approved in (True, False):
            first = FIRST + timedelta(days=draw.randrange(25))
            last = first + timedelta(days=draw.randrange(6))
            await stop(database, project, clerk, first, last, approved=approved)
            if approved:
                world.stopped |= {(project, day) for day in days_between(first, last)}
    await append(database, [one for many in world.entries.values() for one in many], NOW)
    return world


async def stop(database: Database, project: UUID, clerk: UUID, first: date, last: date, *, approved: bool) -> None:
    from backend.kit.ids import new_id

    stop_id = new_id(NOW)
    common = {"project_id": project}
    async with database.transaction() as tx:
        await tx.execute(
            insert(StopWork).values(
                id=stop_id,
                from_on=first,
                to_on=None if approved else last,
                cause="weather",
                reason="暴雨",
                filed_by=clerk,
                filed_at=NOW,
                **common,
            )
        )
        kinds = ("approved", "ended") if approved else ("refused",)
        for seq, kind in enumerate(kinds, 1):
            values = {
                "stop_work_id": stop_id,
                "seq": seq,
                "kind": kind,
                "last_on": last if kind == "ended" else None,
                "taken_by": clerk,
                "taken_at": NOW,
            }
            await tx.execute(insert(StopWorkStep).values(**values, **common))


@pytest.mark.parametrize("seed", range(6))
async def test_the_database_reckons_as_the_rules_say(seed: int, database: Database, keys: KeyRing) -> None:
    world = await make_world(database, keys, seed)
    turn = date(2026, 3, 18)
    versions = [
        published(RULES[seed % len(RULES)], rank=1),
        published(RULES[(seed + 1 + seed // 4) % len(RULES)], valid_from=turn, rank=2),
    ]
    span = month_span(FIRST, until=date(2026, 3, 26))
    async with database.transaction() as tx:
        figures = await rates_of(tx, world.projects, span, post_kinds=ASKED, published=versions)
        again = await reckon_from_ledger(tx, world.projects, span, post_kinds=ASKED, published=versions)
    found = {(one.project_id, one.post_id, one.person_id): one for one in figures}
    assert {key: one.sums for key, one in found.items()} == {
        (one.project_id, one.post_id, one.person_id): one.sums for one in again
    }
    expected = {key: days for site in world.sites for key, days in world.duty(site, versions).items()}
    mine = {key: one for key, one in found.items() if key in expected}
    assert set(mine) == set(expected)
    for key, days in expected.items():
        assert mine[key].sums == sum_days(days, mine[key].post_kind, span.until), mine[key].post_kind
        assert mine[key].rules is versions[1]


async def test_a_day_is_told_as_it_was_reckoned(database: Database, keys: KeyRing) -> None:
    world = await make_world(database, keys, 99)
    span = month_span(FIRST)
    async with database.transaction() as tx:
        days = await duty_days_of(tx, world.chief, world.projects, span, post_kinds=ASKED)
        figures = await rates_of(tx, world.projects, span, post_kinds=ASKED)
    for one in figures:
        if one.person_id == world.chief:
            told = days[one.project_id, one.post_id, one.post_kind, one.party_id]
            assert sum_days(told, one.post_kind, LAST) == one.sums


async def test_one_late_punch_is_in_the_rate_of_its_own_transaction(database: Database, keys: KeyRing) -> None:
    site = await make_site(database, keys, posts=(("009", MANAGER),), accounts=False)
    project, person = site.project.id, site.people[MANAGER].id
    at = datetime(2026, 3, 16, 0, 0, tzinfo=UTC)
    span = Span(first=date(2026, 3, 16), last=date(2026, 3, 20), until=date(2026, 3, 20))

    async def rate() -> tuple[int, int | None]:
        async with database.transaction() as tx:
            (one,) = await rates_of(tx, [project], span)
            return one.sums.valid, one.rate

    await append(database, [entry(project, person, at)], NOW)
    assert await rate() == (0, 0)
    late = entry(project, person, at + timedelta(hours=9), received_at=NOW)
    await append(database, [late], NOW)
    assert await rate() == (1000, 200)


async def test_who_left_or_is_not_on_the_post_owes_nothing(database: Database, keys: KeyRing) -> None:
    site = await make_site(database, keys, posts=(("009", MANAGER),), accounts=False)
    project = site.project.id
    party = await make_party(database, project, kind="001")
    post = await make_post(database, party, kind="safety_officer")
    people = [await make_person(database, keys) for _ in range(4)]
    left, unconfirmed, twice, later = (one.id for one in people)
    span = Span(first=date(2026, 3, 16), last=date(2026, 3, 20), until=date(2026, 3, 20))
    ends = {"to_on": date(2026, 3, 17)}
    await make_assignment(database, project, post, left, exit_confirmed_at=NOW, **ends)  # type: ignore[arg-type] - fields by name
    await make_assignment(database, project, post, unconfirmed, **ends)  # type: ignore[arg-type] - fields by name
    await make_assignment(database, project, post, twice, **ends)  # type: ignore[arg-type] - fields by name
    await make_assignment(database, project, post, twice, from_on=date(2026, 3, 18))
    await make_assignment(database, project, post, later, from_on=date(2026, 3, 23))
    async with database.transaction() as tx:
        found = {one.person_id: one.sums for one in await rates_of(tx, [project], span)}
    assert {person: found[person].due for person in (left, unconfirmed, twice)} == {
        left: 2,
        unconfirmed: 5,
        twice: 5,
    }
    assert later not in found
    assert found[twice].on_duty == 5


async def test_approved_leave_is_not_due(database: Database, keys: KeyRing) -> None:
    site = await make_site(database, keys, posts=(("009", MANAGER),))
    span = month_span(FIRST)
    async with database.transaction() as tx:
        await make_leave(tx, site, MANAGER, date(2026, 3, 16), date(2026, 3, 18))
        await make_leave(tx, site, MANAGER, date(2026, 3, 23), date(2026, 3, 25), state="deciding")
        (one,) = await rates_of(tx, [site.project.id], span)
        strict = RuleBody(thresholds=EVERYONE, due_day=DueDayRule(less_leave=False))
        (all_due,) = await rates_of(tx, [site.project.id], span, published=[published(strict)])
    assert (one.sums.due, one.sums.leave_days, all_due.sums.due) == (19, 3, 22)
