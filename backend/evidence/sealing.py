"""Seals several pictures that belong together under one data key of their own, and opens and drops them again."""

from collections.abc import Sequence
from contextlib import suppress
from secrets import token_hex
from uuid import UUID

import structlog

from backend.kit.blobs import BlobMissing, BlobsAway, BlobStore
from backend.kit.crypto import DataKeys

log = structlog.get_logger()


def _label(kind: str, owner: UUID, number: int) -> bytes:
    return kind.encode() + b"\x00" + owner.bytes + number.to_bytes(2, "big")


async def seal_pictures(
    kind: str, owner: UUID, pictures: Sequence[bytes], *, data_keys: DataKeys, blobs: BlobStore
) -> tuple[bytes, list[str]]:
    """Store pictures sealed and return (wrapped key, names of the blobs); durable when this returns.

    `kind` is the folder and part of what each is sealed for. Raises BlobsAway; nothing is left behind then.
    """
    wrapped, key = data_keys.create_data_key(kind.encode() + b"\x00" + owner.bytes)
    names = [f"{kind}/{owner.hex[-2:]}/{owner.hex}.{number}.{token_hex(8)}" for number in range(len(pictures))]
    try:
        for number, picture in enumerate(pictures):
            await blobs.put(names[number], key.seal(picture, _label(kind, owner, number)).ciphertext)
    except BlobsAway:
        await drop_pictures(names, blobs=blobs)
        raise
    return wrapped, names


async def open_pictures(
    kind: str, owner: UUID, wrapped: bytes, names: Sequence[str], *, data_keys: DataKeys, blobs: BlobStore
) -> list[bytes]:
    """Return stored pictures in their order; raises BlobsAway."""
    key = data_keys.unwrap_once(wrapped, kind.encode() + b"\x00" + owner.bytes)
    try:
        stored = [await blobs.get(name) for name in names]
    except BlobMissing as fault:
        log.error("pictures.lost", kind=kind, owner=owner)  # noqa: TRY400 - the trace says nothing more
        raise BlobsAway from fault
    return [key.open(content, _label(kind, owner, number)) for number, content in enumerate(stored)]


async def drop_pictures(names: Sequence[str], *, blobs: BlobStore) -> None:
    """Delete blobs that no row names; what cannot be deleted now stays unreadable, since its key is nowhere."""
    for name in names:
        with suppress(BlobsAway):
            await blobs.delete(name)
