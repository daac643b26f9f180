"""Photos as phones send them, and uploads that are there already."""

import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import time, timedelta
from uuid import UUID

from litestar import Litestar

from backend.evidence.model import Claim
from backend.evidence.photos.arrivals import Arrived
from backend.evidence.photos.examination import examine_photo
from backend.evidence.photos.examined import Examination
from backend.evidence.photos.examiner import Examiner
from backend.evidence.photos.intake import IntakeTools, take_in
from backend.evidence.photos.queries import Taken
from backend.evidence.photos.uses import Named, note_uses
from backend.evidence.uploads import UploadTools, begin_upload, take_bytes
from backend.sites.model import work_on
from tests.support.pictures import photo_of


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


class ExaminerHere(Examiner):
    """Examines in this process: for photos of ours."""

    async def examine(self, content: bytes, media_type: str) -> Examination:
        """Examine at once."""
        return examine_photo(content, media_type)


async def make_kept_photo(app: Litestar, person_id: UUID, project_id: UUID, punch_id: UUID, seed: int = 1) -> UUID:
    """Make a photo that was taken in, and that a punch of the person names; return its id."""
    tools: UploadTools = app.state.upload_tools
    wiring, now = app.state.wiring, tools.clock.now()
    content = photo_of(seed, 96, 72) + person_id.bytes  # nobody else's bytes
    digest = hashlib.sha256(content).digest()
    async with tools.database.transaction() as tx:
        upload = await begin_upload(tx, person_id, Claim(digest, len(content), "image/jpeg"), tools=tools)
    await take_bytes(upload, 0, pieces(content), None, tools=tools)
    intake = IntakeTools(
        database=tools.database,
        data_keys=wiring.data_keys,
        blobs=wiring.blobs,
        examiner=ExaminerHere(),
        arrivals=wiring.arrivals,
        clock=tools.clock,
    )
    arrived = Arrived(
        id=upload.id,
        source="phone",
        person_id=person_id,
        project_id=None,
        device_id=None,
        sha256=digest,
        media_type="image/jpeg",
        received_at=now,
    )
    assert await take_in(intake, Taken(arrived, 0))
    named = Named(
        project_id=project_id,
        punch_id=punch_id,
        sha256=digest,
        person_id=person_id,
        device_id=None,
        occurred_at=now - timedelta(hours=1),
        work_on=work_on(now, "Asia/Shanghai", time(4)),
        chainage="K0+120",
    )
    async with tools.database.transaction() as tx:
        await note_uses(tx, [named], now)
    return upload.id
