"""Plays a rule over the past: what it would have sent, with the settings of today or others; nothing is written.

The days are judged as they stand in the ledger now, each at its own cutoff: a punch that arrived late counts from when
it was made. Facts that were recorded (outages, signs, announcements) are judged as of when they became known.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from backend.alerts import fact_queries as facts
from backend.alerts.administration import require_kind, require_rows
from backend.alerts.errors import RuleScopeInvalid, SpanInvalid
from backend.alerts.model import Finding, RuleKind, Site
from backend.alerts.moments import moment_of
from backend.alerts.rulebook import InForce, RuleBook
from backend.alerts.rules.announced import raised_tolerances, troubles
from backend.alerts.rules.bulletins import district_of, issued_bulletins
from backend.alerts.rules.duty import absences, forecasts
from backend.alerts.rules.gates import gates_down, long_outages
from backend.alerts.rules.posts import empty_posts, posts_together
from backend.alerts.rules.requests import requests_moved, requests_waiting
from backend.alerts.rules.reviews import ageing_queue
from backend.alerts.rules.rulings import rulings_made
from backend.alerts.rules.signs import signs_of_forgery
from backend.alerts.schemas import PreviewBody, PreviewItem, PreviewOut
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
    read_settings,
)
from backend.alerts.watching import SITES_AT_ONCE
from backend.alerts.wording import word_alert
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.queries import visible_projects

LONGEST: Final = timedelta(days=62)
SHOWN: Final = 200
MOST: Final = 20_000
READ: Final = "alerts.read"


class _Past:
    """The settings to try and the rows to look at."""

    def __init__(self, kind: RuleKind, body: PreviewBody, book: RuleBook, seen: frozenset[UUID] | None) -> None:
        self.kind: RuleKind = kind
        self.body = body
        self._book = book
        self._seen = seen
        self._tried = None if body.settings is None else InForce(read_settings(kind, body.settings), None)

    def settings(self, site: Site | None) -> RuleSettings:
        if self._tried is not None:
            return self._tried.settings
        if site is None:
            return self._book.holds(self.kind, None, None).settings
        return self._book.holds(self.kind, site.district_id, site.project_id).settings

    def together(self, site: Site) -> PostsSettings | None:
        found = self._book.holds("posts_empty", site.district_id, site.project_id).settings
        return found if isinstance(found, PostsSettings) and found.enabled else None

    def sees(self, site: Site | None) -> bool:
        return site is None or self._seen is None or site.project_id in self._seen

    @property
    def span(self) -> dict[str, object]:
        body = self.body
        return {
            "since": body.since,
            "until": body.until,
            "district_id": body.district_id,
            "project_id": body.project_id,
        }


async def preview_rule(
    tx: Tx, actor: Actor, kind: str, body: PreviewBody, *, scope: str, language: str, clock: Clock
) -> PreviewOut:
    """Return what a rule would have sent in a span of the past over the rows that the actor supervises.

    Raises RuleKindUnknown, RuleScopeInvalid, SpanInvalid, RuleSettingsInvalid, CityNeeded, DistrictUnknown or
    ProjectUnknown.
    """
    _require_span(kind, body, clock.now())
    await require_rows(tx, actor, scope, body.district_id, body.project_id)
    seen = frozenset((await tx.execute(visible_projects(actor, READ))).scalars())
    return await preview_over(tx, kind, body, seen, language=language, clock=clock)


async def preview_over(
    tx: Tx, kind: str, body: PreviewBody, seen: frozenset[UUID] | None, *, language: str, clock: Clock
) -> PreviewOut:
    """Return what a rule would have sent over some projects (None: all), for whoever asks at the machine itself.

    Raises RuleKindUnknown, RuleScopeInvalid, SpanInvalid or RuleSettingsInvalid.
    """
    now = clock.now()
    known = _require_span(kind, body, now)
    past = _Past(known, body, RuleBook(await facts.read_settings_at(tx, now), now), seen)
    found: dict[tuple[UUID, str], Finding] = {}
    for one in await _play(tx, past):
        found.setdefault((one.project_id, one.fact_key), one)
    return _answer(list(found.values()), past, language)


def _require_span(kind: str, body: PreviewBody, now: datetime) -> RuleKind:
    known = require_kind(kind)
    if body.district_id is not None and body.project_id is not None:
        raise RuleScopeInvalid
    if not body.since < body.until <= now or body.until - body.since > LONGEST:
        raise SpanInvalid
    return known


def _answer(findings: Sequence[Finding], past: _Past, language: str) -> PreviewOut:
    ordered = sorted(findings, key=lambda one: (one.occurred_at, one.project_id, one.fact_key))
    by_day: dict[str, int] = {}
    for one in ordered:
        day = f"{one.occurred_at + timedelta(hours=8):%Y-%m-%d}"
        by_day[day] = by_day.get(day, 0) + 1
    items = [
        PreviewItem(
            at=one.occurred_at,
            project_id=one.project_id,
            severity=one.severity,
            title=word_alert(language, one.words, one.numbers).title,
        )
        for one in ordered[:SHOWN]
    ]
    return PreviewOut(
        alerts=len(ordered),
        groups=_groups(ordered, past),
        projects=len({one.project_id for one in ordered}),
        by_day=by_day,
        items=items,
        complete=len(ordered) < MOST,
    )


def _groups(ordered: Iterable[Finding], past: _Past) -> int:
    """Count as the recording would have grouped: each within a span of the one before it of its key."""
    within = timedelta(seconds=past.settings(None).group_within_s)
    last: dict[str, datetime] = {}
    groups = 0
    for one in ordered:
        before = last.get(one.group_key)
        if before is None or one.occurred_at - before > within:
            groups += 1
        last[one.group_key] = one.occurred_at
    return groups


async def _play(tx: Tx, past: _Past) -> list[Finding]:
    match past.kind:
        case "gate_down" | "gate_mute" | "gate_declared" | "outage_long":
            return await _outages(tx, past)
        case "forgery_signs":
            return await _signs(tx, past)
        case "fence_tolerance" | "platform_trouble" | "bulletin_issued":
            return await _announced(tx, past)
        case "request_waiting" | "request_moved":
            return await _requests(tx, past)
        case "ruling_made":
            return await _rulings(tx, past)
        case "post_empty" | "posts_empty" | "absent_days" | "forecast_low" | "review_ageing":
            return await _days(tx, past)


async def _outages(tx: Tx, past: _Past) -> list[Finding]:
    found: list[Finding] = []
    for one in await facts.outages_between(tx, past.span):
        settings = past.settings(one.site)
        if not settings.enabled or not past.sees(one.site):
            continue
        if isinstance(settings, LongSettings):
            over_at = one.from_at + timedelta(hours=settings.hours, seconds=1)
            if over_at <= past.body.until:
                found += long_outages([one], settings, max(over_at, one.known_at)).findings
        elif isinstance(settings, GateSettings):
            found += gates_down([one], settings, past.kind, one.known_at).findings
    return found


async def _signs(tx: Tx, past: _Past) -> list[Finding]:
    by_site: dict[UUID, list[facts.SignFact]] = {}
    for one in [*await facts.signals_between(tx, past.span), *await facts.punch_signs_between(tx, past.span)]:
        if past.sees(one.site):
            by_site.setdefault(one.site.project_id, []).append(one)
    found: list[Finding] = []
    for own in by_site.values():
        settings = past.settings(own[0].site)
        if isinstance(settings, SignSettings) and settings.enabled:
            found += signs_of_forgery(own, settings)
    return found


async def _announced(tx: Tx, past: _Past) -> list[Finding]:
    rows = await facts.announced_between(tx, past.span)
    settings = past.settings(None)
    if isinstance(settings, TroubleSettings):
        return troubles(rows, settings, []).findings
    if isinstance(settings, BulletinSettings):
        if past.body.project_id is not None:
            return []  # none is of a project
        of_district = past.body.district_id
        return issued_bulletins((row for row in rows if of_district in {None, district_of(row)}), settings)
    found: list[Finding] = []
    for row in rows:
        own = past.settings(row.site)
        if isinstance(own, ToleranceSettings) and own.enabled and past.sees(row.site):
            found += raised_tolerances([row], own)
    return found


async def _requests(tx: Tx, past: _Past) -> list[Finding]:
    found: list[Finding] = []
    for fact in await facts.requests_between(tx, past.span):
        own = past.settings(fact.site)
        if not own.enabled or not past.sees(fact.site):
            continue
        if isinstance(own, WaitingSettings):
            # What was decided on since waited too when it was asked for.
            found += requests_waiting(replace(fact, last_seq=fact.seq), own).findings
        elif isinstance(own, MovedSettings):
            found += requests_moved(fact, own).findings
    return found


async def _rulings(tx: Tx, past: _Past) -> list[Finding]:
    calendar = await facts.read_calendar(tx)
    found: list[Finding] = []
    for fact in await facts.rulings_between(tx, past.span):
        own = past.settings(fact.site)
        if isinstance(own, RulingSettings) and own.enabled and past.sees(fact.site):
            # What was ruled on again since was told too when it was ruled.
            found += rulings_made(replace(fact, last_seq=fact.seq), own, calendar).findings
    return found


async def _days(tx: Tx, past: _Past) -> list[Finding]:
    body = past.body
    calendar = await facts.read_calendar(tx)
    found: list[Finding] = []
    day, last = (body.since - timedelta(days=1)).date(), (body.until + timedelta(days=1)).date()
    while day <= last:
        due: list[tuple[Site, RuleSettings, datetime]] = []
        for site in await facts.read_sites(tx, day, district_id=body.district_id, project_id=body.project_id):
            settings = past.settings(site)
            if not settings.enabled or not past.sees(site):
                continue
            if not isinstance(settings, PostSettings | AbsentSettings | ForecastSettings | ReviewSettings):
                continue
            by = moment_of(site, day, settings.at)
            if body.since <= by < body.until and (
                isinstance(settings, ReviewSettings) or calendar.is_due(day, settings.days)
            ):
                due.append((site, settings, by))
        for begin in range(0, len(due), SITES_AT_ONCE):
            found += await _of_day(tx, past, day, due[begin : begin + SITES_AT_ONCE], calendar)
        if len(found) >= MOST:
            return found[:MOST]
        day += timedelta(days=1)
    return found


async def _of_day(
    tx: Tx, past: _Past, day: date, due: Sequence[tuple[Site, RuleSettings, datetime]], calendar: facts.WorkCalendar
) -> list[Finding]:
    sites = [site for site, _, _ in due]
    found: list[Finding] = []
    if past.kind == "review_ageing":
        queues = {queue.site.project_id: queue for queue in await facts.queues_on(tx, sites, day)}
        for site, settings, by in due:
            if isinstance(settings, ReviewSettings) and site.project_id in queues:
                found += ageing_queue(queues[site.project_id], settings, day, by)
        return found
    if past.kind in {"post_empty", "posts_empty"}:
        return await _posts(tx, past, day, due)
    duties = await facts.duties_on(tx, sites, day, _kinds(due))
    for site, settings, by in due:
        own = duties.get(site.project_id, [])
        if isinstance(settings, AbsentSettings):
            found += absences(own, settings, day, by, calendar)
        elif isinstance(settings, ForecastSettings):
            found += forecasts(own, settings, day, by, calendar)
    return found


async def _posts(tx: Tx, past: _Past, day: date, due: Sequence[tuple[Site, RuleSettings, datetime]]) -> list[Finding]:
    sites = [site for site, _, _ in due]
    also = {kind for site in sites if (both := past.together(site)) is not None for kind in both.posts}
    posts = await facts.posts_on(tx, sites, day, _kinds(due) | also)
    found: list[Finding] = []
    for site, settings, by in due:
        own = posts.get(site.project_id, [])
        if isinstance(settings, PostsSettings):
            found += posts_together(own, settings, by)
        elif isinstance(settings, PostSettings):
            found += empty_posts(own, settings, by, past.together(site))
    return found


def _kinds(due: Sequence[tuple[Site, RuleSettings, datetime]]) -> set[str]:
    return {
        kind
        for _, settings, _ in due
        if isinstance(settings, PostSettings | AbsentSettings | ForecastSettings)
        for kind in settings.posts
    }
