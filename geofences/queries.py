"""Every SELECT of fences and their versions, with typed rows; geometry leaves here as well-known binary only."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import Select, and_, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from backend.decision.policy import DEFAULT_POLICY, SitePolicy
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites import queries as sites
from backend.sites.errors import ProjectUnknown
from backend.sites.tables import SitePolicyVersion
from geofences.alignment_tables import AlignmentRow, AlignmentVersion
from geofences.errors import FenceUnknown, VersionUnknown
from geofences.period_queries import in_force_at
from geofences.preparation import AxisReference, reference_of
from geofences.tables import FencePeriod, FenceRow, FenceVersion

Picked = TypeVar("Picked", bound=Select[*tuple[Any, ...]])

READ = "fences.read"
WRITE = "fences.write"
PUBLISH = "fences.publish"


@dataclass(frozen=True, slots=True)
class FenceListRow:
    """A fence with the number of its latest version and of the one in force, if any."""

    id: UUID
    name: str
    section_id: UUID | None
    created_at: datetime
    latest_number: int
    latest_state: str
    number_in_force: int | None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version without its geometry. Bounds in degrees (west, south, east, north), `area_m2` on the ellipsoid."""

    id: UUID
    fence_id: UUID
    number: int
    state: str
    kind: str
    crs: str
    buffer_m: float
    zone_srid: int
    opens_at: time | None
    closes_at: time | None
    valid_from: datetime | None
    valid_until: datetime | None
    created_by: UUID
    created_at: datetime
    submitted_by: UUID | None
    submitted_at: datetime | None
    published_by: UUID | None
    published_at: datetime | None
    area_m2: float
    vertices: int
    west: float
    south: float
    east: float
    north: float
    axis_length_m: float | None


@dataclass(frozen=True, slots=True)
class GeometryRow:
    """The geometry of a version as well-known binary (EPSG:4326, longitude first)."""

    version_id: UUID
    fence_id: UUID
    fence_name: str
    number: int
    kind: str
    area_wkb: bytes
    axis_wkb: bytes | None
    axis_start_m: float
    extra_wkb: bytes | None = None
    reference: AxisReference | None = None


# From the first to the last instant of all periods that are known now; a correction may leave a gap in between.
_SPAN = (
    select(func.range_merge(func.range_agg(FencePeriod.valid_during)))
    .where(
        FencePeriod.project_id == FenceVersion.project_id,
        FencePeriod.version_id == FenceVersion.id,
        func.upper_inf(FencePeriod.known_during),
    )
    .correlate(FenceVersion)
    .scalar_subquery()
)

_VERSION = (
    FenceVersion.id,
    FenceVersion.fence_id,
    FenceVersion.number,
    FenceVersion.state,
    FenceVersion.kind,
    FenceVersion.crs,
    FenceVersion.buffer_m,
    FenceVersion.zone_srid,
    FenceVersion.opens_at,
    FenceVersion.closes_at,
    func.lower(_SPAN),
    func.upper(_SPAN),
    FenceVersion.created_by,
    FenceVersion.created_at,
    FenceVersion.submitted_by,
    FenceVersion.submitted_at,
    FenceVersion.published_by,
    FenceVersion.published_at,
    func.ST_Area(func.geography(FenceVersion.area)),
    func.ST_NPoints(FenceVersion.area),
    func.ST_XMin(FenceVersion.area),
    func.ST_YMin(FenceVersion.area),
    func.ST_XMax(FenceVersion.area),
    func.ST_YMax(FenceVersion.area),
    func.ST_Length(func.geography(FenceVersion.axis)),
)

GEOMETRY = (
    FenceVersion.id,
    FenceVersion.fence_id,
    FenceRow.name,
    FenceVersion.number,
    FenceVersion.kind,
    func.ST_AsBinary(FenceVersion.area),
    func.ST_AsBinary(FenceVersion.axis),
    func.coalesce(FenceVersion.axis_start_m, 0.0),
    func.ST_AsBinary(FenceVersion.extra_area),
    # In the order of preparation.REFERENCE_COLUMNS.
    FenceVersion.axis_chainage_m,
    AlignmentVersion.alignment_id,
    AlignmentRow.prefix,
    AlignmentVersion.from_m,
    AlignmentVersion.to_m,
    AlignmentVersion.equation_back_m,
    AlignmentVersion.equation_ahead_m,
)


async def require_project(tx: Tx, actor: Actor, project_id: UUID, scope: str) -> sites.ProjectRow:
    """Return the project if the actor reaches it with `scope`; raises ProjectUnknown."""
    project = await sites.find_project(tx, actor, project_id, scope=scope)
    if project is None:
        raise ProjectUnknown
    return project


async def find_policy(tx: Tx, project_id: UUID, at: datetime) -> SitePolicy:
    """Return the site's policy in force at an instant, the platform's own if it has none."""
    body = await tx.scalar(
        select(SitePolicyVersion.body)
        .where(SitePolicyVersion.project_id == project_id, SitePolicyVersion.valid_from <= at)
        .order_by(SitePolicyVersion.version.desc())
        .limit(1)
    )
    return DEFAULT_POLICY if body is None else msgspec.convert(body, SitePolicy)


