"""Takes the frames of a challenge: measures and judges them, keeps them sealed, and records the proof of presence.

No transaction is open while frames are measured or stored. Two that answer one challenge at once are both measured; the
challenge's row of use lets one of them through.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import delete, insert

from backend.evidence.faces.measures import MAX_FRAME_BYTES, Measured, NotMeasured
from backend.evidence.faces.port import Faces
from backend.evidence.liveness import queries
from backend.evidence.liveness.challenge import FRAMES
from backend.evidence.liveness.errors import ChallengeExpired, ChallengeUnknown, ChallengeUsed, FramesInvalid
from backend.evidence.liveness.judging import THRESHOLDS, Evidence, Judgement, Shown, judge
from backend.evidence.liveness.queries import AttemptRow, Before, ChallengeRow
from backend.evidence.liveness.repeats import count_repeats, trace_of
from backend.evidence.liveness.tables import LivenessAttempt, LivenessDeletion, LivenessFrame, LivenessFrames
from backend.evidence.photos.retention_queries import share_holds_lock
from backend.evidence.references.queries import InForce, find_in_force
from backend.evidence.references.taking import KIND as REFERENCES
from backend.evidence.sealing import drop_pictures, open_pictures, seal_pictures
from backend.evidence.ways.recording import NewProof, record_proof
from backend.kit.blobs import BlobStore
from backend.kit.clock import Clock
from backend.kit.crypto import DataKeys
from backend.kit.db import Database, Tx, translate_violations
from backend.kit.erasures import Erasure, record_erasures

KIND: Final = "liveness"
KEPT: Final = timedelta(days=90)
USELESS_WITHIN: Final = timedelta(minutes=15)
LATE: Final = timedelta(days=30)
"""So long after a challenge that was issued ahead has expired its frames are still taken: queues come late."""
CLOCK_SLACK: Final = timedelta(minutes=2)
_BATCH: Final = 20
_ONCE = {"pk_liveness_attempt": ChallengeUsed, "pk_liveness_frames": ChallengeUsed, "pk_presence_proof": ChallengeUsed}


@dataclass(frozen=True, kw_only=True)
class LivenessTools:
    """What liveness works with."""

    database: Database
    faces: Faces
    data_keys: DataKeys
    blobs: BlobStore
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a phone sends for a challenge; `made_at` is when it says that it was offline and took the frames."""

    nonce: bytes
    shown: Sequence[Shown]
    frames: Sequence[bytes]
    made_at: datetime | None = None

    @property
    def digest(self) -> bytes:
        """One digest of all frames in their order."""
        return sha256(b"".join(one.sha256 for one in self.shown)).digest()


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a challenge; the proof that a punch may name has the challenge's id."""

    challenge: ChallengeRow
    attempt: AttemptRow
    replayed: bool


async def find_result(tx: Tx, person_id: UUID, challenge_id: UUID) -> tuple[ChallengeRow, AttemptRow | None]:
    """Return a person's challenge and what came of it; raises ChallengeUnknown."""
    challenge = await queries.find_challenge(tx, person_id, challenge_id)
    if challenge is None:
        raise ChallengeUnknown
    return challenge, await queries.find_attempt(tx, challenge.project_id, challenge_id)


async def receive_frames(
    challenge: ChallengeRow, attempt: AttemptRow | None, sent: Sent, arrived_at: datetime, *, tools: LivenessTools
) -> Result:
    """Judge the frames of a challenge, once; the same frames again get the same answer.

    `arrived_at` is when the request began. Raises FramesInvalid, ChallengeExpired, ChallengeUsed, FacesBusy (nothing is
    used up by it) or BlobsAway.
    """
    if not hmac.compare_digest(sent.nonce, challenge.nonce):
        raise FramesInvalid(reason="nonce")
    if attempt is not None:
        if attempt.frames_digest != sent.digest:
            raise ChallengeUsed
        return Result(challenge, attempt, replayed=True)
    made_at = _instant_of(challenge, sent, arrived_at)
    _require_frames(sent)
    async with tools.database.transaction() as tx:
        reference = await find_in_force(tx, challenge.person_id)
        digests = [one.sha256 for one in sent.shown]
        before = await queries.find_before(tx, challenge, digests, arrived_at - KEPT, arrived_at - USELESS_WITHIN)
    measured = await _measure(sent, reference, tools)
    judgement = _judge(challenge, sent, measured, before, arrived_at)
    made = AttemptRow(arrived_at, made_at, sent.digest, judgement.outcome, tuple(judgement.reasons), judgement.again)
    wrapped, names = await seal_pictures(KIND, challenge.id, sent.frames, data_keys=tools.data_keys, blobs=tools.blobs)
    try:
        with translate_violations(_ONCE):
            async with tools.database.transaction() as tx:
                await _record(tx, challenge, sent, made, judgement, measured, reference)
                await tx.execute(
                    insert(LivenessFrames).values(
                        project_id=challenge.project_id,
                        challenge_id=challenge.id,
                        wrapped_key=wrapped,
                        blobs=names,
                        delete_after=arrived_at + KEPT,
                    )
                )
    except BaseException:
        await drop_pictures(names, blobs=tools.blobs)
        raise
    return Result(challenge, made, replayed=False)


