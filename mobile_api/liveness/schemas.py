"""What phones send and get of liveness."""

import base64
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from backend.evidence.liveness.challenge import FRAMES, Kind, Step
from backend.evidence.liveness.judging import Outcome
from backend.evidence.references.model import State
from backend.kit.wire import Instant, Note, Wire

Nonce = Annotated[str, Meta(pattern="^[0-9A-Za-z_-]{22}$", description="16 random bytes in base64url")]


class ProjectBody(Wire, frozen=True, kw_only=True):
    """On which project somebody wants to show that he is there."""

    project_id: UUID


class StepOut(Wire, frozen=True, kw_only=True):
    """A step, and how the person is asked for it."""

    step: Step
    words: str


class ChallengeAnswer(Wire, frozen=True, kw_only=True):
    """What is asked for; the proof of presence that comes of it has the challenge's id."""

    challenge_id: UUID
    project_id: UUID
    kind: Kind
    nonce: Nonce
    steps: list[StepOut]
    issued_at: datetime
    expires_at: datetime


class ChallengesAnswer(Wire, frozen=True, kw_only=True):
    """Challenges to keep for where there is no network, each good for one use."""

    challenges: list[ChallengeAnswer]


class FrameAbout(Wire, frozen=True, kw_only=True):
    """What one frame shows, and when it was taken by a clock of the phone that nobody can set."""

    step: Step
    at_ms: Annotated[int, Meta(ge=0, le=2**53 - 1)]


class FramesAbout(Wire, frozen=True, kw_only=True):
    """The part `about` of the form: one entry for each part `frame`, in their order."""

    nonce: Nonce
    frames: Annotated[list[FrameAbout], Meta(min_length=1, max_length=FRAMES)]
    made_at: Instant | None = None


class ReasonOut(Wire, frozen=True, kw_only=True):
    """Why, and what to do next."""

    code: str
    title: str
    advice: str


class LivenessAnswer(Wire, frozen=True, kw_only=True):
    """What came of a challenge: `again` tells that another try may help; `proof_id` is for the next punch."""

    challenge_id: UUID
    proof_id: UUID
    project_id: UUID
    outcome: Outcome
    reasons: list[ReasonOut]
    again: bool
    trust: Literal["online", "offline"]
    received_at: datetime
    replayed: bool


class ChallengeState(Wire, frozen=True, kw_only=True):
    """A challenge, and what came of it; null as long as nothing did."""

    challenge_id: UUID
    expires_at: datetime
    result: LivenessAnswer | None


class OwnReference(Wire, frozen=True, kw_only=True):
    """One's own reference photos."""

    reference_id: UUID
    project_id: UUID
    state: State
    photos: int
    taken_at: datetime


class OwnReferences(Wire, frozen=True, kw_only=True):
    """One's own reference photos, latest first."""

    references: list[OwnReference]


class OwnReferenceBody(Wire, frozen=True, kw_only=True):
    """Which photos, and why."""

    reference_id: UUID
    reason: Note


def nonce_text(nonce: bytes) -> str:
    """Return a nonce as it is written."""
    return base64.urlsafe_b64encode(nonce).decode().rstrip("=")


def nonce_bytes(text: str) -> bytes:
    """Return the bytes of a nonce that has the form of one."""
    return base64.urlsafe_b64decode(text + "==")
