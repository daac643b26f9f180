"""How long punches in review wait, rulings can be appealed and appeals take, by the dated rules of each place."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal, cast
from uuid import UUID

from backend.attendance.requests.clocks import open_since
from backend.attendance.requests.filing_queries import DATED_RULES
from backend.attendance.requests.rules import (
    RULES,
    AnyRule,
    AppealRule,
    DatedRule,
    MakeUpRule,
    ReviewRule,
    read_rule,
    rule_in_force,
)
from backend.attendance.requests.tables import RequestRule
from backend.kit.db import Tx
from backend.sites.working_days import WorkCalendar

_KINDS = ("review", "appeal")


async def list_term_rules(tx: Tx) -> list[DatedRule]:
    """Return every rule of reviews and appeals, of all places, whoever asks."""
    query = DATED_RULES.where(RequestRule.kind.in_(_KINDS))
    return [DatedRule(*row) for row in await tx.execute(query)]


def filing_since(
    calendar: WorkCalendar, rules: Sequence[DatedRule], kind: Literal["make_up", "appeal"], on: date
) -> date:
    """Return the earliest day for which one may file on a day, each by the term that held on it.

    `rules` are those of one project, its district and the city.
    """
    terms = [_file_within(read_rule(kind, one.body)) for one in rules if one.kind == kind]
    longest = max([_file_within(RULES[kind]()), *terms])
    return open_since(calendar, on, lambda day: _file_within(rule_in_force(rules, kind, day)[0]), longest)


def _file_within(rule: AnyRule) -> int:
    return cast("MakeUpRule | AppealRule", rule).file_within


def review_term(rules: Iterable[DatedRule], project_id: UUID, district_id: UUID, on: date) -> int:
    """Return within how many working days a project's punches in review are decided on."""
    rule, _ = rule_in_force(_of_place(rules, project_id, district_id), "review", on)
    return rule.decide_within if isinstance(rule, ReviewRule) else ReviewRule().decide_within


def appeal_term(rules: Iterable[DatedRule], project_id: UUID, district_id: UUID, on: date) -> int:
    """Return within how many working days a ruling on a project's punches can be appealed."""
    return _appeal(rules, project_id, district_id, on).file_within


def decision_term(rules: Iterable[DatedRule], project_id: UUID, district_id: UUID, on: date) -> int:
    """Return within how many working days an office decides on a project's appeals."""
    return _appeal(rules, project_id, district_id, on).decide_within


def _appeal(rules: Iterable[DatedRule], project_id: UUID, district_id: UUID, on: date) -> AppealRule:
    rule, _ = rule_in_force(_of_place(rules, project_id, district_id), "appeal", on)
    return rule if isinstance(rule, AppealRule) else AppealRule()


def _of_place(rules: Iterable[DatedRule], project_id: UUID, district_id: UUID) -> list[DatedRule]:
    return [one for one in rules if one.project_id in {None, project_id} and one.district_id in {None, district_id}]
