"""Routes of alignments for staff: lines, their labels, and the way between labels and positions."""

from typing import Annotated
from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.query_instants import InstantMalformed, QueryInstant, read_instant
from backend.sites.errors import ProjectUnknown
from geofences import alignment_errors, alignments, errors, queries
from geofences import alignment_queries as stored
from geofences.addressing import (
    ALIGNMENT_UNKNOWN,
    LABEL_FAULTS,
    POSITION_FAULTS,
    PROJECT,
    READS,
    WRITES,
    Number,
    SystemName,
)
from geofences.alignment_schemas import (
    AlignmentBody,
    AlignmentDetailAnswer,
    AlignmentGeometryAnswer,
    AlignmentPlacesAnswer,
    AlignmentPreviewBody,
    AlignmentsAnswer,
    AlignmentVersionAnswer,
    AlignmentVersionBody,
    ChainageAnswer,
    LineAnswer,
    alignment_answer,
    alignment_version_answer,
    chainage_answer,
    geometry_answer,
    line_answer,
    places_answer,
)
from geofences.coordinates import coordinate_system

ALIGNMENTS = f"{PROJECT}/alignments"
ALIGNMENT = ALIGNMENTS + "/{alignment_id:uuid}"

LINE_FAULTS = (
    ProjectUnknown,
    *POSITION_FAULTS,
    errors.TooFewPoints,
    errors.TooManyVertices,
    errors.TooTangled,
    *LABEL_FAULTS,
    alignment_errors.EquationInvalid,
    alignment_errors.BeforeOrigin,
    alignment_errors.StartMissing,
    alignment_errors.StakeFarOff,
    alignment_errors.StakeOutOfOrder,
    alignment_errors.StakeStrained,
)
LabelAsked = Annotated[str, QueryParameter(min_length=1, max_length=40, description="such as `ZK12+345.678`")]
Reach = Annotated[float, QueryParameter(gt=0, le=2_000, description="metres")]
CoordinateAsked = Annotated[float, QueryParameter(ge=-100_000_000, le=100_000_000)]


@get(ALIGNMENTS, opt=READS | {"raises": (ProjectUnknown,)}, summary="List the alignments of a project")
async def list_alignments(
    project_id: FromPath[UUID], tx: NamedDependency[Tx], actor: NamedDependency[Actor], clock: NamedDependency[Clock]
) -> AlignmentsAnswer:
    """List by prefix, then by name."""
    await queries.require_project(tx, actor, project_id, queries.READ)
    found = await stored.list_alignments(tx, project_id, clock.now())
    return AlignmentsAnswer(alignments=[alignment_answer(row) for row in found])


