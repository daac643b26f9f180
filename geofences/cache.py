"""Keeps prepared fence versions in memory: a published version never changes, so that nothing is ever stale."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import time
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from geofences.evaluation import Fence
from geofences.preparation import prepare_fence, reference_of

LOAD = """
SELECT v.id, ST_AsBinary(v.area), ST_AsBinary(v.axis), coalesce(v.axis_start_m, 0), v.opens_at, v.closes_at,
  v.fence_id, ST_AsBinary(v.extra_area),
  v.axis_chainage_m, a.alignment_id, l.prefix, a.from_m, a.to_m, a.equation_back_m, a.equation_ahead_m
FROM fence_version v
LEFT JOIN alignment_version a ON (a.project_id, a.id) = (v.project_id, v.alignment_version_id)
LEFT JOIN alignment l ON (l.project_id, l.id) = (a.project_id, a.alignment_id)
WHERE v.project_id = %s AND v.id = ANY (%s) AND v.state <> 'draft'
"""

# 13 kB a fence on average (geometry of 10-500 vertices); edges are what memory grows with.
CAPACITY_EDGES = 1_000_000


@dataclass(frozen=True, slots=True)
class HeldFence:
    """A prepared fence version with its daily hours in the site's local time, None for all day."""

    fence: Fence
    opens_at: time | None
    closes_at: time | None

    def is_open(self, at: time) -> bool:
        """Tell whether the site-local time of day `at` lies in the hours, which may cross midnight."""
        if self.opens_at is None or self.closes_at is None:
            return True
        if self.opens_at <= self.closes_at:
            return self.opens_at <= at < self.closes_at
        return at >= self.opens_at or at < self.closes_at


class FenceCache:
    """Prepared fence versions of one process, least recently used first out."""

    def __init__(self, capacity_edges: int = CAPACITY_EDGES) -> None:
        """Hold versions of at most `capacity_edges` edges together."""
        self._held: OrderedDict[UUID, HeldFence] = OrderedDict()
        self._capacity = capacity_edges
        self._edges = 0

    async def get(
        self, connection: AsyncConnection[TupleRow], project_id: UUID, version_ids: Sequence[UUID]
    ) -> list[HeldFence]:
        """Return the versions in the order given; reads those not in memory with one statement.

        Versions that are drafts or of another project are left out.
        """
        missing = [version_id for version_id in version_ids if version_id not in self._held]
        fresh: dict[UUID, HeldFence] = {}
        if missing:
            rows = await (await connection.execute(LOAD, (project_id, missing))).fetchall()
            for version_id, area, axis, start_m, opens_at, closes_at, fence_id, extra, *reference in rows:
                fence = prepare_fence(
                    version_id,
                    bytes(area),
                    None if axis is None else bytes(axis),
                    start_m,
                    reference=reference_of(reference),
                    fence_id=fence_id,
                    extra_wkb=None if extra is None else bytes(extra),
                )
                fresh[version_id] = HeldFence(fence, opens_at, closes_at)
        found = [fresh.get(version_id) or self._held.get(version_id) for version_id in version_ids]
        self._keep(version_ids, fresh)
        return [one for one in found if one is not None]

    def _keep(self, used: Iterable[UUID], fresh: dict[UUID, HeldFence]) -> None:
        for version_id in used:
            if version_id in self._held:
                self._held.move_to_end(version_id)
        for version_id, one in fresh.items():
            if version_id not in self._held:
                self._held[version_id] = one
                self._edges += one.fence.edges
        while self._edges > self._capacity and self._held:
            _, gone = self._held.popitem(last=False)
            self._edges -= gone.fence.edges
