"""The wire forms of outages, facts and events whose time cannot be."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from backend.kit.wire import Instant, Note, Wire
from backend.ledger.model import Outcome

OutageKind = Literal["silent", "mute", "declared"]
EndCause = Literal["recovered", "expired", "withdrawn", "out_of_use"]


class DeclarationBody(Wire, frozen=True, kw_only=True):
    """Gates that are down, why, since when (now; at most a day ago) and until when at the latest."""

    gate_ids: Annotated[list[UUID], Meta(min_length=1, max_length=50)]
    reason: Note
    from_at: Instant | None = None
    expires_at: Instant


class WithdrawalBody(Wire, frozen=True, kw_only=True):
    """Why a declared outage is taken back."""

    reason: Note


class OutageEndOut(Struct, frozen=True, kw_only=True):
    """How an outage ended: `backlog` events were waiting, the oldest of `oldest_event_at`, as far as known by then."""

    ended_at: datetime
    recorded_at: datetime
    cause: EndCause
    backlog: int | None
    oldest_event_at: datetime | None
    ended_by: UUID | None
    reason: str | None


class OutageOut(Struct, frozen=True, kw_only=True):
    """An outage with the gate that it is of; `late_events` were made in it and delivered after it, by now.

    `phones_from`: since when phones may check in because no gate of the entrance works, null when they may not (any
    more); until `phones_until`, null until further notice.
    """

    id: UUID
    project_id: UUID
    project_name: str
    site_mode: Literal["gate", "phone", "either"]
    gate_id: UUID
    gate_name: str
    entrance: str
    kind: OutageKind
    last_sign_at: datetime | None
    from_at: datetime
    recorded_at: datetime
    evidence: dict[str, Any]
    declaration_id: UUID | None
    declared_by: UUID | None
    reason: str | None
    expires_at: datetime | None
    late_events: int
    phones_from: datetime | None
    phones_until: datetime | None
    end: OutageEndOut | None


class OutagePhotoOut(Struct, frozen=True, kw_only=True):
    """A photo of a declaration, by the SHA-256 of what is kept of it."""

    sha256: str
    added_at: datetime
    added_by: UUID
    size_bytes: int


class GateFactOut(Struct, frozen=True, kw_only=True):
    """Something that happened at a site's gates; `id` is the cursor of the next page."""

    id: int
    project_id: UUID
    gate_id: UUID | None
    kind: str
    subject_id: UUID
    occurred_at: datetime
    recorded_at: datetime
    detail: dict[str, Any]


class QuarantinedOut(Struct, frozen=True, kw_only=True):
    """An event whose time cannot be: what the device wrote, when it came in, and whose it seems to be."""

    punch_id: UUID
    gate_id: UUID
    gate_name: str
    lane: str | None
    device_time: str
    received_at: datetime
    person_id: UUID | None
    person_name: str | None
    granted: bool | None


class RedatingBody(Wire, frozen=True, kw_only=True):
    """When an event really happened and why that is known; `supersedes` is the decision that this one replaces."""

    occurred_at: Instant
    reason: Note
    supersedes: UUID | None = None


class RedatingOut(Struct, frozen=True, kw_only=True):
    """What was decided; the punch keeps the time that its device wrote."""

    redating_id: UUID
    punch_id: UUID
    occurred_at: datetime
    person_id: UUID | None
    outcome: Outcome
    reasons: list[dict[str, Any]]
    made_by: UUID
    made_at: datetime
    supersedes: UUID | None
