"""Keeps the phones' copies of published versions: made with publication, or by whoever asks first, and stored."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert

from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from geofences import queries
from geofences.errors import VersionUnknown
from geofences.field_copy import FORM, FieldCopy, MadeCopy, make_copy
from geofences.tables import FenceCopy, FenceVersion


@dataclass(frozen=True, slots=True)
class CopyFacts:
    """A copy of a version with its size: bytes of its JSON, whether a fence with it is small enough, corners."""

    copy: FieldCopy
    size: int
    fits: bool
    vertices: int
    published_vertices: int


async def find_copies(
    tx: Tx, versions: Sequence[tuple[UUID, UUID]], *, clock: Clock
) -> Mapping[tuple[UUID, UUID], CopyFacts]:
    """Return the copies of published versions, each named by project and version id.

    Those that were not made yet are made and stored. Raises AreaInvalid if one cannot be made.
    """
    wanted = tuple_(FenceCopy.project_id, FenceCopy.version_id).in_(list(versions))
    rows = await tx.execute(
        select(
            FenceCopy.project_id,
            FenceCopy.version_id,
            FenceCopy.body,
            FenceCopy.fits,
            FenceCopy.vertices,
            FenceCopy.published_vertices,
        ).where(wanted, FenceCopy.form == FORM)
    )
    found = {
        (project_id, version_id): CopyFacts(
            msgspec.json.decode(body, type=FieldCopy), len(body), fits, vertices, published_vertices
        )
        for project_id, version_id, body, fits, vertices, published_vertices in rows
    }
    missing = [version for version in versions if version not in found]
    return found | (await _make(tx, missing, clock) if missing else {})


async def store_copy(tx: Tx, project_id: UUID, version_id: UUID, *, clock: Clock) -> CopyFacts:
    """Make and store the copy of a version that is being published; raises AreaInvalid."""
    return (await _make(tx, [(project_id, version_id)], clock))[project_id, version_id]


async def describe_copy(tx: Tx, actor: Actor, project_id: UUID, fence_id: UUID, number: int) -> CopyFacts:
    """Return what phones would get of a version, a draft too; nothing is stored.

    Raises ProjectUnknown, FenceUnknown, VersionUnknown or AreaInvalid.
    """
    await queries.require_version(tx, actor, project_id, fence_id, number)
    row = await queries.find_geometry(tx, project_id, fence_id, number)
    if row is None:
        raise VersionUnknown
    return _facts(await asyncio.to_thread(make_copy, row.area_wkb, row.axis_wkb, row.axis_start_m, row.reference))


async def _make(tx: Tx, versions: Sequence[tuple[UUID, UUID]], clock: Clock) -> dict[tuple[UUID, UUID], CopyFacts]:
    statement = queries.with_name(select(FenceVersion.project_id, *queries.GEOMETRY)).where(
        tuple_(FenceVersion.project_id, FenceVersion.id).in_(list(versions))
    )
    rows = [(project_id, queries.geometry_row(row)) for project_id, *row in await tx.execute(statement)]
    made: dict[tuple[UUID, UUID], CopyFacts] = {}
    for project_id, row in rows:
        version_id = row.version_id
        copy = await asyncio.to_thread(make_copy, row.area_wkb, row.axis_wkb, row.axis_start_m, row.reference)
        made[project_id, version_id] = _facts(copy)
        # Two who ask at once make the same bytes: whoever stores first has stored both.
        await tx.execute(
            insert(FenceCopy)
            .values(
                project_id=project_id,
                version_id=version_id,
                form=FORM,
                body=copy.body.decode(),
                fits=copy.fits,
                vertices=copy.vertices,
                published_vertices=copy.published_vertices,
                made_at=clock.now(),
            )
            .on_conflict_do_nothing()
        )
    return made


def _facts(made: MadeCopy) -> CopyFacts:
    return CopyFacts(made.copy, len(made.body), made.fits, made.vertices, made.published_vertices)
