"""Plays a gate: people pass, the network fails now and then, bursts come; the queue delivers it all in the end."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx

from backend.gate_client.client import GateClient, Sender
from backend.gate_client.queue import Queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the gate plays; seconds from the start, `clock_off_s` by how much its clock is ahead."""

    people: Sequence[str]
    kind: str = "pin"
    per_minute: float = 12.0
    lasts_s: float = 60.0
    outages: Sequence[tuple[float, float]] = ()
    burst: int = 0
    clock_off_s: float = 0.0
    seed: int = 0

    def down(self, at_s: float) -> bool:
        """Tell whether the network is down at that second."""
        return any(begin <= at_s < end for begin, end in self.outages)


@dataclass(frozen=True, slots=True)
class Played:
    """What came of it."""

    recorded: int
    waiting: int
    refused: int


class Outage(httpx.AsyncBaseTransport):
    """A network that is down while `down` says so."""

    def __init__(self, inner: httpx.AsyncBaseTransport, down: Callable[[], bool]) -> None:
        """Pass requests on to `inner` while the network is up."""
        self._inner = inner
        self._down = down

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Fail or pass on."""
        if self._down():
            msg = "the network is down"
            raise httpx.ConnectError(msg, request=request)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the network below."""
        await self._inner.aclose()


@dataclass(slots=True)
class _Stage:
    """The gate that is played, and the second at which it began."""

    plan: Plan
    client: GateClient
    elapsed: Callable[[], float]
    draw: Random
    say: Callable[[str], None]
    recorded: int = 0

    def someone_passes(self) -> None:
        """Record one pass."""
        event = {
            "person": {"kind": self.plan.kind, "value": self.draw.choice(self.plan.people)},
            "direction": self.draw.choice(("in", "out")),
            "granted": True,
            "method": "face",
            "live": not self.plan.down(self.elapsed()),
        }
        self.client.record(event)
        self.recorded += 1

    async def passing(self) -> None:
        """Let people pass until the time is over."""
        for _ in range(self.plan.burst):
            self.someone_passes()
        while self.elapsed() < self.plan.lasts_s:
            await asyncio.sleep(self.draw.expovariate(self.plan.per_minute / 60.0))
            self.someone_passes()

    async def delivering(self) -> None:
        """Deliver for ever."""
        while True:
            if not (await self.client.upload() or await self.client.deliver()):
                await asyncio.sleep(0.2)

    async def beating(self) -> None:
        """Give signs of life for ever."""
        while True:
            arrived = await self.client.beat()
            waiting = self.client.queue.waiting().events
            self.say(f"{'up' if arrived else 'down'}: {self.recorded} recorded, {waiting} waiting")
            await asyncio.sleep(min(self.client.heartbeat_interval_s, 10.0) if arrived else 5.0)


async def play(
    plan: Plan,
    base_url: str,
    key: tuple[str, str],
    path: Path | str,
    *,
    clock: Callable[[], datetime],
    say: Callable[[str], None],
) -> Played:
    """Play until `lasts_s`, then deliver what waits for as long again, but half a minute at least.

    `key` is the key's id and secret, `clock` tells the right time. Raises KeyRefused when the server does not take it.
    """
    loop = asyncio.get_running_loop()
    began, ahead = loop.time(), timedelta(seconds=plan.clock_off_s)

    def elapsed() -> float:
        return loop.time() - began

    queue = Queue(path)
    network = Outage(httpx.AsyncHTTPTransport(), lambda: plan.down(elapsed()))
    async with httpx.AsyncClient(transport=network, base_url=base_url, timeout=10) as http:
        sender = Sender(http, *key, lambda: clock() + ahead)
        client = GateClient(sender, queue, asyncio.sleep)
        stage = _Stage(plan, client, elapsed, Random(plan.seed), say)  # noqa: S311 - a simulation
        try:
            await _all_until(stage.passing(), stage.delivering(), stage.beating())
            async with asyncio.timeout(max(plan.lasts_s, 30.0)):
                await client.drain()
        except TimeoutError:
            say("not everything was delivered: the file keeps it for the next time")
        finally:
            left, refused = queue.waiting().events, len(queue.refused())
            queue.close()
    return Played(stage.recorded, left, refused)


async def _all_until(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Run coroutines side by side until one has ended; what one of them raises ends all."""
    tasks = [asyncio.create_task(one) for one in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
