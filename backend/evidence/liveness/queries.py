"""Every SELECT of liveness; each takes the person, so that rows are always his own, except for the purge."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import msgspec
from sqlalchemy import exists, func, or_, select

from backend.evidence.liveness.challenge import Kind, Step
from backend.evidence.liveness.judging import NOT_SHOWN, Outcome, Reason
from backend.evidence.liveness.repeats import Trace
from backend.evidence.liveness.tables import LivenessAttempt, LivenessChallenge, LivenessFrame, LivenessFrames
from backend.evidence.photos.tables import PhotoHold
from backend.kit.db import Tx


@dataclass(frozen=True, slots=True)
class ChallengeRow:
    """A challenge as issued."""

    project_id: UUID
    id: UUID
    person_id: UUID
    phone_id: UUID
    kind: Kind
    nonce: bytes
    steps: tuple[Step, ...]
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """What came of a challenge."""

    received_at: datetime
    made_at: datetime
    frames_digest: bytes
    outcome: Outcome
    reasons: tuple[Reason, ...]
    again: bool


@dataclass(frozen=True, slots=True)
class Before:
    """What of a person's earlier series matters for the next one."""

    copies: int
    traces: list[Trace]
    useless: int


_CHALLENGE = (
    LivenessChallenge.project_id,
    LivenessChallenge.id,
    LivenessChallenge.person_id,
    LivenessChallenge.phone_id,
    LivenessChallenge.kind,
    LivenessChallenge.nonce,
    LivenessChallenge.steps,
    LivenessChallenge.issued_at,
    LivenessChallenge.expires_at,
)
_HELD = exists(
    select(PhotoHold.id)
    .join(LivenessChallenge, LivenessChallenge.project_id == PhotoHold.project_id)
    .where(
        PhotoHold.lifted_at.is_(None),
        PhotoHold.project_id == LivenessFrames.project_id,
        LivenessChallenge.id == LivenessFrames.challenge_id,
        or_(PhotoHold.person_id.is_(None), PhotoHold.person_id == LivenessChallenge.person_id),
    )
    .correlate(LivenessFrames)
)
_USED = exists(
    select(LivenessAttempt.challenge_id).where(
        LivenessAttempt.project_id == LivenessChallenge.project_id, LivenessAttempt.challenge_id == LivenessChallenge.id
    )
)


def _challenge(row: Any) -> ChallengeRow:  # noqa: ANN401 - a row of _CHALLENGE
    steps = cast("tuple[Step, ...]", tuple(row[6]))
    return ChallengeRow(row[0], row[1], row[2], row[3], row[4], bytes(row[5]), steps, row[7], row[8])


async def hold_challenges(tx: Tx, person_id: UUID) -> None:
    """Make other challenges of this person wait until the transaction ends."""
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"liveness:{person_id}", 0))))


async def list_issued(tx: Tx, person_id: UUID, since: datetime) -> list[datetime]:
    """Return when challenges to be answered at once were issued to a person since an instant."""
    rows = await tx.execute(
        select(LivenessChallenge.issued_at).where(
            LivenessChallenge.person_id == person_id,
            LivenessChallenge.issued_at > since,
            LivenessChallenge.kind == "online",
        )
    )
    return [row[0] for row in rows]


async def list_ahead(tx: Tx, project_ids: Sequence[UUID], phone_id: UUID, now: datetime) -> list[ChallengeRow]:
    """Return the challenges that a phone has ahead for projects, neither used nor expired."""
    rows = await tx.execute(
        select(*_CHALLENGE).where(
            LivenessChallenge.project_id.in_(project_ids),
            LivenessChallenge.phone_id == phone_id,
            LivenessChallenge.kind == "sealed",
            LivenessChallenge.expires_at > now,
            ~_USED,
        )
    )
    return [_challenge(row) for row in rows]


async def find_challenge(tx: Tx, person_id: UUID, challenge_id: UUID) -> ChallengeRow | None:
    """Return a person's challenge."""
    row = (
        await tx.execute(
            select(*_CHALLENGE).where(LivenessChallenge.id == challenge_id, LivenessChallenge.person_id == person_id)
        )
    ).one_or_none()
    return None if row is None else _challenge(row)


async def find_attempt(tx: Tx, project_id: UUID, challenge_id: UUID) -> AttemptRow | None:
    """Return what came of a challenge; None as long as it is not used."""
    row = (
        await tx.execute(
            select(
                LivenessAttempt.received_at,
                LivenessAttempt.made_at,
                LivenessAttempt.frames_digest,
                LivenessAttempt.outcome,
                LivenessAttempt.reasons,
                LivenessAttempt.again,
            ).where(LivenessAttempt.project_id == project_id, LivenessAttempt.challenge_id == challenge_id)
        )
    ).one_or_none()
    if row is None:
        return None
    return AttemptRow(
        row[0], row[1], bytes(row[2]), cast("Outcome", row[3]), cast("tuple[Reason, ...]", tuple(row[4])), row[5]
    )


async def find_before(
    tx: Tx, challenge: ChallengeRow, digests: Sequence[bytes], since: datetime, useless_since: datetime
) -> Before:
    """Return how many of these frames were sent before by anybody, the person's traces, and his useless tries."""
    copies = await tx.scalar(
        select(func.count(func.distinct(LivenessFrame.sha256))).where(LivenessFrame.sha256.in_(digests))
    )
    traces = await tx.execute(
        select(LivenessFrame.trace).where(
            LivenessFrame.person_id == challenge.person_id,
            LivenessFrame.received_at > since,
            LivenessFrame.trace.is_not(None),
        )
    )
    useless = await tx.scalar(
        select(func.count()).where(
            LivenessAttempt.person_id == challenge.person_id,
            LivenessAttempt.received_at > useless_since,
            LivenessAttempt.again,
            ~LivenessAttempt.reasons.overlap(sorted(NOT_SHOWN)),
        )
    )
    return Before(int(copies or 0), [msgspec.convert(row[0], Trace) for row in traces], int(useless or 0))


async def list_expired_frames(tx: Tx, now: datetime, limit: int) -> list[tuple[UUID, UUID, Sequence[str], bytes]]:
    """Return project, challenge, blobs and wrapped key of pictures whose time is over.

    Not of those whose project or person is held.
    """
    rows = await tx.execute(
        select(LivenessFrames.project_id, LivenessFrames.challenge_id, LivenessFrames.blobs, LivenessFrames.wrapped_key)
        .where(LivenessFrames.delete_after <= now, ~_HELD)
        .order_by(LivenessFrames.delete_after)
        .limit(limit)
    )
    return [(row[0], row[1], cast("Sequence[str]", row[2]), row[3]) for row in rows]
