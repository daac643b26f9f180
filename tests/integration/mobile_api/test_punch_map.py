"""Who decides on a punch sees roughly where it was made and which fence judged it; the exact fix stays sealed."""

from uuid import UUID

from httpx import AsyncClient
from sqlalchemy import text

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.integration.mobile_api.conftest import Tap
from tests.support.factories import bearer, make_officer
from tests.support.phones import CENTRE, Ground, fix, tap


async def test_the_place_is_rough_and_only_for_who_decides(
    ground: Ground, send: Tap, client: AsyncClient, database: Database, keys: MemoryKeyRing, clock: ManualClock
) -> None:
    answer = await send(ground.owner, tap(clock.now(), fixes=[fix()]))
    assert answer.status_code == 201, answer.text
    punch = answer.json()
    path = f"/admin/v1/projects/{punch['project_id']}/punches/{punch['punch_id']}/map"

    async def look(role: str, **rows: UUID) -> tuple[int, dict[str, object]]:
        officer = bearer(keys, clock.now(), await make_officer(database, role, **rows), role)
        shown = await client.get(path, headers=officer)
        return shown.status_code, shown.json()

    status, seen = await look("city")
    assert (status, seen["lon"], seen["lat"]) == (200, round(CENTRE.lon, 3), round(CENTRE.lat, 3))
    judged_by = seen["judged_by"]
    assert isinstance(judged_by, dict)
    async with database.transaction() as tx:
        query = text("SELECT fence_version_id FROM punch WHERE project_id = :project AND punch_id = :punch")
        version = await tx.scalar(query, {"project": punch["project_id"], "punch": punch["punch_id"]})
    assert judged_by["version_id"] == str(version)
    assert (await look("supervisor", project_id=ground.project.id))[0] == 200
    assert (await look("owner", project_id=ground.project.id))[1]["code"] == "request.scope_missing"
