"""Keeps what hangs on the labels of a line: the ranges of sections on alignments, and the work faces of corridors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, update

from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.db import Tx, translate_violations
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites import queries as sites
from backend.sites.errors import SectionUnknown
from geofences import alignment_queries as stored
from geofences import queries
from geofences.alignment_errors import FaceDatesReversed, FenceWithoutAxis, StretchesOverlap, WorkFaceUnknown
from geofences.alignment_queries import FaceRow, Pinned, RangeRow
from geofences.alignment_tables import SectionRangeRow, WorkFaceRow
from geofences.errors import FenceUnknown
from geofences.judging import prepared
from geofences.projection import Stretch


@dataclass(frozen=True, slots=True)
class WishedRange:
    """A range of an alignment, by labels."""

    alignment_id: UUID
    begin: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FacePlan:
    """A work face: name, labels of its ends, first and last day (None: until further notice)."""

    name: str
    begin: str
    end: str
    from_on: date
    to_on: date | None


async def list_ranges(tx: Tx, actor: Actor, project_id: UUID, section_id: UUID) -> list[RangeRow]:
    """Return the ranges of a section; raises ProjectUnknown or SectionUnknown."""
    await _require_section(tx, actor, project_id, section_id, queries.READ)
    return await stored.list_ranges(tx, project_id, [section_id])


async def set_ranges(
    tx: Tx, actor: Actor, project_id: UUID, section_id: UUID, wished: Sequence[WishedRange], *, clock: Clock
) -> list[RangeRow]:
    """Give a section these ranges instead of those it had; they are kept by their labels, as contracts name them.

    They are checked against the alignments in force now. Raises ProjectUnknown, SectionUnknown, AlignmentUnknown,
    AlignmentNotInForce, StretchesOverlap and the faults of labels.
    """
    await _require_section(tx, actor, project_id, section_id, queries.WRITE)
    now = clock.now()
    rows: list[dict[str, Any]] = []
    taken: dict[UUID, list[Stretch]] = {}
    lines: dict[UUID, Pinned] = {}
    for number, one in enumerate(wished, 1):
        if one.alignment_id not in lines:
            lines[one.alignment_id] = await stored.require_version(tx, project_id, one.alignment_id, at=now)
        labels = lines[one.alignment_id].alignment.stationing
        stretch = labels.read_stretch(one.begin, one.end)
        others = taken.setdefault(one.alignment_id, [])
        if any(stretch.from_m < other.to_m and other.from_m < stretch.to_m for other in others):
            raise StretchesOverlap(begin=one.begin, end=one.end)
        others.append(stretch)
        rows.append(
            {
                "project_id": project_id,
                "section_id": section_id,
                "number": number,
                "alignment_id": one.alignment_id,
                "begin_label": labels.speak(stretch.from_m),
                "end_label": labels.speak_end(stretch.to_m),
                "set_by": actor.account_id,
                "set_at": now,
            }
        )
    await tx.execute(
        delete(SectionRangeRow).where(
            SectionRangeRow.project_id == project_id, SectionRangeRow.section_id == section_id
        )
    )
    if rows:
        await tx.execute(insert(SectionRangeRow), rows)
    told = [[str(row["alignment_id"]), row["begin_label"], row["end_label"]] for row in rows]
    await record_act(
        tx, actor, "section.ranges_set", "section", section_id, {"ranges": told}, clock=clock, project_id=project_id
    )
    return await stored.list_ranges(tx, project_id, [section_id])


async def list_faces(
    tx: Tx, actor: Actor, project_id: UUID, fence_id: UUID, *, on: date | None, limit: int, after: UUID | None
) -> list[FaceRow]:
    """Return work faces of a fence, all or those active on a day; raises ProjectUnknown or FenceUnknown."""
    await queries.require_project(tx, actor, project_id, queries.READ)
    if await queries.find_fence(tx, project_id, fence_id) is None:
        raise FenceUnknown
    return await stored.list_faces(tx, project_id, fence_id, on=on, limit=limit, after=after)


async def open_face(tx: Tx, actor: Actor, project_id: UUID, fence_id: UUID, plan: FacePlan, *, clock: Clock) -> FaceRow:
    """Open a work face of a corridor.

    Its labels are read on the corridor's latest version. Raises ProjectUnknown, FenceUnknown, FenceWithoutAxis,
    FaceDatesReversed and the faults of labels.
    """
    await queries.require_project(tx, actor, project_id, queries.WRITE)
    checked = await _checked(tx, project_id, fence_id, plan)
    now = clock.now()
    face_id = new_id(now)
    with translate_violations({"ck_work_face_dates": FaceDatesReversed}, **_dates(plan)):
        await tx.execute(
            insert(WorkFaceRow).values(
                project_id=project_id,
                id=face_id,
                fence_id=fence_id,
                created_by=actor.account_id,
                created_at=now,
                **checked,
            )
        )
    return await _noted(tx, actor, project_id, fence_id, face_id, "opened", clock)


async def change_face(
    tx: Tx, actor: Actor, project_id: UUID, fence_id: UUID, face_id: UUID, plan: FacePlan, *, clock: Clock
) -> FaceRow:
    """Change a work face, or end it by its last day; raises like `open_face`, and WorkFaceUnknown."""
    await queries.require_project(tx, actor, project_id, queries.WRITE)
    if await stored.find_face(tx, project_id, fence_id, face_id, lock=True) is None:
        raise WorkFaceUnknown
    checked = await _checked(tx, project_id, fence_id, plan)
    with translate_violations({"ck_work_face_dates": FaceDatesReversed}, **_dates(plan)):
        await tx.execute(
            update(WorkFaceRow).where(WorkFaceRow.project_id == project_id, WorkFaceRow.id == face_id).values(**checked)
        )
    return await _noted(tx, actor, project_id, fence_id, face_id, "changed", clock)


async def _require_section(tx: Tx, actor: Actor, project_id: UUID, section_id: UUID, scope: str) -> None:
    await queries.require_project(tx, actor, project_id, scope)
    if await sites.find_section(tx, project_id, section_id) is None:
        raise SectionUnknown


async def _checked(tx: Tx, project_id: UUID, fence_id: UUID, plan: FacePlan) -> dict[str, Any]:
    """Return the columns of a face, its labels read and spoken again as the corridor has them."""
    number = await queries.latest_number(tx, project_id, fence_id)
    row = await queries.find_geometry(tx, project_id, fence_id, number)
    if row is None:
        raise FenceUnknown
    labels = prepared(row).stationing
    if labels is None:
        raise FenceWithoutAxis
    stretch = labels.read_stretch(plan.begin, plan.end)
    return {
        "name": plan.name,
        "begin_label": labels.speak(stretch.from_m),
        "end_label": labels.speak_end(stretch.to_m),
        "from_on": plan.from_on,
        "to_on": plan.to_on,
    }


def _dates(plan: FacePlan) -> dict[str, object]:
    return {"from_on": plan.from_on.isoformat(), "to_on": None if plan.to_on is None else plan.to_on.isoformat()}


async def _noted(
    tx: Tx, actor: Actor, project_id: UUID, fence_id: UUID, face_id: UUID, step: str, clock: Clock
) -> FaceRow:
    row = await stored.find_face(tx, project_id, fence_id, face_id)
    if row is None:
        raise WorkFaceUnknown
    told = {
        "fence_id": str(fence_id),
        "name": row.name,
        "range": [row.begin_label, row.end_label],
        "days": [row.from_on.isoformat(), None if row.to_on is None else row.to_on.isoformat()],
    }
    await record_act(tx, actor, f"work_face.{step}", "work_face", face_id, told, clock=clock, project_id=project_id)
    return row
