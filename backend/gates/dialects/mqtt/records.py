"""The bridge's side of the database: whole batches into the ledger, signs of life, and what cannot be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
import structlog

from backend.gates.dialects.mqtt.bridge import Message, ToKeep
from backend.gates.dialects.mqtt.translation import FacePass, LifeSign, TurnedAway, Unread
from backend.gates.envelopes import store_envelope
from backend.gates.model import Gate
from backend.gates.outages.clock_faults import live_skews_s
from backend.gates.reading import find_by_serial
from backend.gates.recording import Delivery, record_translated
from backend.gates.registry.pairing import meet_unknown
from backend.gates.remarks import keep_remarks
from backend.gates.state import leave_sign, send_touch
from backend.gates.tools import GateTools
from backend.gates.translation import Liveness, Remark, UnreadLine
from backend.kit.db import pipelined
from backend.kit.errors import Contended, DatabaseAway

log = structlog.get_logger()

VENDOR: Final = "mqtt"
_LONG: Final = 300
"""Nothing that people or devices are called is this long; pictures are."""
_TEXT_LIMIT: Final = 400


@dataclass(frozen=True, slots=True)
class LedgerRecords:
    """Records by the same calls that serve the terminals of the HTTP dialects."""

    tools: GateTools

    async def find_gate(self, serial_no: str, now: datetime) -> Gate | None:
        """Return the registered MQTT terminal with a serial number."""
        async with self.tools.database.connection() as connection:
            found = await find_by_serial(connection, vendor=VENDOR, serial_no=serial_no, address=None, now=now)
        return None if found is None else found[0]

    async def record(self, gate: Gate, heard: Sequence[tuple[Message, ToKeep]], now: datetime) -> None:
        """Keep the messages as they came, then take what they hold into the ledger, each by itself if need be.

        One that cannot be recorded is kept among the lines that could not be read: a terminal that heard nothing of it
        would repeat it for ever, and hold back what came after. Raises DatabaseAway or Contended.
        """
        try:
            await self._deliver(gate, heard, now)
        except (DatabaseAway, Contended):
            raise
        except Exception as error:  # told, kept, and not let stop the rest
            log.exception("mqtt.batch_failed", device_id=str(gate.device_id), messages=len(heard))
            if len(heard) > 1:
                for one in heard:
                    await self.record(gate, [one], now)
                return
            message, told = heard[0]
            if isinstance(told, Unread):
                raise
            unread = Unread(told.terminal, f"not recorded: {type(error).__name__}", told.record_id)
            await self._deliver(gate, [(message, unread)], now)

    async def note_life(self, gate: Gate, sign: LifeSign, now: datetime) -> None:
        """Note a sign of life; that the broker lost a terminal is a remark, and no sign of life."""
        async with self.tools.database.connection() as connection, pipelined(connection):
            if sign.kind != "offline":
                await send_touch(connection, gate, now, skews_s=(), last_event_at=None)
                await leave_sign(connection, gate, now)
            if sign.kind != "heartbeat":
                code = "line_lost" if sign.kind == "offline" else "line_up"
                key = f"line|{sign.kind}|{now.isoformat()}"
                await keep_remarks(connection, gate, [Remark(kind="audit", code=code, key=key, at=now)], now)

    async def note_foreign(self, gate: Gate, claimed: str, now: datetime) -> None:
        """Remark, once a day, that a terminal spoke for another one."""
        key = f"foreign|{now.date()}|{claimed}"[:_LONG]
        remark = Remark(kind="alarm", code="spoke_for_another", key=key, at=now, detail={"claimed": claimed})
        async with self.tools.database.connection() as connection, pipelined(connection):
            await keep_remarks(connection, gate, [remark], now)

    async def note_stranger(self, serial_no: str, now: datetime) -> None:
        """Count a terminal that has a login and is not registered."""
        async with self.tools.database.connection() as connection:
            await meet_unknown(connection, vendor=VENDOR, serial_no=serial_no, address=None, now=now)

    async def _deliver(self, gate: Gate, heard: Sequence[tuple[Message, ToKeep]], now: datetime) -> None:
        body = b"\n".join(message.payload for message, _ in heard)
        kept = b"\n".join(without_pictures(message.payload) for message, _ in heard)
        async with self.tools.database.connection() as connection:
            envelope = await store_envelope(connection, self.tools, gate, VENDOR, body, kept, now)
        events = [told.event for _, told in heard if isinstance(told, FacePass)]
        delivery = Delivery(
            events=events,
            remarks=[told.remark for _, told in heard if isinstance(told, TurnedAway)],
            unread=[
                UnreadLine(number, told.reason, _text(message.payload))
                for number, (message, told) in enumerate(heard, 1)
                if isinstance(told, Unread)
            ],
            liveness=Liveness(skews_s=tuple(live_skews_s((event.at for event in events if event.live), now))),
            envelope_id=envelope.id,
            rows=len(heard),
            whole=True,
        )
        await record_translated(self.tools, gate, delivery, trust="token", now=now)


def without_pictures(payload: bytes) -> bytes:
    """Return a message without the texts in it that are too long to be anything but pictures or templates."""
    try:
        return msgspec.json.encode(_cut(msgspec.json.decode(payload)))
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError):
        return payload


def _cut(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    match value:
        case str():
            return "[cut]" if len(value) > _LONG else value
        case list():
            return [_cut(one) for one in value]
        case dict():
            return {name: _cut(one) for name, one in value.items()}
        case _:
            return value


def _text(payload: bytes) -> str:
    """Return the begin of a message as text that the database can store."""
    kept = without_pictures(payload)[: 4 * _TEXT_LIMIT].decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else " " for letter in kept)[:_TEXT_LIMIT]
