"""Takes the photos that events name by their digest, and keeps them sealed under the project's key of the month."""

from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from backend.gates.authentication import SignedRequest, authenticate, send_nonce, settle_nonce
from backend.gates.errors import PhotoDigestWrong, PhotoUnreadable
from backend.gates.model import Gate
from backend.gates.schemas import PhotoAnswer
from backend.gates.tools import GateTools
from backend.kit.errors import BodyTooLarge
from backend.ledger.append import Connection
from backend.ledger.data_keys import obtain_data_key

PHOTO_LIMIT: Final = 300_000
"""Bytes; terminals' photos of a pass have 20 to 100 kB."""

_START, _END = b"\xff\xd8\xff", b"\xff\xd9"

KNOWN = "SELECT FROM gate_photo WHERE project_id = %s AND device_id = %s AND sha256 = %s"

KEEP = """
INSERT INTO gate_photo (project_id, device_id, sha256, received_at, key_id, size_bytes)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""


async def take_photo(tools: GateTools, request: SignedRequest, stated: str) -> PhotoAnswer:
    """Verify and keep a photo whose SHA-256 the path states; durable when this returns.

    No connection is held while the photo is stored. It is stored before its row: without the row it only takes space,
    and is written anew when the device sends it again. Raises what `authenticate` raises, BodyTooLarge,
    PhotoDigestWrong, PhotoUnreadable, NonceReplayed, BlobsAway, DatabaseAway or Contended.
    """
    now, body = tools.clock.now(), request.body
    digest = sha256(body).digest()
    async with tools.database.connection() as connection:
        gate = await authenticate(connection, tools.secrets, request, now)
        if len(body) > PHOTO_LIMIT:
            raise BodyTooLarge(limit_bytes=PHOTO_LIMIT)
        if digest.hex() != stated.lower():
            raise PhotoDigestWrong
        if not (body.startswith(_START) and body.endswith(_END)):
            raise PhotoUnreadable
        await settle_nonce(await send_nonce(connection, request.signature, now))
        if await _known(connection, gate, digest):
            return PhotoAnswer(status="duplicate")
        key_id, key = await obtain_data_key(
            connection,
            tools.data_keys,
            gate.project_id,
            now,
            key_id=gate.data_key_id,
            wrapped=gate.wrapped_data_key,
        )
    name = photo_name(gate.project_id, gate.device_id, now, digest)
    await tools.blobs.put(name, key.seal(body, digest).ciphertext)
    async with tools.database.connection() as connection:
        await connection.execute(KEEP, (gate.project_id, gate.device_id, digest, now, key_id, len(body)))
    return PhotoAnswer(status="accepted")


async def keep_photo(tools: GateTools, gate: Gate, content: bytes, now: datetime) -> None:
    """Keep a photo that a terminal sent with its event; the same again changes nothing. Durable when this returns.

    Raises BlobsAway, DatabaseAway or Contended: then the terminal is to send it again.
    """
    digest = sha256(content).digest()
    async with tools.database.connection() as connection:
        if await _known(connection, gate, digest):
            return
        key_id, key = await obtain_data_key(
            connection,
            tools.data_keys,
            gate.project_id,
            now,
            key_id=gate.data_key_id,
            wrapped=gate.wrapped_data_key,
        )
    await tools.blobs.put(
        photo_name(gate.project_id, gate.device_id, now, digest), key.seal(content, digest).ciphertext
    )
    async with tools.database.connection() as connection:
        await connection.execute(KEEP, (gate.project_id, gate.device_id, digest, now, key_id, len(content)))


async def _known(connection: Connection, gate: Gate, digest: bytes) -> bool:
    found = await connection.execute(KNOWN, (gate.project_id, gate.device_id, digest))
    return await found.fetchone() is not None


def photo_name(project_id: UUID, device_id: UUID, received_at: datetime, digest: bytes) -> str:
    """Return the name of a photo's blob: by month (UTC), whose data key sealed it, in 256 folders of the device."""
    written = digest.hex()
    return f"gate-photos/{project_id}/{received_at:%Y%m}/{device_id}/{written[:2]}/{written}"
