"""Meets a terminal: who it is by its number or its token, and whether it may deliver now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

from litestar import Request

from backend.gates.addresses import device_address
from backend.gates.model import Gate
from backend.gates.reading import find_by_serial, find_by_token, token_digest
from backend.gates.refusals import note_refusal
from backend.gates.registry.pairing import meet_unknown
from backend.gates.tools import GateTools
from backend.gates.translation import Trust
from backend.ledger.append import Connection

FIELDS_LIMIT: Final = 100


# Whether one of the secrets of a request is the device's, and whether it comes from where a handshake with the
# right one came from last. No row: the device has no token.
READ_SHOWN = """
SELECT d.access_token_digest = ANY (%(digests)s::bytea[]), coalesce(s.token_address = %(address)s::inet, false)
FROM gate_device d LEFT JOIN gate_state s ON s.project_id = d.project_id AND s.device_id = d.id
WHERE d.project_id = %(project_id)s AND d.id = %(device_id)s AND d.access_token_digest IS NOT NULL
"""

NOTE_SHOWN = """
INSERT INTO gate_state AS s (project_id, device_id, last_seen_at, token_address)
VALUES (%(project_id)s, %(device_id)s, %(now)s, %(address)s::inet)
ON CONFLICT (project_id, device_id) DO UPDATE SET token_address = excluded.token_address
"""

Shown = Literal["none wanted", "shown", "wrong"]


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal that may deliver, and what its word is worth."""

    gate: Gate
    trust: Trust


async def meet_by_serial(
    tools: GateTools, request: Request[Any, Any, Any], serial_no: str | None, *, secret: str | None, now: datetime
) -> Terminal | None:
    """Return the active terminal with a serial number; None for any other, which is counted or put on record.

    `secret` is the key that a handshake carries. A device with a token names it as the first label of the host that it
    calls, or in its handshake; then its other requests count from the address that the handshake came from.
    """
    address = address_of(request)
    async with tools.database.connection() as connection:
        found = None
        if serial_no is not None:
            found = await find_by_serial(connection, vendor="zkteco", serial_no=serial_no, address=address, now=now)
        if found is None or found[0].device_state != "active":
            await meet_unknown(connection, vendor="zkteco", serial_no=serial_no or "", address=address, now=now)
            return None
        gate, from_network = found
        if not from_network:
            await note_refusal(connection, gate, "network", address, now)
            return None
        shown = await _token_shown(connection, gate, request, secret, address, now)
        if shown == "wrong":
            await note_refusal(connection, gate, "token", address, now)
            return None
    return Terminal(gate, "token" if shown == "shown" else "allow_listed")


async def _token_shown(
    connection: Connection,
    gate: Gate,
    request: Request[Any, Any, Any],
    secret: str | None,
    address: str | None,
    now: datetime,
) -> Shown:
    host = request.headers.get("host", "")[:300].partition(":")[0].partition(".")[0]
    asked: dict[str, Any] = {"project_id": gate.project_id, "device_id": gate.device_id, "address": address}
    digests = [token_digest(one) for one in (host, secret) if one]
    row = await (await connection.execute(READ_SHOWN, {**asked, "digests": digests})).fetchone()
    if row is None:
        return "none wanted"
    shown, from_there = row
    if shown and secret is not None and address is not None:
        await connection.execute(NOTE_SHOWN, {**asked, "now": now})
    return "shown" if shown or (from_there and secret is None) else "wrong"


async def meet_by_token(
    tools: GateTools, request: Request[Any, Any, Any], vendor: str, token: str, *, now: datetime
) -> Terminal | None:
    """Return the active terminal to which a token was given; None for any other."""
    address = address_of(request)
    async with tools.database.connection() as connection:
        found = await find_by_token(connection, vendor=vendor, token=token, address=address, now=now)
        if found is None or found[0].device_state != "active":
            return None
        gate, from_network = found
        if not from_network:
            await note_refusal(connection, gate, "network", address, now)
            return None
    return Terminal(gate, "token")


def address_of(request: Request[Any, Any, Any]) -> str | None:
    """Return the network address that a terminal called from."""
    peer = request.client.host if request.client is not None else None
    return device_address(peer, request.headers.get("x-forwarded-for"))


def query_of(request: Request[Any, Any, Any]) -> list[tuple[str, str]]:
    """Return a query's pairs, however many a sender makes up: those beyond the first hundred do not count."""
    raw = request.scope["query_string"][:20_000].decode("latin-1")
    pieces = "&".join(raw.split("&")[:FIELDS_LIMIT])
    return parse_qsl(pieces, keep_blank_values=True, errors="replace")
