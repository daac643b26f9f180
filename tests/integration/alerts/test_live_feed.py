import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from backend.alerts.live import feed as following
from backend.alerts.live.events import TABLES, Happening, Place, read_place
from backend.alerts.live.feed import QUEUE, Board, LiveFeed
from backend.alerts.live.routes import LOOK_AT_RIGHTS_EVERY, Watching
from backend.identity.services import make_identity_services
from backend.identity.sessions import end_session
from backend.kit.guards import Actor
from backend.kit.keyring import MemoryKeyRing
from tests.support.alert_messages import NOW
from tests.support.alert_storms import lay_storm
from tests.support.channels import give_app
from tests.support.cities import City

BEGINNING = Place((0, 0, 0))


@pytest.fixture
async def actors(city: City, keys: MemoryKeyRing) -> dict[UUID, Actor]:
    """Log the supervisors in; by district."""
    services = make_identity_services(keys, city.clock, None)
    async with city.database.transaction() as tx:
        return {
            district: await give_app(tx, account_id, f"token-{district}", city.clock, services)
            for district, account_id in city.supervisors.items()
        }


def watch(city: City, actor: Actor, begin: Place | None = None, feed: LiveFeed | None = None) -> AsyncGenerator[bytes]:
    return Watching(city.database, feed or LiveFeed(city.database), city.clock, actor).run(begin, 3600)


async def event(stream: AsyncGenerator[bytes]) -> dict[str, Any]:
    """Read one event; heartbeats are left out."""
    while True:
        written = (await anext(stream)).decode()
        if not written.startswith(":"):
            fields = dict(line.split(": ", 1) for line in written.strip().splitlines())
            return {"id": fields["id"], "event": fields["event"], **json.loads(fields["data"])}


async def caught_up(city: City) -> LiveFeed:
    """Return a feed that has seen every fact of gates: open transactions of other tests hold a feed back."""
    feed = LiveFeed(city.database)
    async with city.database.transaction() as tx:
        highest = (await tx.execute(text("SELECT max(id) FROM gate_fact"))).scalar_one()
    while (await feed.place()).numbers[TABLES.index("gate_fact")] < highest:
        pass
    return feed


async def test_a_board_is_told_of_its_projects_only_and_at_once(city: City, actors: dict[UUID, Actor]) -> None:
    mine = city.sites[0]
    other = next(site for site in city.sites if site.district_id != mine.district_id)
    stream = watch(city, actors[mine.district_id])
    assert (await event(stream))["event"] == "hello"
    await city.gate_down(other)
    await city.gate_down(mine)
    told = await event(stream)
    assert (told["event"], told["project_id"]) == ("outage_opened", str(mine.id))
    await stream.aclose()


async def test_it_goes_on_where_it_broke_off_at_another_process(city: City, actors: dict[UUID, Actor]) -> None:
    first, second, *_ = [site for site in city.sites if site.district_id == city.sites[0].district_id]
    actor = actors[first.district_id]
    await city.gate_down(first)
    stream = watch(city, actor, BEGINNING)
    assert (await event(stream))["event"] == "hello"
    told = await event(stream)
    assert told["project_id"] == str(first.id)
    await stream.aclose()
    await city.gate_down(second)
    again = watch(city, actor, read_place(told["id"]), LiveFeed(city.database))
    assert (await event(again))["event"] == "hello"
    assert (await event(again))["project_id"] == str(second.id)
    await again.aclose()


async def test_ones_own_alerts_are_told_and_nobody_elses(city: City, actors: dict[UUID, Actor]) -> None:
    mine = city.sites[0]
    await city.gate_down(mine)
    await city.follow()
    stream = watch(city, actors[mine.district_id], BEGINNING)
    told = [(await event(stream))["event"] for _ in range(3)]
    assert told == ["hello", "outage_opened", "alert"]
    await stream.aclose()
    other = next(actor for district, actor in actors.items() if district != mine.district_id)
    stream = watch(city, other, BEGINNING)
    assert (await event(stream))["event"] == "hello"
    pending = asyncio.ensure_future(anext(stream))
    await city.gate_down(next(site for site in city.sites if site.district_id != mine.district_id))
    assert b"outage_opened" in await pending
    await stream.aclose()


async def test_it_ends_with_the_session(city: City, actors: dict[UUID, Actor]) -> None:
    actor = actors[city.sites[0].district_id]
    stream = watch(city, actor)
    await event(stream)
    async with city.database.transaction() as tx:
        await end_session(tx, actor, clock=city.clock)
    city.clock.advance(LOOK_AT_RIGHTS_EVERY)
    await city.gate_down(city.sites[0])
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    assert [one async for one in watch(city, actor)] == []


async def test_a_right_that_ended_ends_what_is_told(city: City, actors: dict[UUID, Actor]) -> None:
    actor = actors[city.sites[0].district_id]
    stream = watch(city, actor)
    await event(stream)
    async with city.database.transaction() as tx:
        revoke = "UPDATE role_grant SET revoked_at = :now WHERE account_id = :account_id"
        await tx.execute(text(revoke), {"now": city.clock.now(), "account_id": actor.account_id})
    city.clock.advance(LOOK_AT_RIGHTS_EVERY + timedelta(seconds=1))
    site = city.sites[0]
    await city.gate_down(site)
    async with city.database.transaction() as tx:
        await lay_storm(tx, site.id, [actor.account_id], 1, city.clock.now())
    # What is his own still comes; what was of the project before it did not.
    assert (await event(stream))["event"] == "alert"
    await stream.aclose()


async def test_who_is_too_far_behind_begins_again(
    city: City, actors: dict[UUID, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "AT_ONCE", 1)
    monkeypatch.setattr("backend.alerts.live.routes.AT_ONCE", 1)
    own = [site for site in city.sites if site.district_id == city.sites[0].district_id]
    await city.gate_down(*own)
    stream = watch(city, actors[own[0].district_id], BEGINNING, await caught_up(city))
    assert [(await event(stream))["event"] for _ in range(2)] == ["hello", "reset"]
    await stream.aclose()


async def test_a_board_that_does_not_keep_up_keeps_a_bounded_queue() -> None:
    happening = Happening(
        table=0, number=1, kind="punch", project_id=None, account_id=None, subject=UUID(int=1), at=NOW
    )
    board = Board()
    board.offer([happening] * (QUEUE + 10))
    assert board.queue.qsize() == QUEUE
    assert board.is_behind


@given(st.tuples(*[st.integers(0, 10**17)] * 3))
def test_a_place_is_read_as_it_was_written(numbers: tuple[int, int, int]) -> None:
    assert read_place(str(Place(numbers))) == Place(numbers)


@pytest.mark.parametrize("written", [None, "", "1", "1.2", "1.2.x", "1.2.3.4", "-1.2.3", "1" * 30 + ".1.1", "１.2.3"])
def test_what_is_no_place_is_none(written: str | None) -> None:
    assert read_place(written) is None
