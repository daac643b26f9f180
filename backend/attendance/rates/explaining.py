"""Explains a person's rate: each day, why it was due, what it counted and why, and the punches behind it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select

from backend.attendance.rates.evaluation import (
    DutyDay,
    Sums,
    judge_day,
    judge_sums,
    outlook_of,
    rate_of,
    sum_days,
)
from backend.attendance.rates.figures import Span, duty_days_of
from backend.attendance.rates.listing import post_name
from backend.attendance.rates.rule_model import DAY, RuleBody
from backend.attendance.rates.schemas import DayOut, EntryOut, ExplainedRate, OutlookOut, RulesRef, UnsettledOut
from backend.attendance.rates.unsettled import unsettled_of, with_unsettled
from backend.attendance.rates.wording import days_in_words, percent, say, why_credit, why_due, words_of_rules
from backend.kit.db import Tx
from backend.ledger.tables import PunchStatus
from backend.sites.model import day_bounds, work_on
from backend.sites.posts import KEY_POSTS
from backend.sites.queries import ProjectRow
from backend.sites.tables import Assignment, Post


async def explain_rates(
    tx: Tx, person_id: UUID, project: ProjectRow, span: Span, *, today: date, language: str
) -> list[ExplainedRate]:
    """Return the rates of a person on his posts of a project, with all that made them; whoever asks.

    `today` is the project's day, by which terms to appeal run or are over.
    """
    held = set(
        await tx.scalars(
            select(Post.kind)
            .join(Assignment, (Assignment.project_id == Post.project_id) & (Assignment.post_id == Post.id))
            .where(Assignment.project_id == project.id, Assignment.person_id == person_id)
        )
    )
    if not held:
        return []
    # Deputies are explained by their chiefs' days: other key posts are read too, never all the workers for one of them.
    kinds = KEY_POSTS if held <= KEY_POSTS else frozenset(held | KEY_POSTS)
    days = await duty_days_of(tx, person_id, [project.id], span, post_kinds=kinds)
    bounds = _bounds(project, span)
    entries = await _entries(tx, person_id, project, bounds)
    undated = await _undated(tx, person_id, project, bounds)
    unsettled = (
        await unsettled_of(tx, person_id, project, bounds, today=today, language=language)
        if any(one.outcome != "counted" for of_day in entries.values() for one in of_day)
        else {}
    )
    about = _About(person_id, project, span, language, undated, entries, unsettled)
    return [_explained(about, post_id, kind, own) for (_, post_id, kind, _), own in days.items()]


def _bounds(project: ProjectRow, span: Span) -> tuple[datetime, datetime]:
    """Return when the first day begins, and when the last one has ended."""
    begin, _ = day_bounds(span.first, project.time_zone, project.cutover)
    _, end = day_bounds(span.last, project.time_zone, project.cutover)
    return begin, end


async def _entries(
    tx: Tx, person_id: UUID, project: ProjectRow, bounds: tuple[datetime, datetime]
) -> dict[date, list[EntryOut]]:
    begin, end = bounds
    query = (
        select(
            PunchStatus.punch_id,
            PunchStatus.occurred_at,
            PunchStatus.direction,
            PunchStatus.source,
            PunchStatus.outcome,
            PunchStatus.ruling_id,
        )
        .where(
            PunchStatus.person_id == person_id,
            PunchStatus.project_id == project.id,
            PunchStatus.occurred_at >= begin,
            PunchStatus.occurred_at < end,
            PunchStatus.quarantined.is_(False),
        )
        .order_by(PunchStatus.occurred_at, PunchStatus.punch_id)
    )
    found: defaultdict[date, list[EntryOut]] = defaultdict(list)
    for row in await tx.execute(query):
        found[work_on(row.occurred_at, project.time_zone, project.cutover)].append(
            EntryOut(
                punch_id=row.punch_id,
                occurred_at=row.occurred_at,
                direction=row.direction,
                source=row.source,
                outcome=row.outcome,
                ruling_id=row.ruling_id,
            )
        )
    return found


async def _undated(tx: Tx, person_id: UUID, project: ProjectRow, bounds: tuple[datetime, datetime]) -> int:
    """Count the person's punches without a time that can be, by when they were received."""
    begin, end = bounds
    query = select(func.count()).where(
        PunchStatus.project_id == project.id,
        PunchStatus.person_id == person_id,
        PunchStatus.quarantined,
        PunchStatus.received_at >= begin,
        PunchStatus.received_at < end,
    )
    return int(await tx.scalar(query) or 0)


