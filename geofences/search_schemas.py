"""The wire form of what a search by position finds."""

from collections.abc import Iterable
from uuid import UUID

from backend.kit.wire import Lat, Lon, Wire
from geofences.search_queries import FoundRow
from geofences.shapes import Kind


class FoundFence(Wire, frozen=True, kw_only=True):
    """A fence in force that covers the position, and whose it is."""

    project_id: UUID
    project_name: str
    fence_id: UUID
    fence_name: str
    version_id: UUID
    number: int
    kind: Kind


class FencesAtAnswer(Wire, frozen=True, kw_only=True):
    """The position in WGS-84, and the fences that cover it; `truncated` when there are more."""

    lon: Lon
    lat: Lat
    fences: list[FoundFence]
    truncated: bool


def fences_at(lon: float, lat: float, rows: Iterable[FoundRow], *, truncated: bool) -> FencesAtAnswer:
    """Return what was found at (lon, lat) in degrees, WGS-84."""
    found = [
        FoundFence(
            project_id=row.project_id,
            project_name=row.project_name,
            fence_id=row.fence_id,
            fence_name=row.fence_name,
            version_id=row.version_id,
            number=row.number,
            kind=row.kind,
        )
        for row in rows
    ]
    return FencesAtAnswer(lon=lon, lat=lat, fences=found, truncated=truncated)
