"""Routes of fences for staff: list, draw, look at, and ask about a position."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.sites.errors import ProjectUnknown, SectionUnknown
from geofences import (
    copy_routes,
    correction_routes,
    drafting,
    errors,
    file_routes,
    history_routes,
    judging,
    publication_routes,
    queries,
    reading_routes,
    simulation_routes,
)
from geofences.addressing import (
    CORRIDOR_FAULTS,
    FENCE,
    FENCES,
    POSITION_FAULTS,
    PROJECT,
    READS,
    SHAPE_FAULTS,
    UNKNOWN,
    VERSION,
    WRITES,
    Number,
)
from geofences.drawing import Drawing
from geofences.schemas import (
    DraftBody,
    EvaluationAnswer,
    EvaluationBody,
    FenceAnswer,
    FenceBody,
    FenceDetailAnswer,
    MadeAnswer,
    PreviewAnswer,
    VersionDetailAnswer,
    evaluation_answer,
    fence_answer,
    preview_answer,
    version_answer,
)

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="rows per page")]


@get(FENCES, opt=READS | {"raises": (ProjectUnknown,)}, summary="List the fences of a project")
async def list_fences(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    limit: Limit = 50,
    after: FromQuery[UUID | None] = None,
) -> Page[FenceAnswer]:
    """List in the order of their making."""
    await queries.require_project(tx, actor, project_id, queries.READ)
    found = await queries.list_fences(tx, project_id, at=clock.now(), limit=limit + 1, after=after)
    items = [fence_answer(row) for row in found[:limit]]
    return Page(items=items, next=str(items[-1].id) if len(found) > limit else None)


@post(
    FENCES,
    opt=WRITES | {"raises": (ProjectUnknown, SectionUnknown, errors.FenceNameTaken, *SHAPE_FAULTS, *CORRIDOR_FAULTS)},
    summary="Draw a fence",
)
async def create_fence(
    project_id: FromPath[UUID],
    data: JSONBody[FenceBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> MadeAnswer:
    """Make a fence with its first version as a draft; nobody is judged by it before it is published."""
    made = await drafting.create_fence(
        tx, actor, project_id, data.draft(), name=data.name, section_id=data.section_id, clock=clock
    )
    return msgspec.convert(made, MadeAnswer, from_attributes=True)


@post(
    f"{PROJECT}/fence-previews",
    status_code=200,
    opt=WRITES | {"raises": (ProjectUnknown, *SHAPE_FAULTS, *CORRIDOR_FAULTS)},
    summary="Look at what a drawing becomes",
)
async def preview_fence(
    project_id: FromPath[UUID],
    data: JSONBody[DraftBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
) -> PreviewAnswer:
    """Check and measure a drawing; nothing is stored."""
    await queries.require_project(tx, actor, project_id, queries.WRITE)
    return preview_answer(await drafting.preview_draft(tx, project_id, data.draft(), clock=clock), language)


@post(
    f"{PROJECT}/fence-evaluations",
    status_code=200,
    opt=READS | {"raises": (*UNKNOWN, errors.NoFenceInForce, errors.AccuracyInvalid, *POSITION_FAULTS)},
    summary="Ask the fences about a position",
)
async def evaluate_position(
    project_id: FromPath[UUID],
    data: JSONBody[EvaluationBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> EvaluationAnswer:
    """Judge a position as a check-in would be judged; nothing is recorded."""
    return evaluation_answer(await judging.judge_position(tx, actor, project_id, data.question(), clock=clock))


@get(FENCE, opt=READS | {"raises": UNKNOWN[:2]}, summary="Show a fence with its versions")
async def show_fence(
    project_id: FromPath[UUID], fence_id: FromPath[UUID], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> FenceDetailAnswer:
    """Show all versions, latest first."""
    await queries.require_project(tx, actor, project_id, queries.READ)
    fence = await queries.find_fence(tx, project_id, fence_id)
    if fence is None:
        raise errors.FenceUnknown
    versions = [version_answer(row) for row in await queries.list_versions(tx, project_id, fence_id)]
    return FenceDetailAnswer(id=fence_id, name=fence[0], section_id=fence[1], versions=versions)


@post(
    f"{FENCE}/versions",
    opt=WRITES | {"raises": (*UNKNOWN[:2], *SHAPE_FAULTS, *CORRIDOR_FAULTS)},
    summary="Draw a further version of a fence",
)
async def draft_version(
    project_id: FromPath[UUID],
    fence_id: FromPath[UUID],
    data: JSONBody[DraftBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> MadeAnswer:
    """Make a draft; the version in force goes on until a later one is published."""
    made = await drafting.draft_version(tx, actor, project_id, fence_id, data.draft(), clock=clock)
    return msgspec.convert(made, MadeAnswer, from_attributes=True)


@get(VERSION, opt=READS | {"raises": UNKNOWN}, summary="Show a version with what was drawn")
async def show_version(
    project_id: FromPath[UUID],
    fence_id: FromPath[UUID],
    number: Number,
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
) -> VersionDetailAnswer:
    """Show the drawing in the numbers in which it came."""
    version = await queries.require_version(tx, actor, project_id, fence_id, number)
    drawn = await queries.find_drawing(tx, project_id, fence_id, number)
    return VersionDetailAnswer(version=version_answer(version), shape=msgspec.convert(drawn, Drawing))


def fences_router() -> Router:
    """Join the routes of fences."""
    return Router(
        path="/",
        route_handlers=[
            list_fences,
            create_fence,
            preview_fence,
            evaluate_position,
            show_fence,
            draft_version,
            show_version,
            *copy_routes.HANDLERS,
            *file_routes.HANDLERS,
            *reading_routes.HANDLERS,
            *publication_routes.HANDLERS,
            *history_routes.HANDLERS,
            *simulation_routes.HANDLERS,
            *correction_routes.HANDLERS,
        ],
        tags=["fences"],
    )
