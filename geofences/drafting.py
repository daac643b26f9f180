"""Drafts: what somebody drew becomes a fence, or a further version of one, that nobody is judged by yet."""

import asyncio
from dataclasses import dataclass
from datetime import time
from uuid import UUID

import msgspec
import numpy as np
import shapely
from sqlalchemy import func, insert

from backend.identity.audit import record_act
from backend.kit.canonical import digest
from backend.kit.clock import Clock
from backend.kit.db import Tx, translate_violations
from backend.kit.errors import DaogangError
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites.errors import SectionUnknown
from geofences import queries
from geofences.coordinates import CoordinateSystem
from geofences.drawing import Drawing, shape_from
from geofences.errors import AreaInvalid, FenceNameTaken, FenceUnknown, OutOfChina, TooManyVertices
from geofences.materialise import Materialised, materialise
from geofences.projection import raw_distances
from geofences.shapes import MAX_VERTICES, Corridor, Kind, Shape, kind_of
from geofences.tables import FenceRow, FenceVersion

VIOLATIONS: dict[str, type[DaogangError]] = {
    "uq_fence_name": FenceNameTaken,
    "fk_fence_section": SectionUnknown,
    "ck_fence_version_area_valid": AreaInvalid,
    "ck_fence_version_area_place": OutOfChina,
}

WARNINGS = (
    "geofences.datum_shift_unknown",
    "geofences.datum_shift_rough",
    "geofences.several_parts",
    "geofences.very_small",
)
# A disc of 20 m: smaller than what phones can tell apart.
_SMALL_M2 = 1_250.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody drew, in which system, with its tolerance in metres and its daily hours in the site's time."""

    drawing: Drawing
    system: CoordinateSystem
    buffer_m: float = 0.0
    opens_at: time | None = None
    closes_at: time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a draft would become; nothing of it is stored.

    Bounds in degrees (EPSG:4326), area in square metres, the length of the alignment in metres (None without one),
    `warnings` as codes that the message catalogues have.
    """

    kind: Kind
    west: float
    south: float
    east: float
    north: float
    area_m2: float
    vertices: int
    length_m: float | None
    parts: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """A version that was made."""

    fence_id: UUID
    version_id: UUID
    number: int


@dataclass(frozen=True, slots=True)
class Built:
    """A draft's shape and the area it becomes."""

    shape: Shape
    area: Materialised


async def preview_draft(draft: Draft) -> Preview:
    """Tell what a draft would become; raises ShapeFault."""
    return describe(draft, await _build(draft))


async def create_fence(
    tx: Tx, actor: Actor, project_id: UUID, draft: Draft, *, name: str, section_id: UUID | None, clock: Clock
) -> Made:
    """Make a fence with its first version as a draft.

    Raises ProjectUnknown, SectionUnknown, FenceNameTaken or ShapeFault.
    """
    await queries.require_project(tx, actor, project_id, queries.WRITE)
    built = await _build(draft)
    return await store_fence(tx, actor, project_id, draft, built, name=name, section_id=section_id, clock=clock)


async def store_fence(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    draft: Draft,
    built: Built,
    *,
    name: str,
    section_id: UUID | None,
    clock: Clock,
) -> Made:
    """Store a fence and its first version, once rights and shape are checked; raises SectionUnknown, FenceNameTaken."""
    now = clock.now()
    fence_id = new_id(now)
    with translate_violations(VIOLATIONS, name=name):
        await tx.execute(
            insert(FenceRow).values(
                project_id=project_id,
                id=fence_id,
                section_id=section_id,
                name=name,
                created_by=actor.account_id,
                created_at=now,
            )
        )
    return await _insert_version(tx, actor, project_id, fence_id, 1, draft, built, clock=clock)


