"""The bridge and a real broker: who may say what, and that nothing is acknowledged before it is durable."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import aiomqtt
import pytest

from backend.gates.dialects.mqtt.bridge import Bridge, Message, ToKeep, run_bridge
from backend.gates.dialects.mqtt.broker_files import reload_broker
from backend.gates.dialects.mqtt.translation import FacePass, LifeSign, TurnedAway, Unread
from backend.gates.model import Gate
from backend.kit.clock import ManualClock
from backend.kit.errors import DatabaseAway
from tests.support.brokers import SOON_S, Broker, broker, lose_line, terminal
from tests.support.mqtt_gates import gate

ONE, TWO, THREE = "005a213b000b93cc", "005a213b000b93cd", "005a213b000b93ce"
WORDS = {name: f"word of {name}" for name in (ONE, TWO, THREE)}
NOW = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)
AT = "2026-03-16 09:29:58"


@dataclass
class Kept:
    """Stands for the database: remembers what it was given, and can be away."""

    states: dict[str, str] = field(default_factory=lambda: dict.fromkeys(WORDS, "active"))
    passes: list[FacePass] = field(default_factory=list)
    turned_away: list[TurnedAway] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    signs: list[LifeSign] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    fails: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def find_gate(self, serial_no: str, now: datetime) -> Gate | None:
        del now
        return gate(serial_no, self.states[serial_no]) if serial_no in self.states else None

    async def record(self, gate: Gate, heard: Sequence[tuple[Message, ToKeep]], now: datetime) -> None:
        del gate, now
        if self.fails:
            async with self.changed:
                self.fails -= 1
                self.changed.notify_all()
            raise DatabaseAway
        self.passes += [one for _, one in heard if isinstance(one, FacePass)]
        self.turned_away += [one for _, one in heard if isinstance(one, TurnedAway)]
        self.unread += [one for _, one in heard if isinstance(one, Unread)]

    async def note_life(self, gate: Gate, sign: LifeSign, now: datetime) -> None:
        del gate, now
        async with self.changed:
            self.signs.append(sign)
            self.changed.notify_all()

    async def note_foreign(self, gate: Gate, claimed: str, now: datetime) -> None:
        del gate, now
        self.foreign.append(claimed)

    async def note_stranger(self, serial_no: str, now: datetime) -> None:
        del now
        self.strangers.append(serial_no)


@asynccontextmanager
async def bridged(made: Broker, kept: Kept) -> AsyncGenerator[Bridge]:
    """Run a bridge until the end of the block; it is connected when the block begins."""
    ready = asyncio.Event()

    async def pause(_seconds: float) -> None:
        await asyncio.sleep(0.01)

    bridge = Bridge(kept, ManualClock(NOW), pause)
    running = asyncio.create_task(run_bridge(bridge, made.address, ready.set))
    async with asyncio.timeout(SOON_S):
        await ready.wait()
    try:
        yield bridge
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


@pytest.fixture
def made(tmp_path: Path) -> Generator[Broker]:
    with broker(tmp_path, WORDS) as running:
        yield running


async def test_a_record_is_acknowledged_by_its_number_after_it_was_kept(made: Broker) -> None:
    kept = Kept()
    async with bridged(made, kept), terminal(made, ONE, WORDS[ONE]) as one:
        await one.push("Rec", "RecPush", RecordID="389", customId="E1", VerifyStatus="1", time=AT)
        ack = await one.heard()
    assert (ack["operator"], ack["info"]) == ("PushAck", {"PushAckType": 2, "SnapOrRecordID": 389})
    assert [(one.event.event_key, one.event.number) for one in kept.passes] == [(f"rec:389@{AT}", "E1")]


async def test_while_the_database_is_away_nothing_is_acknowledged_and_nothing_lost(made: Broker) -> None:
    kept = Kept(fails=3)
    async with bridged(made, kept), terminal(made, ONE, WORDS[ONE]) as one:
        await one.push("Rec", "RecPush", RecordID="1", customId="E1", time=AT)
        ack = await one.heard()
    assert (ack["info"]["SnapOrRecordID"], kept.fails, len(kept.passes)) == (1, 0, 1)


async def test_what_was_sent_while_the_bridge_was_away_waits_at_the_broker(made: Broker) -> None:
    kept = Kept()
    async with bridged(made, kept):
        pass
    async with terminal(made, ONE, WORDS[ONE]) as one:
        await one.push("Rec", "RecPush", RecordID="2", customId="E1", time=AT)
        async with bridged(made, kept):
            assert (await one.heard())["info"]["SnapOrRecordID"] == 2


async def test_what_was_in_hand_when_the_bridge_died_is_brought_again_by_the_broker(made: Broker) -> None:
    dying, kept = Kept(fails=1_000_000), Kept()
    async with terminal(made, ONE, WORDS[ONE]) as one:
        async with bridged(made, dying):
            await one.push("Rec", "RecPush", RecordID="20", customId="E1", time=AT)
            async with asyncio.timeout(SOON_S), dying.changed:
                await dying.changed.wait_for(lambda: dying.fails < 1_000_000)
        async with bridged(made, kept):
            assert (await one.heard())["info"]["SnapOrRecordID"] == 20
    assert (dying.passes, len(kept.passes)) == ([], 1)


async def test_a_burst_without_qos_is_taken_whole(made: Broker) -> None:
    kept = Kept(fails=20)
    async with bridged(made, kept), terminal(made, ONE, WORDS[ONE]) as one:
        for number in range(1, 1501):
            body = f'{{"operator":"RecPush","info":{{"facesluiceId":"{ONE}","RecordID":{number},"time":"{AT}"}}}}'
            await one.client.publish(f"mqtt/face/{ONE}/Rec", body, qos=0)
        acked = {(await one.heard())["info"]["SnapOrRecordID"] for _ in range(1500)}
    assert (len(acked), len(kept.passes)) == (1500, 1500)


async def test_the_bridge_comes_back_when_the_broker_does(made: Broker) -> None:
    kept = Kept()
    async with bridged(made, kept):
        made.stop()
        made.start()
        async with terminal(made, ONE, WORDS[ONE]) as one, asyncio.timeout(SOON_S):
            # A terminal repeats what nobody acknowledged; with the broker's memory gone the first ones reach nobody.
            while not kept.passes:
                await one.push("Rec", "RecPush", RecordID="3", customId="E1", time=AT)
                await asyncio.sleep(0.05)
            assert (await one.heard())["info"]["SnapOrRecordID"] == 3


async def test_one_terminal_cannot_speak_under_the_topic_of_another_nor_hear_it(made: Broker) -> None:
    kept = Kept()
    async with bridged(made, kept), terminal(made, ONE, WORDS[ONE]) as one, terminal(made, TWO, WORDS[TWO]) as two:
        await two.client.subscribe("mqtt/face/#", qos=1)
        await two.client.publish(
            f"mqtt/face/{ONE}/Rec", b'{"operator":"RecPush","info":{"time":"2026-03-16 09:00:00"}}', qos=1
        )
        await two.client.publish(f"mqtt/face/{ONE}", b'{"operator":"PushAck"}', qos=1)
        await one.push("Rec", "RecPush", RecordID="4", customId="E1", time=AT)
        assert (await one.heard())["info"]["SnapOrRecordID"] == 4
        await two.push("Rec", "RecPush", RecordID="5", customId="E2", time=AT)
        told = [await two.heard() for _ in range(2)]
        # It may listen to all topics and yet hears its own alone.
        assert {(one["operator"], one["info"].get("facesluiceId", TWO)) for one in told} == {
            ("RecPush", TWO),
            ("PushAck", TWO),
        }
    assert [(one.terminal, one.record_id) for one in kept.passes] == [(ONE, 4), (TWO, 5)]


async def test_a_record_that_names_another_terminal_is_refused_without_an_acknowledgement(made: Broker) -> None:
    kept = Kept()
    async with bridged(made, kept), terminal(made, ONE, WORDS[ONE]) as one:
        await one.push("Rec", "RecPush", RecordID="6", customId="E1", time=AT, facesluiceId=TWO)
        await one.push("Rec", "RecPush", RecordID="7", customId="E1", time=AT, facesluiceId=f"hub@@@{ONE}")
        assert (await one.heard())["info"]["SnapOrRecordID"] == 7
    assert (kept.foreign, [one.record_id for one in kept.passes]) == ([TWO], [7])


async def test_strangers_and_what_cannot_be_read_are_acknowledged_too(made: Broker) -> None:
    kept = Kept()
    async with bridged(made, kept), terminal(made, ONE, WORDS[ONE]) as one:
        await one.push("Rec", "RecPush", RecordID="8", VerifyStatus="3", time=AT)
        await one.push("Rec", "RecPush", RecordID="9", customId="E1", time="yesterday")
        await one.push("Snap", "StrSnapPush", SnapID="10", pic="data:image/jpeg;base64,/9j/2Q==")
        acks = [(await one.heard())["info"] for _ in range(3)]
    assert [(ack["PushAckType"], ack["SnapOrRecordID"]) for ack in acks] == [(2, 8), (2, 9), (1, 10)]
    assert [one.record_id for one in kept.turned_away] == [8]
    assert [one.reason for one in kept.unread] == ["the time is no instant"]


async def test_a_terminal_that_comes_on_line_is_answered_and_one_that_falls_off_is_noted(made: Broker) -> None:
    kept = Kept()
    async with bridged(made, kept):
        async with terminal(made, ONE, WORDS[ONE]) as one:
            await one.tell("basic", "Online")
            assert (await one.heard())["operator"] == "Online-Ack"
            await one.tell("heartbeat", "HeartBeat")
        # Its line breaks without a farewell: the broker speaks its last will.
        lose_line(made, TWO, WORDS[TWO])
        async with asyncio.timeout(SOON_S), kept.changed:
            await kept.changed.wait_for(lambda: kept.signs and kept.signs[-1].kind == "offline")
    told = [(sign.terminal, sign.kind) for sign in kept.signs]
    assert told == [(ONE, "online"), (ONE, "heartbeat"), (TWO, "offline")]


async def test_terminals_that_are_not_in_use_get_no_acknowledgement(made: Broker) -> None:
    kept = Kept(states={ONE: "blocked", THREE: "active"})
    async with bridged(made, kept), AsyncExitStack() as lines:
        blocked, stranger, known = [
            await lines.enter_async_context(terminal(made, name, WORDS[name])) for name in (ONE, TWO, THREE)
        ]
        await blocked.push("Rec", "RecPush", RecordID="11", customId="E1", time=AT)
        await stranger.push("Rec", "RecPush", RecordID="12", customId="E1", time=AT)
        await known.push("Rec", "RecPush", RecordID="13", customId="E1", time=AT)
        # The broker brings them in this order: with the last one answered the others are done with.
        assert (await known.heard())["info"]["SnapOrRecordID"] == 13
        assert (len(blocked.client.messages), len(stranger.client.messages)) == (0, 0)
    assert (kept.strangers, [one.record_id for one in kept.passes]) == ([TWO], [13])


async def test_only_logins_of_the_registry_are_admitted(made: Broker) -> None:
    for name, word in ((ONE, "wrong"), ("somebody", "word"), (None, None)):
        with pytest.raises(aiomqtt.MqttError):
            async with aiomqtt.Client("127.0.0.1", made.port, username=name, password=word):
                pass


async def test_a_login_that_was_taken_away_ends_the_terminals_connection(made: Broker) -> None:
    async with terminal(made, ONE, WORDS[ONE]) as one:
        made.set_logins({TWO: WORDS[TWO]})
        assert reload_broker(made.folder)
        with pytest.raises((aiomqtt.MqttError, TimeoutError)):
            await one.heard()
