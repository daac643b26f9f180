"""What became of a fence: what was in force when and known when, and what one version changes against another."""

import asyncio
from datetime import datetime
from uuid import UUID

import shapely

from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from geofences import period_queries, queries
from geofences.difference import Difference, difference_of
from geofences.errors import FenceUnknown, VersionUnknown
from geofences.period_queries import PeriodRow


async def show_periods(
    tx: Tx, actor: Actor, project_id: UUID, fence_id: UUID, *, known_at: datetime | None, everything: bool
) -> list[PeriodRow]:
    """Return when which version of a fence is in force: as known now, as known at an instant, or all ever known.

    Raises ProjectUnknown or FenceUnknown.
    """
    await queries.require_project(tx, actor, project_id, queries.READ)
    if await queries.find_fence(tx, project_id, fence_id) is None:
        raise FenceUnknown
    if everything:
        return await period_queries.list_all_periods(tx, project_id, fence_id)
    return await period_queries.list_periods(tx, project_id, fence_id, known_at=known_at)


async def compare_versions(
    tx: Tx, actor: Actor, project_id: UUID, fence_id: UUID, number: int, against: int | None, *, clock: Clock
) -> tuple[int | None, Difference]:
    """Tell what a version gains and loses against another one (the one in force now if None; nothing if none is).

    Returns the number of the other with the difference. Raises ProjectUnknown, FenceUnknown, VersionUnknown or
    TooTangled.
    """
    await queries.require_version(tx, actor, project_id, fence_id, number)
    if against is None:
        against = await period_queries.find_number_in_force(tx, project_id, fence_id, clock.now())
    after = await queries.find_geometry(tx, project_id, fence_id, number)
    before = None if against is None else await queries.find_geometry(tx, project_id, fence_id, against)
    if after is None or (against is not None and before is None):
        raise VersionUnknown

    def compare() -> Difference:
        earlier = None if before is None else shapely.from_wkb(before.area_wkb)
        return difference_of(earlier, shapely.from_wkb(after.area_wkb))

    return against, await asyncio.to_thread(compare)
