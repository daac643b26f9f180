"""Keeps what a terminal tells of itself besides events: its own count, firmware, network card, serial numbers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from backend.gates.counting import Counted, arrived, follow
from backend.gates.model import Gate
from backend.gates.sequence import Ranges, next_expected
from backend.gates.translation import Liveness, Remark
from backend.ledger.append import Connection, Cursor

TELL = """
UPDATE gate_state SET firmware = coalesce(%(firmware)s, firmware),
  reported_count = coalesce(%(count)s, reported_count),
  reported_at = CASE WHEN %(count)s::bigint IS NULL THEN reported_at ELSE %(now)s END
WHERE project_id = %(project_id)s AND device_id = %(device_id)s
"""

READ_CARDS = """
SELECT coalesce(d.mac, s.home_mac), s.counting_mac, s.last_event_at, s.seen_seqs
FROM gate_state s JOIN gate_device d ON d.project_id = s.project_id AND d.id = s.device_id
WHERE s.project_id = %s AND s.device_id = %s
"""

COUNT = """
UPDATE gate_state SET home_mac = coalesce(home_mac, %(mac)s), counting_mac = coalesce(%(mac)s, counting_mac),
  seen_seqs = %(seen)s::int8multirange, next_expected_seq = %(expected)s
WHERE project_id = %(project_id)s AND device_id = %(device_id)s
"""


class Counts(NamedTuple):
    """Numbers of a delivery's events; `latest_live_at` is the time of the last new one that was not stored."""

    serials: Sequence[Counted]
    events_are_new: bool
    latest_live_at: datetime | None


async def tell_state(connection: Connection, gate: Gate, told: Liveness, now: datetime) -> None:
    """Note the device's own count and firmware, while its row is locked; nothing is waited for."""
    if told.reported_count is not None or told.firmware is not None:
        asked: dict[str, Any] = {"project_id": gate.project_id, "device_id": gate.device_id, "now": now}
        await connection.execute(TELL, {**asked, "firmware": told.firmware, "count": told.reported_count})


async def home_mac_of(connection: Connection, gate: Gate) -> str | None:
    """Return the network card that the device is known by: the registry's, else the first that was seen."""
    row = await (await connection.execute(READ_CARDS, (gate.project_id, gate.device_id))).fetchone()
    return gate.mac if row is None else row[0]


async def lock_count(connection: Connection, gate: Gate) -> Cursor:
    """Lock the device's row and ask for its count, before a sign of life is noted; nothing is waited for yet."""
    return await connection.execute(READ_CARDS + " FOR UPDATE OF s", (gate.project_id, gate.device_id))


async def follow_serials(
    connection: Connection, gate: Gate, asked: Cursor, counted: Counts, *, mac: str | None, now: datetime
) -> list[Remark]:
    """Note the numbers of new events after `lock_count`; return what is remarkable about them.

    Another network card begins another count: it is remarked once, and not taken for a gap.
    """
    row = await asked.fetchone()
    home, counting, last_event_at, ranges = row if row is not None else (gate.mac, None, None, ())
    seen: Ranges = tuple((part.lower or 0, part.upper or 0) for part in ranges)
    remarks: list[Remark] = []
    if mac is not None and home is not None and mac != home:
        detail = {"mac": mac, "known_mac": home}
        remarks.append(Remark(kind="hardware", code="other_card", key=f"mac|{mac}", at=now, detail=detail))
    if mac is not None and counting is not None and mac != counting:
        seen = ()
    serials = counted.serials
    if not counted.events_are_new:
        # What only the device did may be told twice: a number that arrived is then no restart.
        serials = [one for one in serials if not arrived(seen, one.number)]
    latest = counted.latest_live_at
    followed = follow(
        seen, serials, later_than_all=latest is not None and last_event_at is not None and latest > last_event_at
    )
    if followed.restarted:
        detail = {"number": min(one.number for one in serials)}
        key = f"restart|{mac}|{now.isoformat()}"
        remarks.append(Remark(kind="hardware", code="count_restarted", key=key, at=now, detail=detail))
    for first, last in followed.gaps:
        key = f"gap|{mac}|{first}-{last}|{now.isoformat()}"
        detail = {"first": first, "last": last, "missing": last - first + 1}
        remarks.append(Remark(kind="gap", code="serial_gap", key=key, at=now, detail=detail))
    text = "{" + ",".join(f"[{begin},{end})" for begin, end in followed.seen) + "}"
    values = {"project_id": gate.project_id, "device_id": gate.device_id, "mac": mac, "seen": text}
    await connection.execute(COUNT, {**values, "expected": next_expected(followed.seen)})
    return remarks
