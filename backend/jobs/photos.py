"""Jobs of photos: punches that wait for them, comparing, and the end of uploads, photos, frames, reference photos."""

from typing import Final

import structlog

from backend.attendance.person_days import send_fold
from backend.evidence.liveness.receiving import LivenessTools, purge_frames
from backend.evidence.photos.comparing import ComparisonTools, compare_uses
from backend.evidence.photos.deleting import delete_what_is_due
from backend.evidence.purge import purge_uploads as purge
from backend.evidence.references.taking import ReferenceTools, purge_references
from backend.evidence.uploads import UploadTools
from backend.gates.photo_uses import follow_gate_photos
from backend.jobs.tools import JobTools, WorkerJob, deletion_tools
from mobile_api.photo_signals import rule_on_photo_signals
from mobile_api.photo_uses import follow_phone_items
from mobile_api.photo_waits import PhotoTools
from mobile_api.photo_waits import settle_photo_waits as settle
from mobile_api.proof_waits import settle_proof_waits

log = structlog.get_logger()


def photo_tools(tools: JobTools) -> PhotoTools:
    """Return what ruling on photos works with."""
    return PhotoTools(tools.database, send_fold, tools.clock)


async def settle_photo_waits(tools: JobTools) -> None:
    """Rule on punches whose photos came unnoticed or not in time, and on those whose proofs came after them."""
    ruled = await settle(photo_tools(tools))
    proved = await settle_proof_waits(photo_tools(tools))
    if ruled or proved:
        log.info("photos.ruled_on", punches=ruled, by_proofs=proved)


async def compare_photos(tools: JobTools) -> None:
    """Note which punches name which photos, compare what was examined with all used before, and rule on it."""
    await follow_phone_items(tools.database, tools.clock)
    await follow_gate_photos(tools.database, tools.clock)
    compared = await compare_uses(
        ComparisonTools(database=tools.database, data_keys=tools.wiring.data_keys, clock=tools.clock)
    )
    ruled = await rule_on_photo_signals(photo_tools(tools))
    if compared or ruled:
        log.info("photos.compared", uses=compared, ruled_on=ruled)


async def purge_uploads(tools: JobTools) -> None:
    """End the uploads of photos whose time is over."""
    wiring = tools.wiring
    uploads = UploadTools(database=tools.database, data_keys=wiring.data_keys, blobs=wiring.blobs, clock=tools.clock)
    log.info("evidence.uploads_purged", uploads=await purge(uploads))


async def delete_photos(tools: JobTools) -> None:
    """End photos, and originals, whose time is over and which nobody holds."""
    originals, photos = await delete_what_is_due(deletion_tools(tools))
    log.info("photos.deleted", photos=photos, originals=originals)


async def purge_faces(tools: JobTools) -> None:
    """Delete frames of liveness after 90 days, and reference photos that ended or whose people left."""
    wiring = tools.wiring
    liveness = LivenessTools(
        database=tools.database, faces=wiring.faces, data_keys=wiring.data_keys, blobs=wiring.blobs, clock=tools.clock
    )
    references = ReferenceTools(
        database=tools.database,
        faces=wiring.faces,
        examiner=tools.examiner,
        data_keys=wiring.data_keys,
        blobs=wiring.blobs,
        clock=tools.clock,
    )
    series = await purge_frames(liveness)
    log.info("evidence.faces_purged", series=series, references=await purge_references(references))


JOBS: Final = (
    WorkerJob("settle_photo_waits", "* * * * *", settle_photo_waits),
    WorkerJob("compare_photos", "* * * * *", compare_photos),
    WorkerJob("purge_uploads", "23 * * * *", purge_uploads),
    WorkerJob("purge_faces", "33 * * * *", purge_faces),
    WorkerJob("delete_photos", "47 * * * *", delete_photos),
)
