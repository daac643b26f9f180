"""Reads and ends the originals of gates' photos, for who examines them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, select, update

from backend.evidence.photos.arrivals import Arrived
from backend.gates.photos import photo_key_label, photo_name
from backend.gates.tables import GatePhoto
from backend.kit.blobs import BlobStore
from backend.kit.crypto import DataKeys
from backend.kit.db import Tx


@dataclass(frozen=True, slots=True)
class GateArrivals:
    """Photos that gates sent; see Arrivals in `backend/evidence/photos/arrivals.py`."""

    blobs: BlobStore
    data_keys: DataKeys

    async def find_key(self, tx: Tx, photo: Arrived) -> bytes | None:
        """See Arrivals."""
        return await tx.scalar(select(GatePhoto.wrapped_key).where(*_row(photo)))

    async def read(self, photo: Arrived, wrapped_key: bytes) -> bytes:
        """See Arrivals."""
        stored = await self.blobs.get(self.blob(photo))
        key = self.data_keys.unwrap_once(wrapped_key, photo_key_label(photo.id))
        return key.open(stored, photo.sha256)

    async def end_key(self, tx: Tx, photo: Arrived) -> bytes | None:
        """See Arrivals."""
        wrapped = await tx.scalar(select(GatePhoto.wrapped_key).where(*_row(photo)).with_for_update())
        if wrapped is not None:
            await tx.execute(update(GatePhoto).where(*_row(photo)).values(wrapped_key=None))
        return wrapped

    def blob(self, photo: Arrived) -> str:
        """See Arrivals."""
        return photo_name(*_place(photo), photo.received_at, photo.id)


def _place(photo: Arrived) -> tuple[UUID, UUID]:
    if photo.project_id is None or photo.device_id is None:
        msg = "the database lets no gate's photo be without a gate"
        raise RuntimeError(msg)
    return photo.project_id, photo.device_id


def _row(photo: Arrived) -> tuple[ColumnElement[bool], ...]:
    return (
        GatePhoto.project_id == photo.project_id,
        GatePhoto.device_id == photo.device_id,
        GatePhoto.sha256 == photo.sha256,
    )
