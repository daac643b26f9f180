"""Drains what is to be told into the channels: at least once, each channel for itself, one process at a time.

Whoever holds the advisory lock drains; the others wait for it. The lock is a connection's: it is free as soon as the
process that held it is dead, and then the next one takes up what was begun and not ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import psycopg
import structlog

from backend.alerts.channels.attempts import Attempt, resume_attempts, settle_attempts, take_attempts
from backend.alerts.channels.digests import make_digests
from backend.alerts.channels.model import ChannelName, Outcome, OutcomeKind, retry
from backend.alerts.channels.planning import AT_ONCE, plan_due
from backend.alerts.channels.port import Channel
from backend.alerts.channels.standing import note_channel
from backend.identity.services import IdentityServices
from backend.kit.clock import Clock
from backend.kit.db import Database
from backend.kit.errors import Unavailable

log = structlog.get_logger()

LOOK_EVERY_S: Final = 0.3
RETRY_LOCK_S: Final = 1.0
CALL_TIMEOUT_S: Final = 90.0
DIGESTS_EVERY: Final = timedelta(minutes=1)
FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(minutes=5)
LOCK: Final = 0x64616F67616E67
"""Number of the advisory lock."""


@dataclass(slots=True)
class _Lane:
    """One channel as this process drains it."""

    channel: Channel
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    failures: int = 0
    paused_until: datetime | None = None
    noted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainTools:
    """What draining works with."""

    database: Database
    url: str
    channels: Mapping[ChannelName, Channel]
    services: IdentityServices
    clock: Clock


async def run_drain(tools: DrainTools) -> None:
    """Drain whenever this process holds the lock; ends only by being cancelled."""
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(
                tools.url, autocommit=True, connect_timeout=3
            ) as connection:
                held = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])).fetchone()
                if held is not None and held[0]:
                    log.info("alerts.drain_begins")
                    await _drain_while_held(tools, connection)
        except (psycopg.Error, OSError, Unavailable) as fault:
            log.warning("alerts.drain_interrupted", cause=type(fault).__name__)
        except ExceptionGroup as faults:
            log.warning("alerts.drain_interrupted", causes=[type(one).__name__ for one in faults.exceptions])
        await asyncio.sleep(RETRY_LOCK_S)


async def _drain_while_held(tools: DrainTools, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
    async with tools.database.transaction() as tx:
        resumed = await resume_attempts(tx, tools.clock.now())
    if resumed:
        log.info("alerts.deliveries_resumed", deliveries=resumed)
    lanes = {name: _Lane(channel) for name, channel in tools.channels.items() if channel.missing is None}
    async with asyncio.TaskGroup() as group:
        group.create_task(_hold(connection))
        group.create_task(_plan(tools, lanes))
        for lane in lanes.values():
            group.create_task(_serve_lane(tools, lane))


async def _hold(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
    """Notice when the lock is lost with its connection: somebody else drains then."""
    while True:
        await connection.execute("SELECT 1")
        await asyncio.sleep(RETRY_LOCK_S)


async def _plan(tools: DrainTools, lanes: Mapping[ChannelName, _Lane]) -> None:
    digests_at: datetime | None = None
    while True:
        planned = 0
        with _noted("alerts.planning_failed"):
            async with tools.database.transaction() as tx:
                planned = await plan_due(tx, lanes.keys(), tools.clock.now())
        now = tools.clock.now()
        if digests_at is None or now - digests_at >= DIGESTS_EVERY:
            digests_at = now
            with _noted("alerts.digests_failed"):
                async with tools.database.transaction() as tx:
                    planned += await make_digests(tx, lanes.keys(), now)
        if planned:
            for lane in lanes.values():
                lane.wake.set()
        if planned < AT_ONCE:
            await asyncio.sleep(LOOK_EVERY_S)


async def _serve_lane(tools: DrainTools, lane: _Lane) -> None:
    pace = lane.channel.pace
    places = asyncio.Semaphore(pace.at_once)
    async with asyncio.TaskGroup() as calls:
        while True:
            await places.acquire()
            attempts: list[Attempt] = []
            looked = 0
            now = tools.clock.now()
            if lane.paused_until is None or now >= lane.paused_until:
                with _noted("alerts.taking_failed"):
                    async with tools.database.transaction() as tx:
                        attempts, looked = await take_attempts(tx, lane.channel.name, pace.batch, now, tools.services)
            if attempts:
                calls.create_task(_call(tools, lane, attempts, places))
                continue
            places.release()
            if not looked:
                lane.wake.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(lane.wake.wait(), LOOK_EVERY_S)


async def _call(tools: DrainTools, lane: _Lane, attempts: Sequence[Attempt], places: asyncio.Semaphore) -> None:
    try:
        outcomes = await _ask(lane.channel, attempts, tools.clock.now())
        now = tools.clock.now()
        trouble = _judge_lane(lane, outcomes, now)
        with _noted("alerts.settling_failed"):
            async with tools.database.transaction() as tx:
                await settle_attempts(tx, attempts, outcomes, now, lane.paused_until)
            await _note(tools, lane, outcomes, trouble, now)
    finally:
        places.release()


async def _ask(channel: Channel, attempts: Sequence[Attempt], now: datetime) -> list[Outcome]:
    """Ask the channel; whatever goes wrong in it stays in it."""
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            return await channel.send([attempt.message for attempt in attempts], now)
    except TimeoutError:
        return [retry("call_timeout", uncertain=True) for _ in attempts]
    except Exception as fault:  # noqa: BLE001 - a channel's fault stops no other channel
        # Its text may hold an address.
        log.error("alerts.channel_failed", channel=channel.name.value, cause=type(fault).__name__)  # noqa: TRY400 - likewise
        return [retry("fault", uncertain=True) for _ in attempts]


def _judge_lane(lane: _Lane, outcomes: Sequence[Outcome], now: datetime) -> str | None:
    """Pause a channel that fails as a whole, longer each time; return why it does."""
    whole = [outcome for outcome in outcomes if outcome.whole]
    if not whole:
        lane.failures, lane.paused_until = 0, None
        return None
    lane.failures += 1
    pause = min(FIRST_PAUSE * 2 ** min(lane.failures - 1, 10), LONGEST_PAUSE)
    asked_for = [outcome.retry_at for outcome in whole if outcome.retry_at is not None]
    # What the other side asks for holds, be it shorter or longer than our own pause.
    lane.paused_until = max(asked_for, default=now + pause)
    return whole[0].reason


async def _note(
    tools: DrainTools, lane: _Lane, outcomes: Sequence[Outcome], trouble: str | None, now: datetime
) -> None:
    """Write down how the channel is: every trouble, and success once a second."""
    delivered = any(outcome.kind is OutcomeKind.DELIVERED for outcome in outcomes)
    if trouble is None and lane.noted_at is not None and now - lane.noted_at < timedelta(seconds=1):
        return
    lane.noted_at = now if trouble is None else None
    async with tools.database.transaction() as tx:
        await note_channel(tx, lane.channel.name, now, delivered=delivered, failing=trouble)


@contextmanager
def _noted(event: str) -> Generator[None]:
    """Let the loop go on after a transaction that failed, and tell of it."""
    try:
        yield
    except Exception:  # whatever it was, what is due is still due
        log.exception(event)
