"""Brings facts and rules together: for each rule, reads what is new to it and judges that by the settings of its sites.

A rule follows a table of facts by number, or looks at the clock every so often, or both. What it returns is all it
does: writing is `recording.py`'s.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final, Literal, TypeVar
from uuid import UUID

from backend.alerts import fact_queries as facts
from backend.alerts.model import Found, RuleKind, Site
from backend.alerts.moments import due_day
from backend.alerts.rulebook import InForce, RuleBook
from backend.alerts.rules.announced import Announced, raised_tolerances, troubles
from backend.alerts.rules.bulletins import district_of, issued_bulletins
from backend.alerts.rules.duty import absences, forecasts
from backend.alerts.rules.gates import OutageFact, gates_down, long_outages
from backend.alerts.rules.posts import empty_posts, posts_together
from backend.alerts.rules.requests import requests_moved, requests_waiting
from backend.alerts.rules.reviews import ageing_queue
from backend.alerts.rules.rulings import rulings_made
from backend.alerts.rules.signs import SignFact, signs_of_forgery
from backend.alerts.settings import (
    AbsentSettings,
    BulletinSettings,
    ForecastSettings,
    GateSettings,
    LongSettings,
    MovedSettings,
    PostSettings,
    PostsSettings,
    ReviewSettings,
    RuleSettings,
    RulingSettings,
    SignSettings,
    ToleranceSettings,
    TroubleSettings,
    WaitingSettings,
)
from backend.alerts.still import no_longer_absent, no_longer_empty, no_longer_news, standing_keys
from backend.kit.db import Tx
from backend.kit.horizon import Settled
from backend.sites.working_days import WorkCalendar

Source = Literal["gate_fact", "announced_fact", "ledger_outbox"]
SITES_AT_ONCE: Final = 200
LATE_COMMIT: Final = timedelta(minutes=2)
"""How long after its own instant a row that is followed by time may become visible: no transaction lives as long."""

Kind = TypeVar("Kind", bound=RuleSettings)
Fact = TypeVar("Fact", OutageFact, SignFact)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a rule is given: the transaction, the instant, where it stands, and the settings and calendar of now.

    `only_facts` and `only_sites` narrow it, for finding out on what a rule fails; `aside` are sites on which it does,
    which the clock's part leaves out.
    """

    tx: Tx
    now: datetime
    looked_at: datetime
    after: int
    after_xid: int
    upto: Settled
    book: RuleBook
    calendar: WorkCalendar
    only_facts: frozenset[int] | None = None
    only_sites: frozenset[UUID] | None = None
    aside: frozenset[UUID] = frozenset()

    @property
    def span(self) -> dict[str, object]:
        """Return the facts to read: a range of numbers, or those that are named."""
        if self.only_facts is not None:
            return facts.named(self.only_facts)
        return facts.since(self.after, self.after_xid, self.upto)

    def sees(self, site: Site) -> bool:
        """Tell whether the clock's part looks at a site."""
        return site.project_id not in self.aside and (self.only_sites is None or site.project_id in self.only_sites)


