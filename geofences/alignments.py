"""Alignments of a project: made, changed by new versions, asked what a label or a position means."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func, insert, literal, update
from sqlalchemy.dialects.postgresql import Range

from backend.identity.audit import record_act
from backend.kit.canonical import digest
from backend.kit.clock import Clock
from backend.kit.db import Tx, translate_violations
from backend.kit.errors import DaogangError
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from geofences import alignment_queries as stored
from geofences import queries
from geofences.alignment import Alignment, AlignmentPlan, build_alignment, places_near
from geofences.alignment_errors import (
    AlignmentBackdated,
    AlignmentNameTaken,
    AlignmentUnknown,
    ChainageBeyond,
    ChainageInGap,
    PrefixAmbiguous,
    PrefixUnknown,
)
from geofences.alignment_queries import Pinned
from geofences.alignment_tables import AlignmentRow, AlignmentVersion
from geofences.chainage import parse_chainage
from geofences.coordinates import CoordinateSystem, check_position
from geofences.errors import OutOfChina
from geofences.projection import Candidate, Stretch
from geofences.sections import SectionRange, holds, stretches_on

VIOLATIONS: dict[str, type[DaogangError]] = {
    "uq_alignment_name": AlignmentNameTaken,
    "ck_alignment_version_place": OutOfChina,
}


@dataclass(frozen=True, slots=True)
class Declared:
    """What somebody declared, to be built, and in the form in which it is kept."""

    plan: AlignmentPlan
    drawing: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Meant:
    """The place that a label means: on which alignment, at which continuous chainage in metres."""

    pinned: Pinned
    chainage_m: float


async def preview_alignment(tx: Tx, actor: Actor, project_id: UUID, declared: Declared) -> Alignment:
    """Tell what would become of an alignment, stakes and all; raises like `build_alignment`, and ProjectUnknown."""
    await queries.require_project(tx, actor, project_id, queries.WRITE)
    return await asyncio.to_thread(build_alignment, declared.plan)


async def create_alignment(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    declared: Declared,
    *,
    name: str,
    carriageway: str,
    valid_from: datetime | None,
    clock: Clock,
) -> Pinned:
    """Make an alignment with its first version, valid from now on unless told otherwise, in the past too.

    Raises ProjectUnknown, AlignmentNameTaken and all that `build_alignment` raises.
    """
    built = await preview_alignment(tx, actor, project_id, declared)
    now = clock.now()
    alignment_id = new_id(now)
    with translate_violations(VIOLATIONS, name=name):
        await tx.execute(
            insert(AlignmentRow).values(
                project_id=project_id,
                id=alignment_id,
                name=name,
                prefix=declared.plan.prefix,
                carriageway=carriageway,
                created_by=actor.account_id,
                created_at=now,
            )
        )
    return await _insert_version(tx, actor, project_id, alignment_id, 1, declared, built, valid_from or now, now, clock)


async def add_version(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    alignment_id: UUID,
    declared: Declared,
    *,
    valid_from: datetime | None,
    clock: Clock,
) -> Pinned:
    """Realign: a new version takes over from `valid_from` (now if None); fences keep the version they were drawn on.

    Raises ProjectUnknown, AlignmentUnknown, AlignmentBackdated (not after the beginning of the version before it) and
    all that `build_alignment` raises.
    """
    await queries.require_project(tx, actor, project_id, queries.WRITE)
    if await stored.find_alignment(tx, project_id, alignment_id, lock=True) is None:
        raise AlignmentUnknown
    built = await asyncio.to_thread(build_alignment, declared.plan)
    now = clock.now()
    start = valid_from or now
    latest = (await stored.list_versions(tx, project_id, alignment_id))[0].version
    if start <= latest.valid_from:
        raise AlignmentBackdated(valid_from=start.isoformat(), least=latest.valid_from.isoformat())
    await tx.execute(
        update(AlignmentVersion)
        .where(AlignmentVersion.project_id == project_id, AlignmentVersion.id == latest.id)
        .values(valid_during=func.tstzrange(func.lower(AlignmentVersion.valid_during), literal(start), "[)"))
    )
    return await _insert_version(
        tx, actor, project_id, alignment_id, latest.number + 1, declared, built, start, now, clock
    )


async def find_label(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    label: str,
    *,
    alignment_id: UUID | None = None,
    section_id: UUID | None = None,
    at: datetime,
) -> Meant:
    """Tell which place a label means at an instant: on one alignment, or on the one of the project that has its prefix.

    A label that stands twice is the one in `section_id`, if that has ranges there. Raises ProjectUnknown,
    AlignmentUnknown, AlignmentNotInForce, PrefixUnknown, PrefixAmbiguous and the faults of `Stationing.read`.
    """
    await queries.require_project(tx, actor, project_id, queries.READ)
    asked = parse_chainage(label)
    if alignment_id is None:
        choices = await stored.list_in_force(tx, project_id, at, prefix=asked.prefix)
        if not choices:
            raise PrefixUnknown(label=label[:40], prefix=asked.prefix)
    else:
        choices = [await stored.require_version(tx, project_id, alignment_id, at=at)]
    rows = [] if section_id is None else await stored.list_ranges(tx, project_id, [section_id])
    ranges = [SectionRange(one.alignment_id, one.begin_label, one.end_label) for one in rows]
    found: list[Meant] = []
    faults: list[DaogangError] = []
    for pinned in choices:
        try:
            found.append(Meant(pinned, pinned.alignment.stationing.read(label, _within(pinned, ranges))))
        except (ChainageBeyond, ChainageInGap) as fault:
            faults.append(fault)
    in_section = [one for one in found if holds(_within(one.pinned, ranges), one.chainage_m)]
    found = in_section or found
    if not found:
        raise faults[0]
    if len(found) > 1:
        raise PrefixAmbiguous(label=label[:40], names="、".join(one.pinned.name for one in found))
    return found[0]


async def find_places(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    alignment_id: UUID,
    position: tuple[CoordinateSystem, float, float],
    *,
    reach_m: float,
    at: datetime,
) -> tuple[Pinned, tuple[Candidate, ...]]:
    """Return every place of an alignment that a position (system, x, y) within reach could mean, nearest first.

    Raises ProjectUnknown, AlignmentUnknown, AlignmentNotInForce and the faults of a position.
    """
    await queries.require_project(tx, actor, project_id, queries.READ)
    lon, lat = check_position(*position, "x, y")
    pinned = await stored.require_version(tx, project_id, alignment_id, at=at)
    return pinned, await asyncio.to_thread(places_near, pinned.alignment, lon, lat, reach_m)


def _within(pinned: Pinned, ranges: Sequence[SectionRange]) -> tuple[Stretch, ...]:
    return stretches_on(pinned.alignment.stationing, pinned.alignment_id, ranges)


async def _insert_version(  # noqa: PLR0913, PLR0917 - one row has that many sides
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    alignment_id: UUID,
    number: int,
    declared: Declared,
    built: Alignment,
    start: datetime,
    now: datetime,
    clock: Clock,
) -> Pinned:
    version_id = new_id(now)
    equations = built.stationing.equations()
    told = digest(declared.drawing)
    with translate_violations(VIOLATIONS, where=""):
        await tx.execute(
            insert(AlignmentVersion).values(
                project_id=project_id,
                id=version_id,
                alignment_id=alignment_id,
                number=number,
                crs=declared.plan.system.code,
                drawing=declared.drawing,
                drawing_digest=told,
                zone_srid=built.zone,
                line=func.ST_GeomFromWKB(built.wkb, 4326),
                from_m=float(built.chainage_m[0]),
                to_m=float(built.chainage_m[-1]),
                equation_back_m=[one.back_m for one in equations],
                equation_ahead_m=[one.ahead_m for one in equations],
                stakes=[msgspec.to_builtins(one) for one in built.stakes],
                valid_during=Range(start, None, bounds="[)"),
                created_by=actor.account_id,
                created_at=now,
            )
        )
    detail = {"alignment_id": str(alignment_id), "number": number, "drawing_digest": told.hex()}
    await record_act(
        tx,
        actor,
        "alignment_version.made",
        "alignment_version",
        version_id,
        {**detail, "valid_from": start.isoformat()},
        clock=clock,
        project_id=project_id,
    )
    pinned = await stored.find_pinned(tx, project_id, version_id)
    if pinned is None:
        raise AlignmentUnknown
    return pinned
