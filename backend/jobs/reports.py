"""Jobs of reports: bulletins that are due."""

from typing import Final

import structlog

from backend.jobs.tools import JobTools, WorkerJob
from backend.reports.bulletins.issuing import BulletinTools, issue_due
from backend.reports.rendering.renderer import Renderer

log = structlog.get_logger()


async def issue_bulletins(tools: JobTools) -> None:
    """Publish the bulletins whose period is over where a city or a district has them issued by schedule."""
    made = await issue_due(BulletinTools(database=tools.database, renderer=Renderer(), clock=tools.clock))
    if made:
        log.info("bulletins.issued_by_schedule", bulletins=made)


JOBS: Final = (WorkerJob("issue_bulletins", "*/10 * * * *", issue_bulletins),)
