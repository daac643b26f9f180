"""Background work of fences: corrections go on where the last committed step ended."""

import structlog

from geofences.correction_queries import list_open_corrections
from geofences.correction_steps import advance_correction
from geofences.corrections import CorrectionTools

log = structlog.get_logger()


async def continue_corrections(tools: CorrectionTools) -> int:
    """Take every step that can be taken now, of all corrections; returns how many were taken.

    One that fails is told in the log and does not hold up the others; it is tried again at the next call.
    """
    async with tools.database.transaction() as tx:
        waiting = await list_open_corrections(tx)
    steps = 0
    for project_id, correction_id in waiting:
        try:
            while await advance_correction(tools, project_id, correction_id):
                steps += 1
        except Exception:  # whatever it was, the next correction does not hang on it
            log.exception("correction.failed", project_id=str(project_id), correction_id=str(correction_id))
    return steps
