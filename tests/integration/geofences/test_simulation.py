"""Real check-ins replayed against a version that is not in force."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import select, text, update

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.erasures import Erasure, record_erasures
from backend.kit.keyring import KeyRing
from backend.ledger.tables import DataKey
from geofences.errors import WorkbenchFull
from geofences.tables import FenceVersion
from geofences.workbench import Workbench
from tests.support.factories import (
    bearer,
    grant_role,
    make_assignment,
    make_officer,
    make_party,
    make_policy,
    make_post,
    make_staff,
)
from tests.support.phones import CENTRE, METRE_EAST, Ground, fix, make_ground, tap

EAST = {"kind": "circle", "coordinates": [CENTRE.lon + 200 * METRE_EAST, CENTRE.lat], "radius_m": 150.0}


@dataclass
class Scene:
    """A ground with a fence round CENTRE, a second version drawn 200 m east of it, and the desk to ask about it."""

    client: AsyncClient
    clock: ManualClock
    keys: KeyRing
    ground: Ground
    fence_id: UUID
    admin_id: UUID

    def headers(self, account_id: UUID | None = None, role: str = "project_admin") -> dict[str, str]:
        return bearer(self.keys, self.clock.now(), account_id or self.admin_id, role)

    def path(self, rest: str) -> str:
        return f"/admin/v1/projects/{self.ground.project.id}/fences/{self.fence_id}{rest}"

    async def tap(self, owner: int, *fixes: dict[str, Any], **changes: Any) -> str:
        self.clock.advance(timedelta(minutes=1))
        at = self.clock.now()
        body = tap(at, self.ground.project.id, fixes=list(fixes), **changes)
        answer = await self.client.post(
            "/mobile/v1/check-ins", json=body, headers=self.ground.owners[owner].headers(at)
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["outcome"]

    async def simulate(self, number: int = 2, *, headers: dict[str, str] | None = None, days: int = 30) -> Any:
        answer = await self.client.post(
            self.path(f"/versions/{number}/simulation"), json={"days": days}, headers=headers or self.headers()
        )
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def scene(client: AsyncClient, database: Database, keys: KeyRing, clock: ManualClock) -> Scene:
    ground = await make_ground(database, keys, clock.now(), people=3)
    admin = await make_officer(database, "project_admin", project_id=ground.project.id)
    async with database.transaction() as tx:
        fence_id = await tx.scalar(select(FenceVersion.fence_id).where(FenceVersion.id == ground.fence_version_id))
    assert fence_id is not None
    made = Scene(client, clock, keys, ground, fence_id, admin)
    drawn = await client.post(made.path("/versions"), json={"crs": "wgs84", "shape": EAST}, headers=made.headers())
    assert drawn.status_code == 201, drawn.text
    return made


async def tap_everywhere(scene: Scene) -> Sequence[str]:
    return [
        await scene.tap(0, fix(100.0)),  # inside both
        await scene.tap(0, fix(-100.0)),  # inside the old one only
        await scene.tap(1, fix(-100.0), fix(-90.0, accuracy_m=6.0)),
        await scene.tap(1, fix(280.0)),  # inside the new one only
        await scene.tap(2, fix(900.0)),  # inside neither
    ]


async def test_who_would_newly_count_and_who_no_longer(scene: Scene) -> None:
    assert await tap_everywhere(scene) == ["counted", "counted", "counted", "refused", "refused"]
    found = await scene.simulate()
    summary = found["summary"]
    assert (summary["simulated"], summary["newly_counted"], summary["no_longer_counted"]) == (5, 1, 2)
    assert (summary["complete"], summary["differs_from_record"], summary["people_changed"]) == (True, 0, 2)
    assert {(one["before"], one["after"]): one["punches"] for one in summary["moves"]} == {
        ("counted", "counted"): 1,
        ("counted", "refused"): 2,
        ("refused", "counted"): 1,
        ("refused", "refused"): 1,
    }
    first, second = (str(owner.person_id) for owner in scene.ground.owners[:2])
    people = {one["person_id"]: one for one in found["people"]}
    assert set(people) == {first, second}
    assert (people[first]["newly_counted"], people[first]["no_longer_counted"]) == (0, 1)
    assert (people[second]["newly_counted"], people[second]["no_longer_counted"]) == (1, 1)
    assert people[first]["worst_margin_m"] == pytest.approx(-150.0, abs=2.0)
    assert sum(one["punches"] for one in found["margins"]) == 5
    lost = {(one["from_m"], one["to_m"]): one["no_longer_counted"] for one in found["margins"]}
    assert lost[-200.0, -100.0] == 2
    assert found["others"]["people"] == 0
    same = (await scene.simulate(1))["summary"]
    assert (same["newly_counted"], same["no_longer_counted"]) == (0, 0)


async def test_the_publication_preview_shows_it(scene: Scene, database: Database) -> None:
    await tap_everywhere(scene)
    path = scene.path("/versions/2/publication-preview")
    shown = (await scene.client.get(path, headers=scene.headers())).json()
    assert (shown["may_publish"], shown["needs_second_person"], shown["in_force"]) == (True, False, 1)
    assert (shown["simulation"]["newly_counted"], shown["simulation"]["no_longer_counted"]) == (1, 2)
    assert shown["difference"]["gained_m2"] == pytest.approx(shown["difference"]["lost_m2"], rel=1e-3)
    project = scene.ground.project.id
    await make_policy(database, project, scene.admin_id, {"publish_needs_second_person": True})
    shown = (await scene.client.get(path, headers=scene.headers())).json()
    assert (shown["may_publish"], shown["needs_second_person"]) == (False, True)


async def test_a_party_sees_its_own_people_by_name_and_the_others_as_numbers(scene: Scene, database: Database) -> None:
    await tap_everywhere(scene)
    async with database.transaction() as tx:
        party = await make_party(tx, scene.ground.project.id)
        post = await make_post(tx, party)
        await make_assignment(tx, scene.ground.project.id, post, scene.ground.owners[1].person_id)
        contractor = await make_staff(tx)
        await grant_role(tx, contractor, "contractor", project_id=scene.ground.project.id, party_id=party.id)
    found = await scene.simulate(headers=scene.headers(contractor, "contractor"))
    assert [one["person_id"] for one in found["people"]] == [str(scene.ground.owners[1].person_id)]
    assert (found["others"]["people"], found["others"]["no_longer_counted"]) == (1, 1)
    assert str(scene.ground.owners[0].person_id) not in str(found)
    assert found["summary"]["no_longer_counted"] == 2


async def test_what_cannot_be_replayed_is_told_and_never_passes(scene: Scene, database: Database) -> None:
    await scene.tap(0, fix(-100.0))
    await scene.tap(1, no_fix_reason="denied")
    await scene.tap(2, fix(100.0))
    project = scene.ground.project.id
    async with database.transaction() as tx:
        punch = (
            await tx.execute(
                text("SELECT punch_id FROM punch_status WHERE project_id = :project AND person_id = :person"),
                {"project": project, "person": scene.ground.owners[2].person_id},
            )
        ).scalar_one()
    supervisor = await make_officer(database, "district", district_id=scene.ground.project.district_id)
    ruled = await scene.client.post(
        f"/admin/v1/projects/{project}/punches/{punch}/rulings",
        json={"outcome": "refused", "note": "不在岗", "seq": 1},
        headers=scene.headers(supervisor, "district"),
    )
    assert ruled.status_code in {200, 201}, ruled.text
    summary = (await scene.simulate())["summary"]
    left = {one["reason"]: one["punches"] for one in summary["left_out"]}
    assert (summary["simulated"], left["no_fix"], left["decided_by_person"]) == (1, 1, 1)
    now = scene.clock.now()
    async with database.transaction() as tx:
        keys = await tx.scalars(select(DataKey.key_id).where(DataKey.project_id == project))
        gone = [Erasure(subject="private_rows", subject_id=key, project_id=project, reason="retention") for key in keys]
        await record_erasures(tx, gone, now)
        await tx.execute(update(DataKey).where(DataKey.project_id == project).values(wrapped=None, destroyed_at=now))
    summary = (await scene.simulate())["summary"]
    left = {one["reason"]: one["punches"] for one in summary["left_out"]}
    assert (summary["simulated"], summary["newly_counted"], left["key_destroyed"]) == (0, 0, 2)
    assert summary["moves"] == []


async def test_days_bound_what_is_replayed(scene: Scene) -> None:
    await scene.tap(0, fix(-100.0))
    scene.clock.advance(timedelta(days=3))
    await scene.tap(0, fix(-100.0))
    assert (await scene.simulate(days=2))["summary"]["simulated"] == 1
    assert (await scene.simulate(days=4))["summary"]["simulated"] == 2


async def test_reading_in_runs_changes_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await tap_everywhere(scene)
    whole = await scene.simulate()
    monkeypatch.setattr("geofences.simulation.RUN", 2)
    assert await scene.simulate() == whole
    monkeypatch.setattr("geofences.simulation.MOST_PUNCHES", 3)
    latest = (await scene.simulate())["summary"]
    assert (latest["complete"], latest["simulated"], latest["newly_counted"]) == (False, 3, 1)


async def test_a_full_queue_is_told_at_once() -> None:
    bench = Workbench(queue=1)
    first, second = bench.seat(), bench.seat()
    await first.__aenter__()
    waiting = asyncio.ensure_future(second.__aenter__())
    await asyncio.sleep(0)
    with pytest.raises(WorkbenchFull):
        await bench.seat().__aenter__()
    await first.__aexit__(None, None, None)
    await waiting
    assert await bench.run(sum, [1, 2]) == 3
    await second.__aexit__(None, None, None)
    bench.close()


async def test_the_simulation_of_another_project_is_not_found(scene: Scene, database: Database) -> None:
    other = await make_ground(database, scene.keys, scene.clock.now())
    stranger = await make_officer(database, "project_admin", project_id=other.project.id)
    answer = await scene.client.post(scene.path("/versions/2/simulation"), json={}, headers=scene.headers(stranger))
    assert (answer.status_code, answer.json()["code"]) == (404, "sites.project_unknown")
