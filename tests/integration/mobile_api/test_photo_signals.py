"""What speaks against a photo becomes a reason of its punch, by the site's policy, and is told once."""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar
from sqlalchemy import insert, select, text

from backend.evidence.photos.tables import PhotoFile, PhotoSignal, PhotoUse
from backend.evidence.photos.uses import lock_follower, move_follower
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.ids import new_id
from mobile_api.photo_signals import FOLLOWER, rule_on_photo_signals
from mobile_api.photo_waits import PhotoTools
from tests.integration.mobile_api.conftest import MakeGround, Tap
from tests.support.evidence import note_examined
from tests.support.phones import Ground, tap

DIGEST = hashlib.sha256(b"a photo that was used before").digest()


@pytest.fixture
async def tools(app: Litestar, database: Database, clock: ManualClock) -> PhotoTools:
    """Give what the worker works with; whatever other tests found lies behind it."""
    async with database.transaction() as tx:
        await lock_follower(tx, FOLLOWER, clock.now())
        await move_follower(tx, FOLLOWER, clock.now())
    return PhotoTools(database, app.state.wiring.fold_days, clock)


async def punch_with_photo(ground: Ground, send: Tap, tools: PhotoTools, clock: ManualClock) -> UUID:
    """Have the person check in with a photo that is here and usable."""
    async with tools.database.transaction() as tx:
        await note_examined(tx, ground.owner.person_id, DIGEST, clock.now())
    answer = await send(ground.owner, tap(clock.now(), ground.project.id, photos=[DIGEST.hex()]))
    assert answer.json()["outcome"] == "counted", answer.text
    return UUID(answer.json()["punch_id"])


async def find(ground: Ground, punch_id: UUID, kind: str, tools: PhotoTools, clock: ManualClock) -> None:
    """Write a signal as comparing does, and let the minute pass in which it may not be committed yet."""
    clock.advance(timedelta(seconds=1))
    async with tools.database.transaction() as tx:
        photo_id = await tx.scalar(
            select(PhotoFile.id).where(PhotoFile.person_id == ground.owner.person_id, PhotoFile.sha256 == DIGEST)
        )
        await tx.execute(
            insert(PhotoSignal).values(
                project_id=ground.project.id,
                id=new_id(clock.now()),
                punch_id=punch_id,
                photo_id=photo_id,
                person_id=ground.owner.person_id,
                kind=kind,
                subject=kind,
                found_at=clock.now(),
                evidence={},
            )
        )
    clock.advance(timedelta(minutes=2))


async def rulings(ground: Ground, database: Database) -> list[tuple[str, list[str]]]:
    async with database.transaction() as tx:
        rows = await tx.execute(
            text("SELECT outcome, reasons FROM ruling WHERE project_id = :id ORDER BY punch_id, seq"),
            {"id": ground.project.id},
        )
        return [(one, sorted(reason["code"].removeprefix("decision.") for reason in told)) for one, told in rows]


async def test_a_photo_that_was_used_before_sends_its_punch_to_review_once(
    ground: Ground, send: Tap, tools: PhotoTools, clock: ManualClock
) -> None:
    punch_id = await punch_with_photo(ground, send, tools, clock)
    await find(ground, punch_id, "photo_reused", tools, clock)
    assert await rule_on_photo_signals(tools) == 1
    assert await rulings(ground, tools.database) == [
        ("counted", ["inside_fence"]),
        ("review", ["inside_fence", "photo_reused"]),
    ]
    assert await rule_on_photo_signals(tools) == 0
    # The cursor is not moved when the worker dies between ruling and moving it: then all is looked at again.
    async with tools.database.transaction() as tx:
        await move_follower(tx, FOLLOWER, clock.now() - timedelta(minutes=3))
    assert await rule_on_photo_signals(tools) == 0
    await find(ground, punch_id, "photo_old", tools, clock)
    assert await rule_on_photo_signals(tools) == 1
    assert (await rulings(ground, tools.database))[-1] == ("review", ["inside_fence", "photo_old", "photo_reused"])


async def test_a_site_may_have_it_told_and_counted(
    make: MakeGround, send: Tap, tools: PhotoTools, clock: ManualClock
) -> None:
    policy: dict[str, Any] = {"review_signals": ["mock_location"]}
    ground = await make(policy=policy)
    await find(ground, await punch_with_photo(ground, send, tools, clock), "photo_reused", tools, clock)
    assert await rule_on_photo_signals(tools) == 1
    assert (await rulings(ground, tools.database))[-1] == ("counted", ["inside_fence", "photo_reused"])


async def test_the_photos_of_a_check_in_are_noted_with_it_and_once(
    ground: Ground, send: Tap, tools: PhotoTools, clock: ManualClock
) -> None:
    other = hashlib.sha256(b"another").digest()
    body = tap(clock.now(), ground.project.id, photos=[DIGEST.hex(), other.hex(), DIGEST.hex()])
    first = await send(ground.owner, body)
    clock.advance(timedelta(seconds=5))
    assert (await send(ground.owner, body)).json()["replayed"]
    async with tools.database.transaction() as tx:
        rows = (
            await tx.execute(
                select(PhotoUse.punch_id, PhotoUse.sha256, PhotoUse.person_id, PhotoUse.work_on, PhotoUse.chainage)
                .where(PhotoUse.project_id == ground.project.id)
                .order_by(PhotoUse.sha256)
            )
        ).all()
    punch, on = UUID(first.json()["punch_id"]), first.json()["day"]["work_on"]
    assert [(row[0], row[2], row[3].isoformat()) for row in rows] == [(punch, ground.owner.person_id, on)] * 2
    assert [bytes(row[1]) for row in rows] == sorted([DIGEST, other])
    assert {row[4] for row in rows} == {first.json()["reasons"][0]["numbers"].get("chainage")}
