"""Photos as phones send them, and uploads that are there already."""

import base64
import hashlib
from collections.abc import AsyncIterator
from uuid import UUID

from backend.evidence.model import Claim
from backend.evidence.uploads import UploadTools, begin_upload, take_bytes


def upload_metadata(digest: bytes, media_type: str = "image/jpeg") -> str:
    """Return the `Upload-Metadata` of a photo."""
    told = {"sha256": digest.hex().encode(), "filetype": media_type.encode()}
    return ",".join(f"{key} {base64.b64encode(value).decode()}" for key, value in told.items())


async def pieces(*contents: bytes) -> AsyncIterator[bytes]:
    """Yield a body in pieces."""
    for content in contents:
        yield content


async def make_uploads(tools: UploadTools, person_id: UUID) -> tuple[UUID, str]:
    """Make an upload without bytes and a whole photo; return the id of the one, the SHA-256 of the other."""
    content = b"a photo of " + person_id.bytes
    digest = hashlib.sha256(content).digest()
    async with tools.database.transaction() as tx:
        waiting = await begin_upload(tx, person_id, Claim(digest, 100, "image/jpeg"), tools=tools)
        sent = await begin_upload(tx, person_id, Claim(digest, len(content), "image/jpeg"), tools=tools)
    await take_bytes(sent, 0, pieces(content), None, tools=tools)
    return waiting.id, digest.hex()
