"""Puts into words what a day of duty counted and why, and what rules ask for (pure)."""

from typing import Final

from backend.attendance.rates.evaluation import DayResult, DutyDay
from backend.attendance.rates.rule_model import DAY, RuleBody, threshold_of
from backend.kit import messages

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


def why_due(day: DutyDay, result: DayResult) -> str:
    """Return the code of the words that say why a day was due or not."""
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


def why_credit(day: DutyDay, result: DayResult, language: str, *, has_punches: bool) -> str:
    """Return in words what a day counted and why; `has_punches` that do not count are no absence."""
    rule, seen = day.rules.rules.valid_day, day.counted
    numbers = {
        "punches": seen.punches,
        "wanted_punches": rule.min_punches,
        "hours": hours(seen.span_s),
        "wanted_hours": hours(rule.apart_s),
        "percent": result.credit // 10,
    }
    if result.covered:
        code = "rates.credit_covered"
    elif result.credit:
        code = "rates.credit_whole" if result.credit >= DAY else "rates.credit_part"
    elif not day.likely.punches:
        code = "rates.credit_none_counted" if has_punches else "rates.credit_absent"
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
    return say(language, code, **numbers)


def words_of_rules(rules: RuleBody, kind: str, language: str) -> list[str]:
    """Return what the rules ask of a kind of post, in words."""
    valid, due = rules.valid_day, rules.due_day
    said = [
        say(
            language,
            _RULE_WORDS[valid.kind],
            punches=valid.min_punches,
            hours=hours(valid.apart_s),
        ),
        say(language, _DAY_WORDS[due.days]),
    ]
    if due.less_stop_work:
        said.append(say(language, "rates.less_stop_work"))
    if due.less_leave:
        said.append(say(language, "rates.less_leave"))
    threshold = threshold_of(rules, kind)
    if threshold is not None and threshold.min_share is not None:
        said.append(say(language, "rates.wanted_share", percent=percent(threshold.min_share)))
    if threshold is not None and threshold.min_days is not None:
        said.append(say(language, "rates.wanted_days", days=threshold.min_days))
    several = rules.several_projects
    if several is not None and several.post == kind:
        said.append(say(language, "rates.several_projects", projects=several.from_projects, days=several.days_a_week))
    if rules.deputy is not None and kind in {rules.deputy.holder, rules.deputy.deputy}:
        said.append(say(language, "rates.deputy_due" if rules.deputy.deputy_due else "rates.deputy_counts"))
    if not rules.make_ups_count:
        said.append(say(language, "rates.without_make_ups"))
    return said


def say(language: str, code: str, **numbers: object) -> str:
    """Return a message as its title."""
    return messages.text(language, code, numbers).title


def percent(permille: int | None) -> str:
    """Return a share in thousandths as a percentage with one digit."""
    return "—" if permille is None else f"{permille // 10}.{permille % 10}"


def days_in_words(thousandths: int) -> str:
    """Return thousandths of days as days."""
    whole, rest = divmod(thousandths, DAY)
    return f"{whole}.{rest:03d}".rstrip("0") if rest else str(whole)


def hours(seconds: int) -> str:
    """Return seconds as hours and minutes."""
    minutes = seconds // 60
    return f"{minutes // 60}:{minutes % 60:02d}"
