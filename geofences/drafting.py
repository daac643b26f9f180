"""Drafts: what somebody drew becomes a fence, or a further version of one, that nobody is judged by yet."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import msgspec
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
from geofences.alignment_pins import pin_alignment
from geofences.describing import Built, Draft, Preview, build_area, describe
from geofences.drawing import shape_from
from geofences.errors import AreaInvalid, FenceNameTaken, FenceUnknown, OutOfChina
from geofences.materialise import joined
from geofences.shapes import Corridor, kind_of
from geofences.tables import FenceRow, FenceVersion

VIOLATIONS: dict[str, type[DaogangError]] = {
    "uq_fence_name": FenceNameTaken,
    "fk_fence_section": SectionUnknown,
    "ck_fence_version_area_valid": AreaInvalid,
    "ck_fence_version_area_place": OutOfChina,
}


@dataclass(frozen=True, slots=True)
class Made:
    """A version that was made."""

    fence_id: UUID
    version_id: UUID
    number: int


async def preview_draft(tx: Tx, project_id: UUID, draft: Draft, *, clock: Clock) -> Preview:
    """Tell what a draft would become; raises ShapeFault, or what `pin_alignment` raises."""
    draft = await pin_alignment(tx, project_id, draft, at=clock.now())
    return describe(draft, await _build(draft))


async def create_fence(
    tx: Tx, actor: Actor, project_id: UUID, draft: Draft, *, name: str, section_id: UUID | None, clock: Clock
) -> Made:
    """Make a fence with its first version as a draft.

    Raises ProjectUnknown, SectionUnknown, FenceNameTaken, ShapeFault, or what `pin_alignment` raises.
    """
    await queries.require_project(tx, actor, project_id, queries.WRITE)
    draft = await pin_alignment(tx, project_id, draft, at=clock.now())
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
    """Draft a further version of a fence.

    Raises ProjectUnknown, FenceUnknown, ShapeFault, or what `pin_alignment` raises.
    """
    await queries.require_project(tx, actor, project_id, queries.WRITE)
    draft = await pin_alignment(tx, project_id, draft, at=clock.now())
    built = await _build(draft)
    if await queries.find_fence(tx, project_id, fence_id, lock=True) is None:
        raise FenceUnknown
    number = await queries.latest_number(tx, project_id, fence_id) + 1
    return await _insert_version(tx, actor, project_id, fence_id, number, draft, built, clock=clock)


async def _build(draft: Draft) -> Built:
    """Check and materialise in a thread: 20 000 vertices take a while, and phones are checking in meanwhile."""
    return await asyncio.to_thread(_build_now, draft)


def _build_now(draft: Draft) -> Built:
    return build_area(draft, shape_from(draft.drawing, draft.system, alignment=draft.alignment))


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
    axis = extra = None
    chainages: tuple[float, ...] = ()
    if isinstance(built.shape, Corridor):
        axis = func.ST_GeomFromWKB(shapely.to_wkb(shapely.LineString(built.shape.centreline)), 4326)
        chainages = built.shape.chainages
        if built.shape.areas:
            extra = func.ST_GeomFromWKB(shapely.to_wkb(joined(built.shape.areas)), 4326)
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
                axis_chainage_m=list(chainages) or None,
                alignment_version_id=draft.alignment_version_id,
                extra_area=extra,
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
