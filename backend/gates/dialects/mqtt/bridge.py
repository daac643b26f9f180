"""The bridge: takes what terminals publish to the broker into the ledger, and answers after the commit.

A terminal repeats a record until it is acknowledged (or not at all, if it is not told to): so nothing is acknowledged
that is not durable, and nothing that arrived is thrown away while the database is away. What is in hand is tried again
until it is through; the broker is told that a message arrived only then, so that it keeps what is behind.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import uuid4

import aiomqtt
import structlog

from backend.gates.device_time import zone_of
from backend.gates.dialects.mqtt.translation import (
    FacePass,
    Foreign,
    Heard,
    LifeSign,
    Snapshot,
    TurnedAway,
    Unread,
    answer_topic,
    online_ack,
    own_id,
    push_ack,
    terminal_of,
    translate,
)
from backend.gates.model import Gate
from backend.kit.clock import Clock
from backend.kit.errors import Contended, DatabaseAway

log = structlog.get_logger()

CLIENT_ID: Final = "daogang-bridge"
TOPICS: Final = ("mqtt/face/+/Rec", "mqtt/face/+/Snap", "mqtt/face/basic", "mqtt/face/heartbeat")
BATCH_LIMIT: Final = 100
"""Messages that are recorded together."""

WAITING_LIMIT: Final = 1000
"""Messages that wait in this process at the most. A broker that is set up as ours sends 100 that are not acknowledged;
of one that sends without waiting (QoS 0) more are dropped unanswered, and repeated by terminals."""

PATIENCE_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Pauses between attempts; the last one is repeated."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker listens, and the bridge's own login."""

    host: str
    port: int
    login: str
    password: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it came; `retained` says that the broker had kept it from before."""

    topic: str
    payload: bytes
    retained: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A message to a terminal."""

    topic: str
    payload: bytes


ToKeep = FacePass | TurnedAway | Unread
"""What a terminal's message may hold that is written down."""


class Records(Protocol):
    """The side of the bridge that knows the database; each call is durable when it returns.

    Calls raise DatabaseAway or Contended when nothing was written and the same may be tried again.
    """

    async def find_gate(self, serial_no: str, now: datetime) -> Gate | None:
        """Return the registered terminal of this family with a serial number."""
        ...

    async def record(self, gate: Gate, heard: "Sequence[tuple[Message, ToKeep]]", now: datetime) -> None:
        """Take passes into the ledger, and keep what could not be read where people find it."""
        ...

    async def note_life(self, gate: Gate, sign: LifeSign, now: datetime) -> None:
        """Note that a terminal is there, or that the broker lost it."""
        ...

    async def note_foreign(self, gate: Gate, claimed: str, now: datetime) -> None:
        """Note that a terminal spoke for another one."""
        ...

    async def note_stranger(self, serial_no: str, now: datetime) -> None:
        """Count a terminal that nobody registered."""
        ...


