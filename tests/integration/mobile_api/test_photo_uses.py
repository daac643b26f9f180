"""What a phone's queue says of photos is noted as uses of its punches, once, and in every order."""

import hashlib
from datetime import timedelta

import pytest
from httpx import AsyncClient
from litestar import Litestar
from sqlalchemy import text

from backend.evidence.photos.uses import lock_follower, move_follower
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from mobile_api.photo_uses import FOLLOWER, follow_phone_items
from tests.support.phones import Ground
from tests.support.pictures import photo_of
from tests.support.queues import PATH, QueuePhone, register


@pytest.fixture
async def phone(ground: Ground, database: Database, app: Litestar, clock: ManualClock) -> QueuePhone:
    phone = QueuePhone(ground.owner.phone_id, clock.now())
    async with database.transaction() as tx:
        await register(tx, phone)
        # Tests before this one lived at other times of the same clock.
        await lock_follower(tx, FOLLOWER, clock.now())
        await move_follower(tx, FOLLOWER, clock.now() - timedelta(days=1))
    phone.fetches_pack(app.state.wiring.anchors)
    return phone


async def test_uses_follow_the_queue(
    ground: Ground, phone: QueuePhone, client: AsyncClient, clock: ManualClock, database: Database
) -> None:
    digests = sorted(hashlib.sha256(photo_of(seed)).digest() for seed in (1, 2))
    phone.passes(timedelta(minutes=10))
    phone.punches(ground.project.id, photos=[digest.hex() for digest in digests])
    phone.punches(ground.project.id)
    clock.set(phone.at)
    body = phone.body()
    answer = await client.post(PATH, content=body, headers=phone.headers(body))
    assert answer.status_code == 200, answer.text
    punch = answer.json()["results"][0]["punch"]["punch_id"]
    await follow_phone_items(database, clock)
    asked = text("SELECT * FROM photo_use WHERE project_id = :id ORDER BY sha256")
    async with database.transaction() as tx:
        assert (await tx.execute(asked, {"id": ground.project.id})).all() == [], "it may be committed yet"
    for _ in range(2):
        clock.advance(timedelta(minutes=2))
        await follow_phone_items(database, clock)
    async with database.transaction() as tx:
        rows = (await tx.execute(asked, {"id": ground.project.id})).mappings().all()
    assert [bytes(row["sha256"]) for row in rows] == digests
    assert {(str(row["punch_id"]), row["person_id"]) for row in rows} == {(punch, ground.owner.person_id)}
    assert {row["work_on"].isoformat() for row in rows} == {"2026-03-16"}
