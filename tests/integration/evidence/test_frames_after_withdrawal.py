"""Frames end when their consent does, unless somebody holds them; an erasure is closed with their digests."""

from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from sqlalchemy import text

from backend.evidence.faces.port import NoFaces
from backend.evidence.liveness.erasing import FrameEraser
from backend.evidence.liveness.receiving import LivenessTools, purge_frames
from backend.kit.blobs import DiskBlobs
from backend.kit.clock import ManualClock
from backend.kit.crypto import DataKeys
from backend.kit.db import Database
from backend.kit.keyring import KeyRing
from tests.support.factories import make_staff
from tests.support.phones import make_ground

HOLD = """
INSERT INTO photo_hold (project_id, id, person_id, reason, placed_by, placed_at)
VALUES (:project, :id, :person, 'a dispute', :staff, :now)
"""
LIFT = """
UPDATE photo_hold SET lifted_by = :staff, lifted_at = :now, lift_reason = 'settled' WHERE project_id = :project
"""


async def test_nothing_is_called_gone_while_it_is_there(
    database: Database, keys: KeyRing, clock: ManualClock, tmp_path: Path
) -> None:
    ground, eraser, now = await make_ground(database, keys, clock.now()), FrameEraser(), clock.now()
    person_id, digest = ground.owner.person_id, sha256(b"a frame").digest()
    ids = {"project": ground.project.id, "challenge": uuid4(), "person": person_id, "phone": ground.owner.phone_id}
    async with database.transaction() as tx:
        assert await eraser.look(tx, person_id) is not None
        before = await eraser.count(tx)
        await tx.execute(
            text(
                "INSERT INTO liveness_challenge (project_id, id, person_id, phone_id, kind, nonce, steps, issued_at,"
                " expires_at) VALUES (:project, :challenge, :person, :phone, 'online', :nonce,"
                " '{neutral,turn_left,turn_right,look_up,look_down}', :now, :later)"
            ),
            {**ids, "nonce": bytes(16), "now": now, "later": now + timedelta(minutes=1)},
        )
        await tx.execute(
            text(
                "INSERT INTO liveness_frame (project_id, challenge_id, number, person_id, step, at_ms, sha256,"
                " size_bytes, received_at) VALUES (:project, :challenge, 0, :person, 'neutral', 0, :digest, 7, :now)"
            ),
            {**ids, "digest": digest, "now": now},
        )
        await tx.execute(
            text(
                "INSERT INTO liveness_frames (project_id, challenge_id, wrapped_key, blobs, delete_after)"
                " VALUES (:project, :challenge, :key, '{x}', :later)"
            ),
            {**ids, "key": b"k", "later": now + timedelta(days=90)},
        )
    tools = LivenessTools(
        database=database, faces=NoFaces(), data_keys=DataKeys(keys, clock.now), blobs=DiskBlobs(tmp_path), clock=clock
    )
    async with database.transaction() as tx:
        assert await eraser.look(tx, person_id) is None
        assert await eraser.count(tx) == before + 1
        await tx.execute(text(HOLD), {**ids, "id": uuid4(), "staff": ground.staff_id, "now": now})
        await eraser.end(tx, person_id, now)
    await purge_frames(tools)
    async with database.transaction() as tx:
        assert await eraser.look(tx, person_id) is None, "somebody holds them"
        other = await make_staff(tx)
        await tx.execute(text(LIFT), {**ids, "staff": other, "now": now})
    await purge_frames(tools)
    async with database.transaction() as tx:
        gone = await eraser.look(tx, person_id)
        assert gone is not None
        assert gone.digests == (digest,)
        assert await eraser.count(tx) == before
        deleted = text("SELECT deleted_at FROM liveness_deletion WHERE challenge_id = :challenge")
        assert await tx.scalar(deleted, ids) == now