@post(
    ALIGNMENTS,
    opt=WRITES | {"raises": (*LINE_FAULTS, alignment_errors.AlignmentNameTaken)},
    summary="Make an alignment",
)
async def create_alignment(
    project_id: FromPath[UUID],
    data: JSONBody[AlignmentBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> AlignmentDetailAnswer:
    """Make an alignment with its first version; corridors are drawn on it, sections own ranges of it."""
    pinned = await alignments.create_alignment(
        tx,
        actor,
        project_id,
        data.declared(data.prefix),
        name=data.name,
        carriageway=data.carriageway,
        valid_from=data.valid_from,
        clock=clock,
    )
    return AlignmentDetailAnswer(
        id=pinned.alignment_id,
        name=data.name,
        prefix=data.prefix,
        carriageway=data.carriageway,
        versions=[alignment_version_answer(pinned)],
    )


@post(
    f"{PROJECT}/alignment-previews",
    status_code=200,
    opt=WRITES | {"raises": LINE_FAULTS},
    summary="Look at what an alignment becomes",
)
async def preview_alignment(
    project_id: FromPath[UUID],
    data: JSONBody[AlignmentPreviewBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
) -> LineAnswer:
    """Check, measure and calibrate a line, with the residuals of its stakes; nothing is stored."""
    return line_answer(await alignments.preview_alignment(tx, actor, project_id, data.declared(data.prefix)))


@get(
    ALIGNMENT,
    opt=READS | {"raises": (ProjectUnknown, alignment_errors.AlignmentUnknown)},
    summary="Show an alignment with its versions",
)
async def show_alignment(
    project_id: FromPath[UUID], alignment_id: FromPath[UUID], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> AlignmentDetailAnswer:
    """Show all versions, latest first."""
    await queries.require_project(tx, actor, project_id, queries.READ)
    found = await stored.find_alignment(tx, project_id, alignment_id)
    if found is None:
        raise alignment_errors.AlignmentUnknown
    versions = await stored.list_versions(tx, project_id, alignment_id)
    return AlignmentDetailAnswer(
        id=alignment_id,
        name=found[0],
        prefix=found[1],
        carriageway=found[2],
        versions=[alignment_version_answer(pinned) for pinned in versions],
    )


@post(
    f"{ALIGNMENT}/versions",
    opt=WRITES | {"raises": (*LINE_FAULTS, alignment_errors.AlignmentUnknown, alignment_errors.AlignmentBackdated)},
    summary="Realign: make a further version",
)
async def add_alignment_version(
    project_id: FromPath[UUID],
    alignment_id: FromPath[UUID],
    data: JSONBody[AlignmentVersionBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> AlignmentVersionAnswer:
    """Let a new line take over; corridors keep the version on which they were drawn, labels of the past their place."""
    await queries.require_project(tx, actor, project_id, queries.WRITE)
    found = await stored.find_alignment(tx, project_id, alignment_id)
    if found is None:
        raise alignment_errors.AlignmentUnknown
    pinned = await alignments.add_version(
        tx, actor, project_id, alignment_id, data.declared(found[1]), valid_from=data.valid_from, clock=clock
    )
    return alignment_version_answer(pinned)


@get(
    ALIGNMENT + "/versions/{number:int}",
    opt=READS
    | {"raises": (ProjectUnknown, alignment_errors.AlignmentUnknown, alignment_errors.AlignmentVersionUnknown)},
    summary="Show a version with its line",
)
async def show_alignment_version(
    project_id: FromPath[UUID],
    alignment_id: FromPath[UUID],
    number: Number,
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> AlignmentGeometryAnswer:
    """Show the line with the continuous chainage at every vertex, and what was declared."""
    await queries.require_project(tx, actor, project_id, queries.READ)
    pinned = await stored.require_version(tx, project_id, alignment_id, number=number, at=clock.now())
    declared = await stored.find_drawing(tx, project_id, pinned.version.id)
    return geometry_answer(pinned, declared or {})


@get(
    f"{PROJECT}/chainages",
    opt=READS
    | {
        "raises": (
            ProjectUnknown,
            InstantMalformed,
            *ALIGNMENT_UNKNOWN,
            *LABEL_FAULTS,
            alignment_errors.PrefixUnknown,
            alignment_errors.PrefixAmbiguous,
        )
    },
    summary="Find the place of a chainage label",
)
async def find_chainage(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    label: LabelAsked,
    alignment_id: FromQuery[UUID | None] = None,
    section_id: FromQuery[UUID | None] = None,
    at: QueryInstant = None,
) -> ChainageAnswer:
    """Tell what a label means, by its prefix or on one alignment; `section_id` tells which of two places is meant."""
    meant = await alignments.find_label(
        tx,
        actor,
        project_id,
        label,
        alignment_id=alignment_id,
        section_id=section_id,
        at=read_instant("at", at) or clock.now(),
    )
    return chainage_answer(meant)


@get(
    f"{ALIGNMENT}/places",
    opt=READS | {"raises": (ProjectUnknown, InstantMalformed, *ALIGNMENT_UNKNOWN, *POSITION_FAULTS)},
    summary="Find the chainages of a position",
)
async def find_places(  # noqa: PLR0913, PLR0917 - a position has that many sides
    project_id: FromPath[UUID],
    alignment_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    crs: SystemName,
    x: CoordinateAsked,
    y: CoordinateAsked,
    reach_m: Reach = 100.0,
    at: QueryInstant = None,
) -> AlignmentPlacesAnswer:
    """Tell every place within reach that a position could mean: on hairpins and close legs there are several."""
    position = (coordinate_system(crs), x, y)
    pinned, places = await alignments.find_places(
        tx, actor, project_id, alignment_id, position, reach_m=reach_m, at=read_instant("at", at) or clock.now()
    )
    return places_answer(pinned, places)


def alignments_router() -> Router:
    """Join the routes of this file."""
    return Router(
        path="/",
        route_handlers=[
            list_alignments,
            create_alignment,
            preview_alignment,
            show_alignment,
            add_alignment_version,
            show_alignment_version,
            find_chainage,
            find_places,
        ],
        tags=["alignments"],
    )
