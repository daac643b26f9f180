"""Writes what comes besides events: remarks, unread lines, links of photos; each once, however often it is sent."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from backend.gates.model import Gate
from backend.gates.translation import EventPhoto, Remark, TerminalUser, UnreadLine
from backend.ledger.append import Connection

UNREAD_KEPT: Final = 500
"""Lines of one envelope that are listed; the envelope has them all."""

KEEP_REMARKS = """
INSERT INTO gate_remark (project_id, device_id, key, kind, code, at, received_at, detail)
SELECT %(project_id)s, %(device_id)s, key, kind, code, at, %(now)s, detail::jsonb
FROM unnest(%(keys)s::text[], %(kinds)s::text[], %(codes)s::text[], %(instants)s::timestamptz[], %(details)s::text[])
  AS r (key, kind, code, at, detail)
ON CONFLICT DO NOTHING
"""

KEEP_UNREAD = """
INSERT INTO gate_unread_line (project_id, envelope_id, number, device_id, received_at, reason, text)
SELECT %(project_id)s, %(envelope_id)s, number, %(device_id)s, %(now)s, reason, text
FROM unnest(%(numbers)s::integer[], %(reasons)s::text[], %(texts)s::text[]) AS l (number, reason, text)
ON CONFLICT DO NOTHING
"""

KEEP_PHOTOS = """
INSERT INTO gate_photo_link (project_id, device_id, sha256, subject, size, received_at, kept)
SELECT %(project_id)s, %(device_id)s, sha256, subject, size, %(now)s, true
FROM unnest(%(digests)s::text[], %(subjects)s::text[], %(sizes)s::integer[]) AS p (sha256, subject, size)
ON CONFLICT DO NOTHING
"""

KEEP_USERS = """
INSERT INTO gate_terminal_user AS u (project_id, device_id, number, name, replaced, told_at)
SELECT %(project_id)s, %(device_id)s, number, name, replaced, %(now)s
FROM unnest(%(numbers)s::text[], %(names)s::text[], %(flags)s::boolean[]) AS t (number, name, replaced)
ORDER BY number
ON CONFLICT ON CONSTRAINT pk_gate_terminal_user DO UPDATE SET
  name = excluded.name, replaced = excluded.replaced, told_at = greatest(u.told_at, excluded.told_at)
"""

TAMPERED = """
SELECT at FROM gate_remark
WHERE project_id = %s AND device_id = %s AND kind = 'tamper' AND at BETWEEN %s AND %s ORDER BY at LIMIT 1000
"""


async def keep_remarks(connection: Connection, gate: Gate, remarks: Sequence[Remark], now: datetime) -> None:
    """Write the remarks that are not there yet; inside a pipeline nothing is waited for."""
    if remarks:
        await connection.execute(
            KEEP_REMARKS,
            {
                "project_id": gate.project_id,
                "device_id": gate.device_id,
                "now": now,
                "keys": [one.key for one in remarks],
                "kinds": [one.kind for one in remarks],
                "codes": [one.code for one in remarks],
                "instants": [one.at for one in remarks],
                "details": [msgspec.json.encode(one.detail).decode() for one in remarks],
            },
        )


async def keep_unread(
    connection: Connection, gate: Gate, envelope_id: UUID | None, lines: Sequence[UnreadLine], now: datetime
) -> None:
    """Write the lines that could not be read, the first of them if they are many; nothing is waited for."""
    if envelope_id is not None and lines:
        kept = lines[:UNREAD_KEPT]
        await connection.execute(
            KEEP_UNREAD,
            {
                "project_id": gate.project_id,
                "device_id": gate.device_id,
                "envelope_id": envelope_id,
                "now": now,
                "numbers": [one.number for one in kept],
                "reasons": [one.reason for one in kept],
                "texts": [one.text for one in kept],
            },
        )


async def keep_photos(connection: Connection, gate: Gate, photos: Sequence[EventPhoto], now: datetime) -> None:
    """Write which photo, kept before this, belongs to which pass; the same link again changes nothing."""
    if photos:
        await connection.execute(
            KEEP_PHOTOS,
            {
                "project_id": gate.project_id,
                "device_id": gate.device_id,
                "now": now,
                "digests": [one.sha256 for one in photos],
                "subjects": [photo_subject(one) for one in photos],
                "sizes": [one.size for one in photos],
            },
        )


async def keep_users(connection: Connection, gate: Gate, users: Sequence[TerminalUser], now: datetime) -> None:
    """Write whom the terminal has enrolled; of several told under one number the last counts."""
    last = {one.number: one for one in users}
    if last:
        await connection.execute(
            KEEP_USERS,
            {
                "project_id": gate.project_id,
                "device_id": gate.device_id,
                "now": now,
                "numbers": list(last),
                "names": [one.name for one in last.values()],
                "flags": [one.replaced for one in last.values()],
            },
        )


def photo_subject(photo: EventPhoto) -> str:
    """Return what a photo is linked to: its event's key, or the number and time of the pass."""
    return photo.event_key or f"{photo.number}|{photo.device_time}"


async def tampered_instants(
    connection: Connection, gate: Gate, instants: Sequence[datetime]
) -> Callable[[], Awaitable[list[datetime]]]:
    """Ask when the device was tampered with around some instants; awaiting the result gives the answer."""
    first, last = min(instants), max(instants)
    day = timedelta(days=2)
    begin = first - day if first.year > 1 else first
    end = last + day if last.year < 9999 else last  # noqa: PLR2004 - the calendar's edge
    sent = await connection.execute(TAMPERED, (gate.project_id, gate.device_id, begin, end))

    async def settle() -> list[datetime]:
        return [row[0] for row in await sent.fetchall()]

    return settle
