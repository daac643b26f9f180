"""Makes rows of (name, cron, coroutine) the periodic jobs of a procrastinate application.

A room's jobs are a table of `Job`; its name is the task's name and its queueing lock at once, so a job that still waits
is not put in line again. Names are kept by jobs that wait in the database: renaming one loses those.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import procrastinate
import structlog

ToolsT = TypeVar("ToolsT")


@dataclass(frozen=True)
class Job(Generic[ToolsT]):
    """What is run whenever `cron` says (minute, hour, day, month, weekday; UTC), by one worker each time.

    `run` opens its own transactions, takes its time from the clock in its tools, says in the log what it did, and is
    harmless when run twice or a minute late. What it raises is logged as the job's failure; the next turn is its retry.
    """

    name: str
    cron: str
    run: Callable[[ToolsT], Awaitable[None]]


def open_job_app(database_url: str, options: str) -> procrastinate.App:
    """Return an application without jobs on the database; `options` are the start-up options of its connections."""
    kwargs = {"options": options, "connect_timeout": 3}
    return procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=database_url, kwargs=kwargs))


def add_jobs(app: procrastinate.App, jobs: Iterable[Job[ToolsT]], tools: ToolsT) -> None:
    """Add every job to the application; each line that it logs carries its name and number."""
    for job in jobs:
        _add_job(app, job, tools)


def _add_job(app: procrastinate.App, job: Job[ToolsT], tools: ToolsT) -> None:
    @app.periodic(cron=job.cron)
    @app.task(queueing_lock=job.name, name=job.name, pass_context=True)
    async def run(context: procrastinate.JobContext, timestamp: int) -> None:
        del timestamp
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(job_id=context.job.id, task=job.name)
        await job.run(tools)
