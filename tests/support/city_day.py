"""A day of a city with faults, played by the application's clock: what was injected, and what supervisors were told.

Gates' outages are recorded as the watch over gates finds them, three minutes after the gate was last heard; whether it
does find them so is tested with the watch itself.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from tests.support.cities import City, CitySite, local

FOUND_AFTER = timedelta(minutes=3)
CUTOFF = (9, 30)
STEP = timedelta(minutes=15)


@dataclass(frozen=True)
class Fault:
    """A gate that falls silent and comes back."""

    site: CitySite
    at: datetime
    back_at: datetime


@dataclass
class DayPlan:
    """What goes wrong on a day: single gates, areas without power, posts that nobody fills."""

    single: list[Fault] = field(default_factory=list[Fault])
    areas: list[list[Fault]] = field(default_factory=list[list[Fault]])
    empty: list[tuple[CitySite, str]] = field(default_factory=list[tuple[CitySite, str]])

    @property
    def faults(self) -> list[Fault]:
        """Return all gates that fall silent, area by area too."""
        return [*self.single, *(fault for area in self.areas for fault in area)]


@dataclass(frozen=True)
class Told:
    """What came of a day: how late each fault was in an alert, and what each supervisor's inbox and channels got."""

    gate_delays_s: Sequence[float]
    post_delays_s: Sequence[float]
    missed: int
    inbox: Sequence[int]
    sent: Sequence[int]
    alerts: int
    largest_group: int


def plan_day(
    city: City, seed: int, *, single: int = 60, areas: int = 3, area_gates: int = 40, empty: int = 25
) -> DayPlan:
    """Draw a day: faults between 06:30 and 21:30, an area's gates within two minutes of each other."""
    draw = random.Random(seed)
    plan = DayPlan()
    dawn = local(city.clock, 6, 30)

    def moment() -> datetime:
        return dawn + timedelta(minutes=draw.randrange(15 * 60))

    free = list(city.sites)
    draw.shuffle(free)
    districts = sorted({site.district_id for site in city.sites})
    for district in draw.sample(districts, areas):
        own = [site for site in free if site.district_id == district][:area_gates]
        begin = moment()
        plan.areas.append([_fault(site, begin + timedelta(seconds=draw.randrange(120)), draw) for site in own])
        free = [site for site in free if site not in own]
    plan.single = [_fault(site, moment(), draw) for site in free[:single]]
    kinds = ("project_manager", "chief_supervisor")
    # Two posts of the same site now and then: those are told together.
    while len(plan.empty) < empty:
        site = draw.choice(city.sites)
        for kind in kinds if draw.random() < 0.1 else (draw.choice(kinds),):
            if (site, kind) not in plan.empty and len(plan.empty) < empty:
                plan.empty.append((site, kind))
    return plan


def _fault(site: CitySite, at: datetime, draw: random.Random) -> Fault:
    return Fault(site, at, at + timedelta(minutes=draw.randrange(15, 120)))


async def play_day(city: City, plan: DayPlan) -> Told:
    """Play the plan from now until midnight in Wuhan."""
    absent = {(site.id, kind) for site, kind in plan.empty}
    people = [(site, kind) for site in city.sites for kind in site.people if (site.id, kind) not in absent]
    happenings = sorted(
        [(fault.at + FOUND_AFTER, "down", fault) for fault in plan.faults]
        + [(max(fault.back_at, fault.at + FOUND_AFTER), "back", fault) for fault in plan.faults],
        key=lambda one: one[0],
    )
    moments = {local(city.clock, 6, 10) + number * STEP for number in range(72)}
    moments |= {at for at, _, _ in happenings} | {local(city.clock, *CUTOFF) + timedelta(seconds=20)}
    outages: dict[UUID, UUID] = {}
    came = False
    for moment in sorted(moments):
        city.clock.set(max(moment, city.clock.now()))
        if not came and moment >= local(city.clock, 7, 45):
            await city.punch(local(city.clock, 7, 30), *people)
            came = True
        while happenings and happenings[0][0] <= moment:
            _, what, fault = happenings.pop(0)
            if what == "down":
                late_s = (city.clock.now() - fault.at).total_seconds()
                (outages[fault.site.id],) = await city.gate_down(fault.site, found_after=late_s)
            else:
                await city.gate_back((fault.site, outages[fault.site.id]))
        await city.follow()
        await _deliver(city)
    return await _told(city, plan)


async def _deliver(city: City) -> None:
    """Do as if the channels had told what is due."""
    async with city.database.transaction() as tx:
        await tx.execute(
            text("UPDATE alert_outbox SET done_at = :now, outcome = 'sent' WHERE done_at IS NULL AND due_at <= :now"),
            {"now": city.clock.now()},
        )


async def _told(city: City, plan: DayPlan) -> Told:
    rows = await city.rows("SELECT project_id, kind, fact_key, numbers, found_at FROM alert")
    found = {(row["project_id"], row["kind"], row["fact_key"]): row["found_at"] for row in rows}
    down = {row["project_id"]: row["found_at"] for row in rows if row["kind"] == "gate_down"}
    together = {
        row["project_id"]: (row["found_at"], set(row["numbers"]["post_kinds"].split(",")))
        for row in rows
        if row["kind"] == "posts_empty"
    }
    day = f"{local(city.clock, 12) + timedelta(hours=8):%Y-%m-%d}"
    cutoff = local(city.clock, *CUTOFF)
    gates: list[float] = []
    posts: list[float] = []
    missed = 0
    for fault in plan.faults:
        at = down.get(fault.site.id)
        missed += at is None
        gates += [] if at is None else [(at - fault.at).total_seconds()]
    for site, kind in plan.empty:
        at = found.get((site.id, "post_empty", f"{site.posts[kind]}:{day}"))
        both = together.get(site.id)
        if at is None and both is not None and kind in both[1]:
            at = both[0]
        missed += at is None
        posts += [] if at is None else [(at - cutoff).total_seconds()]
    inbox = await city.rows("SELECT account_id, count(*) AS entries FROM alert_inbox GROUP BY account_id")
    sent = await city.rows("SELECT account_id, count(*) AS entries FROM alert_outbox GROUP BY account_id")
    own = set(city.supervisors.values())
    groups = await city.rows("SELECT count(*) AS alerts FROM alert GROUP BY group_id ORDER BY 1 DESC LIMIT 1")
    return Told(
        gate_delays_s=sorted(gates),
        post_delays_s=sorted(posts),
        missed=missed,
        inbox=sorted(row["entries"] for row in inbox if row["account_id"] in own),
        sent=sorted(row["entries"] for row in sent if row["account_id"] in own),
        alerts=len(rows),
        largest_group=groups[0]["alerts"] if groups else 0,
    )
