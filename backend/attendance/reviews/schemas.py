"""What reviewers see of punches that wait for a ruling, and what they send."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta

from backend.kit.wire import Note, Wire


class ReasonOut(Wire, frozen=True, kw_only=True):
    """Why a punch is in review, in words."""

    code: str
    title: str
    numbers: dict[str, Any]


class ProofOut(Wire, frozen=True, kw_only=True):
    """The proof of presence that the punch used up: by which way, and what was found."""

    proof_id: UUID
    way: str
    outcome: str
    trust: str


class ReviewOut(Wire, frozen=True, kw_only=True):
    """A punch in review. Metres; `signed_distance_m` is positive inside the fence.

    `waiting_since` is when it came into review, `due_on` the last day on which somebody may decide: after it the punch
    counts. `fence_version_id` names the fence that it was judged by. `photos` are SHA-256. `seq` goes into the ruling.
    """

    project_id: UUID
    project_name: str
    district_id: UUID
    punch_id: UUID
    seq: int
    person_id: UUID | None
    person_name: str | None
    source: str
    direction: str
    occurred_at: datetime
    received_at: datetime
    time_quality: str
    dated: bool
    reasons: list[ReasonOut]
    signals: list[str]
    fence_version_id: UUID | None
    signed_distance_m: float | None
    accuracy_m: float | None
    probability: float | None
    chainage_m: float | None
    offset_m: float | None
    place: str
    trust: str
    method: str | None
    proof: ProofOut | None
    photos: list[str]
    waiting_since: datetime
    waiting_days: int
    due_on: date
    counts_undecided: bool


class RuledItem(Wire, frozen=True, kw_only=True):
    """A punch as it was looked at."""

    project_id: UUID
    punch_id: UUID
    seq: int


class BulkRuling(Wire, frozen=True, kw_only=True):
    """One ruling with one note on many punches."""

    outcome: Literal["counted", "refused"]
    note: Note
    items: Annotated[list[RuledItem], Meta(min_length=1, max_length=50)]


class RuledOut(Wire, frozen=True, kw_only=True):
    """What became of one of them: the ruling that now holds, or why it was not ruled on."""

    project_id: UUID
    punch_id: UUID
    ruled: bool
    outcome: str | None
    code: str | None
    title: str | None


class BulkAnswer(Wire, frozen=True, kw_only=True):
    """One result for each item, in the order asked, and how many were ruled on."""

    ruled: int
    results: list[RuledOut]
