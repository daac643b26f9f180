"""Takes photos in for as long as a worker runs: at once when they come, in their order, one at a time."""

import asyncio
from typing import Final

import structlog

from backend.evidence.photos.deleting import DeletionTools, end_originals
from backend.evidence.photos.intake import IntakeTools, take_in_waiting
from backend.kit.errors import DaogangError

log = structlog.get_logger()

LOOK_S: Final = 2.0
"""So often is looked for photos when none wait."""
TROUBLE_S: Final = 10.0


async def keep_taking_in(intake: IntakeTools, deletion: DeletionTools) -> None:
    """Examine what waits and end its originals, until cancelled; a fault costs some seconds, never the loop."""
    try:
        while True:
            try:
                taken = await take_in_waiting(intake)
                ended = await end_originals(deletion) if taken else 0
            except DaogangError as fault:
                log.warning("photos.waiting_for", code=fault.code)
                await asyncio.sleep(TROUBLE_S)
            except Exception:
                log.exception("photos.intake_failed")
                await asyncio.sleep(TROUBLE_S)
            else:
                if taken:
                    log.info("photos.taken_in", photos=taken, originals_ended=ended)
                else:
                    await asyncio.sleep(LOOK_S)
    finally:
        await intake.examiner.close()
