"""Jobs about the ledger's log that the sealer cannot do for itself: noticing that it does not run."""

from typing import Final

import structlog

from backend.jobs.tools import JobTools, WorkerJob
from backend.ledger.seals.standing import watch_lag

log = structlog.get_logger()


async def watch_seals(tools: JobTools) -> None:
    """Announce when entries wait too long for their seal, and when they do no more."""
    now = tools.clock.now()
    async with tools.database.transaction() as tx:
        standing = await watch_lag(tx, now)
    if standing.is_late(now):
        log.warning("seals.late", waiting=standing.waiting, lag_s=round(standing.lag_s(now)))


JOBS: Final = (WorkerJob("watch_seals", "* * * * *", watch_seals),)
