"""What rules find, and the words, evidence and place of it (pure).

A rule is a pure function of facts and settings to findings, which open alerts, and endings, which close them again. A
finding's `fact_key` names the fact: however often a rule sees it, there is one alert.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Final, Literal, TypeAlias
from uuid import UUID

from backend.sites.model import work_on, zone_of

RuleKind = Literal[
    "post_empty",
    "posts_empty",
    "absent_days",
    "forecast_low",
    "gate_down",
    "gate_mute",
    "gate_declared",
    "outage_long",
    "forgery_signs",
    "fence_tolerance",
    "review_ageing",
    "request_waiting",
    "request_moved",
    "ruling_made",
    "platform_trouble",
    "bulletin_issued",
]
Severity = Literal["info", "warning", "critical"]
RANK: Final[Mapping[str, int]] = {"info": 0, "warning": 1, "critical": 2}
Number: TypeAlias = str | int | float

PLATFORM: Final = UUID(int=0)
"""The project of an alert that concerns the platform itself, or the city or a district as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A project as rules see it."""

    project_id: UUID
    project_name: str
    district_id: UUID
    district_name: str
    time_zone: str
    cutover: time

    def day_of(self, at: datetime) -> date:
        """Return the site's day of an instant."""
        return work_on(at, self.time_zone, self.cutover)

    def local(self, at: datetime) -> str:
        """Write an instant as people of the site read it: month, day, hour and minute."""
        return f"{at.astimezone(zone_of(self.time_zone)):%m-%d %H:%M}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule found; `numbers` are the placeholders of its words and hold no ID number.

    `group_key` says with which others it is told as one. `evidence` are paths of the API where it can be looked up.
    `roles`: for those alone of the offices that the settings name; None: for all of them.
    """

    kind: RuleKind
    project_id: UUID
    fact_key: str
    group_key: str
    words: str
    severity: Severity
    occurred_at: datetime
    numbers: Mapping[str, Number]
    evidence: tuple[str, ...] = ()
    district_id: UUID | None = None
    person_id: UUID | None = None
    party_id: UUID | None = None
    device_id: UUID | None = None
    roles: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """That what a finding said is over, by a fact; `cause` is a word of the catalogue (`alerts.cause_…`)."""

    kind: RuleKind
    project_id: UUID
    fact_key: str
    cause: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a look came to."""

    findings: list[Finding] = field(default_factory=list[Finding])
    endings: list[Ending] = field(default_factory=list[Ending])

    def __add__(self, other: "Found") -> "Found":
        """Join what two looks came to."""
        return Found([*self.findings, *other.findings], [*self.endings, *other.endings])
