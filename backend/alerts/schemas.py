"""The wire forms of alerts: inbox, steps, rules with their preview, preferences, delegations."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from backend.alerts.model import RuleKind, Severity
from backend.kit.wire import Instant, Note, Wire

State = Literal["open", "acknowledged", "snoozed", "resolved"]
AlertIds = Annotated[frozenset[UUID], Meta(min_length=1, max_length=500)]


class EvidenceOut(Struct, frozen=True, kw_only=True):
    """Where what an alert rests on can be looked up: a path of this API, with the reader's own rights."""

    path: str


class StepOut(Struct, frozen=True, kw_only=True):
    """One step with an alert; `by` null is the platform."""

    kind: Literal["opened", "acknowledged", "snoozed", "woken", "escalated", "resolved"]
    at: datetime
    by: str | None
    until_at: datetime | None
    level: int | None
    note: str | None
    cause: str | None


class AlertOut(Struct, frozen=True, kw_only=True):
    """One fact that a rule found; `project_id` of zeros is the platform itself."""

    id: UUID
    group_id: UUID
    project_id: UUID
    project_name: str | None
    kind: RuleKind
    severity: Severity
    state: State
    title: str
    advice: str
    person_id: UUID | None
    gate_id: UUID | None
    occurred_at: datetime
    found_at: datetime
    level: int
    snoozed_until: datetime | None
    evidence: list[EvidenceOut]
    steps: list[StepOut]


class GroupOut(Struct, frozen=True, kw_only=True):
    """Alerts that belong together, as one entry of an inbox; counted is what the reader may see."""

    id: UUID
    kind: RuleKind
    severity: Severity
    state: State
    title: str
    advice: str
    alerts: int
    unresolved: int
    project_ids: list[UUID]
    added_at: datetime
    changed_at: datetime
    read_at: datetime | None
    acknowledged_at: datetime | None


class GroupDetail(Struct, frozen=True, kw_only=True):
    """A group with its alerts, oldest first, and what became of each."""

    group: GroupOut
    alerts: list[AlertOut]


class InboxPage(Struct, frozen=True, kw_only=True):
    """One page of an inbox; `unread` counts all of it."""

    items: list[GroupOut]
    unread: int
    next: str | None = None


class AcknowledgementBody(Wire, frozen=True, kw_only=True):
    """Some alerts of the group alone; all of them unless told."""

    alert_ids: AlertIds | None = None


class SnoozeBody(Wire, frozen=True, kw_only=True):
    """Until when the group is to be quiet, at most seven days; it wakes by itself."""

    until_at: Instant
    alert_ids: AlertIds | None = None


class ResolutionBody(Wire, frozen=True, kw_only=True):
    """What was done about it."""

    note: Note
    alert_ids: AlertIds | None = None


class RuleBody(Wire, frozen=True, kw_only=True):
    """A setting of a rule for the city, or for one district or project, valid from now or later.

    `settings` names only what differs from the platform's own; see `GET /admin/v1/alert-rules` for all there is.
    """

    district_id: UUID | None = None
    project_id: UUID | None = None
    valid_from: Instant | None = None
    settings: dict[str, Any]


class RuleOut(Struct, frozen=True, kw_only=True):
    """A setting as it was stored."""

    id: UUID
    kind: RuleKind
    district_id: UUID | None
    project_id: UUID | None
    valid_from: datetime
    set_at: datetime
    set_by: str
    settings: dict[str, Any]


class RuleKindOut(Struct, frozen=True, kw_only=True):
    """A rule with the platform's own settings, all of them, and those that were set for the caller's rows."""

    kind: RuleKind
    title: str
    advice: str
    platform: dict[str, Any]
    set: list[RuleOut]


class PreviewBody(Wire, frozen=True, kw_only=True):
    """A span of the past, at most 62 days, and settings to try; without any those that hold today."""

    since: Instant
    until: Instant
    district_id: UUID | None = None
    project_id: UUID | None = None
    settings: dict[str, Any] | None = None


class PreviewItem(Struct, frozen=True, kw_only=True):
    """An alert that the rule would have opened."""

    at: datetime
    project_id: UUID
    severity: Severity
    title: str


class PreviewOut(Struct, frozen=True, kw_only=True):
    """What a rule would have sent: how many alerts, told as how many groups, on how many sites, by day.

    `items` are the first 200. `complete` is false when the span holds more facts than are looked at in one go.
    """

    alerts: int
    groups: int
    projects: int
    by_day: dict[str, int]
    items: list[PreviewItem]
    complete: bool


class DelegationBody(Wire, frozen=True, kw_only=True):
    """Who is told instead of the caller, from when (now unless told) until when, at most 90 days."""

    username: Annotated[str, Meta(min_length=1, max_length=64)]
    from_at: Instant | None = None
    until_at: Instant
    note: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class DelegationOut(Struct, frozen=True, kw_only=True):
    """A delegation."""

    id: UUID
    delegate: str
    from_at: datetime
    until_at: datetime
    note: str | None
    ended_at: datetime | None
