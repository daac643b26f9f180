"""An erasure of face checks stays open while frames are there, and is closed with their digests."""

from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

from sqlalchemy import text

from backend.evidence.liveness.erasing import FrameEraser
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import KeyRing
from tests.support.phones import make_ground


async def test_nothing_is_called_gone_while_it_is_there(database: Database, keys: KeyRing, clock: ManualClock) -> None:
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
    async with database.transaction() as tx:
        assert await eraser.look(tx, person_id) is None
        assert await eraser.count(tx) == before + 1
        await tx.execute(text("DELETE FROM liveness_frames WHERE challenge_id = :challenge"), ids)
        gone = await eraser.look(tx, person_id)
        assert gone is not None
        assert gone.digests == (digest,)
        assert await eraser.count(tx) == before
