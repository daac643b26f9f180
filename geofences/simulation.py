"""Replays a project's recorded punches against a version that is not in force: who would newly count, who no longer."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from backend.kit.clock import Clock
from backend.kit.crypto import DataKeys
from backend.kit.db import Database, Tx
from backend.kit.guards import Actor
from backend.sites.model import zone_of
from geofences import period_queries, queries, replay_queries
from geofences.judging import prepared
from geofences.replay import Site, judge_recorded
from geofences.replay_queries import LATEST, RecordedRow
from geofences.simulation_result import Piece, Simulated, compare, conclude
from geofences.timeline import Period, Timeline, overlaid
from geofences.unsealing import Openers, Standing
from geofences.workbench import Workbench

DAYS = 30
MOST_DAYS = 366
MOST_PUNCHES = 200_000
RUN = 5_000
"""Punches that are read at once, while the run before is judged."""
_LAST_ID = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class SimulationTools:
    """What a simulation works with besides the question."""

    database: Database
    data_keys: DataKeys
    workbench: Workbench
    clock: Clock


@dataclass(frozen=True, slots=True)
class Simulation:
    """What would have become of the punches received since `since`, and the names of those whom the asker may see.

    `complete` is False when there were more punches than a simulation looks at: then only the latest were.
    """

    number: int
    since: datetime
    until: datetime
    complete: bool
    result: Simulated
    names: dict[UUID, str] = field(default_factory=dict[UUID, str])


async def simulate(
    tools: SimulationTools, actor: Actor, project_id: UUID, fence_id: UUID, number: int, *, days: int = DAYS
) -> Simulation:
    """Judge the phone punches of the last `days` days as if the version had been in force all along; nothing is stored.

    Raises ProjectUnknown, FenceUnknown, VersionUnknown, or WorkbenchFull when too many wait for an answer already.
    """
    async with tools.database.transaction() as tx:
        await queries.require_version(tx, actor, project_id, fence_id, number)
    async with tools.workbench.seat(), tools.database.transaction() as tx:
        return await _simulate(tools, tx, actor, project_id, fence_id, number, days)


async def _simulate(
    tools: SimulationTools, tx: Tx, actor: Actor, project_id: UUID, fence_id: UUID, number: int, days: int
) -> Simulation:
    version = await queries.require_version(tx, actor, project_id, fence_id, number)
    project = await queries.require_project(tx, actor, project_id, queries.READ)
    now = tools.clock.now()
    since = now - timedelta(days=days)
    before = await period_queries.list_project_periods(tx, project_id, since, now + timedelta(days=1))
    drawn = Period(
        fence_id=fence_id,
        version_id=version.id,
        valid_from=None,
        valid_until=None,
        opens_s=period_queries.seconds_of(version.opens_at),
        closes_s=period_queries.seconds_of(version.closes_at),
    )
    geometry = await replay_queries.list_geometry(
        tx, project_id, {drawn.version_id, *(one.version_id for one in before)}
    )
    policies = await replay_queries.list_policies(tx, project_id)
    keys = await replay_queries.list_data_keys(tx, project_id)
    standings = await replay_queries.list_standings(tx, project_id)
    openers = Openers(tools.data_keys, project_id, keys, Standing(standings, project.time_zone, project.cutover))

    def set_up() -> Site:
        fences = {row.version_id: prepared(row) for row in geometry}
        return Site(fences, policies, zone_of(project.time_zone))

    site = await tools.workbench.run(set_up)
    timelines = Timeline(before), Timeline(overlaid(before, drawn))

    def judge(rows: Sequence[RecordedRow]) -> Piece:
        opened = openers.open(rows)
        earlier = judge_recorded(opened.punches, timelines[0], site, margins=False)
        later = judge_recorded(opened.punches, timelines[1], site)
        return compare(opened, earlier, later, site.fences[drawn.version_id])

    pieces: list[Piece] = []
    judged: Awaitable[Piece] | None = None
    at, punch_id, read = now + timedelta(microseconds=1), _LAST_ID, 0
    while read < MOST_PUNCHES:
        rows = await replay_queries.read_run(
            tx,
            LATEST,
            project_id=project_id,
            since=since,
            at=at,
            punch_id=punch_id,
            limit=min(RUN, MOST_PUNCHES - read),
            now=now,
        )
        if judged is not None:
            pieces.append(await judged)
        judged = None
        if not rows:
            break
        # Judged in the thread while the next run is read.
        judged = tools.workbench.start(judge, rows)
        read += len(rows)
        at, punch_id = rows[-1].received_at, UUID(bytes=rows[-1].punch_id)
    if judged is not None:
        pieces.append(await judged)
    result = await tools.workbench.run(conclude, pieces)
    names = await replay_queries.list_visible_people(tx, actor, project_id, list(result.people))
    complete = read < MOST_PUNCHES
    return Simulation(number, since if complete else at.astimezone(UTC), now, complete, result, names)
