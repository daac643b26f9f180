"""The life of a version after its drawing: submitted, published, superseded, withdrawn.

A version judges from its `valid_from` on, until the next one takes over or it is withdrawn. What was in force at an
instant stays in force there for ever, so that a punch that arrives a week late is judged by the fence of its own time.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, insert, literal, select, update

from backend.decision.policy import SitePolicy
from backend.identity.audit import record_act
from backend.kit.announcements import announce
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from geofences import queries
from geofences.errors import (
    Backdated,
    FenceUnknown,
    SecondPersonNeeded,
    StateForbids,
    TooFarAhead,
    ValidityOverlaps,
    VersionUnknown,
)
from geofences.field_copies import store_copy
from geofences.period_queries import list_periods
from geofences.periods import lay_period
from geofences.queries import VersionRow
from geofences.tables import FencePart, FenceRow, FenceVersion

# Small enough that a search box holds little but its fence (28 times faster than whole corridors), few enough to store.
PART_VERTICES = 64
FURTHEST_AHEAD = timedelta(days=3653)


async def submit_version(
    tx: Tx, actor: Actor, project_id: UUID, fence_id: UUID, number: int, *, clock: Clock
) -> VersionRow:
    """Hand a draft in for publication: its shape cannot change from now on.

    Raises ProjectUnknown, FenceUnknown, VersionUnknown or StateForbids.
    """
    version = await _lock(tx, actor, project_id, fence_id, number, scope=queries.WRITE)
    if version.state != "draft":
        raise StateForbids(state=version.state, step="submit")
    now = clock.now()
    await _change(tx, project_id, version, state="submitted", submitted_by=actor.account_id, submitted_at=now)
    await _note(tx, actor, project_id, version, "submitted", clock)
    return await _again(tx, project_id, version)


async def publish_version(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    fence_id: UUID,
    number: int,
    *,
    valid_from: datetime | None = None,
    clock: Clock,
) -> VersionRow:
    """Put a version in force from `valid_from` (now if None); the one in force then ends there.

    Raises ProjectUnknown, FenceUnknown, VersionUnknown, StateForbids, SecondPersonNeeded (the site's policy asks for
    another person than those who drew and submitted it), Backdated, TooFarAhead, ValidityOverlaps (a later one is
    published), or AreaInvalid (phones could not be given a copy of it).
    """
    version = await _lock(tx, actor, project_id, fence_id, number, scope=queries.PUBLISH)
    if version.state not in {"draft", "submitted"}:
        raise StateForbids(state=version.state, step="publish")
    now = clock.now()
    start = now if valid_from is None else valid_from
    if start < now:
        raise Backdated(valid_from=start.isoformat(), now=now.isoformat())
    if start - now > FURTHEST_AHEAD:
        raise TooFarAhead(valid_from=start.isoformat())
    policy = await queries.find_policy(tx, project_id, now)
    if needs_second_person(policy, version, actor):
        raise SecondPersonNeeded
    if any(row.valid_from > start for row in await list_periods(tx, project_id, fence_id)):
        raise ValidityOverlaps
    await enter_force(tx, actor, project_id, version, clock=clock)
    await lay_period(tx, actor, project_id, fence_id, version.id, valid_from=start, valid_until=None, now=now)
    await _note(tx, actor, project_id, version, "published", clock, valid_from=start.isoformat())
    return await _again(tx, project_id, version)


async def enter_force(tx: Tx, actor: Actor, project_id: UUID, version: VersionRow, *, clock: Clock) -> None:
    """Note who published a version and make of its area what search and phones need; once, before its first period.

    Raises AreaInvalid (phones could not be given a copy of it).
    """
    if version.state not in {"draft", "submitted"}:
        return
    await _announce_tolerance(tx, project_id, version, clock)
    await _change(tx, project_id, version, state="published", published_by=actor.account_id, published_at=clock.now())
    await _divide(tx, project_id, version.id)
    await store_copy(tx, project_id, version.id, clock=clock)


async def _announce_tolerance(tx: Tx, project_id: UUID, version: VersionRow, clock: Clock) -> None:
    """Announce that a version's tolerance (its buffer, metres) is above that of the one published before it."""
    query = (
        select(FenceVersion.buffer_m, FenceRow.name)
        .join(FenceRow, FenceRow.id == FenceVersion.fence_id)
        .where(
            FenceVersion.project_id == project_id,
            FenceVersion.fence_id == version.fence_id,
            FenceVersion.published_at.is_not(None),
        )
        .order_by(FenceVersion.published_at.desc(), FenceVersion.number.desc())
        .limit(1)
    )
    before = (await tx.execute(query)).one_or_none()
    if before is None or version.buffer_m <= before.buffer_m:
        return
    now = clock.now()
    detail = {
        "before_m": before.buffer_m,
        "after_m": version.buffer_m,
        "fence": before.name,
        "fence_id": version.fence_id,
    }
    subject = str(version.id)
    await announce(
        tx, "fences.tolerance_raised", subject, occurred_at=now, now=now, project_id=project_id, detail=detail
    )


