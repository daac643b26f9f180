"""Takes the alerts of ISAPI terminals: raw envelope, translation, ledger; acknowledged whatever they hold."""

from datetime import datetime
from typing import Final

import psycopg
import structlog

from backend.gates.bodies import BodyUnusable, plain_line, unpack
from backend.gates.counting import Counted
from backend.gates.device_time import zone_of
from backend.gates.dialects.hikvision.parts import take_apart
from backend.gates.dialects.hikvision.translation import Alerts, translate
from backend.gates.envelopes import store_envelope
from backend.gates.photos import keep_photo
from backend.gates.recording import Delivery, record_translated
from backend.gates.terminal_state import home_mac_of
from backend.gates.terminals import Terminal
from backend.gates.tools import GateTools
from backend.gates.translation import Liveness, Remark, Translation, UnreadLine
from backend.ledger.append import Connection

log = structlog.get_logger()

SUBJECT: Final = "alert"

# The registry's cards are unique: a card of another paired device names a message that is at the wrong address.
FOREIGN_CARD = """
SELECT d.mac FROM gate_device d
WHERE d.mac = ANY (%(macs)s::text[]) AND d.state = 'active' AND (d.project_id, d.id) <> (%(project_id)s, %(device_id)s)
"""


async def take_alert(
    tools: GateTools, terminal: Terminal, headers: dict[str, str], body: bytes | None, now: datetime
) -> None:
    """Record a posted body; durable when this returns. Raises DatabaseAway or Contended: then it is to come again."""
    gate = terminal.gate
    if body is None:
        key = f"drop|body_too_large|{now.isoformat()}"
        remark = Remark(kind="dropped", code="body_too_large", key=key, at=now)
        await record_translated(tools, gate, Delivery(remarks=(remark,)), trust=terminal.trust, now=now)
        return
    sent, fault = body, None
    try:
        body = unpack(sent)
    except BodyUnusable as unusable:
        body, fault = b"", unusable.reason
    async with tools.database.connection() as connection:
        found = _translated(headers, body, await home_mac_of(connection, gate), terminal, now)
        if fault is not None:
            found = Alerts(Translation(unread=(UnreadLine(1, fault, ""),)), (), (), life_sign=False)
        foreign = await _foreign_card(connection, terminal, found)
    if found.life_sign and foreign is None:
        await record_translated(tools, gate, Delivery(), trust=terminal.trust, now=now)
        return
    async with tools.database.connection() as connection:
        kept = b"\n".join(_messages(headers, body))
        envelope = await store_envelope(connection, tools, gate, SUBJECT, sent, kept, now)
    if envelope.recorded:
        await record_translated(tools, gate, Delivery(), trust=terminal.trust, now=now)
        return
    translation = found.translation if foreign is None else _quarantined(found, foreign, now)
    delivery = Delivery(
        events=translation.events,
        remarks=translation.remarks,
        unread=translation.unread,
        photos=translation.photos,
        liveness=translation.liveness,
        serials=[Counted(one.number, one.before) for one in found.serials] if foreign is None else (),
        envelope_id=envelope.id,
        rows=len(translation.events),
        whole=foreign is None and FAULT not in translation.unread,
    )
    for photo in translation.photos:
        await keep_photo(tools, gate, photo.content, now)
    try:
        await record_translated(tools, gate, delivery, trust=terminal.trust, now=now)
    except psycopg.DataError:
        log.exception("gates.not_recordable", gate_id=str(gate.device_id))
        lines = (*translation.unread, UnreadLine(0, "not_recordable", ""))
        broken = Delivery(unread=lines, envelope_id=envelope.id)
        await record_translated(tools, gate, broken, trust=terminal.trust, now=now)


FAULT: Final = UnreadLine(0, "translator_fault", "")


def _translated(
    headers: dict[str, str], body: bytes, home_mac: str | None, terminal: Terminal, now: datetime
) -> Alerts:
    """Translate; a fault of ours is logged and must not make the terminal repeat the body for ever."""
    try:
        return translate(headers, body, zone_of(terminal.gate.device_time_zone), now, home_mac=home_mac)
    except Exception:
        log.exception("gates.translator_fault", kind=SUBJECT)
        return Alerts(Translation(unread=(FAULT,)), (), (), life_sign=False)


async def _foreign_card(connection: Connection, terminal: Terminal, found: Alerts) -> str | None:
    """Return the network card of another paired device that a message names, if one does."""
    if not found.macs or terminal.gate.mac in found.macs:
        return None
    asked = {
        "macs": list(found.macs),
        "project_id": terminal.gate.project_id,
        "device_id": terminal.gate.device_id,
    }
    row = await (await connection.execute(FOREIGN_CARD, asked)).fetchone()
    return None if row is None else row[0]


def _quarantined(found: Alerts, mac: str, now: datetime) -> Translation:
    """Hold back what another device's card stands on: it is kept and shown, and nobody's attendance."""
    told = found.translation
    lines = [
        UnreadLine(number, "card_of_another_device", plain_line(f"{event.event_key} {event.number}"))
        for number, event in enumerate(told.events, 1)
    ]
    detail = {"mac": mac, "events": len(lines)}
    day = now.date().isoformat()
    remark = Remark(kind="hardware", code="card_of_another_device", key=f"foreign|{mac}|{day}", at=now, detail=detail)
    return Translation(remarks=(remark,), unread=(*lines, *told.unread), liveness=Liveness())


def _messages(headers: dict[str, str], body: bytes) -> list[bytes]:
    """Return what may be kept of a body: its parts without the pictures."""
    posted = take_apart(headers, body)
    kept = body
    for picture in posted.pictures:
        kept = kept.replace(picture, b"[picture]")
    return [kept] if posted.fault is None else [kept[:4000]]
