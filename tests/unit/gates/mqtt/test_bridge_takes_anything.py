"""Whatever a broker brings, the bridge goes on, and answers nothing that it was not asked."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from backend.gates.dialects.mqtt.bridge import Bridge, Message, ToKeep
from backend.gates.dialects.mqtt.records import without_pictures
from backend.gates.dialects.mqtt.translation import LifeSign
from backend.gates.model import Gate
from backend.kit.clock import ManualClock
from tests.support.mqtt_gates import gate

ID = "005a213b000b93cc"
NOW = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=400),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(["facesluiceId", "customId", "RecordID", "SnapID", "VerifyStatus", "time", "pic"])
OPERATORS = st.sampled_from(["RecPush", "StrSnapPush", "Online", "HeartBeat", "Offline", "X-Ack"])
BODIES = st.binary(max_size=300) | st.builds(
    lambda operator, info: json.dumps({"operator": operator, "info": info}).encode(),
    OPERATORS | JSON,
    st.dictionaries(FIELDS, JSON | st.sampled_from([ID, "2026-03-16 09:29:58"])) | JSON,
)
TOPICS = st.sampled_from(
    [f"mqtt/face/{ID}/Rec", f"mqtt/face/{ID}/Snap", "mqtt/face/other/Rec", "mqtt/face/basic", "mqtt/face/heartbeat"]
) | st.text(max_size=30)
MESSAGES = st.lists(st.builds(Message, TOPICS, BODIES, st.booleans()), max_size=12)


class Taken:
    """Knows one terminal and takes whatever it is given."""

    async def find_gate(self, serial_no: str, now: datetime) -> Gate | None:
        del now
        return gate(ID) if serial_no == ID else None

    async def record(self, gate: Gate, heard: Sequence[tuple[Message, ToKeep]], now: datetime) -> None:
        del gate, now
        assert all(one.terminal == ID for _, one in heard)

    async def note_life(self, gate: Gate, sign: LifeSign, now: datetime) -> None:
        del gate, sign, now

    async def note_foreign(self, gate: Gate, claimed: str, now: datetime) -> None:
        del gate, claimed, now

    async def note_stranger(self, serial_no: str, now: datetime) -> None:
        del serial_no, now


@given(MESSAGES)
def test_any_messages_are_taken_and_only_their_terminal_is_answered(messages: list[Message]) -> None:
    answers = asyncio.run(Bridge(Taken(), ManualClock(NOW)).handle(messages))
    assert len(answers) <= len(messages)
    for answer in answers:
        assert answer.topic == f"mqtt/face/{ID}"
        assert json.loads(answer.payload)["operator"] in {"PushAck", "Online-Ack"}


@given(JSON)
def test_nothing_long_is_kept_of_a_message(value: Any) -> None:
    kept = json.loads(without_pictures(json.dumps(value).encode()))
    assert _longest(kept) <= 300


def _longest(value: Any) -> int:
    match value:
        case str():
            return len(value)
        case list():
            return max(map(_longest, value), default=0)
        case dict():
            return max(map(_longest, value.values()), default=0)
        case _:
            return 0


def test_what_is_no_json_is_kept_as_it_came() -> None:
    assert without_pictures(b"RecPush") == b"RecPush"
