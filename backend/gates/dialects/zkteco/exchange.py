"""Takes the requests of `/iclock` terminals: settings for who is known, uploads into the ledger, and an answer."""

import asyncio
from datetime import datetime, tzinfo
from typing import Final
from uuid import UUID

import psycopg
import structlog
from msgspec.structs import replace

from backend.gates.bodies import BodyUnusable, decode_text, unpack
from backend.gates.commands.delivery import keep_results, next_command
from backend.gates.device_time import zone_of
from backend.gates.dialects.zkteco import answers
from backend.gates.dialects.zkteco.photos import photo_head
from backend.gates.dialects.zkteco.requests import (
    Ask,
    count_of_info,
    firmware_of,
    firmware_of_info,
    mac_of,
    read_options,
)
from backend.gates.dialects.zkteco.results import read_results
from backend.gates.dialects.zkteco.translation import (
    Kind,
    Part,
    answer_of,
    dropped,
    kind_of,
    parts_of,
    translate_part,
)
from backend.gates.envelopes import store_envelope
from backend.gates.model import Gate
from backend.gates.photos import keep_photo
from backend.gates.recording import Delivery, record_translated
from backend.gates.terminals import Terminal
from backend.gates.tools import GateTools
from backend.gates.translation import Liveness, Translation, UnreadLine

log = structlog.get_logger()

_WITHOUT_ENVELOPE: Final = frozenset({"state", "counters"})
"""Sent every few seconds, and told in full by what is recorded of them."""

_OTHERS_PEOPLE: Final = frozenset({"table"})
"""The terminal's own people and templates: of these bodies nothing but the digest is kept."""


async def greet(tools: GateTools, terminal: Terminal, ask: Ask, now: datetime) -> bytes:
    """Answer a handshake, or who asks for the time; a question about a person is never answered with data."""
    gate = terminal.gate
    zone = zone_of(gate.device_time_zone)
    await note_life(tools, terminal, now)
    if ask.kind == "time":
        return answers.local_time(zone, now)
    if ask.table:
        return answers.BLAND
    return answers.security_settings(gate) if ask.security else answers.attendance_settings(gate, zone, now)


async def note_life(tools: GateTools, terminal: Terminal, now: datetime, told: Liveness | None = None) -> None:
    """Note that the terminal called, and what it told of itself."""
    await record_translated(tools, terminal.gate, Delivery(liveness=told or Liveness()), trust=terminal.trust, now=now)


async def take_poll(tools: GateTools, terminal: Terminal, ask: Ask, now: datetime) -> bytes:
    """Answer a poll with a command that waits, if one does; after a start it carries the terminal's own count."""
    info = ask.query.get("info", "")
    told = Liveness(reported_count=count_of_info(info), firmware=firmware_of_info(info) if info else None)
    await note_life(tools, terminal, now, told)
    async with tools.database.connection() as connection:
        command = await next_command(connection, terminal.gate, now)
    if command is None:
        return answers.BLAND
    return answers.write_command(command, zone_of(terminal.gate.device_time_zone))


async def take_results(tools: GateTools, terminal: Terminal, body: bytes, now: datetime) -> None:
    """Note what became of commands that were sent; lines that name none of ours are of no use here."""
    results = read_results(body)
    async with tools.database.connection() as connection:
        await keep_results(connection, terminal.gate, results.answers, now)
    await note_life(tools, terminal, now, results.told)


async def register(tools: GateTools, terminal: Terminal, body: bytes, now: datetime) -> bytes:
    """Give a controller the code of its registration, and note what it tells of itself."""
    options = read_options(decode_text(body).text)
    await note_life(tools, terminal, now, Liveness(firmware=firmware_of(options), mac=mac_of(options)))
    return f"RegistryCode={answers.registry_code(terminal.gate)}".encode()


def time_for_controllers(gate: Gate, now: datetime) -> bytes:
    """Return the time as the security protocol writes it."""
    return answers.counted_time(zone_of(gate.device_time_zone), now)


