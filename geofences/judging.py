"""What the fences of a project say about a position that somebody asks about; nothing is recorded."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from geofences import queries
from geofences.choice import Fix, evaluate_fixes
from geofences.coordinates import CoordinateSystem, check_position
from geofences.datum_suspicion import DatumSuspicion, suspect_datum
from geofences.errors import FenceUnknown, NoFenceInForce, VersionUnknown
from geofences.evaluation import REACH_SIGMAS, Evaluation, EvaluationPolicy, Fence, Platform, chainage_candidates
from geofences.placing import evaluation_policy
from geofences.preparation import prepare_fence
from geofences.projection import Candidate
from geofences.queries import GeometryRow
from geofences.stationing import Stationing


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A position in a declared system, as a phone would report it, and by which fences to judge it.

    `version` (fence id and number) asks one version, a draft too; else all fences in force at `at` (now if None),
    as known now or as known at `known_at`.
    """

    system: CoordinateSystem
    x: float
    y: float
    accuracy_m: float
    platform: Platform
    at: datetime | None = None
    known_at: datetime | None = None
    version: tuple[UUID, int] | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the fences say: the verdict, whose it is, the places on its alignment it could mean, a datum mistake."""

    lon: float
    lat: float
    evaluation: Evaluation
    fence: GeometryRow
    candidates: tuple[Candidate, ...]
    suspicion: DatumSuspicion | None
    stationing: Stationing | None


async def judge_position(tx: Tx, actor: Actor, project_id: UUID, question: Question, *, clock: Clock) -> Judgement:
    """Judge a position as a check-in would be judged.

    Raises ProjectUnknown, FenceUnknown, VersionUnknown, NoFenceInForce, NotFinite, AxesSwapped, OutOfChina or
    AccuracyInvalid.
    """
    await queries.require_project(tx, actor, project_id, queries.READ)
    lon, lat = check_position(question.system, question.x, question.y, "x, y")
    at = question.at or clock.now()
    if question.version is None:
        rows = await queries.list_geometry_in_force(tx, project_id, at, question.known_at)
        if not rows:
            raise NoFenceInForce(at=at.isoformat())
    else:
        rows = [await _one_version(tx, project_id, *question.version)]
    policy = evaluation_policy(await queries.find_policy(tx, project_id, at))
    fix = Fix(lon, lat, question.accuracy_m, question.platform)
    return await asyncio.to_thread(_judge, rows, fix, question.system, policy)


async def _one_version(tx: Tx, project_id: UUID, fence_id: UUID, number: int) -> GeometryRow:
    row = await queries.find_geometry(tx, project_id, fence_id, number)
    if row is not None:
        return row
    if await queries.find_fence(tx, project_id, fence_id) is None:
        raise FenceUnknown
    raise VersionUnknown


def _judge(rows: list[GeometryRow], fix: Fix, system: CoordinateSystem, policy: EvaluationPolicy) -> Judgement:
    fences = {row.version_id: prepared(row) for row in rows}
    chosen = evaluate_fixes(list(fences.values()), [fix], policy)
    if chosen is None:
        raise NoFenceInForce(at="")
    found = chosen.evaluation
    own = next(row for row in rows if row.version_id == found.version_ids[0])
    reach_m = max(-found.signed_distance_m, abs(found.offset_m or 0.0)) + REACH_SIGMAS * found.sigma_m
    return Judgement(
        fix.lon,
        fix.lat,
        found,
        own,
        chainage_candidates(fences[own.version_id], fix.lon, fix.lat, reach_m),
        suspect_datum(list(fences.values()), fix, system, policy),
        fences[own.version_id].stationing,
    )


def prepared(row: GeometryRow) -> Fence:
    """Prepare a stored version."""
    return prepare_fence(
        row.version_id,
        row.area_wkb,
        row.axis_wkb,
        row.axis_start_m,
        reference=row.reference,
        fence_id=row.fence_id,
        extra_wkb=row.extra_wkb,
    )
