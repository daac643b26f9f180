"""A store of photos with its database, keys and clock: what receives, examines and deletes them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from backend.evidence.model import Claim
from backend.evidence.photos.arrivals import Arrivals, PhoneArrivals
from backend.evidence.photos.deleting import DeletionTools
from backend.evidence.photos.examined import EXAMINATION, FACE_NOT_EVALUATED
from backend.evidence.photos.examiner import Examiner
from backend.evidence.photos.intake import IntakeTools
from backend.evidence.photos.model import kept_name
from backend.evidence.photos.tables import PhotoFile, PhotoResult
from backend.evidence.uploads import UploadTools, begin_upload, take_bytes
from backend.gates.photo_arrivals import GateArrivals
from backend.kit.blobs import BlobStore, DiskBlobs
from backend.kit.clock import ManualClock
from backend.kit.crypto import DataKeys
from backend.kit.db import Database, Tx
from backend.kit.keyring import MemoryKeyRing
from tests.support.photos import pieces


@dataclass
class House:
    """Everything that photos go through, on one database and one folder."""

    database: Database
    keys: MemoryKeyRing
    clock: ManualClock
    blobs: BlobStore
    folder: Path
    examiner: Examiner

    @property
    def data_keys(self) -> DataKeys:
        """Return who wraps data keys."""
        return DataKeys(self.keys, self.clock.now)

    @property
    def arrivals(self) -> Mapping[str, Arrivals]:
        """Return who received photos."""
        return {
            "phone": PhoneArrivals(self.blobs, self.data_keys),
            "gate": GateArrivals(self.blobs, self.data_keys),
        }

    @property
    def uploads(self) -> UploadTools:
        """Return what receives photos of phones."""
        return UploadTools(database=self.database, data_keys=self.data_keys, blobs=self.blobs, clock=self.clock)

    @property
    def intake(self) -> IntakeTools:
        """Return what examines them."""
        return IntakeTools(
            database=self.database,
            data_keys=self.data_keys,
            blobs=self.blobs,
            examiner=self.examiner,
            arrivals=self.arrivals,
            clock=self.clock,
        )

    @property
    def deletion(self) -> DeletionTools:
        """Return what deletes them."""
        return DeletionTools(database=self.database, blobs=self.blobs, arrivals=self.arrivals, clock=self.clock)

    async def receive(self, person_id: UUID, content: bytes, media_type: str = "image/jpeg") -> UUID:
        """Receive a photo of a person's phone; return its id."""
        claim = Claim(hashlib.sha256(content).digest(), len(content), media_type)
        async with self.database.transaction() as tx:
            upload = await begin_upload(tx, person_id, claim, tools=self.uploads)
        await take_bytes(upload, 0, pieces(content), None, tools=self.uploads)
        return upload.id

    async def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """Return the rows of a statement."""
        async with self.database.transaction() as tx:
            return [dict(row) for row in (await tx.execute(text(statement), values)).mappings()]

    def files(self) -> dict[str, bytes]:
        """Return what lies in the store, by name."""
        found = [path for path in self.folder.rglob("*") if path.is_file()]
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in found}


async def note_examined(
    tx: Tx, person_id: UUID, sha256: bytes, now: datetime, *, outcome: Literal["kept", "refused"] = "kept"
) -> None:
    """Write that a phone's photo was examined, for tests to which its pixels say nothing; again changes nothing."""
    kept = outcome == "kept"
    file = insert(PhotoFile).values(
        id=uuid4(),
        source="phone",
        person_id=person_id,
        sha256=sha256,
        size_bytes=1,
        media_type="image/jpeg",
        received_at=now,
        photo_class="unused",
        try_after=now,
    )
    await tx.execute(file.on_conflict_do_nothing())
    own = (PhotoFile.person_id == person_id, PhotoFile.sha256 == sha256)
    photo_id = (await tx.execute(select(PhotoFile.id).where(*own))).scalar_one()
    # Other tests' deletions of what is due may meet it: its blob has a name, though nothing lies there.
    kept_as = {"wrapped_key": b"-", "blob": kept_name(photo_id, 1)} if kept else {}
    await tx.execute(update(PhotoFile).where(*own).values(state=outcome, **kept_as))
    result = insert(PhotoResult).values(
        photo_id=photo_id,
        examined_at=now,
        examination=EXAMINATION,
        outcome=outcome,
        reason=None if kept else "broken",
        notes=[],
        face=FACE_NOT_EVALUATED,
        picture_sha256=bytes(32) if kept else None,
        sealed_facts=b"-" if kept else None,
    )
    await tx.execute(result.on_conflict_do_nothing())


def make_house(database: Database, clock: ManualClock, folder: Path, keys: MemoryKeyRing) -> House:
    """Give a house that stores in a folder."""
    return House(database, keys, clock, DiskBlobs(folder), folder, Examiner())
