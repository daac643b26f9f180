"""Ends the frames of people who withdraw their consent to face checks, and tells when they are gone."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, update

from backend.evidence.liveness.tables import LivenessChallenge, LivenessFrame, LivenessFrames
from backend.identity.consents.erasing import Erased
from backend.kit.db import Tx


class FrameEraser:
    """See Eraser: the hourly job deletes what has ended here, once nobody holds it."""

    async def end(self, tx: Tx, person_id: UUID, now: datetime) -> None:
        """Have the frames' term end now."""
        series = (
            select(LivenessChallenge.id)
            .where(
                LivenessChallenge.project_id == LivenessFrames.project_id,
                LivenessChallenge.id == LivenessFrames.challenge_id,
                LivenessChallenge.person_id == person_id,
            )
            .exists()
        )
        ended = update(LivenessFrames).where(LivenessFrames.delete_after > now, series)
        await tx.execute(ended.values(delete_after=now))

    async def look(self, tx: Tx, person_id: UUID) -> Erased | None:
        """Return the SHA-256 of the frames that were deleted; None while any is still there."""
        kept = (
            select(LivenessFrame.number).join(LivenessFrames, _of_series()).where(LivenessFrame.person_id == person_id)
        )
        if (await tx.execute(kept.limit(1))).first() is not None:
            return None
        gone = await tx.scalars(select(LivenessFrame.sha256).where(LivenessFrame.person_id == person_id))
        return Erased(tuple(bytes(digest) for digest in gone))

    async def count(self, tx: Tx) -> int:
        """Return of how many people frames are there."""
        people = (
            select(func.count(LivenessFrame.person_id.distinct()))
            .select_from(LivenessFrame)
            .join(LivenessFrames, _of_series())
        )
        return int(await tx.scalar(people) or 0)


def _of_series() -> ColumnElement[bool]:
    return and_(
        LivenessFrames.project_id == LivenessFrame.project_id,
        LivenessFrames.challenge_id == LivenessFrame.challenge_id,
    )