def needs_second_person(policy: SitePolicy, version: VersionRow, actor: Actor) -> bool:
    """Tell whether the site's policy asks that somebody else publishes the version, or that it is submitted first."""
    return policy.publish_needs_second_person and (
        version.state != "submitted" or actor.account_id in {version.created_by, version.submitted_by}
    )


async def withdraw_version(
    tx: Tx, actor: Actor, project_id: UUID, fence_id: UUID, number: int, *, clock: Clock
) -> VersionRow:
    """Take a version back: a draft is dropped, one in force ends now, one that was still to come never does.

    If it was still to come, the version that it would have ended goes on. Nothing takes the place of one in force.
    Raises ProjectUnknown, FenceUnknown, VersionUnknown or StateForbids.
    """
    version = await _lock(tx, actor, project_id, fence_id, number, scope=queries.PUBLISH)
    if version.state in {"superseded", "withdrawn"}:
        raise StateForbids(state=version.state, step="withdraw")
    now = clock.now()
    await _change(tx, project_id, version, state="withdrawn")
    periods = await list_periods(tx, project_id, fence_id)
    for period in periods:
        if period.version_id == version.id and (period.valid_until is None or period.valid_until > now):
            before = [one for one in periods if one.valid_until == period.valid_from > now]
            await lay_period(
                tx,
                actor,
                project_id,
                fence_id,
                before[0].version_id if before else None,
                valid_from=max(period.valid_from, now),
                valid_until=period.valid_until,
                now=now,
            )
    await _note(tx, actor, project_id, version, "withdrawn", clock)
    return await _again(tx, project_id, version)


async def _lock(tx: Tx, actor: Actor, project_id: UUID, fence_id: UUID, number: int, *, scope: str) -> VersionRow:
    """Check the rights, let acts on one fence queue up, and return the version as it stands."""
    await queries.require_project(tx, actor, project_id, scope)
    if await queries.find_fence(tx, project_id, fence_id, lock=True) is None:
        raise FenceUnknown
    version = await queries.find_version(tx, project_id, fence_id, number)
    if version is None:
        raise VersionUnknown
    return version


async def _change(tx: Tx, project_id: UUID, version: VersionRow, **values: object) -> None:
    await tx.execute(
        update(FenceVersion)
        .where(FenceVersion.project_id == project_id, FenceVersion.id == version.id)
        .values(**values)
    )


async def _divide(tx: Tx, project_id: UUID, version_id: UUID) -> None:
    """Store the area in small pieces, for the search by position over all fences."""
    pieces = (
        select(func.ST_Subdivide(FenceVersion.area, PART_VERTICES).label("area"))
        .where(FenceVersion.project_id == project_id, FenceVersion.id == version_id)
        .subquery()
    )
    await tx.execute(
        insert(FencePart).from_select(
            ["project_id", "version_id", "number", "area"],
            select(literal(project_id), literal(version_id), func.row_number().over(), pieces.c.area),
        )
    )


async def _note(
    tx: Tx, actor: Actor, project_id: UUID, version: VersionRow, step: str, clock: Clock, **detail: object
) -> None:
    told = {"fence_id": str(version.fence_id), "number": version.number, **detail}
    await record_act(
        tx, actor, f"fence_version.{step}", "fence_version", version.id, told, clock=clock, project_id=project_id
    )


async def _again(tx: Tx, project_id: UUID, version: VersionRow) -> VersionRow:
    changed = await queries.find_version(tx, project_id, version.fence_id, version.number)
    if changed is None:
        raise VersionUnknown
    return changed
