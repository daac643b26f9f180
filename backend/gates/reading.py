"""Reads the gate behind a serial number or a token, with all that its events are judged by."""

from datetime import date, datetime
from hashlib import sha256
from typing import Any, LiteralString

from backend.gates.model import Gate
from backend.ledger.append import Connection

# In the order of the fields of `Gate`.
GATE_COLUMNS = """d.project_id, d.id, d.state, d.lane, d.default_direction, d.paired_at, d.heartbeat_interval_s,
  p.time_zone, p.cutover,
  (SELECT s.version FROM site_policy s WHERE s.project_id = p.id AND s.valid_from <= %(now)s
   ORDER BY s.version DESC LIMIT 1),
  dk.key_id, dk.wrapped, d.vendor, d.serial_no, d.mac, coalesce(d.time_zone, p.time_zone), d.zone_form, d.config_rev,
  d.wants_photos"""

# Whether the request came from where the device may call from: without networks, from anywhere.
FROM_NETWORK = "(d.networks = '{}' OR coalesce(%(address)s::inet <<= ANY (d.networks), false))"

GATE_JOINS = """JOIN project p ON p.id = d.project_id
LEFT JOIN data_key dk ON dk.project_id = d.project_id AND dk.month = %(month)s"""

_FIND = f"SELECT {FROM_NETWORK}, {GATE_COLUMNS} FROM gate_device d {GATE_JOINS} WHERE "  # noqa: S608 - constants

BY_SERIAL = f"{_FIND} d.serial_no = %(serial_no)s AND d.vendor = %(vendor)s"
BY_TOKEN = f"{_FIND} d.access_token_digest = %(digest)s AND d.vendor = %(vendor)s"


def read_at(now: datetime, address: str | None) -> dict[str, Any]:
    """Return the parameters that the parts above name."""
    return {"now": now, "month": date(now.year, now.month, 1), "address": address}


def token_digest(token: str) -> bytes:
    """Return what is stored of a device's token: its SHA-256, lower case, since host names know no other."""
    return sha256(token.lower().encode()).digest()


async def find_by_serial(
    connection: Connection, *, vendor: str, serial_no: str, address: str | None, now: datetime
) -> tuple[Gate, bool] | None:
    """Return the gate with a serial number, and whether the request came from one of its networks."""
    return await _find(connection, BY_SERIAL, {"vendor": vendor, "serial_no": serial_no, **read_at(now, address)})


async def find_by_token(
    connection: Connection, *, vendor: str, token: str, address: str | None, now: datetime
) -> tuple[Gate, bool] | None:
    """Return the gate with an access token, and whether the request came from one of its networks.

    The digest is looked up, so that the time it takes tells nothing of the token.
    """
    asked = {"vendor": vendor, "digest": token_digest(token), **read_at(now, address)}
    return await _find(connection, BY_TOKEN, asked)


async def _find(connection: Connection, statement: LiteralString, asked: dict[str, Any]) -> tuple[Gate, bool] | None:
    row = await (await connection.execute(statement, asked)).fetchone()
    return None if row is None else (Gate(*row[1:]), bool(row[0]))
