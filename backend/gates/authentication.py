"""Says which gate signed a request: one read by key id, then the signature before anything else is looked at."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from backend.gates.errors import DeviceBlocked, DevicePending, KeyUnknown, NetworkRefused, NonceReplayed, SignatureWrong
from backend.gates.model import Gate
from backend.gates.reading import FROM_NETWORK, GATE_COLUMNS, GATE_JOINS, read_at
from backend.gates.refusals import note_refusal
from backend.gates.registry.key_secrets import GateSecrets
from backend.gates.signature import Signature, matches, require_fresh
from backend.ledger.append import Connection, Cursor

READ_KEY = f"""
SELECT k.secret_cipher, k.state, k.expires_at, {FROM_NETWORK}, {GATE_COLUMNS}
FROM gate_key k
JOIN gate_device d ON d.project_id = k.project_id AND d.id = k.device_id
{GATE_JOINS}
WHERE k.id = %(key_id)s
"""  # noqa: S608 - the parts are constants

# Waits for a concurrent request with the same nonce, and finds no row if that one is through.
TAKE_NONCE = """
INSERT INTO gate_nonce (key_id, nonce, seen_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING key_id
"""


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as it came: what was signed, and by which headers."""

    signature: Signature
    method: str
    path: str
    body: bytes
    address: str | None = None
    """Where it came from as far as is known, see `addresses.device_address`."""


async def authenticate(connection: Connection, secrets: GateSecrets, request: SignedRequest, now: datetime) -> Gate:
    """Return the gate whose live key signed the request.

    Raises KeyUnknown (no such key, revoked or expired), SignatureWrong, ClockSkew, NetworkRefused (kept on record),
    DeviceBlocked or DevicePending, in this order: what the last four tell is told to the holder of the secret alone.
    """
    given = request.signature
    key_id = _row_id(given.key_id)
    found = await connection.execute(READ_KEY, {"key_id": given.key_id, **read_at(now, request.address)})
    row = await found.fetchone()
    secret: str | None = None
    if row is not None and key_id is not None:
        stored, state, expires_at = row[:3]
        if state == "active" and (expires_at is None or now < expires_at):
            secret = secrets.open(key_id, bytes(stored))
    signed = matches(secret, given, method=request.method, path=request.path, body=request.body)
    if row is None or secret is None:
        raise KeyUnknown
    if not signed:
        raise SignatureWrong
    require_fresh(given, now)
    gate, from_network = Gate(*row[4:]), row[3]
    if not from_network:
        await note_refusal(connection, gate, "network", request.address, now)
        raise NetworkRefused
    if gate.device_state == "blocked":
        raise DeviceBlocked
    if gate.device_state != "active":
        raise DevicePending
    return gate


async def send_nonce(connection: Connection, given: Signature, now: datetime) -> Cursor:
    """Take the nonce in the request's own transaction; inside a pipeline nothing is waited for yet."""
    return await connection.execute(TAKE_NONCE, (given.key_id, given.nonce, now))


async def settle_nonce(sent: Cursor) -> None:
    """Raise NonceReplayed when the nonce was taken before."""
    if await sent.fetchone() is None:
        raise NonceReplayed


def key_name(key_id: UUID) -> str:
    """Return the id of a key as devices send it: 32 hexadecimal digits."""
    return key_id.hex


def _row_id(name: str) -> UUID | None:
    try:
        key_id = UUID(hex=name)
    except ValueError:
        return None
    return key_id if key_name(key_id) == name else None
