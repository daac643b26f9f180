"""Jobs of accounts and consents: what log-ins leave behind, erasures, and of how many people faces are kept."""

from datetime import timedelta
from typing import Final

import structlog

from backend.evidence.ways.passkeys import forget_challenges
from backend.identity.consents.erasing import follow_erasures as follow
from backend.identity.consents.stock import count_stock
from backend.identity.log_in import purge_log_in_traces as purge_traces
from backend.jobs.tools import JobTools, WorkerJob

log = structlog.get_logger()


async def follow_erasures(tools: JobTools) -> None:
    """Put on record what has been deleted since consents were withdrawn."""
    closed = await follow(tools.database, tools.wiring.erasers, tools.clock)
    if closed:
        log.info("consents.erasures_closed", erasures=closed)


async def count_face_stock(tools: JobTools) -> None:
    """Count the people of whom faces are kept; near the duty to file this is an alarm."""
    async with tools.database.transaction() as tx:
        stock = await count_stock(tx, tools.wiring.erasers["face_reference"], tools.clock.now())
    say = log.warning if stock.alarm else log.info
    say("consents.face_stock", people=stock.people, alarm=stock.alarm)


async def purge_log_in_traces(tools: JobTools) -> None:
    """Drop the codes, counters and tokens that ended a day ago."""
    async with tools.database.transaction() as tx:
        log.info("identity.traces_purged", rows=await purge_traces(tx, clock=tools.clock))
        yesterday = tools.clock.now() - timedelta(days=1)
        log.info("ways.challenges_forgotten", rows=await forget_challenges(tx, yesterday))


JOBS: Final = (
    WorkerJob("follow_erasures", "*/5 * * * *", follow_erasures),
    WorkerJob("count_face_stock", "11 * * * *", count_face_stock),
    WorkerJob("purge_log_in_traces", "41 3 * * *", purge_log_in_traces),
)
