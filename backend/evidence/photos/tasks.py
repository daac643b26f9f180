"""Takes photos in for as long as a worker runs: at once when they come, in their order, one at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from backend.evidence.photos.deleting import DeletionTools, end_originals
from backend.evidence.photos.intake import IntakeTools, take_in_waiting
from backend.kit.errors import DaogangError

log = structlog.get_logger()

LOOK_S: Final = 2.0
"""So often is looked for photos when none wait."""
TROUBLE_S: Final = 10.0


Settle = Callable[[], Awaitable[int]]
"""What somebody above does with photos that were just examined; returns on how many punches it ruled."""


async def keep_taking_in(intake: IntakeTools, deletion: DeletionTools, settle: Settle) -> None:
    """Examine what waits, have it settled and end its originals, until cancelled.

    A fault costs some seconds, never the loop.
    """
    try:
        while True:
            try:
                taken = await take_in_waiting(intake)
                ruled = await settle() if taken else 0
                ended = await end_originals(deletion) if taken else 0
            except DaogangError as fault:
                log.warning("photos.waiting_for", code=fault.code)
                await asyncio.sleep(TROUBLE_S)
            except Exception:
                log.exception("photos.intake_failed")
                await asyncio.sleep(TROUBLE_S)
            else:
                if taken:
                    log.info("photos.taken_in", photos=taken, ruled_on=ruled, originals_ended=ended)
                else:
                    await asyncio.sleep(LOOK_S)
    finally:
        await intake.examiner.close()
