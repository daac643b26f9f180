"""Takes reference photos, has them approved by somebody else, and takes disputes and wishes of the person on them."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, insert

from backend.evidence.faces.measures import MAX_REFERENCE_BYTES, FrameMeasures, Measured
from backend.evidence.faces.port import Faces
from backend.evidence.liveness.judging import THRESHOLDS
from backend.evidence.photos.examined import Examined
from backend.evidence.photos.examiner import Examiner
from backend.evidence.references import queries
from backend.evidence.references.errors import OwnReference, ReferenceSettled, ReferenceUnknown, ReferenceUnusable
from backend.evidence.references.model import EXIT_GRACE, MOST_PHOTOS, Step, state_after
from backend.evidence.references.queries import ReferenceRow
from backend.evidence.references.tables import FaceReference, FaceReferencePhotos, FaceReferenceStep
from backend.evidence.sealing import open_pictures, seal_pictures
from backend.identity.audit import record_act
from backend.kit.blobs import BlobStore
from backend.kit.clock import Clock
from backend.kit.crypto import DataKeys
from backend.kit.db import Database, Tx, translate_violations
from backend.kit.erasures import Erasure, record_erasures
from backend.kit.guards import Actor
from backend.kit.ids import new_id

KIND: Final = "references"
_ONCE = {"pk_face_reference_step": ReferenceSettled}
_BATCH: Final = 200


@dataclass(frozen=True, kw_only=True)
class ReferenceTools:
    """What reference photos work with."""

    database: Database
    faces: Faces
    examiner: Examiner
    data_keys: DataKeys
    blobs: BlobStore
    clock: Clock


@dataclass(frozen=True, slots=True)
class Prepared:
    """Photos as they are kept, and what was measured of them."""

    photos: list[bytes]
    facts: dict[str, Any]


async def prepare_photos(contents: list[bytes], *, tools: ReferenceTools) -> Prepared:
    """Decode, shrink and strip photos and look for one face on each, the same on all.

    Without models the faces are not looked at, which the facts say. Raises ReferenceUnusable, ExaminersBusy, FacesBusy.
    """
    if not 1 <= len(contents) <= MOST_PHOTOS:
        raise ReferenceUnusable(number=len(contents), reason="count")
    photos: list[bytes] = []
    for number, content in enumerate(contents, 1):
        if len(content) > MAX_REFERENCE_BYTES:
            raise ReferenceUnusable(number=number, reason="size")
        examined = await tools.examiner.examine(content, "image/jpeg")
        if not isinstance(examined, Examined):
            raise ReferenceUnusable(number=number, reason=examined.reason.value)
        photos.append(examined.picture)
    measured = await tools.faces.measure(photos)
    if not isinstance(measured, Measured):
        return Prepared(photos, {"faces": "not_evaluated", "why": measured.reason})
    for number, frame in enumerate(measured.frames, 1):
        reason = _unusable(frame)
        if reason is not None:
            raise ReferenceUnusable(number=number, reason=reason)
    distances = [frame.face.distance for frame in measured.frames if frame.face is not None]
    return Prepared(photos, {"faces": "measured", "distances": distances, "models": measured.models})


def _unusable(frame: FrameMeasures) -> str | None:
    face = frame.face
    if face is None or face.score < THRESHOLDS.score:
        return frame.fault or "no_face"
    if face.width_px < THRESHOLDS.width_px:
        return "face_small"
    if face.second >= THRESHOLDS.second:
        return "two_faces"
    return "another_face" if face.distance > THRESHOLDS.same_face else None


async def take_reference(
    tx: Tx, actor: Actor, project_id: UUID, person_id: UUID, prepared: Prepared, *, tools: ReferenceTools
) -> ReferenceRow:
    """Store reference photos that wait for approval; who asks has been allowed to. Raises BlobsAway."""
    now = tools.clock.now()
    reference_id = new_id(now)
    wrapped, names = await seal_pictures(
        KIND, reference_id, prepared.photos, data_keys=tools.data_keys, blobs=tools.blobs
    )
    await tx.execute(
        insert(FaceReference).values(
            project_id=project_id,
            id=reference_id,
            person_id=person_id,
            digests=[sha256(photo).digest() for photo in prepared.photos],
            facts=prepared.facts,
            taken_at=now,
            taken_by=actor.account_id,
        )
    )
    await tx.execute(
        insert(FaceReferencePhotos).values(
            project_id=project_id, reference_id=reference_id, wrapped_key=wrapped, blobs=names
        )
    )
    await record_act(
        tx,
        actor,
        "face_reference.taken",
        "face_reference",
        reference_id,
        {"person_id": str(person_id), "photos": len(prepared.photos)},
        clock=tools.clock,
        project_id=project_id,
    )
    return await find_reference(tx, project_id, person_id, reference_id)


async def find_reference(tx: Tx, project_id: UUID, person_id: UUID, reference_id: UUID) -> ReferenceRow:
    """Return reference photos of a person on a project; raises ReferenceUnknown."""
    found = await queries.list_references(tx, project_id, person_id, only=reference_id)
    if not found:
        raise ReferenceUnknown
    return found[0]


async def settle_reference(
    tx: Tx, actor: Actor, found: ReferenceRow, step: Step, reason: str, *, clock: Clock
) -> ReferenceRow:
    """Approve, reject or uphold reference photos; older ones of the person end when these are approved.

    Raises OwnReference for who took them or is on them, and ReferenceSettled.
    """
    if actor.account_id == found.taken_by or actor.person_id == found.person_id:
        raise OwnReference
    await add_step(tx, actor, found, step, reason, clock=clock)
    if step == "approved":
        for other in await queries.list_of_person(tx, found.person_id):
            if other.id != found.id and other.taken_at <= found.taken_at and state_after(other.state, "superseded"):
                await add_step(tx, None, other, "superseded", "", clock=clock)
    return await find_reference(tx, found.project_id, found.person_id, found.id)


async def add_step(tx: Tx, actor: Actor | None, found: ReferenceRow, step: Step, reason: str, *, clock: Clock) -> None:
    """Append a step, and to the audit log; raises ReferenceSettled when it may not follow."""
    if state_after(found.state, step) is None:
        raise ReferenceSettled(state=found.state)
    with translate_violations(_ONCE, state=found.state):
        await tx.execute(
            insert(FaceReferenceStep).values(
                project_id=found.project_id,
                reference_id=found.id,
                seq=len(found.steps) + 1,
                step=step,
                reason=reason,
                made_at=clock.now(),
                made_by=None if actor is None else actor.account_id,
            )
        )
    detail = {"person_id": str(found.person_id)}
    act = f"face_reference.{step}"
    await record_act(tx, actor, act, "face_reference", found.id, detail, clock=clock, project_id=found.project_id)


async def read_photo(tx: Tx, actor: Actor, found: ReferenceRow, number: int, *, tools: ReferenceTools) -> bytes:
    """Return one of the photos as JPEG, which the audit log tells; `number` counts from 1.

    Raises ReferenceUnknown when there is none of the number, or none any more, and BlobsAway.
    """
    kept = await queries.find_photos(tx, found.project_id, found.id)
    if kept is None or not 1 <= number <= len(found.digests):
        raise ReferenceUnknown
    photos = await open_pictures(KIND, found.id, *kept, data_keys=tools.data_keys, blobs=tools.blobs)
    await record_act(
        tx,
        actor,
        "face_reference.shown",
        "face_reference",
        found.id,
        {"person_id": str(found.person_id), "number": number},
        clock=tools.clock,
        project_id=found.project_id,
    )
    return photos[number - 1]


async def purge_references(tools: ReferenceTools) -> int:
    """End the photos of people who left, then delete what has ended, blobs first; return how many were deleted.

    Raises BlobsAway; what was not deleted is deleted the next time.
    """
    clock = tools.clock
    async with tools.database.transaction() as tx:
        for project_id, reference_id in await queries.list_left(tx, clock.now() - EXIT_GRACE, _BATCH):
            await _append(tx, project_id, reference_id, "exit", tools)
    deleted = 0
    while True:
        async with tools.database.transaction() as tx:
            ended = await queries.list_to_delete(tx, _BATCH)
        if not ended:
            return deleted
        for _, _, names, _ in ended:
            for name in names:
                await tools.blobs.delete(name)
        async with tools.database.transaction() as tx:
            destroyed: list[Erasure] = []
            for project_id, reference_id, _, key in ended:
                gone = await tx.execute(
                    delete(FaceReferencePhotos).where(
                        FaceReferencePhotos.project_id == project_id, FaceReferencePhotos.reference_id == reference_id
                    )
                )
                if not gone.rowcount:
                    continue  # another worker was quicker
                await _append(tx, project_id, reference_id, "deleted", tools)
                destroyed.append(
                    Erasure(
                        subject="reference",
                        subject_id=reference_id,
                        project_id=project_id,
                        keys=[key],
                        reason="not used any more",
                    )
                )
            await record_erasures(tx, destroyed, clock.now())
        deleted += len(ended)


async def _append(tx: Tx, project_id: UUID, reference_id: UUID, step: Step, tools: ReferenceTools) -> None:
    await tx.execute(
        insert(FaceReferenceStep).values(
            project_id=project_id,
            reference_id=reference_id,
            seq=await queries.last_seq(tx, project_id, reference_id) + 1,
            step=step,
            reason="",
            made_at=tools.clock.now(),
            made_by=None,
        )
    )
