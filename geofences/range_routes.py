"""Routes of what lies along alignments, for staff: sections' ranges on them, and work faces of corridors."""

from datetime import date
from typing import Annotated
from uuid import UUID

from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.sites.errors import ProjectUnknown, SectionUnknown
from geofences import alignment_errors, errors, range_keeping
from geofences.addressing import ALIGNMENT_UNKNOWN, FENCE, PROJECT, READS, STRETCH_FAULTS, WRITES
from geofences.range_schemas import (
    RangesAnswer,
    RangesBody,
    WorkFaceAnswer,
    WorkFaceBody,
    ranges_answer,
    work_face_answer,
)

RANGES = PROJECT + "/sections/{section_id:uuid}/ranges"
FACES = f"{FENCE}/work-faces"

FACE_FAULTS = (
    ProjectUnknown,
    errors.FenceUnknown,
    *STRETCH_FAULTS,
    alignment_errors.FenceWithoutAxis,
    alignment_errors.FaceDatesReversed,
)

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="rows per page")]


@get(RANGES, opt=READS | {"raises": (ProjectUnknown, SectionUnknown)}, summary="Show the ranges of a section")
async def list_ranges(
    project_id: FromPath[UUID], section_id: FromPath[UUID], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> RangesAnswer:
    """Show which parts of which alignments a section owns."""
    return ranges_answer(section_id, await range_keeping.list_ranges(tx, actor, project_id, section_id))


@put(
    RANGES,
    opt=WRITES
    | {
        "raises": (
            ProjectUnknown,
            SectionUnknown,
            *ALIGNMENT_UNKNOWN,
            *STRETCH_FAULTS,
            alignment_errors.StretchesOverlap,
        )
    },
    summary="Set the ranges of a section",
)
async def set_ranges(
    project_id: FromPath[UUID],
    section_id: FromPath[UUID],
    data: JSONBody[RangesBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> RangesAnswer:
    """Give a section these ranges; the chainage of its people is looked for there first."""
    rows = await range_keeping.set_ranges(tx, actor, project_id, section_id, data.wished(), clock=clock)
    return ranges_answer(section_id, rows)


@get(FACES, opt=READS | {"raises": (ProjectUnknown, errors.FenceUnknown)}, summary="List the work faces of a fence")
async def list_work_faces(
    project_id: FromPath[UUID],
    fence_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    on: Annotated[date | None, QueryParameter(description="only those active on this day")] = None,
    limit: Limit = 50,
    after: FromQuery[UUID | None] = None,
) -> Page[WorkFaceAnswer]:
    """List in the order of their making."""
    found = await range_keeping.list_faces(tx, actor, project_id, fence_id, on=on, limit=limit + 1, after=after)
    items = [work_face_answer(row) for row in found[:limit]]
    return Page(items=items, next=str(items[-1].id) if len(found) > limit else None)


@post(FACES, opt=WRITES | {"raises": FACE_FAULTS}, summary="Open a work face")
async def open_work_face(
    project_id: FromPath[UUID],
    fence_id: FromPath[UUID],
    data: JSONBody[WorkFaceBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> WorkFaceAnswer:
    """Say where people are expected from a day on; whoever punches elsewhere in the corridor is told so."""
    row = await range_keeping.open_face(tx, actor, project_id, fence_id, data.plan(), clock=clock)
    return work_face_answer(row)


@put(
    FACES + "/{face_id:uuid}",
    opt=WRITES | {"raises": (*FACE_FAULTS, alignment_errors.WorkFaceUnknown)},
    summary="Change or end a work face",
)
async def change_work_face(
    project_id: FromPath[UUID],
    fence_id: FromPath[UUID],
    face_id: FromPath[UUID],
    data: JSONBody[WorkFaceBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> WorkFaceAnswer:
    """Replace what the face says; a last day ends it."""
    row = await range_keeping.change_face(tx, actor, project_id, fence_id, face_id, data.plan(), clock=clock)
    return work_face_answer(row)


def ranges_router() -> Router:
    """Join the routes of this file."""
    return Router(
        path="/",
        route_handlers=[list_ranges, set_ranges, list_work_faces, open_work_face, change_work_face],
        tags=["alignments"],
    )