async def draft_version(tx: Tx, actor: Actor, project_id: UUID, fence_id: UUID, draft: Draft, *, clock: Clock) -> Made:
    """Draft a further version of a fence; raises ProjectUnknown, FenceUnknown or ShapeFault."""
    await queries.require_project(tx, actor, project_id, queries.WRITE)
    built = await _build(draft)
    if await queries.find_fence(tx, project_id, fence_id, lock=True) is None:
        raise FenceUnknown
    number = await queries.latest_number(tx, project_id, fence_id) + 1
    return await _insert_version(tx, actor, project_id, fence_id, number, draft, built, clock=clock)


async def _build(draft: Draft) -> Built:
    """Check and materialise in a thread: 20 000 vertices take a while, and phones are checking in meanwhile."""
    return await asyncio.to_thread(_build_now, draft)


def _build_now(draft: Draft) -> Built:
    return build_area(draft, shape_from(draft.drawing, draft.system))


def build_area(draft: Draft, shape: Shape) -> Built:
    """Materialise the shape of a draft; raises TooManyVertices."""
    area = materialise(shape, draft.buffer_m)
    if area.vertices > MAX_VERTICES:
        raise TooManyVertices(where="", limit=MAX_VERTICES, found=area.vertices)
    return Built(shape, area)


def describe(draft: Draft, built: Built) -> Preview:
    """Tell what a draft becomes, with what its author should know before he stores it."""
    path = shapely.get_coordinates(built.area.area)
    (west, south), (east, north) = path.min(axis=0).tolist(), path.max(axis=0).tolist()
    length_m = None
    if isinstance(built.shape, Corridor):
        lon, lat = np.array(built.shape.centreline, dtype=np.float64).T
        length_m = float(raw_distances(lon, lat)[-1])
    return Preview(
        kind=kind_of(built.shape),
        west=west,
        south=south,
        east=east,
        north=north,
        area_m2=built.area.area_m2,
        vertices=built.area.vertices,
        length_m=length_m,
        parts=len(built.area.area.geoms),
        warnings=_warnings(draft, built),
    )


def _warnings(draft: Draft, built: Built) -> tuple[str, ...]:
    found: list[str] = []
    accuracy_m = draft.system.accuracy_m
    if accuracy_m is None:
        found.append("geofences.datum_shift_unknown")
    elif accuracy_m > 1.0:
        found.append("geofences.datum_shift_rough")
    if len(built.area.area.geoms) > 1:
        found.append("geofences.several_parts")
    if built.area.area_m2 < _SMALL_M2:
        found.append("geofences.very_small")
    return tuple(found)


async def _insert_version(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    fence_id: UUID,
    number: int,
    draft: Draft,
    built: Built,
    *,
    clock: Clock,
) -> Made:
    now = clock.now()
    version_id = new_id(now)
    drawing = msgspec.to_builtins(draft.drawing)
    told = {"crs": draft.system.code, "shape": drawing, "buffer_m": draft.buffer_m}
    axis = None
    if isinstance(built.shape, Corridor):
        axis = func.ST_GeomFromWKB(shapely.to_wkb(shapely.LineString(built.shape.centreline)), 4326)
    with translate_violations(VIOLATIONS, where=""):
        await tx.execute(
            insert(FenceVersion).values(
                project_id=project_id,
                id=version_id,
                fence_id=fence_id,
                number=number,
                state="draft",
                kind=kind_of(built.shape),
                crs=draft.system.code,
                shape=drawing,
                shape_digest=digest(told),
                zone_srid=built.area.zone,
                buffer_m=draft.buffer_m,
                area=func.ST_GeomFromWKB(built.area.wkb, 4326),
                axis=axis,
                axis_start_m=built.shape.start_m if isinstance(built.shape, Corridor) else None,
                opens_at=draft.opens_at,
                closes_at=draft.closes_at,
                created_by=actor.account_id,
                created_at=now,
            )
        )
    await record_act(
        tx,
        actor,
        "fence_version.drafted",
        "fence_version",
        version_id,
        {"fence_id": str(fence_id), "number": number, "shape_digest": digest(told).hex()},
        clock=clock,
        project_id=project_id,
    )
    return Made(fence_id, version_id, number)
