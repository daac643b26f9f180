"""What a person sends to ask for something."""

from datetime import date
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from backend.attendance.requests.kinds import Against, AppealReason, LeaveKind, MakeUpReason, Way
from backend.kit.wire import Instant, Wire

Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 of a photo that was uploaded")]
Photos = Annotated[tuple[Sha256, ...], Meta(max_length=9)]
Statement = Annotated[str, Meta(max_length=1000)]


class Claim(Wire, frozen=True, kw_only=True):
    """A punch that is missing: when somebody came or left."""

    direction: Way
    at: Instant


class Filing(Wire, frozen=True, kw_only=True):
    """What every request says; the phone makes `request_id` once, so that repeating it files nothing twice."""

    request_id: UUID
    project_id: UUID
    statement: Statement = ""
    photos: Photos = ()


class MakeUpBody(Filing, frozen=True, kw_only=True):
    """A punch that is missing, and why."""

    reason: MakeUpReason
    direction: Way
    at: Instant


class AppealBody(Filing, frozen=True, kw_only=True):
    """Against what: a refused punch (`punch_id`), a missing day (`claims`), or a refusal (`decision_id`)."""

    reason: AppealReason
    against: Against
    punch_id: UUID | None = None
    claims: Annotated[tuple[Claim, ...], Meta(max_length=2)] = ()
    decision_id: UUID | None = None


class LeaveBody(Filing, frozen=True, kw_only=True):
    """Days off, both inclusive, and who stands in."""

    kind: LeaveKind
    first_on: date
    last_on: date
    deputy_id: UUID | None = None