@dataclass(slots=True)
class Bridge:
    """Handles messages in the order of their coming; `pause` sleeps between attempts (seconds)."""

    records: Records
    clock: Clock
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep
    _away: bool = field(default=False)

    async def handle(self, messages: Sequence[Message]) -> list[Answer]:
        """Make everything durable that the messages hold, however long that takes, and return what to answer."""
        groups: dict[str, list[Message]] = {}
        answers: list[Answer] = []
        for message in messages:
            terminal = terminal_of(message.topic)
            if terminal is not None:
                groups.setdefault(terminal, []).append(message)
            elif not message.retained:
                answers += await self._insist(lambda told=message: self._take_sign(told))
        for terminal, group in groups.items():
            answers += await self._insist(lambda whose=terminal, told=group: self._take_group(whose, told))
        return answers

    async def _insist(self, attempt: Callable[[], Awaitable[list[Answer]]]) -> list[Answer]:
        """Try until the database is there; anything else that goes wrong costs these messages their answer alone."""
        tries = 0
        while True:
            try:
                answers = await attempt()
            except (DatabaseAway, Contended) as error:
                if not self._away:
                    log.warning("mqtt.database_away", code=error.code)
                self._away = True
                await self.pause(PATIENCE_S[min(tries, len(PATIENCE_S) - 1)])
                tries += 1
            except Exception:  # one terminal's odd record must not stop the others; it is not answered, and comes again
                log.exception("mqtt.not_recorded")
                return []
            else:
                if self._away:
                    log.info("mqtt.database_back")
                self._away = False
                return answers

    async def _take_sign(self, message: Message) -> list[Answer]:
        # A sign of life holds no time of the terminal's that counts: any zone will do.
        heard = translate(message.topic, message.payload, zone_of("UTC"))
        if not isinstance(heard, LifeSign):
            log.info("mqtt.not_understood", topic=message.topic, heard=type(heard).__name__)
            return []
        now = self.clock.now()
        # Anybody with a login may claim to be somebody here: what nobody registered is not even counted.
        gate = await self.records.find_gate(heard.terminal, now)
        if gate is None or gate.device_state == "blocked":
            return []
        await self.records.note_life(gate, heard, now)
        if heard.kind != "online":
            return []
        return [Answer(answer_topic(heard.terminal), online_ack(heard.terminal, _message_id()))]

    async def _take_group(self, terminal: str, messages: Sequence[Message]) -> list[Answer]:
        now = self.clock.now()
        gate = await self.records.find_gate(own_id(terminal), now)
        if gate is None:
            await self.records.note_stranger(own_id(terminal), now)
        if gate is None or gate.device_state != "active":
            log.info("mqtt.refused", terminal=terminal, state=None if gate is None else gate.device_state)
            return []
        zone = zone_of(gate.device_time_zone)
        heard = [(message, translate(message.topic, message.payload, zone)) for message in messages]
        for claimed in {one.claimed for _, one in heard if isinstance(one, Foreign)}:
            log.warning("mqtt.spoke_for_another", terminal=terminal, claimed=claimed)
            await self.records.note_foreign(gate, claimed, now)
        kept = [(message, one) for message, one in heard if isinstance(one, ToKeep)]
        if kept:
            await self.records.record(gate, kept, now)
        return [answer for answer in map(_answer, (one for _, one in heard)) if answer is not None]


def _answer(heard: Heard) -> Answer | None:
    match heard:
        case FacePass(record_id=record_id) | TurnedAway(record_id=record_id) | Unread(record_id=record_id):
            kind = "record"
        case Snapshot(record_id=record_id):
            kind = "snap"
        case _:
            return None
    if heard.terminal is None or record_id is None:
        return None
    return Answer(answer_topic(heard.terminal), push_ack(kind, record_id, _message_id()))


def _message_id() -> str:
    return uuid4().hex


class _Line(aiomqtt.Client):
    """A connection that tells the broker of a message's arrival when we say so, not when it was read."""

    def __init__(self, *args: Any, **settings: Any) -> None:  # noqa: ANN401 - the parent's
        super().__init__(*args, **settings)
        self._client.manual_ack_set(on=True)

    def settle(self, message: aiomqtt.Message) -> None:
        """Let the broker forget a message."""
        self._client.ack(message.mid, message.qos)


async def run_bridge(bridge: Bridge, address: BrokerAddress, ready: Callable[[], object] = lambda: None) -> None:
    """Stay connected to the broker and handle what it brings, until cancelled; `ready` is called at each connection."""
    tries = 0
    while True:
        try:
            # The session outlives the connection: the broker keeps what comes while the bridge is started anew.
            async with _Line(
                address.host,
                address.port,
                username=address.login,
                password=address.password,
                identifier=CLIENT_ID,
                clean_session=False,
                keepalive=30,
                max_queued_incoming_messages=WAITING_LIMIT,
            ) as client:
                for topic in TOPICS:
                    await client.subscribe(topic, qos=1)
                tries = 0
                log.info("mqtt.connected", host=address.host, port=address.port)
                ready()
                await _pump(bridge, client)
        except aiomqtt.MqttError as error:
            log.warning("mqtt.broker_away", error=str(error))
        await bridge.pause(PATIENCE_S[min(tries, len(PATIENCE_S) - 1)])
        tries += 1


async def _pump(bridge: Bridge, client: _Line) -> None:
    while True:
        batch = [await anext(client.messages)]
        while len(batch) < BATCH_LIMIT and len(client.messages):
            batch.append(await anext(client.messages))
        await _send(client, await bridge.handle([_message(told) for told in batch]))
        for told in batch:
            client.settle(told)


async def _send(client: aiomqtt.Client, answers: Sequence[Answer]) -> None:
    await asyncio.gather(*(client.publish(answer.topic, answer.payload, qos=0) for answer in answers))


def _message(told: aiomqtt.Message) -> Message:
    return Message(str(told.topic), told.payload, bool(told.retain))
