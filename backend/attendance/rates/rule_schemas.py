"""What the routes of presets, rule sets and stops of work take and give."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from backend.attendance.rates.rule_model import RuleBody
from backend.kit.wire import Name, Note, Wire

StopCause = Literal["ordered", "weather", "festival", "delayed_start", "suspended", "other"]
Day = Annotated[date, Meta(description="a day of the site")]


class DraftBody(Wire, frozen=True, kw_only=True):
    """Rules from `valid_from` to `valid_to`, both inclusive: written out, or those of a preset as they ship."""

    valid_from: Day
    valid_to: Day | None = None
    rules: RuleBody | None = None
    preset: Name | None = None
    note: Note | None = None


class RuleSetBody(DraftBody, frozen=True, kw_only=True):
    """A rule set with its first draft; for the city unless a district or a project is named."""

    name: Name
    district_id: UUID | None = None
    project_id: UUID | None = None


class VersionBody(DraftBody, frozen=True, kw_only=True):
    """A further draft; `based_on` is the newest version that its author has seen."""

    based_on: Annotated[int, Meta(ge=1)]


class PublicationBody(Wire, frozen=True, kw_only=True):
    """Which version is published."""

    version: Annotated[int, Meta(ge=1)]


class PresetOut(Wire, frozen=True, kw_only=True):
    """A preset that ships with the platform; `checked` tells how its source was seen."""

    preset: str
    place: str
    name: str
    checked: str
    source: str
    says: str
    left_out: str
    rules: RuleBody


class RuleVersionOut(Wire, frozen=True, kw_only=True):
    """One version; a draft while `published_at` is null. `digest` is the SHA-256 of its rules, in hexadecimal."""

    version: int
    valid_from: date
    valid_to: date | None
    rules: RuleBody
    digest: str
    preset: str | None
    note: str | None
    drafted_at: datetime
    drafted_by: str
    published_at: datetime | None
    published_by: str | None


class RuleSetOut(Wire, frozen=True, kw_only=True):
    """A rule set with its versions, newest first."""

    rule_set_id: UUID
    name: str
    district_id: UUID | None
    project_id: UUID | None
    versions: list[RuleVersionOut]


class StopWorkBody(Wire, frozen=True, kw_only=True):
    """Days on which the project does not build; without `to_on` until it is ended."""

    from_on: Day
    to_on: Day | None = None
    cause: StopCause
    reason: Note


class StopDecisionBody(Wire, frozen=True, kw_only=True):
    """Whether the stop is approved, and why not or on what ground."""

    approved: bool
    note: Note | None = None


class StopEndBody(Wire, frozen=True, kw_only=True):
    """The last day of the stop, by the order to resume."""

    last_on: Day
    note: Note | None = None


class StopWorkOut(Wire, frozen=True, kw_only=True):
    """A stop of work and where it stands; `last_on` is its last day so far known."""

    stop_work_id: UUID
    from_on: date
    to_on: date | None
    last_on: date | None
    cause: str
    reason: str
    state: Literal["filed", "approved", "refused", "ended"]
    filed_at: datetime
    filed_by: str
    decided_at: datetime | None
    decided_by: str | None
    note: str | None
