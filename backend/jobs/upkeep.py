"""Jobs of the platform itself: partitions for the months ahead, and the jobs of workers that died."""

from typing import Final

import structlog
from sqlalchemy import text

from backend.jobs.tools import JobTools, WorkerJob
from backend.migrate import MONTHS_AHEAD

log = structlog.get_logger()

STALLED_AFTER_S: Final = 120
ENSURE_PARTITIONS: Final = "SELECT ensure_partitions(:today, :ahead)"


async def make_partitions(tools: JobTools) -> None:
    """Keep the ledger's partitions two years ahead."""
    today = tools.clock.now().date().replace(day=1)
    async with tools.database.transaction() as tx:
        made = await tx.scalar(text(ENSURE_PARTITIONS), {"today": today, "ahead": MONTHS_AHEAD})
    log.info("partitions.made", made=made)


async def retry_stalled(tools: JobTools) -> None:
    """Give back the jobs of workers that died."""
    for job in await tools.queue.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S):
        await tools.queue.retry_job(job)
        log.warning("job.retried", stalled_job_id=job.id, stalled_task=job.task_name)


JOBS: Final = (
    WorkerJob("retry_stalled", "*/10 * * * *", retry_stalled),
    WorkerJob("make_partitions", "17 3 * * *", make_partitions),
)
