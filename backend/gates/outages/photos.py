"""Keeps the photos that somebody adds to a declared outage, examined and sealed, and shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from backend.evidence.photos.examined import Refused
from backend.gates.outages import queries
from backend.gates.outages.errors import OutagePhotoRefused, OutagePhotosFull, OutagePhotoUnknown, OutageUnknown
from backend.gates.outages.tables import GateOutagePhoto
from backend.gates.registry.queries import READ
from backend.gates.tools import GateTools
from backend.identity.audit import record_act
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.ledger.append import Connection
from backend.ledger.data_keys import obtain_data_key, read_data_key
from backend.sites.projects import require_project

PHOTOS_LIMIT: Final = 5
"""Photos of one declaration."""
BODY_LIMIT: Final = 8_000_000
"""Bytes of a photo as it is sent; what is kept has at most 1280 pixels."""


@dataclass(frozen=True, slots=True)
class OutagePhotoRow:
    """A photo of a declaration: who added it, and when."""

    sha256: str
    added_at: datetime
    added_by: UUID
    size_bytes: int


async def add_photo(
    tools: GateTools, tx: Tx, actor: Actor, project_id: UUID, declaration_id: UUID, content: bytes, media_type: str
) -> OutagePhotoRow:
    """Examine a photo and keep what is to be kept of it: its pixels, nothing of its metadata.

    Raises ProjectUnknown, OutageUnknown, OutagePhotosFull, OutagePhotoRefused, ExaminersBusy or BlobsAway.
    """
    await require_project(tx, actor, project_id, scope=queries.DECLARE)
    if not await queries.list_declaration(tx, project_id, declaration_id):
        raise OutageUnknown
    found = await tools.examiner.examine(content, media_type)
    if isinstance(found, Refused):
        raise OutagePhotoRefused(reason=str(found.reason))
    digest = sha256(found.picture).hexdigest()
    known = {row.sha256: row for row in await _list(tx, project_id, declaration_id)}
    if digest in known:
        return known[digest]
    if len(known) >= PHOTOS_LIMIT:
        raise OutagePhotosFull(limit=PHOTOS_LIMIT)
    row = await store_photo(tools, tx, project_id, declaration_id, found.picture, by=actor.account_id)
    act, detail = "gate_outage.photo_added", {"sha256": digest}
    await record_act(tx, actor, act, "gate_outage", declaration_id, detail, clock=tools.clock, project_id=project_id)
    return row


async def store_photo(
    tools: GateTools, tx: Tx, project_id: UUID, declaration_id: UUID, picture: bytes, *, by: UUID
) -> OutagePhotoRow:
    """Seal an examined picture under the project's key of the month and note it; the same again changes nothing."""
    now, digest = tools.clock.now(), sha256(picture).digest()
    key_id, key = await obtain_data_key(
        await _connection(tx), tools.data_keys, project_id, now, key_id=None, wrapped=None
    )
    await tools.blobs.put(_name(project_id, declaration_id, now, digest), key.seal(picture, digest).ciphertext)
    await tx.execute(
        insert(GateOutagePhoto)
        .values(
            project_id=project_id,
            declaration_id=declaration_id,
            sha256=digest,
            added_at=now,
            added_by=by,
            key_id=key_id,
            size_bytes=len(picture),
        )
        .on_conflict_do_nothing()
    )
    return OutagePhotoRow(digest.hex(), now, by, len(picture))


async def list_photos(tx: Tx, actor: Actor, project_id: UUID, declaration_id: UUID) -> Sequence[OutagePhotoRow]:
    """Return the photos of a declaration in order of adding; raises ProjectUnknown or OutageUnknown."""
    await require_project(tx, actor, project_id, scope=READ)
    if not await queries.list_declaration(tx, project_id, declaration_id):
        raise OutageUnknown
    return await _list(tx, project_id, declaration_id)


async def read_photo(
    tools: GateTools, tx: Tx, actor: Actor, project_id: UUID, declaration_id: UUID, digest: str
) -> bytes:
    """Return a photo as JPEG; raises ProjectUnknown, OutagePhotoUnknown (also when its key is gone) or BlobsAway."""
    await require_project(tx, actor, project_id, scope=READ)
    wanted = bytes.fromhex(digest)
    row = GateOutagePhoto
    statement = select(row.added_at, row.key_id).where(
        row.project_id == project_id, row.declaration_id == declaration_id, row.sha256 == wanted
    )
    found = (await tx.execute(statement)).one_or_none()
    if found is None:
        raise OutagePhotoUnknown
    key = await read_data_key(await _connection(tx), tools.data_keys, project_id, found.key_id)
    if key is None:
        raise OutagePhotoUnknown
    return key.open(await tools.blobs.get(_name(project_id, declaration_id, found.added_at, wanted)), wanted)


async def _list(tx: Tx, project_id: UUID, declaration_id: UUID) -> list[OutagePhotoRow]:
    row = GateOutagePhoto
    statement = (
        select(row.sha256, row.added_at, row.added_by, row.size_bytes)
        .where(row.project_id == project_id, row.declaration_id == declaration_id)
        .order_by(row.added_at, row.sha256)
    )
    return [OutagePhotoRow(found[0].hex(), *found[1:]) for found in await tx.execute(statement)]


async def _connection(tx: Tx) -> Connection:
    return cast("Connection", (await tx.get_raw_connection()).driver_connection)


def _name(project_id: UUID, declaration_id: UUID, added_at: datetime, digest: bytes) -> str:
    return f"outage-photos/{project_id}/{added_at.astimezone(UTC):%Y%m}/{declaration_id}/{digest.hex()}"
