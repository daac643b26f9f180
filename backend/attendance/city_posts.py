"""Use cases of the supervisors' board: how many posts are filled, by district and by project."""

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from uuid import UUID

from backend.attendance import queries
from backend.attendance.schemas import CityOnPost, DistrictOnPost, PostCounts, ProjectOnPost
from backend.kit.clock import Clock
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.sites.errors import DistrictUnknown
from backend.sites.queries import list_districts


async def show_city(tx: Tx, actor: Actor, on: date | None, *, clock: Clock) -> CityOnPost:
    """Return the posts that the actor sees by district, in the order of the districts' codes."""
    rows = await queries.count_posts_by_project(tx, actor, on=on, now=clock.now(), district_id=None)
    districts = [
        _district(district_id, list(of_district))
        for district_id, of_district in groupby(rows, key=lambda row: row.district_id)
    ]
    return CityOnPost(on=on, projects=len(rows), counts=_counts(rows), districts=districts)


async def list_district(
    tx: Tx, actor: Actor, district_id: UUID, on: date | None, *, clock: Clock
) -> list[ProjectOnPost]:
    """Return a district's projects with their posts, by name; raises DistrictUnknown when the actor reaches none."""
    rows = await queries.count_posts_by_project(tx, actor, on=on, now=clock.now(), district_id=district_id)
    if not rows and district_id not in {one.id for one in await list_districts(tx, actor)}:
        raise DistrictUnknown
    return [
        ProjectOnPost(
            project_id=row.id,
            project_name=row.name,
            site_mode=row.site_mode,
            work_on=row.work_on,
            counts=_counts([row]),
        )
        for row in rows
    ]


def _district(district_id: UUID, rows: list[AnyRow]) -> DistrictOnPost:
    return DistrictOnPost(
        district_id=district_id,
        district_name=rows[0].district_name,
        projects=len(rows),
        full=sum(row.key_present == row.key_holders for row in rows),
        counts=_counts(rows),
    )


def _counts(rows: Iterable[AnyRow]) -> PostCounts:
    found = list(rows)
    return PostCounts(
        **{name: sum(getattr(row, name) for row in found) for name in PostCounts.__struct_fields__},
    )
