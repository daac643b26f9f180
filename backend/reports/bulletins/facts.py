"""What a bulletin is composed of: what each holder of a key post owed and gave, and how each site was (pure).

Days come in thousandths, since a rule set may count a short day by its part. `open` days are due days that are not
valid and of which nobody can say yet that nobody was there: punches in review, a gate that could not record.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal
from uuid import UUID

Kind = Literal["daily", "weekly"]
WHOLE_DAY: Final = 1000


@dataclass(frozen=True, slots=True)
class HeldPost:
    """One holder of a key post of a project in the period; days in thousandths.

    `valid` counts make-ups, `without_make_ups` does not; which of both is judged says the rule set. `threshold` is the
    share of due days that it asks for on the post, in hundredths of a percent; None: it asks for none.
    """

    project_id: UUID
    post_kind: str
    due: int
    valid: int
    without_make_ups: int
    open: int
    threshold: int | None
    make_ups_count: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DistrictFacts:
    """A district, also one without any project."""

    district_id: UUID
    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFacts:
    """A project in the period and what is known of its gates and its doubtful punches.

    `vacant` are the kinds of posts that every site needs and nobody held on any day of the period. `outage_s` are
    seconds of outages within it, all gates together; `mute` gates were on line and passed nobody on a work day.
    `unsent` are records that its gates said they had not delivered. `silent` tells that not one punch of anybody was
    recorded.
    """

    project_id: UUID
    registration_no: str
    name: str
    district_id: UUID
    contractor: str | None
    supervisor: str | None
    vacant: tuple[str, ...] = ()
    in_review: int = 0
    quarantined: int = 0
    gates: int = 0
    mute: int = 0
    unsent: int = 0
    outages: int = 0
    outage_s: int = 0
    silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSetFacts:
    """A rule set by which days were judged, and of which projects; without id it is the platform's own."""

    rule_set_id: UUID | None
    name: str
    version: int
    project_ids: frozenset[UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerMark:
    """How far the ledger went when the bulletin was computed.

    `entry` is the number of the last entry that was settled. `log_size` and `root_hash` (hex) are the last tree head
    signed by then; None while no head was.
    """

    entry: int
    log_size: int | None
    root_hash: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodFacts:
    """All that a bulletin of a period is composed of."""

    kind: Kind
    from_on: date
    to_on: date
    computed_at: datetime
    districts: Sequence[DistrictFacts]
    sites: Sequence[SiteFacts]
    held: Sequence[HeldPost]
    rule_sets: Sequence[RuleSetFacts]
    ledger: LedgerMark
