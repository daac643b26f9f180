"""Which version of which rule set is in force for a project on a day (pure)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from backend.attendance.rates.rule_model import RuleBody, Threshold

_DAY: Final = timedelta(days=1)
PLATFORM_RULES: Final = RuleBody(
    thresholds=(
        Threshold(
            posts=frozenset({"project_manager", "technical_lead", "safety_officer", "quality_officer", "builder"}),
            min_share=800,
        ),
        Threshold(posts=frozenset({"chief_supervisor"}), min_share=500),
    )
)
"""What holds where the city published no rule set: the day rule of every fold, 80 % for managers, 50 % for chiefs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRules:
    """A published version: for the city (neither district nor project), a district or a project.

    In force from `valid_from` to `valid_to`, both inclusive, None without end. `rank` rises with each publication.
    `rule_set_id` None is the platform's own.
    """

    rule_set_id: UUID | None
    version: int
    name: str
    district_id: UUID | None
    project_id: UUID | None
    valid_from: date
    valid_to: date | None
    rank: int
    rules: RuleBody

    def holds(self, district_id: UUID, project_id: UUID, day: date) -> bool:
        """Tell whether the version speaks for a project on a day."""
        return (
            self.valid_from <= day
            and (self.valid_to is None or day <= self.valid_to)
            and self.district_id in {None, district_id}
            and self.project_id in {None, project_id}
        )

    @property
    def precedence(self) -> tuple[int, date, int]:
        """Return what decides between two that speak for a day: the narrower, the one that begins later, the last."""
        return (2 if self.project_id else 1 if self.district_id else 0, self.valid_from, self.rank)


PLATFORM: Final = PublishedRules(
    rule_set_id=None,
    version=1,
    name="",
    district_id=None,
    project_id=None,
    valid_from=date.min,
    valid_to=None,
    rank=0,
    rules=PLATFORM_RULES,
)


@dataclass(frozen=True, slots=True)
class InForce:
    """A run of days, both inclusive, in which one version holds."""

    from_on: date
    to_on: date
    rules: PublishedRules


def rules_on(versions: Iterable[PublishedRules], district_id: UUID, project_id: UUID, day: date) -> PublishedRules:
    """Return the version in force for a project on a day: of project, district, city the narrowest; else our own."""
    speaking = [one for one in versions if one.holds(district_id, project_id, day)]
    return max(speaking, key=lambda one: one.precedence, default=PLATFORM)


def runs_of(
    versions: Sequence[PublishedRules], district_id: UUID, project_id: UUID, first: date, last: date
) -> list[InForce]:
    """Cut the days from `first` to `last`, both inclusive, into runs with one version in force each."""
    own = [one for one in versions if one.district_id in {None, district_id} and one.project_id in {None, project_id}]
    cuts = {first}
    for one in own:
        if first < one.valid_from <= last:
            cuts.add(one.valid_from)
        if one.valid_to is not None and first <= one.valid_to < last:
            cuts.add(one.valid_to + _DAY)
    begins = sorted(cuts)
    runs: list[InForce] = []
    for place, begin in enumerate(begins):
        end = begins[place + 1] - _DAY if place + 1 < len(begins) else last
        rules = rules_on(own, district_id, project_id, begin)
        if runs and runs[-1].rules is rules:
            runs[-1] = InForce(runs[-1].from_on, end, rules)
        else:
            runs.append(InForce(begin, end, rules))
    return runs
