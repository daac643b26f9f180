"""Ends the reference photos of people who withdraw their consent, and tells when they are gone."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, insert, select

from backend.evidence.references import queries
from backend.evidence.references.model import state_after
from backend.evidence.references.tables import FaceReference, FaceReferencePhotos, FaceReferenceStep
from backend.identity.consents.erasing import Erased
from backend.kit.db import Tx

_KEPT = and_(
    FaceReferencePhotos.project_id == FaceReference.project_id, FaceReferencePhotos.reference_id == FaceReference.id
)


class ReferenceEraser:
    """See Eraser: the hourly job deletes what has ended here."""

    async def end(self, tx: Tx, person_id: UUID, now: datetime) -> None:
        """End all photos of the person that are in use or wait."""
        for row in await queries.list_of_person(tx, person_id):
            if state_after(row.state, "withdrawn") is None:
                continue
            await tx.execute(
                insert(FaceReferenceStep).values(
                    project_id=row.project_id,
                    reference_id=row.id,
                    seq=len(row.steps) + 1,
                    step="withdrawn",
                    reason="",
                    made_at=now,
                    made_by=None,
                )
            )

    async def look(self, tx: Tx, person_id: UUID) -> Erased | None:
        """Return the digests of what is gone; None while a picture is still there."""
        kept = await tx.scalar(
            select(func.count())
            .select_from(FaceReference)
            .join(FaceReferencePhotos, _KEPT)
            .where(FaceReference.person_id == person_id)
        )
        if kept:
            return None
        rows = await queries.list_of_person(tx, person_id)
        return Erased(tuple(digest for row in rows for digest in row.digests))

    async def count(self, tx: Tx) -> int:
        """Return of how many people photos are kept."""
        found = await tx.scalar(
            select(func.count(func.distinct(FaceReference.person_id))).join(FaceReferencePhotos, _KEPT)
        )
        return int(found or 0)
