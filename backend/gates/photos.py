"""Takes the photos that events name by their digest, seals each under a key of its own, and has it examined."""

from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from backend.evidence.uploads import drop_blobs
from backend.gates.authentication import SignedRequest, authenticate, send_nonce, settle_nonce
from backend.gates.errors import PhotoDigestWrong, PhotoUnreadable
from backend.gates.model import Gate
from backend.gates.schemas import PhotoAnswer
from backend.gates.tools import GateTools
from backend.kit.errors import BodyTooLarge
from backend.kit.ids import new_id
from backend.ledger.append import Connection

PHOTO_LIMIT: Final = 300_000
"""Bytes; terminals' photos of a pass have 20 to 100 kB."""

_START, _END = b"\xff\xd8\xff", b"\xff\xd9"

KNOWN = "SELECT FROM gate_photo WHERE project_id = %s AND device_id = %s AND sha256 = %s"

# Of two that come at once one is kept; the other's bytes lie under a name of their own, and are deleted.
KEEP = """
WITH kept AS (
  INSERT INTO gate_photo (project_id, device_id, sha256, received_at, wrapped_key, size_bytes)
  VALUES (%(project_id)s, %(device_id)s, %(digest)s, %(now)s, %(wrapped)s, %(size)s)
  ON CONFLICT DO NOTHING
  RETURNING project_id
)
INSERT INTO photo_file
  (id, source, project_id, device_id, sha256, size_bytes, media_type, received_at, class, try_after)
SELECT %(id)s, 'gate', project_id, %(device_id)s, %(digest)s, %(size)s, 'image/jpeg', %(now)s, 'gate', %(now)s FROM kept
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
    await _store(tools, gate, body, digest, now)
    return PhotoAnswer(status="accepted")


async def keep_photo(tools: GateTools, gate: Gate, content: bytes, now: datetime) -> None:
    """Keep a photo that a terminal sent with its event; the same again changes nothing. Durable when this returns.

    Raises BlobsAway, DatabaseAway or Contended: then the terminal is to send it again.
    """
    digest = sha256(content).digest()
    async with tools.database.connection() as connection:
        if await _known(connection, gate, digest):
            return
    await _store(tools, gate, content, digest, now)


async def _store(tools: GateTools, gate: Gate, content: bytes, digest: bytes, now: datetime) -> None:
    """Seal and store a photo, then write its row, which holds its key, and have it examined."""
    photo_id = new_id(now)
    wrapped, key = tools.data_keys.create_data_key(photo_key_label(photo_id))
    name = photo_name(gate.project_id, gate.device_id, now, photo_id)
    await tools.blobs.put(name, key.seal(content, digest).ciphertext)
    async with tools.database.connection() as connection:
        kept = await connection.execute(
            KEEP,
            {
                "project_id": gate.project_id,
                "device_id": gate.device_id,
                "digest": digest,
                "now": now,
                "wrapped": wrapped,
                "size": len(content),
                "id": photo_id,
            },
        )
    if kept.rowcount == 0:
        await drop_blobs(tools.blobs, name)


async def _known(connection: Connection, gate: Gate, digest: bytes) -> bool:
    found = await connection.execute(KNOWN, (gate.project_id, gate.device_id, digest))
    return await found.fetchone() is not None


def photo_key_label(photo_id: UUID) -> bytes:
    """Name the data key of a photo."""
    return b"gate-photo\x00" + photo_id.bytes


def photo_name(project_id: UUID, device_id: UUID, received_at: datetime, photo_id: UUID) -> str:
    """Return the name of a photo's blob: by month (UTC) in which it came, in 256 folders of the device."""
    return f"gate-photos/{project_id}/{received_at:%Y%m}/{device_id}/{photo_id.hex[-2:]}/{photo_id.hex}"
