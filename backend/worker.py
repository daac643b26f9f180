"""Runs everything that nobody waits for: the periodic jobs, the alert rules, telling people, taking photos in.

Periodic jobs are rows (`backend.kit.jobs.Job`: name, cron, coroutine) of tables in `backend/jobs/`, one for each room.
A new job is a coroutine that takes `JobTools`, and a row in its room's `JOBS`; a new room is a file there and its
place in `JOBS` here. Nothing else is to be done for it.
"""

import asyncio
import os
from functools import partial
from typing import Final

import procrastinate
import structlog
import uvloop

from backend.alerts.channels.draining import DrainTools, run_drain
from backend.alerts.channels.opening import open_channels
from backend.alerts.following import follow
from backend.evidence.photos.examiner import Examiner
from backend.evidence.photos.tasks import keep_taking_in
from backend.jobs import attendance, fences, gates, identity, photos, rates, reports, seals, upkeep
from backend.jobs.photos import photo_tools
from backend.jobs.tools import JobTools, WorkerJob, deletion_tools, intake_tools
from backend.kit.clock import SystemClock
from backend.kit.db import Database, start_up_options
from backend.kit.garbage import collect_less, keep_what_is_there
from backend.kit.jobs import add_jobs, open_job_app
from backend.kit.logs import configure_logs
from backend.reports.bulletins.enclosing import PRINT_WALL_S, BulletinPrints
from backend.reports.rendering.renderer import Renderer
from backend.settings import Settings
from backend.wiring import wire
from mobile_api.photo_waits import settle_photo_waits

log = structlog.get_logger()

NICENESS: Final = 5

JOBS: Final[tuple[WorkerJob, ...]] = (
    *gates.JOBS,
    *photos.JOBS,
    *identity.JOBS,
    *fences.JOBS,
    *attendance.JOBS,
    *seals.JOBS,
    *reports.JOBS,
    *upkeep.JOBS,
    *rates.JOBS,
)


async def drain_alerts(settings: Settings, tools: JobTools) -> None:
    """Tell people of alerts through the channels that the settings name, until it is cancelled.

    A process that dies leaves attempts on record that nobody ended; the next one takes them up.
    """
    wiring = tools.wiring
    prints = BulletinPrints(tools.database, Renderer(wall_s=PRINT_WALL_S))
    channels = open_channels(settings.channels, wiring.keys, wiring.identity.sms, prints)
    drain = DrainTools(
        database=tools.database,
        url=settings.database_url,
        channels=channels,
        services=wiring.identity,
        clock=tools.clock,
    )
    try:
        await run_drain(drain)
    finally:
        for channel in channels.values():
            await channel.aclose()


async def work(settings: Settings, app: procrastinate.App, tools: JobTools) -> None:
    """Run all of it until a signal ends the jobs."""
    log.info("worker.started")
    stopping = asyncio.Event()
    # Not periodic jobs: those come once a minute, and supervisors are told within a second.
    following = asyncio.create_task(follow(tools.database, tools.clock, stopping))
    settle = partial(settle_photo_waits, photo_tools(tools))
    taking_in = asyncio.create_task(keep_taking_in(intake_tools(tools), deletion_tools(tools), settle))
    draining = asyncio.create_task(drain_alerts(settings, tools))
    try:
        await app.run_worker_async(install_signal_handlers=True, shutdown_graceful_timeout=15)
    finally:
        stopping.set()
        taking_in.cancel()
        draining.cancel()
        await asyncio.gather(following, taking_in, draining, return_exceptions=True)
    log.info("worker.stopped")


def run_worker(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; a running job is finished first."""
    # Whoever checks in comes first where both share processors; what looks at photos is niced further.
    os.nice(NICENESS)
    configure_logs(settings.log_format)
    collect_less()
    keep_what_is_there()
    clock = SystemClock()
    app = open_job_app(settings.database_url, start_up_options())
    tools = JobTools(
        database=Database(settings.database_url, max_size=4),
        clock=clock,
        wiring=wire(settings, clock),
        examiner=Examiner(),
        queue=app.job_manager,
    )
    add_jobs(app, JOBS, tools)

    async def run() -> None:
        async with tools.database.opened(), app.open_async():
            await work(settings, app, tools)

    # Telling people is hundreds of requests a second: libuv's loop halves what the loop itself takes.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
