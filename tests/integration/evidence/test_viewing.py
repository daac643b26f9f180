"""A photo is seen by who may see it, with a purpose on record, and held ones outlive their time until two agree."""

from datetime import timedelta

import pytest
from httpx import AsyncClient, Response
from litestar import Litestar
from sqlalchemy import text

from backend.evidence.photos.deleting import DeletionTools, delete_what_is_due
from backend.identity.roles import Role
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.support.erasures import erasures_of
from tests.support.pictures import mean_distance, opened
from tests.support.town import Town, make_town


@pytest.fixture
async def town(app: Litestar, database: Database, keys: MemoryKeyRing, clock: ManualClock) -> Town:
    return await make_town(app, database, keys, clock)


async def view(client: AsyncClient, town: Town, role: Role = Role.CITY, **body: object) -> Response:
    path = f"{project(town)}/punches/{town.ids['punch_id']}/photos/{town.ids['photo_id']}/view"
    return await client.post(path, json={"purpose": "核对本人", **body}, headers=town.headers(role))


def project(town: Town) -> str:
    return f"/admin/v1/projects/{town.ids['project_id']}"


async def test_a_look_gives_a_marked_copy_and_is_on_record(client: AsyncClient, town: Town, database: Database) -> None:
    answer = await view(client, town)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.headers["cache-control"] == "private, no-store"
    copy = opened(answer.content)
    assert copy.size == (96, 72)
    assert mean_distance(copy, opened((await view(client, town, Role.DISTRICT)).content)) > 0, "the viewer is on it"
    asked = text(
        "SELECT detail, actor_id FROM audit_event WHERE action = 'photo.viewed' AND object_id = :id ORDER BY id"
    )
    async with database.transaction() as tx:
        first, second = (await tx.execute(asked, {"id": town.ids["photo_id"]})).all()
    assert first.detail == {"purpose": "核对本人", "punch_id": town.ids["punch_id"], "thumbnail": False}
    assert {first.actor_id, second.actor_id} == {town.accounts[Role.CITY], town.accounts[Role.DISTRICT]}


async def test_a_look_without_purpose_or_right_is_none(client: AsyncClient, town: Town, database: Database) -> None:
    assert (await view(client, town, purpose="")).status_code == 422
    assert (await view(client, town, purpose="  ")).status_code == 422
    assert (await view(client, town, Role.AUDITOR)).status_code == 403
    assert (await view(client, town, Role.SUPERVISOR)).json()["code"] == "photos.unknown"
    async with database.transaction() as tx:
        asked = text("SELECT count(*) FROM audit_event WHERE action = 'photo.viewed' AND object_id = :id")
        assert await tx.scalar(asked, {"id": town.ids["photo_id"]}) == 0


async def test_what_was_found_is_listed(client: AsyncClient, town: Town) -> None:
    path = f"{project(town)}/punches/{town.ids['punch_id']}/photos"
    (photo,) = (await client.get(path, headers=town.headers(Role.PROJECT_ADMIN))).json()
    assert (photo["photo_id"], photo["state"], photo["face"]) == (town.ids["photo_id"], "kept", "not_evaluated")
    assert (photo["width"], photo["chainage"]) == (96, "K0+120")
    assert next(note["code"] for note in photo["notes"]) == "trailing_bytes"
    assert photo["measures"]["sharpness"] > 0


async def test_a_hold_outlives_the_time_until_another_lifts_it(
    app: Litestar,
    client: AsyncClient,
    town: Town,
    clock: ManualClock,
    database: Database,
    keys: MemoryKeyRing,
) -> None:
    await make_town(app, database, keys, clock)  # whose own hold is nobody else's business
    holds = f"{project(town)}/photo-holds"
    mine = await client.post(
        holds, json={"reason": "调查需要", "person_id": town.ids["person_id"]}, headers=town.headers(Role.CITY)
    )
    assert mine.status_code == 201
    own = await client.post(f"{holds}/{mine.json()['id']}/lift", json={"reason": "x"}, headers=town.headers(Role.CITY))
    assert (own.status_code, own.json()["code"]) == (409, "photos.hold_two_people")
    wiring = app.state.wiring
    tools = DeletionTools(database=database, blobs=wiring.blobs, arrivals=wiring.arrivals, clock=clock)
    clock.advance(timedelta(days=731))
    await delete_what_is_due(tools)
    assert (await view(client, town)).status_code == 200
    headers = town.headers(Role.DISTRICT)
    for hold_id in (mine.json()["id"], town.ids["hold_id"]):
        done = await client.post(f"{holds}/{hold_id}/lift", json={"reason": "调查结束"}, headers=headers)
        assert done.status_code == 200, done.text
        again = await client.post(f"{holds}/{hold_id}/lift", json={"reason": "调查结束"}, headers=headers)
        assert again.json()["code"] == "photos.hold_lifted"
    await delete_what_is_due(tools)
    gone = await view(client, town)
    assert (gone.status_code, gone.json()["code"]) == (410, "photos.gone")
    async with database.transaction() as tx:
        asked = text("SELECT state, wrapped_key, has_original FROM photo_file WHERE id = :id")
        row = (await tx.execute(asked, {"id": town.ids["photo_id"]})).one()
        deletion = text("SELECT key_digests FROM photo_deletion WHERE photo_id = :id")
        keys = (await tx.execute(deletion, {"id": town.ids["photo_id"]})).scalar_one()
    assert tuple(row) == ("deleted", None, False)
    recorded = await erasures_of(database, town.ids["photo_id"])
    assert [(one[0], one[2]) for one in recorded if one[0] == "photo"] == [("photo", keys)]
    assert not [
        name for name in await wiring.blobs.names("kept-photos") if town.ids["photo_id"].replace("-", "") in name
    ]


async def test_a_hold_names_somebody_of_the_project(client: AsyncClient, town: Town) -> None:
    stranger = "00000000-0000-4000-8000-000000000000"
    answer = await client.post(
        f"{project(town)}/photo-holds",
        json={"reason": "调查", "person_id": stranger},
        headers=town.headers(Role.CITY),
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "photos.hold_person_unknown")


async def test_retention_is_data_with_versions(client: AsyncClient, town: Town) -> None:
    headers = town.headers(Role.CITY)
    before = {
        row["photo_class"]: row for row in (await client.get("/admin/v1/photo-retention", headers=headers)).json()
    }
    assert set(before) == {"punch", "gate", "unused", "refused"}
    body = {"keep_days": 730, "original_days": 0, "reason": "按制度"}
    answer = await client.put("/admin/v1/photo-retention/gate", json=body, headers=headers)
    assert answer.json()["version"] == before["gate"]["version"] + 1
    wrong = await client.put("/admin/v1/photo-retention/gate", json=body | {"original_days": 731}, headers=headers)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "photos.originals_outlive")
    none = await client.put("/admin/v1/photo-retention/nothing", json=body, headers=headers)
    assert (none.status_code, none.json()["code"]) == (404, "photos.class_unknown")
    away = await client.put("/admin/v1/photo-retention/gate", json=body, headers=town.headers(Role.DISTRICT))
    assert away.status_code == 403