async def list_fences(tx: Tx, project_id: UUID, *, at: datetime, limit: int, after: UUID | None) -> list[FenceListRow]:
    """Return up to `limit` fences of a project in the order of their making, as they stand at an instant."""
    latest = (
        select(FenceVersion.fence_id, FenceVersion.number, FenceVersion.state)
        .where(FenceVersion.project_id == project_id)
        .ext(distinct_on(FenceVersion.fence_id))
        .order_by(FenceVersion.fence_id, FenceVersion.number.desc())
        .subquery()
    )
    in_force = (
        select(FenceVersion.number)
        .where(FenceVersion.project_id == project_id, FenceVersion.fence_id == FenceRow.id, in_force_at(at))
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        select(
            FenceRow.id,
            FenceRow.name,
            FenceRow.section_id,
            FenceRow.created_at,
            latest.c.number,
            latest.c.state,
            in_force,
        )
        .join(latest, latest.c.fence_id == FenceRow.id)
        .where(FenceRow.project_id == project_id)
        .order_by(FenceRow.id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(FenceRow.id > after)
    return [FenceListRow(*row) for row in await tx.execute(statement)]


async def find_fence(tx: Tx, project_id: UUID, fence_id: UUID, *, lock: bool = False) -> tuple[str, UUID | None] | None:
    """Return name and section of a fence; `lock` makes acts on one fence queue up until the transaction ends."""
    statement = select(FenceRow.name, FenceRow.section_id).where(
        FenceRow.project_id == project_id, FenceRow.id == fence_id
    )
    row = (await tx.execute(statement.with_for_update() if lock else statement)).one_or_none()
    return None if row is None else (row[0], row[1])


async def list_versions(tx: Tx, project_id: UUID, fence_id: UUID) -> list[VersionRow]:
    """Return all versions of a fence, latest first."""
    statement = (
        select(*_VERSION)
        .where(FenceVersion.project_id == project_id, FenceVersion.fence_id == fence_id)
        .order_by(FenceVersion.number.desc())
    )
    return [VersionRow(*row) for row in await tx.execute(statement)]


async def find_version(tx: Tx, project_id: UUID, fence_id: UUID, number: int) -> VersionRow | None:
    """Return one version of a fence."""
    row = (await tx.execute(_of_number(select(*_VERSION), project_id, fence_id, number))).one_or_none()
    return None if row is None else VersionRow(*row)


async def require_version(tx: Tx, actor: Actor, project_id: UUID, fence_id: UUID, number: int) -> VersionRow:
    """Return a version that the actor may read; raises ProjectUnknown, FenceUnknown or VersionUnknown."""
    await require_project(tx, actor, project_id, READ)
    version = await find_version(tx, project_id, fence_id, number)
    if version is not None:
        return version
    if await find_fence(tx, project_id, fence_id) is None:
        raise FenceUnknown
    raise VersionUnknown


async def find_drawing(tx: Tx, project_id: UUID, fence_id: UUID, number: int) -> dict[str, Any] | None:
    """Return what was drawn for a version, as it was stored."""
    return await tx.scalar(_of_number(select(FenceVersion.shape), project_id, fence_id, number))


async def find_geometry(tx: Tx, project_id: UUID, fence_id: UUID, number: int) -> GeometryRow | None:
    """Return the geometry of one version."""
    statement = _of_number(with_name(select(*GEOMETRY)), project_id, fence_id, number)
    row = (await tx.execute(statement)).one_or_none()
    return None if row is None else geometry_row(row)


async def list_geometry_in_force(
    tx: Tx, project_id: UUID, at: datetime, known_at: datetime | None = None
) -> list[GeometryRow]:
    """Return the geometry of all versions of a project in force at an instant, as known now or at `known_at`."""
    statement = (
        with_name(select(*GEOMETRY))
        .where(FenceVersion.project_id == project_id, in_force_at(at, known_at))
        .order_by(FenceVersion.id)
    )
    return [geometry_row(row) for row in await tx.execute(statement)]


async def latest_number(tx: Tx, project_id: UUID, fence_id: UUID) -> int:
    """Return the highest version number of a fence, 0 without any."""
    statement = select(func.max(FenceVersion.number)).where(
        FenceVersion.project_id == project_id, FenceVersion.fence_id == fence_id
    )
    return await tx.scalar(statement) or 0


def _of_number(statement: Picked, project_id: UUID, fence_id: UUID, number: int) -> Picked:
    return statement.where(
        FenceVersion.project_id == project_id, FenceVersion.fence_id == fence_id, FenceVersion.number == number
    )


def with_name(statement: Picked) -> Picked:
    """Join the fence for its name, and the alignment that a corridor was drawn on."""
    return (
        statement.join(
            FenceRow, and_(FenceRow.project_id == FenceVersion.project_id, FenceRow.id == FenceVersion.fence_id)
        )
        .outerjoin(
            AlignmentVersion,
            and_(
                AlignmentVersion.project_id == FenceVersion.project_id,
                AlignmentVersion.id == FenceVersion.alignment_version_id,
            ),
        )
        .outerjoin(
            AlignmentRow,
            and_(
                AlignmentRow.project_id == AlignmentVersion.project_id,
                AlignmentRow.id == AlignmentVersion.alignment_id,
            ),
        )
    )


def geometry_row(row: Any) -> GeometryRow:  # noqa: ANN401 - a row of GEOMETRY
    """Return a row of the columns GEOMETRY with its types."""
    version_id, fence_id, name, number, kind, area, axis, start_m, extra, *reference = row
    return GeometryRow(
        version_id,
        fence_id,
        name,
        number,
        kind,
        bytes(area),
        None if axis is None else bytes(axis),
        start_m,
        None if extra is None else bytes(extra),
        reference_of(reference),
    )
