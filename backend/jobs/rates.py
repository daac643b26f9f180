"""Jobs of rates: computations that were asked for."""

from typing import Final

import structlog

from backend.attendance.rates.computations import run_computations
from backend.jobs.tools import JobTools, WorkerJob

log = structlog.get_logger()


async def recompute_rates(tools: JobTools) -> None:
    """Reckon the months that somebody asked for."""
    done = await run_computations(tools.database, tools.clock)
    if done:
        log.info("rates.recomputed", computations=done)


JOBS: Final[tuple[WorkerJob, ...]] = (WorkerJob("recompute_rates", "* * * * *", recompute_rates),)
