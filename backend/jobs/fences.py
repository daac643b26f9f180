"""Jobs of fences: corrections go on until their last punch is ruled on."""

from typing import Final

import structlog

from backend.jobs.tools import JobTools, WorkerJob
from geofences.corrections import CorrectionTools
from geofences.tasks import continue_corrections as go_on

log = structlog.get_logger()


async def continue_corrections(tools: JobTools) -> None:
    """Take the steps that corrections of fences have left."""
    wiring = tools.wiring
    steps = await go_on(
        CorrectionTools(tools.database, wiring.data_keys, wiring.workbench, wiring.fold_days, tools.clock)
    )
    if steps:
        log.info("corrections.continued", steps=steps)


JOBS: Final = (WorkerJob("continue_corrections", "* * * * *", continue_corrections),)
