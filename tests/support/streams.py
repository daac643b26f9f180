"""A stream of check-ins against a real server, each sent again until it is acknowledged."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg

from backend.kit.db import Database
from backend.kit.keyfiles import FileKeyRing
from backend.kit.keyring import SERVER_PURPOSES
from tests.support.phones import Ground, Owner, make_ground, tap

GIVES_UP_AFTER_S = 180
# A client waits a moment before it sends again.
RETRY_S = 0.05
ATTEMPTS = 2_000


@dataclass
class Stream:
    """What was sent to a server and what it said."""

    base_url: str
    ground: Ground
    sent: list[str] = field(default_factory=list[str])
    acknowledged: list[str] = field(default_factory=list[str])
    punches: dict[str, str] = field(default_factory=dict[str, str])
    replayed: int = 0
    unavailable: list[httpx.Response] = field(default_factory=list[httpx.Response])
    broken: int = 0

    async def tap_until_acknowledged(self, client: httpx.AsyncClient, owner: Owner) -> None:
        """Tap once as an owner; repeat the same bytes through lost connections and 503 until a 201 comes."""
        at = datetime.now(UTC)
        body = tap(at, self.ground.project.id)
        event_id = str(body["event_id"])
        self.sent.append(event_id)
        headers = owner.headers(at)
        for _ in range(ATTEMPTS):
            try:
                answer = await client.post(f"{self.base_url}/mobile/v1/check-ins", json=body, headers=headers)
            except httpx.TransportError:
                self.broken += 1
                await asyncio.sleep(RETRY_S)
                continue
            if answer.status_code == 503:
                self.unavailable.append(answer)
                continue
            assert answer.status_code == 201, answer.text
            self.acknowledged.append(event_id)
            self.punches[event_id] = answer.json()["punch_id"]
            self.replayed += answer.json()["replayed"]
            return
        raise AssertionError(f"{event_id} was never acknowledged")

    async def run(self, taps: int, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        """Let every owner tap so often, one after the other; `meanwhile` runs beside them.

        Who is done sooner than `meanwhile` goes on: what happens there happens to a stream, however fast it flows.
        """
        beside = None if meanwhile is None else asyncio.ensure_future(meanwhile())

        async def one(owner: Owner) -> None:
            async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
                tapped = 0
                while tapped < taps or (beside is not None and not beside.done()):
                    await self.tap_until_acknowledged(client, owner)
                    tapped += 1

        await asyncio.gather(*(one(owner) for owner in self.ground.owners), *([] if beside is None else [beside]))

    async def until_acknowledged(self, count: int) -> None:
        """Wait until so many taps were acknowledged."""
        await until(lambda: len(self.acknowledged) >= count)


async def until(true: Callable[[], Any]) -> None:
    """Wait on a condition; AssertionError when it takes too long."""
    ends = asyncio.get_running_loop().time() + GIVES_UP_AFTER_S
    while not true():
        assert asyncio.get_running_loop().time() < ends, "waited too long"
        await asyncio.sleep(0.01)


async def make_stream(url: str, folder: Path, base_url: str, people: int) -> Stream:
    """Make a ground on a server's database whose tokens the server's key files sign."""
    keys = FileKeyRing(folder / "keys", SERVER_PURPOSES)
    database = Database(url)
    async with database.opened():
        ground = await make_ground(database, keys, datetime.now(UTC), people=people)
    return Stream(base_url, ground)


def recorded(url: str, stream: Stream) -> dict[str, str]:
    """Return the punch of every event in the ledger; AssertionError when one stands there twice or in part."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT event_key, punch_id::text FROM punch WHERE project_id = %s", (stream.ground.project.id,)
        ).fetchall()
        assert len({key for key, _ in rows}) == len(rows), "an event stands twice in the ledger"
        for table in ("punch_private", "ruling", "punch_dedupe", "punch_status"):
            # What is ruled on anew has a further ruling.
            counted = "*" if table != "ruling" else "DISTINCT punch_id"
            count = connection.execute(
                f"SELECT count({counted}) FROM {table} WHERE project_id = %s",
                (stream.ground.project.id,),
            ).fetchone()
            assert count == (len(rows),), f"{table} was half written"
        days = connection.execute(
            "SELECT sum(punches), sum(array_length(entries, 1)) FROM person_day WHERE project_id = %s",
            (stream.ground.project.id,),
        ).fetchone()
        assert days == (len(rows), len(rows)), "a day misses an entry"
    return dict(rows)
