"""Explains a person's rate: each day, why it was due, what it counted and why, and the punches behind it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from backend.attendance.rates.evaluation import (
    DayResult,
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
from backend.attendance.rates.rule_model import DAY, RuleBody, threshold_of
from backend.attendance.rates.schemas import DayOut, EntryOut, ExplainedRate, OutlookOut, RulesRef
from backend.kit import messages
from backend.kit.db import Tx
from backend.ledger.tables import PunchStatus
from backend.sites.model import day_bounds, work_on
from backend.sites.posts import KEY_POSTS
from backend.sites.queries import ProjectRow
from backend.sites.tables import Assignment, Post


async def explain_rates(
    tx: Tx, person_id: UUID, project: ProjectRow, span: Span, *, language: str
) -> list[ExplainedRate]:
    """Return the rates of a person on his posts of a project, with all that made them; whoever asks."""
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
    entries = await _entries(tx, person_id, project, span)
    undated = await _undated(tx, person_id, project, span)
    about = _About(person_id, project, span, language, undated, entries)
    return [_explained(about, post_id, kind, own) for (_, post_id, kind, _), own in days.items()]


async def _entries(tx: Tx, person_id: UUID, project: ProjectRow, span: Span) -> dict[date, list[EntryOut]]:
    begin, _ = day_bounds(span.first, project.time_zone, project.cutover)
    _, end = day_bounds(span.last, project.time_zone, project.cutover)
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


async def _undated(tx: Tx, person_id: UUID, project: ProjectRow, span: Span) -> int:
    """Count the person's punches without a time that can be, by when they were received."""
    begin, _ = day_bounds(span.first, project.time_zone, project.cutover)
    _, end = day_bounds(span.last, project.time_zone, project.cutover)
    query = select(func.count()).where(
        PunchStatus.project_id == project.id,
        PunchStatus.person_id == person_id,
        PunchStatus.quarantined,
        PunchStatus.received_at >= begin,
        PunchStatus.received_at < end,
    )
    return int(await tx.scalar(query) or 0)


_RULE_WORDS: Final = {
    "punches_apart": "rates.rule_punches_apart",
    "in_and_out": "rates.rule_in_and_out",
    "pro_rata": "rates.rule_pro_rata",
}
_DAY_WORDS: Final = {
    "working": "rates.days_working",
    "six_day_week": "rates.days_six_day_week",
    "every": "rates.days_every",
}


@dataclass(frozen=True, slots=True)
class _About:
    """What all posts of the person on the project have in common."""

    person_id: UUID
    project: ProjectRow
    span: Span
    language: str
    undated: int
    entries: dict[date, list[EntryOut]]


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
        words=_words(
            language,
            "rates.summary" if rate is not None else "rates.summary_nothing_due",
            post=post_name(kind, language),
            valid=_days(sums.valid),
            due=sums.due,
            rate=_percent(rate),
            own=_percent(rate_of(sums.own, sums.due)),
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
        days=[_day(day, kind, about.entries.get(day.day, []), span, language) for day in days],
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
        words=_words(
            language,
            code,
            needed=outlook.still_needed,
            left=outlook.due_left,
            wanted=_days(outlook.wanted),
            forecast=_percent(outlook.forecast),
        ),
    )


def _day(day: DutyDay, kind: str, entries: list[EntryOut], span: Span, language: str) -> DayOut:
    result = judge_day(day, kind)
    passed = day.day <= span.until
    return DayOut(
        on=day.day,
        passed=passed,
        due=result.due,
        due_words=_words(language, _why_due(day, result)),
        weekly=result.weekly,
        credit=result.credit,
        own=result.own,
        likely=result.likely,
        covered=result.covered,
        credit_words=_why_credit(day, result, language),
        stopped=day.stopped,
        on_leave=day.on_leave,
        span_s=day.counted.span_s,
        entries=entries,
    )


def _why_due(day: DutyDay, result: DayResult) -> str:
    rules = day.rules.rules
    if result.weekly and not (day.stopped or day.on_leave):
        return "rates.due_weekly"
    if result.due:
        return "rates.due"
    if not day.calendar_due:
        return "rates.not_due_calendar"
    if day.stopped and rules.due_day.less_stop_work:
        return "rates.not_due_stopped"
    if day.on_leave and rules.due_day.less_leave:
        return "rates.not_due_leave"
    return "rates.not_due_represented"


def _why_credit(day: DutyDay, result: DayResult, language: str) -> str:
    rule, seen = day.rules.rules.valid_day, day.counted
    numbers = {
        "punches": seen.punches,
        "wanted_punches": rule.min_punches,
        "hours": _hours(seen.span_s),
        "wanted_hours": _hours(rule.apart_s),
        "percent": result.credit // 10,
    }
    if result.covered:
        code = "rates.credit_covered"
    elif result.credit:
        code = "rates.credit_whole" if result.credit >= DAY else "rates.credit_part"
    elif not day.likely.punches:
        code = "rates.credit_absent"
    elif result.likely:
        code = "rates.credit_in_review"
    elif seen.punches < rule.min_punches:
        code = "rates.credit_few"
    elif rule.kind == "in_and_out" and not (seen.goes_in and seen.goes_out):
        code = "rates.credit_one_way"
    elif seen.span_s < rule.apart_s:
        code = "rates.credit_short"
    else:
        code = "rates.credit_day_off"
    return _words(language, code, **numbers)


def words_of_rules(rules: RuleBody, kind: str, language: str) -> list[str]:
    """Return what the rules ask of a kind of post, in words."""
    valid, due = rules.valid_day, rules.due_day
    said = [
        _words(
            language,
            _RULE_WORDS[valid.kind],
            punches=valid.min_punches,
            hours=_hours(valid.apart_s),
        ),
        _words(language, _DAY_WORDS[due.days]),
    ]
    if due.less_stop_work:
        said.append(_words(language, "rates.less_stop_work"))
    if due.less_leave:
        said.append(_words(language, "rates.less_leave"))
    threshold = threshold_of(rules, kind)
    if threshold is not None and threshold.min_share is not None:
        said.append(_words(language, "rates.wanted_share", percent=_percent(threshold.min_share)))
    if threshold is not None and threshold.min_days is not None:
        said.append(_words(language, "rates.wanted_days", days=threshold.min_days))
    several = rules.several_projects
    if several is not None and several.post == kind:
        said.append(
            _words(language, "rates.several_projects", projects=several.from_projects, days=several.days_a_week)
        )
    if rules.deputy is not None and kind in {rules.deputy.holder, rules.deputy.deputy}:
        said.append(_words(language, "rates.deputy_due" if rules.deputy.deputy_due else "rates.deputy_counts"))
    if not rules.make_ups_count:
        said.append(_words(language, "rates.without_make_ups"))
    return said


def _words(language: str, code: str, **numbers: object) -> str:
    return messages.text(language, code, numbers).title


def _percent(permille: int | None) -> str:
    return "—" if permille is None else f"{permille // 10}.{permille % 10}"


def _days(thousandths: int) -> str:
    whole, rest = divmod(thousandths, DAY)
    return f"{whole}.{rest:03d}".rstrip("0") if rest else str(whole)


def _hours(seconds: int) -> str:
    minutes = seconds // 60
    return f"{minutes // 60}:{minutes % 60:02d}"
