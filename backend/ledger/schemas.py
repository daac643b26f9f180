"""What staff see of the ledger and send to it."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from backend.kit.wire import Note, Wire

Outcome = Literal["counted", "review", "refused", "pending"]


class ReasonWords(Wire, frozen=True, kw_only=True):
    """A reason of a ruling in words of the caller's language."""

    code: str
    title: str


class RulingOut(Wire, frozen=True, kw_only=True):
    """One decision about a punch; `ruled_by` is null for the policy's own."""

    ruling_id: UUID
    seq: int
    outcome: Outcome
    reasons: list[dict[str, Any]]
    words: list[ReasonWords]
    policy_version: int
    ruled_at: datetime
    ruled_by: UUID | None
    note: str | None


class AttributionOut(Wire, frozen=True, kw_only=True):
    """What a named person found out later: whose a punch is, or when it happened (null: not about that)."""

    attribution_id: UUID
    person_id: UUID | None
    occurred_at: datetime | None
    made_by: UUID | None
    made_at: datetime
    reason: str


class PunchLine(Wire, frozen=True, kw_only=True):
    """A punch in a list, with its current state.

    `occurred_at` is what its device said; `redated_to` when somebody decided that it happened, since that could not be.
    """

    punch_id: UUID
    person_id: UUID | None
    person_name: str | None
    source: Literal["phone", "gate", "make_up", "import"]
    direction: Literal["in", "out", "unknown"]
    occurred_at: datetime
    received_at: datetime
    time_quality: str
    redated_to: datetime | None
    outcome: Outcome
    lane: str | None
    fence_version_id: UUID | None
    signed_distance_m: float | None
    probability: float | None
    accuracy_m: float | None
    chainage_m: float | None
    offset_m: float | None
    signals: list[str]
    reasons: list[dict[str, Any]]
    words: list[ReasonWords]


class PunchFile(Wire, frozen=True, kw_only=True):
    """All that the ledger holds about a punch, except what is sealed: facts, digests, every ruling, in order."""

    punch: PunchLine
    project_id: UUID
    source_id: UUID
    event_key: str
    device_time: str
    direction_source: str
    trust: str
    method: str | None
    granted: bool | None
    policy_version: int
    covered: bool | None
    sigma_m: float | None
    payload_digest: str
    private_digest: str | None
    rulings: list[RulingOut]
    attributions: list[AttributionOut]


class RulingRequest(Wire, frozen=True, kw_only=True):
    """A named person's decision; `seq` is that of the ruling he looked at, so that nobody overrules blindly."""

    outcome: Literal["counted", "refused"]
    note: Note
    seq: int