async def take_upload(tools: GateTools, terminal: Terminal, ask: Ask, body: bytes | None, now: datetime) -> bytes:
    """Record an upload and return its acknowledgement; all is durable then.

    Whatever cannot be read or kept is acknowledged too, with a line or a remark that says so: a terminal that is told
    of a failure sends the same again for ever. Raises DatabaseAway or Contended: then it is to send it again.
    """
    gate = terminal.gate
    if body is None:
        remark = dropped("body_too_large", now)
        await record_translated(tools, gate, Delivery(remarks=(remark,)), trust=terminal.trust, now=now)
        return answer_of("unknown", ask, 0)
    try:
        content, fault = unpack(body), None
    except BodyUnusable as unusable:
        content, fault = b"", unusable.reason
    kind = kind_of(ask, content)
    if kind in _WITHOUT_ENVELOPE:
        translation = translate_part(kind, Part(1, content), zone_of(gate.device_time_zone), now)
        delivery = Delivery(remarks=translation.remarks)
        await record_translated(tools, gate, delivery, trust=terminal.trust, now=now)
        return answer_of(kind, ask, int(translation.answer))
    subject = f"{ask.table or kind} {ask.table_name}".strip()
    async with tools.database.connection() as connection:
        envelope = await store_envelope(connection, tools, gate, subject, body, _kept(kind, content), now)
    if envelope.recorded:
        await note_life(tools, terminal, now)
        return answer_of(kind, ask, envelope.rows)
    if fault is not None:
        delivery = Delivery(unread=(UnreadLine(1, fault, ""),), envelope_id=envelope.id, whole=True)
        await record_translated(tools, gate, delivery, trust=terminal.trust, now=now)
        return answer_of(kind, ask, 0)
    return answer_of(kind, ask, await _record(tools, terminal, kind, content, envelope.id, now))


async def _record(
    tools: GateTools, terminal: Terminal, kind: Kind, content: bytes, envelope_id: UUID, now: datetime
) -> int:
    """Record a body part by part, so that memory does not grow with it; return how many rows it had."""
    gate = terminal.gate
    zone, rows, whole = zone_of(gate.device_time_zone), 0, True
    unread: list[UnreadLine] = []
    parts = parts_of(kind, content)
    part = next(parts, None)
    while part is not None:
        following = next(parts, None)
        found = _translated(kind, part, zone, now)
        rows += int(found.answer)
        unread.extend(found.unread)
        whole = whole and found is not FAULTY
        delivery = Delivery(
            events=found.events,
            remarks=found.remarks,
            photos=found.photos,
            liveness=found.liveness,
            users=found.users,
        )
        end = Delivery(unread=tuple(unread), envelope_id=envelope_id, rows=rows, whole=whole)
        if following is None:
            delivery = replace(delivery, unread=end.unread, envelope_id=envelope_id, rows=rows, whole=whole)
        for photo in found.photos:
            await keep_photo(tools, gate, photo.content, now)
        try:
            await record_translated(tools, gate, delivery, trust=terminal.trust, now=now)
        except psycopg.DataError:
            log.exception("gates.not_recordable", gate_id=str(gate.device_id))
            whole = False
            unread.append(UnreadLine(part.first_line, "not_recordable", ""))
            if following is None:
                end = replace(end, unread=tuple(unread), whole=False)
                await record_translated(tools, gate, end, trust=terminal.trust, now=now)
        part = following
        # Live events of other terminals come first.
        await asyncio.sleep(0)
    return rows


def _translated(kind: Kind, part: Part, zone: tzinfo, now: datetime) -> Translation:
    """Translate a part; a fault of ours is logged and must not make the terminal repeat the body for ever."""
    try:
        return translate_part(kind, part, zone, now)
    except Exception:
        log.exception("gates.translator_fault", kind=kind)
        return FAULTY


FAULTY: Final = Translation(unread=(UnreadLine(0, "translator_fault", ""),), answer=b"0")


def _kept(kind: Kind, content: bytes) -> bytes:
    if kind == "photo":
        return photo_head(content)
    return b"" if kind in _OTHERS_PEOPLE else content
