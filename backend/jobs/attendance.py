"""Jobs of attendance: what becomes of reviews and appeals on which nobody decides."""

from typing import Final

import structlog

from backend.attendance.person_days import send_fold
from backend.attendance.requests.escalating import escalate_appeals as escalate
from backend.attendance.reviews.lapsing import count_undecided as count
from backend.jobs.tools import JobTools, WorkerJob

log = structlog.get_logger()


async def count_undecided(tools: JobTools) -> None:
    """Count the punches on which nobody decided within the term of their review."""
    counted = await count(tools.database, tools.clock, send_fold)
    if counted:
        log.info("reviews.counted_undecided", punches=counted)


async def escalate_appeals(tools: JobTools) -> None:
    """Let appeals whose term is over go one office up."""
    moved = await escalate(tools.database, tools.clock)
    if moved:
        log.info("requests.appeals_escalated", appeals=moved)


JOBS: Final = (
    WorkerJob("count_undecided", "19 * * * *", count_undecided),
    WorkerJob("escalate_appeals", "21 * * * *", escalate_appeals),
)
