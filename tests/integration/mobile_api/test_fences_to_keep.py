"""What a phone keeps of the fences: small copies, sent once, confirmed by tag, renewed by version."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import numpy as np
import pytest
from httpx import AsyncClient, Response
from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import Range

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from geofences.field_copy import LIMIT_BYTES, FieldCopy, rings_of
from geofences.shapes import Circle
from geofences.tables import FenceCopy, FencePeriod
from tests.integration.mobile_api.conftest import MakeGround
from tests.support.factories import MADE_AT, make_staff
from tests.support.phones import CENTRE, Ground, make_fence


class Keeper:
    """Asks for the fences in one person's name."""

    def __init__(self, ground: Ground, client: AsyncClient, clock: ManualClock, database: Database) -> None:
        """Nothing is asked yet."""
        self.ground, self.client, self.clock, self.database = ground, client, clock, database

    async def ask(self, *has: UUID | str, tag: str | None = None) -> Response:
        headers = dict(self.ground.owner.headers(self.clock.now()))
        if tag is not None:
            headers["If-None-Match"] = tag
        params = {"has": [str(one) for one in has]}
        return await self.client.get("/mobile/v1/fences", headers=headers, params=params)

    async def fences(self, *has: UUID | str) -> dict[str, Any]:
        answer = await self.ask(*has)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def add(self, radius_m: float = 20.0) -> UUID:
        async with self.database.transaction() as tx:
            return await make_fence(tx, self.ground.project.id, await make_staff(tx), Circle(CENTRE, radius_m))

    async def end(self, version_id: UUID, after: timedelta) -> None:
        """Let it be known from now on that a version ends after a while."""
        await self._change(version_id, lambda now: Range(MADE_AT, now + after))

    async def _change(self, version_id: UUID, valid: Callable[[datetime], Range[datetime]]) -> None:
        now = self.clock.now()
        of_version = (FencePeriod.project_id == self.ground.project.id, FencePeriod.version_id == version_id)
        async with self.database.transaction() as tx:
            columns = (FencePeriod.fence_id, FencePeriod.recorded_by)
            fence_id, recorded_by = (await tx.execute(select(*columns).where(*of_version))).one()
            await tx.execute(update(FencePeriod).where(*of_version).values(known_during=Range(MADE_AT, now)))
            period = {
                "project_id": self.ground.project.id,
                "id": uuid4(),
                "fence_id": fence_id,
                "version_id": version_id,
                "valid_during": valid(now),
                "known_during": Range(now, None),
                "recorded_by": recorded_by,
            }
            await tx.execute(insert(FencePeriod).values(**period))

    async def begin(self, version_id: UUID, after: timedelta) -> None:
        """Let it be known from now on that a version begins after a while only."""
        await self._change(version_id, lambda now: Range(now + after, None))

    async def stored(self) -> int:
        async with self.database.transaction() as tx:
            statement = select(func.count()).where(FenceCopy.project_id == self.ground.project.id)
            return await tx.scalar(statement) or 0


@pytest.fixture
def keeper(ground: Ground, client: AsyncClient, clock: ManualClock, database: Database) -> Keeper:
    """Speak for the person of the ground."""
    return Keeper(ground, client, clock, database)


async def test_a_fence_comes_as_a_small_copy_that_reads_back(keeper: Keeper) -> None:
    answer = await keeper.ask()
    told = answer.json()
    (fence,) = told["fences"]
    assert (told["kept"], told["dropped"]) == ([], [])
    assert fence["version_id"] == str(keeper.ground.fence_version_id)
    assert fence["small_enough"] is True
    assert len(msgspec.json.encode(fence)) <= LIMIT_BYTES
    assert len(msgspec.json.encode(fence["copy"])) == fence["copy_bytes"]
    copy = msgspec.convert(fence["copy"], FieldCopy)
    assert np.allclose(rings_of(copy)[0][0].mean(axis=0), (CENTRE.lon, CENTRE.lat), atol=0.01)
    assert 0.0 < copy.deviation_m <= 1.0
    assert answer.headers["cache-control"] == "private, no-cache"


async def test_fences_are_confirmed_by_tag_until_something_changes(keeper: Keeper) -> None:
    version_id = keeper.ground.fence_version_id
    assert version_id is not None
    tag = (await keeper.ask()).headers["etag"]
    for sent in (tag, f'"other", {tag}'):
        again = await keeper.ask(tag=sent)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    # What the phone names changes what is sent, not what is in force.
    assert (await keeper.ask(version_id, tag=tag)).status_code == 304
    await keeper.add()
    changed = await keeper.ask(tag=tag)
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    assert len(changed.json()["fences"]) == 2


async def test_only_new_versions_come_and_old_ones_are_named(keeper: Keeper) -> None:
    first = keeper.ground.fence_version_id
    assert first is not None
    second, stranger = await keeper.add(), uuid4()
    told = await keeper.fences(first, stranger)
    assert [fence["version_id"] for fence in told["fences"]] == [str(second)]
    since = f"{MADE_AT:%Y-%m-%dT%H:%M:%SZ}"
    assert told["kept"] == [{"version_id": str(first), "valid_from": since, "valid_until": None}]
    assert told["dropped"] == [str(stranger)]

    tag = (await keeper.ask()).headers["etag"]
    await keeper.end(first, timedelta(hours=1))
    ending = await keeper.ask(first, second, tag=tag)
    assert ending.status_code == 200, "the end of a validity is news too"
    kept = {one["version_id"]: one["valid_until"] for one in ending.json()["kept"]}
    assert kept[str(first)] is not None
    assert kept[str(second)] is None

    keeper.clock.advance(timedelta(hours=2))
    later = await keeper.fences(first, second)
    assert (later["fences"], later["dropped"]) == ([], [str(first)])


async def test_a_copy_is_made_once(keeper: Keeper) -> None:
    assert await keeper.stored() == 0
    first = await keeper.fences()
    assert await keeper.stored() == 1
    assert await keeper.fences() == first
    assert await keeper.stored() == 1


async def test_a_version_named_by_a_stranger_is_not_told_about(keeper: Keeper, make: MakeGround) -> None:
    other = await make()
    assert other.fence_version_id is not None
    told = await keeper.fences(other.fence_version_id)
    assert [fence["version_id"] for fence in told["fences"]] == [str(keeper.ground.fence_version_id)]
    assert (told["kept"], told["dropped"]) == ([], [str(other.fence_version_id)])


async def test_more_names_than_a_phone_holds_are_refused(keeper: Keeper) -> None:
    assert (await keeper.ask(*[uuid4() for _ in range(201)])).status_code == 422


async def test_a_fence_that_takes_effect_within_a_week_comes_before(keeper: Keeper) -> None:
    first = (await keeper.fences())["fences"]
    tomorrow = await keeper.add()
    next_month = await keeper.add()
    await keeper.begin(tomorrow, timedelta(days=1))
    await keeper.begin(next_month, timedelta(days=30))
    told = await keeper.fences()
    ahead = {one["version_id"]: one["valid_from"] for one in told["fences"]}
    assert set(ahead) == {first[0]["version_id"], str(tomorrow)}
    begins = datetime.fromisoformat(ahead[str(tomorrow)])
    assert begins - keeper.clock.now() == timedelta(days=1)
    keeper.clock.advance(timedelta(days=25))
    assert str(next_month) in {one["version_id"] for one in (await keeper.fences())["fences"]}