Judge = Callable[[Look], Awaitable[Found]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as a follower runs it: what it follows, how often it looks at the clock, and how it judges."""

    kind: RuleKind
    judge: Judge
    source: Source | None = None
    every: timedelta | None = None


def settings_of(look: Look, kind: RuleKind, site: Site | None, form: type[Kind]) -> Kind | None:
    """Return the settings that hold at a site, None when the rule is switched off there."""
    force: InForce = look.book.holds(
        kind, None if site is None else site.district_id, None if site is None else site.project_id
    )
    settings = force.settings
    if not isinstance(settings, form):
        msg = f"{kind} has settings of another rule"
        raise TypeError(msg)
    return settings if settings.enabled else None


def _by_site(rows: Iterable[Fact]) -> dict[UUID, list[Fact]]:
    found: dict[UUID, list[Fact]] = defaultdict(list)
    for row in rows:
        found[row.site.project_id].append(row)
    return found


async def _gates(look: Look, kind: RuleKind) -> Found:
    found = Found()
    for own in _by_site(await facts.outages_told(look.tx, look.span)).values():
        settings = settings_of(look, kind, own[0].site, GateSettings)
        if settings is not None:
            found += gates_down(own, settings, kind, look.now)
    return found


async def _long(look: Look) -> Found:
    found = Found()
    rows = [row for row in await facts.outages_open(look.tx, look.now) if look.sees(row.site)]
    for own in _by_site(rows).values():
        settings = settings_of(look, "outage_long", own[0].site, LongSettings)
        if settings is not None:
            found += long_outages(own, settings, look.now)
    return found


async def _signs(look: Look) -> Found:
    found = Found()
    rows = await facts.punch_signs(look.tx, look.span)
    if not look.only_facts:
        signals = await facts.signals_found(look.tx, look.looked_at - LATE_COMMIT, look.now)
        rows += [signal for signal in signals if look.sees(signal.site)]
    for own in _by_site(rows).values():
        settings = settings_of(look, "forgery_signs", own[0].site, SignSettings)
        if settings is not None:
            found.findings.extend(signs_of_forgery(own, settings))
    return found


async def _tolerances(look: Look) -> Found:
    return tolerances(look, await facts.announced_told(look.tx, look.span))


def tolerances(look: Look, rows: Iterable[Announced]) -> Found:
    """Judge announced tolerances, each by the settings of its site."""
    found = Found()
    for row in rows:
        settings = settings_of(look, "fence_tolerance", row.site, ToleranceSettings)
        if settings is not None:
            found.findings.extend(raised_tolerances([row], settings))
    return found


async def _requests_waiting(look: Look) -> Found:
    found = Found()
    for fact in await facts.requests_told(look.tx, look.span):
        settings = settings_of(look, "request_waiting", fact.site, WaitingSettings)
        if settings is not None:
            found += requests_waiting(fact, settings)
    return found


async def _requests_moved(look: Look) -> Found:
    kept = settings_of(look, "request_moved", None, MovedSettings)
    days = MovedSettings().kept_days if kept is None else kept.kept_days
    found = Found(endings=await no_longer_news(look.tx, "request_moved", look.now - timedelta(days=days)))
    for fact in await facts.requests_told(look.tx, look.span):
        settings = settings_of(look, "request_moved", fact.site, MovedSettings)
        if settings is not None:
            found += requests_moved(fact, settings)
    return found


async def _rulings(look: Look) -> Found:
    kept = settings_of(look, "ruling_made", None, RulingSettings)
    days = RulingSettings().kept_days if kept is None else kept.kept_days
    found = Found()
    # Old news are looked for once an hour: the ledger may move with every look.
    if look.looked_at < look.now.replace(minute=0, second=0, microsecond=0):
        found.endings.extend(await no_longer_news(look.tx, "ruling_made", look.now - timedelta(days=days)))
    for fact in await facts.rulings_told(look.tx, look.span):
        settings = settings_of(look, "ruling_made", fact.site, RulingSettings)
        if settings is not None:
            found += rulings_made(fact, settings, look.calendar)
    return found


async def _troubles(look: Look) -> Found:
    settings = settings_of(look, "platform_trouble", None, TroubleSettings)
    rows = await facts.announced_told(look.tx, look.span)
    if settings is None:
        return Found()
    return troubles(rows, settings, await standing_keys(look.tx, "platform_trouble"))


async def _bulletins(look: Look) -> Found:
    found = Found()
    for row in await facts.announced_told(look.tx, look.span):
        settings = look.book.holds("bulletin_issued", district_of(row), None).settings
        if isinstance(settings, BulletinSettings) and settings.enabled:
            found.findings.extend(issued_bulletins([row], settings))
    return found


Due = dict[date, list[tuple[Site, Kind]]]


async def due_sites(look: Look, kind: RuleKind, form: type[Kind]) -> Due[Kind]:
    """Return the sites at which a rule's time of day has come since the last look, by the site's day."""
    due: Due[Kind] = defaultdict(list)
    for site in await facts.read_sites(look.tx, look.now.date()):
        if not look.sees(site):
            continue
        settings = settings_of(look, kind, site, form)
        if settings is None or not isinstance(
            settings, PostSettings | AbsentSettings | ForecastSettings | ReviewSettings
        ):
            continue
        on = due_day(site, settings.at, look.looked_at, look.now)
        if on is not None and (isinstance(settings, ReviewSettings) or look.calendar.is_due(on, settings.days)):
            due[on].append((site, settings))
    return due


def _portions(due: Due[Kind]) -> Iterable[tuple[date, Sequence[tuple[Site, Kind]]]]:
    for on, sites in due.items():
        for begin in range(0, len(sites), SITES_AT_ONCE):
            yield on, sites[begin : begin + SITES_AT_ONCE]


async def _posts(look: Look) -> Found:
    found = Found(endings=await no_longer_empty(look.tx, "post_empty", look.now))
    for on, portion in _portions(await due_sites(look, "post_empty", PostSettings)):
        also = {site.project_id: settings_of(look, "posts_empty", site, PostsSettings) for site, _ in portion}
        kinds = {kind for _, settings in portion for kind in settings.posts}
        kinds |= {kind for settings in also.values() if settings is not None for kind in settings.posts}
        posts = await facts.posts_on(look.tx, [site for site, _ in portion], on, kinds)
        for site, settings in portion:
            own = posts.get(site.project_id, [])
            found.findings.extend(empty_posts(own, settings, look.now, also[site.project_id]))
    return found


async def _posts_together(look: Look) -> Found:
    found = Found(endings=await no_longer_empty(look.tx, "posts_empty", look.now))
    for on, portion in _portions(await due_sites(look, "posts_empty", PostsSettings)):
        kinds = {kind for _, settings in portion for kind in settings.posts}
        posts = await facts.posts_on(look.tx, [site for site, _ in portion], on, kinds)
        for site, settings in portion:
            found.findings.extend(posts_together(posts.get(site.project_id, []), settings, look.now))
    return found


async def _absences(look: Look) -> Found:
    found = Found(endings=await no_longer_absent(look.tx))
    for on, portion in _portions(await due_sites(look, "absent_days", AbsentSettings)):
        kinds = {kind for _, settings in portion for kind in settings.posts}
        duties = await facts.duties_on(look.tx, [site for site, _ in portion], on, kinds)
        for site, settings in portion:
            own = duties.get(site.project_id, [])
            found.findings.extend(absences(own, settings, on, look.now, look.calendar))
    return found


async def _forecasts(look: Look) -> Found:
    found = Found()
    for on, portion in _portions(await due_sites(look, "forecast_low", ForecastSettings)):
        kinds = {kind for _, settings in portion for kind in settings.posts}
        duties = await facts.duties_on(look.tx, [site for site, _ in portion], on, kinds)
        for site, settings in portion:
            own = duties.get(site.project_id, [])
            found.findings.extend(forecasts(own, settings, on, look.now, look.calendar))
    return found


async def _reviews(look: Look) -> Found:
    found = Found()
    for on, portion in _portions(await due_sites(look, "review_ageing", ReviewSettings)):
        by_site = {site.project_id: settings for site, settings in portion}
        for queue in await facts.queues_on(look.tx, [site for site, _ in portion], on):
            found.findings.extend(ageing_queue(queue, by_site[queue.site.project_id], on, look.now))
    return found


_OFTEN: Final = timedelta(seconds=15)
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_SOON: Final = timedelta(seconds=5)

RULES: Final[tuple[Rule, ...]] = (
    Rule("gate_down", partial(_gates, kind="gate_down"), source="gate_fact"),
    Rule("gate_mute", partial(_gates, kind="gate_mute"), source="gate_fact"),
    Rule("gate_declared", partial(_gates, kind="gate_declared"), source="gate_fact"),
    Rule("outage_long", _long, every=_MINUTE),
    Rule("forgery_signs", _signs, source="ledger_outbox", every=_SOON),
    Rule("fence_tolerance", _tolerances, source="announced_fact"),
    Rule("request_waiting", _requests_waiting, source="announced_fact"),
    Rule("request_moved", _requests_moved, source="announced_fact", every=_HOUR),
    Rule("ruling_made", _rulings, source="ledger_outbox", every=_HOUR),
    Rule("platform_trouble", _troubles, source="announced_fact"),
    Rule("bulletin_issued", _bulletins, source="announced_fact"),
    Rule("posts_empty", _posts_together, every=_OFTEN),
    Rule("post_empty", _posts, every=_OFTEN),
    Rule("absent_days", _absences, every=_MINUTE),
    Rule("forecast_low", _forecasts, every=_MINUTE),
    Rule("review_ageing", _reviews, every=_MINUTE),
)
