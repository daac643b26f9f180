"""One check-in waits on the database at most five times; the module's docstring says how often, and this counts."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from httpx import AsyncClient, Response

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.ids import new_id
from backend.kit.keyring import MemoryKeyRing
from tests.support.apps import client_of, running_app
from tests.support.phones import Ground, fix, make_ground, tap
from tests.support.wiretap import Wiretap, tapped

LIMIT = 5


class Counted:
    """Taps of one ground through a relay that counts."""

    def __init__(self, client: AsyncClient, relay: Wiretap, ground: Ground, clock: ManualClock) -> None:
        """Keep them."""
        self.client, self.relay, self.ground, self.clock = client, relay, ground, clock

    async def waits_of(self, status: int = 201, **changes: Any) -> int:
        """Tap and return how often the server waited from the first byte of the request to its answer."""
        self.clock.advance(timedelta(seconds=1))
        body = tap(self.clock.now(), self.ground.project.id, **changes)
        self.relay.reset()
        answer: Response = await self.client.post(
            "/mobile/v1/check-ins", json=body, headers=self.ground.owner.headers(self.clock.now())
        )
        assert answer.status_code == status, answer.text
        return self.relay.waits


@asynccontextmanager
async def counting(
    url: str, folder: Path, database: Database, keys: MemoryKeyRing, clock: ManualClock
) -> AsyncGenerator[Counted]:
    ground = await make_ground(database, keys, clock.now())
    async with (
        tapped(url) as relay,
        running_app(relay.url, folder, clock=clock, keys=keys) as app,
        client_of(app) as client,
    ):
        # The pool connects in the background; its first lending is no part of a check-in.
        async with app.state.database.connection() as connection:
            await connection.execute("SELECT 1")
        yield Counted(client, relay, ground, clock)


async def test_waits_of_a_check_in(
    database_url: str, tmp_path: Path, database: Database, keys: MemoryKeyRing, clock: ManualClock
) -> None:
    async with counting(database_url, tmp_path, database, keys, clock) as counted:
        waits = {
            "first of the month, fence not in memory": await counted.waits_of(),
            "as always": await counted.waits_of(),
            "refused": await counted.waits_of(fixes=[fix(2000)]),
            "without a fix": await counted.waits_of(fixes=[], no_fix_reason="timeout"),
        }
        event_id = str(new_id(clock.now()))
        claimed_at = clock.now().isoformat()
        await counted.waits_of(event_id=event_id, claimed_at=claimed_at)
        waits["repeated"] = await counted.waits_of(event_id=event_id, claimed_at=claimed_at)
        waits["conflicting"] = await counted.waits_of(409, event_id=event_id, claimed_at=claimed_at, direction="in")
    assert waits == {
        "first of the month, fence not in memory": 4,
        "as always": 2,
        "refused": 2,
        "without a fix": 2,
        "repeated": 4,
        "conflicting": 3,
    }
    assert max(waits.values()) <= LIMIT


async def test_the_relay_sees_waits(database_url: str) -> None:
    """A counter that counts nothing would let everything pass."""
    async with tapped(database_url) as relay:
        database = Database(relay.url, min_size=1, max_size=1)
        await database.open()
        async with database.connection() as connection:
            await connection.execute("SELECT 1")  # prepared now
            relay.reset()
            for _ in range(3):
                await connection.execute("SELECT 1")
            assert relay.waits == 3
            relay.reset()
            async with connection.pipeline():
                for _ in range(3):
                    await connection.execute("SELECT 1")
            assert relay.waits == 1
        await database.close()