def _instant_of(challenge: ChallengeRow, sent: Sent, arrived_at: datetime) -> datetime:
    """Return when the frames were taken; raises ChallengeExpired or FramesInvalid."""
    if challenge.kind == "online":
        if arrived_at > challenge.expires_at:
            raise ChallengeExpired
        return arrived_at
    if sent.made_at is None or not challenge.issued_at <= sent.made_at + CLOCK_SLACK <= arrived_at + 2 * CLOCK_SLACK:
        raise FramesInvalid(reason="made_at")
    if sent.made_at > challenge.expires_at or arrived_at > challenge.expires_at + LATE:
        raise ChallengeExpired
    return sent.made_at


def _require_frames(sent: Sent) -> None:
    if len(sent.frames) != FRAMES or len(sent.shown) != FRAMES:
        raise FramesInvalid(reason="count")
    if any(not frame or len(frame) > MAX_FRAME_BYTES for frame in sent.frames):
        raise FramesInvalid(reason="size")


async def _measure(sent: Sent, reference: InForce | None, tools: LivenessTools) -> Measured | NotMeasured:
    if reference is None:
        return await tools.faces.measure(list(sent.frames))

    async def load() -> list[bytes]:
        return await open_pictures(
            REFERENCES,
            reference.id,
            reference.wrapped_key,
            reference.blobs,
            data_keys=tools.data_keys,
            blobs=tools.blobs,
        )

    return await tools.faces.measure(list(sent.frames), reference.digests, load)


def _judge(
    challenge: ChallengeRow, sent: Sent, measured: Measured | NotMeasured, before: Before, arrived_at: datetime
) -> Judgement:
    seen = measured if isinstance(measured, Measured) else None
    waited = arrived_at - challenge.issued_at
    return judge(
        Evidence(
            steps=challenge.steps,
            shown=sent.shown,
            frames=None if seen is None else seen.frames,
            reference=None if seen is None else seen.reference,
            kind=challenge.kind,
            copies=before.copies,
            repeats=0 if seen is None else count_repeats(seen.frames, before.traces),
            useless=before.useless,
            waited_ms=int(waited / timedelta(milliseconds=1)) if challenge.kind == "online" else None,
            live_least=None if seen is None else seen.live_least,
        ),
        THRESHOLDS,
    )


async def _record(
    tx: Tx,
    challenge: ChallengeRow,
    sent: Sent,
    made: AttemptRow,
    judgement: Judgement,
    measured: Measured | NotMeasured,
    reference: InForce | None,
) -> None:
    seen = measured if isinstance(measured, Measured) else None
    models = {} if seen is None else seen.models
    common = {"project_id": challenge.project_id, "challenge_id": challenge.id, "person_id": challenge.person_id}
    await tx.execute(
        insert(LivenessAttempt).values(
            **common,
            received_at=made.received_at,
            made_at=made.made_at,
            frames_digest=made.frames_digest,
            outcome=made.outcome,
            reasons=list(made.reasons),
            again=made.again,
            scores=judgement.scores,
            models=models,
            thresholds=judgement.thresholds,
            reference_id=None if reference is None else reference.id,
        )
    )
    traces = [None] * len(sent.frames) if seen is None else [trace_of(frame) for frame in seen.frames]
    await tx.execute(
        insert(LivenessFrame).values(
            [
                {
                    **common,
                    "number": number,
                    "step": shown.step,
                    "at_ms": shown.at_ms,
                    "sha256": shown.sha256,
                    "size_bytes": len(frame),
                    "trace": None if trace is None else msgspec.to_builtins(trace),
                    "received_at": made.received_at,
                }
                for number, (shown, frame, trace) in enumerate(zip(sent.shown, sent.frames, traces, strict=True))
            ]
        )
    )
    await record_proof(
        tx,
        NewProof(
            project_id=challenge.project_id,
            person_id=challenge.person_id,
            phone_id=challenge.phone_id,
            way="face",
            outcome=made.outcome,
            made_at=made.made_at,
            trust="online" if challenge.kind == "online" else "offline",
            proof_id=challenge.id,
            facts={
                "challenge": challenge.kind,
                "reasons": list(made.reasons),
                "scores": judgement.scores,
                "models": models,
                "thresholds": judgement.thresholds,
                "reference_id": None if reference is None else str(reference.id),
            },
        ),
        now=made.received_at,
    )


async def purge_frames(tools: LivenessTools) -> int:
    """Delete pictures whose time is over and that nobody holds, blobs first, and leave a row that says so.

    Returns of how many series. Whoever places a hold waits for a step that did not see it. Raises BlobsAway; what was
    not deleted is deleted the next time.
    """
    ended = 0
    while True:
        now = tools.clock.now()
        async with tools.database.transaction() as tx:
            await share_holds_lock(tx)
            expired = await queries.list_expired_frames(tx, now, _BATCH)
            destroyed: list[Erasure] = []
            for project_id, challenge_id, names, key in expired:
                for name in names:
                    await tools.blobs.delete(name)
                gone = await tx.execute(
                    delete(LivenessFrames).where(
                        LivenessFrames.project_id == project_id, LivenessFrames.challenge_id == challenge_id
                    )
                )
                if gone.rowcount:
                    await tx.execute(
                        insert(LivenessDeletion).values(
                            project_id=project_id, challenge_id=challenge_id, deleted_at=now
                        )
                    )
                    destroyed.append(
                        Erasure(
                            subject="frames",
                            subject_id=challenge_id,
                            project_id=project_id,
                            keys=[key],
                            reason="term is over",
                        )
                    )
            await record_erasures(tx, destroyed, now)
        ended += len(expired)
        if len(expired) < _BATCH:
            return ended