@dataclass(frozen=True, slots=True)
class _About:
    """What all posts of the person on the project have in common."""

    person_id: UUID
    project: ProjectRow
    span: Span
    language: str
    undated: int
    entries: dict[date, list[EntryOut]]
    unsettled: dict[UUID, UnsettledOut]


def _explained(about: _About, post_id: UUID, kind: str, days: Sequence[DutyDay]) -> ExplainedRate:
    project, span, language = about.project, about.span, about.language
    version = days[-1].rules
    rules = version.rules
    sums = sum_days(days, kind, span.until)
    rate = rate_of(sums.valid, sums.due)
    return ExplainedRate(
        project_id=project.id,
        project_name=project.name,
        person_id=about.person_id,
        post_id=post_id,
        post_kind=kind,
        first=span.first,
        last=span.last,
        until=span.until,
        rules=RulesRef(rule_set_id=version.rule_set_id, version=version.version, name=version.name),
        rules_words=words_of_rules(rules, kind, language),
        words=say(
            language,
            "rates.summary" if rate is not None else "rates.summary_nothing_due",
            post=post_name(kind, language),
            valid=days_in_words(sums.valid),
            due=sums.due,
            rate=percent(rate),
            own=percent(rate_of(sums.own, sums.due)),
        ),
        due=sums.due,
        valid=sums.valid,
        own=sums.own,
        likely=sums.likely,
        covered=sums.covered,
        rate=rate,
        own_rate=rate_of(sums.own, sums.due),
        likely_rate=rate_of(sums.likely, sums.due),
        verdict=judge_sums(sums, rules, kind, whole_month=span.whole_month),
        outlook=_outlook(sums, rules, kind, span, language),
        undated_punches=about.undated,
        days=[_day(about, day, kind) for day in days],
    )


def _outlook(sums: Sums, rules: RuleBody, kind: str, span: Span, language: str) -> OutlookOut | None:
    outlook = outlook_of(sums, rules, kind, whole_month=span.whole_month)
    if outlook is None:
        return None
    if not outlook.still_needed:
        code = "rates.outlook_reached"
    else:
        code = "rates.outlook_needed" if outlook.reachable else "rates.outlook_lost"
    return OutlookOut(
        wanted=outlook.wanted,
        still_needed=outlook.still_needed,
        due_left=outlook.due_left,
        forecast=outlook.forecast,
        reachable=outlook.reachable,
        words=say(
            language,
            code,
            needed=outlook.still_needed,
            left=outlook.due_left,
            wanted=days_in_words(outlook.wanted),
            forecast=percent(outlook.forecast),
        ),
    )


def _day(about: _About, day: DutyDay, kind: str) -> DayOut:
    result, language = judge_day(day, kind), about.language
    passed = day.day <= about.span.until
    entries = about.entries.get(day.day, [])
    unsettled = [about.unsettled[one.punch_id] for one in entries if one.punch_id in about.unsettled]
    why = why_credit(day, result, language, has_punches=bool(unsettled))
    return DayOut(
        on=day.day,
        passed=passed,
        due=result.due,
        due_words=say(language, why_due(day, result)),
        weekly=result.weekly,
        credit=result.credit,
        own=result.own,
        likely=result.likely,
        covered=result.covered,
        # What did not count matters where something is missing.
        credit_words=why if result.covered or result.credit >= DAY else with_unsettled(language, why, unsettled),
        stopped=day.stopped,
        on_leave=day.on_leave,
        span_s=day.counted.span_s,
        entries=entries,
        unsettled=unsettled,
    )
