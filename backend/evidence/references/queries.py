"""Every SELECT of reference photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import and_, exists, func, or_, select

from backend.evidence.references.model import State, Step, state_of
from backend.evidence.references.tables import FaceReference, FaceReferencePhotos, FaceReferenceStep
from backend.identity.tables import Account
from backend.kit.db import Tx
from backend.sites.tables import Assignment


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step with who made it; None: the installation itself."""

    step: Step
    reason: str
    made_at: datetime
    made_by: UUID | None
    made_by_name: str | None


@dataclass(frozen=True, slots=True)
class ReferenceRow:
    """Reference photos with their steps, in order."""

    project_id: UUID
    id: UUID
    person_id: UUID
    digests: tuple[bytes, ...]
    facts: dict[str, Any]
    taken_at: datetime
    taken_by: UUID
    steps: tuple[StepRow, ...]

    @property
    def state(self) -> State:
        """How they stand."""
        return state_of(step.step for step in self.steps)


@dataclass(frozen=True, slots=True)
class InForce:
    """The photos that a face is compared with now."""

    project_id: UUID
    id: UUID
    digests: tuple[bytes, ...]
    wrapped_key: bytes
    blobs: tuple[str, ...]


async def list_references(tx: Tx, project_id: UUID, person_id: UUID, *, only: UUID | None = None) -> list[ReferenceRow]:
    """Return a person's reference photos of a project, latest first."""
    wanted = [FaceReference.project_id == project_id, FaceReference.person_id == person_id]
    if only is not None:
        wanted.append(FaceReference.id == only)
    return await _references(tx, and_(*wanted))


async def list_of_person(tx: Tx, person_id: UUID) -> list[ReferenceRow]:
    """Return a person's reference photos, whichever project took them, latest first."""
    return await _references(tx, FaceReference.person_id == person_id)


async def _references(tx: Tx, which: Any) -> list[ReferenceRow]:  # noqa: ANN401 - a condition of SQLAlchemy
    rows = (
        await tx.execute(
            select(
                FaceReference.project_id,
                FaceReference.id,
                FaceReference.person_id,
                FaceReference.digests,
                FaceReference.facts,
                FaceReference.taken_at,
                FaceReference.taken_by,
            )
            .where(which)
            .order_by(FaceReference.taken_at.desc(), FaceReference.id.desc())
            .limit(50)
        )
    ).all()
    steps: dict[UUID, list[StepRow]] = {}
    for row in await tx.execute(
        select(
            FaceReferenceStep.reference_id,
            FaceReferenceStep.step,
            FaceReferenceStep.reason,
            FaceReferenceStep.made_at,
            FaceReferenceStep.made_by,
            Account.display_name,
        )
        .outerjoin(Account, Account.id == FaceReferenceStep.made_by)
        .where(FaceReferenceStep.reference_id.in_([row[1] for row in rows]))
        .order_by(FaceReferenceStep.reference_id, FaceReferenceStep.seq)
    ):
        steps.setdefault(row[0], []).append(StepRow(cast("Step", row[1]), *row[2:]))
    return [
        ReferenceRow(row[0], row[1], row[2], tuple(map(bytes, row[3])), *row[4:], tuple(steps.get(row[1], ())))
        for row in rows
    ]


async def find_in_force(tx: Tx, person_id: UUID) -> InForce | None:
    """Return the latest approved photos of a person whose pictures are there; whichever project took them."""
    last = (
        select(FaceReferenceStep.step)
        .where(
            FaceReferenceStep.project_id == FaceReference.project_id,
            FaceReferenceStep.reference_id == FaceReference.id,
            FaceReferenceStep.step != "renewal_wanted",
        )
        .order_by(FaceReferenceStep.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    row = (
        await tx.execute(
            select(
                FaceReference.project_id,
                FaceReference.id,
                FaceReference.digests,
                FaceReferencePhotos.wrapped_key,
                FaceReferencePhotos.blobs,
            )
            .join(
                FaceReferencePhotos,
                and_(
                    FaceReferencePhotos.project_id == FaceReference.project_id,
                    FaceReferencePhotos.reference_id == FaceReference.id,
                ),
            )
            .where(FaceReference.person_id == person_id, last.in_(["approved", "upheld"]))
            .order_by(FaceReference.taken_at.desc(), FaceReference.id.desc())
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else InForce(row[0], row[1], tuple(map(bytes, row[2])), bytes(row[3]), tuple(row[4]))


async def find_photos(tx: Tx, project_id: UUID, reference_id: UUID) -> tuple[bytes, tuple[str, ...]] | None:
    """Return wrapped key and blobs of reference photos; None when they were deleted."""
    row = (
        await tx.execute(
            select(FaceReferencePhotos.wrapped_key, FaceReferencePhotos.blobs).where(
                FaceReferencePhotos.project_id == project_id, FaceReferencePhotos.reference_id == reference_id
            )
        )
    ).one_or_none()
    return None if row is None else (bytes(row[0]), tuple(row[1]))


async def last_seq(tx: Tx, project_id: UUID, reference_id: UUID) -> int:
    """Return the number of the last step, 0 before the first."""
    found = await tx.scalar(
        select(func.max(FaceReferenceStep.seq)).where(
            FaceReferenceStep.project_id == project_id, FaceReferenceStep.reference_id == reference_id
        )
    )
    return int(found or 0)


async def list_left(tx: Tx, gone_before: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """Return project and id of photos, not ended yet, of people who have left all projects before a day."""
    stays = exists(
        select(Assignment.id)
        .where(
            Assignment.person_id == FaceReference.person_id,
            or_(
                Assignment.exit_confirmed_at.is_(None),
                Assignment.to_on.is_(None),
                Assignment.to_on >= gone_before.date(),
            ),
        )
        .correlate(FaceReference)
    )
    # Whoever has no post yet is about to get one: his photos stay until he had one.
    had_one = exists(
        select(Assignment.id).where(Assignment.person_id == FaceReference.person_id).correlate(FaceReference)
    )
    rows = await tx.execute(
        select(FaceReference.project_id, FaceReference.id)
        .join(
            FaceReferencePhotos,
            and_(
                FaceReferencePhotos.project_id == FaceReference.project_id,
                FaceReferencePhotos.reference_id == FaceReference.id,
            ),
        )
        .where(~stays, had_one, ~_has_step("superseded", "exit", "withdrawn", "rejected"))
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


async def list_to_delete(tx: Tx, limit: int) -> list[tuple[UUID, UUID, Sequence[str], bytes]]:
    """Return project, id, blobs and wrapped key of photos that are not used any more."""
    rows = await tx.execute(
        select(
            FaceReferencePhotos.project_id,
            FaceReferencePhotos.reference_id,
            FaceReferencePhotos.blobs,
            FaceReferencePhotos.wrapped_key,
        )
        .join(
            FaceReference,
            and_(
                FaceReference.project_id == FaceReferencePhotos.project_id,
                FaceReference.id == FaceReferencePhotos.reference_id,
            ),
        )
        .where(_has_step("superseded", "exit", "withdrawn", "rejected"))
        .limit(limit)
    )
    return [(row[0], row[1], cast("Sequence[str]", row[2]), row[3]) for row in rows]


def _has_step(*steps: str) -> Any:  # noqa: ANN401 - a condition of SQLAlchemy
    return exists(
        select(FaceReferenceStep.seq)
        .where(
            FaceReferenceStep.project_id == FaceReference.project_id,
            FaceReferenceStep.reference_id == FaceReference.id,
            FaceReferenceStep.step.in_(steps),
        )
        .correlate(FaceReference)
    )
