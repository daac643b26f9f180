"""Rows of (name, cron, coroutine) become periodic jobs that run with the given tools."""

from contextlib import suppress

import procrastinate
import pytest
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.testing import InMemoryConnector

from backend.kit.jobs import Job, add_jobs


async def _count(tools: list[str]) -> None:
    tools.append("ran")


async def _fail(tools: list[str]) -> None:
    tools.append("failed")
    raise RuntimeError


@pytest.fixture
def connector() -> InMemoryConnector:
    return InMemoryConnector()


@pytest.fixture
def app(connector: InMemoryConnector) -> procrastinate.App:
    return procrastinate.App(connector=connector)


async def _run(app: procrastinate.App) -> None:
    await app.run_worker_async(wait=False, install_signal_handlers=False, listen_notify=False)


async def test_a_row_is_a_periodic_job_that_runs_with_its_tools(
    app: procrastinate.App, connector: InMemoryConnector
) -> None:
    ran: list[str] = []
    add_jobs(app, (Job("count", "17 3 * * *", _count),), ran)
    (periodic,) = app.periodic_registry.periodic_tasks.values()
    assert (periodic.task.name, periodic.cron, periodic.task.queueing_lock) == ("count", "17 3 * * *", "count")
    async with app.open_async():
        await app.tasks["count"].defer_async(timestamp=0)
        await _run(app)
    assert ran == ["ran"]
    assert [job["status"] for job in connector.jobs.values()] == ["succeeded"]


async def test_a_job_that_still_waits_is_not_put_in_line_again(app: procrastinate.App) -> None:
    ran: list[str] = []
    add_jobs(app, (Job("count", "* * * * *", _count), Job("other", "* * * * *", _count)), ran)
    async with app.open_async():
        for name in ("count", "count", "other"):
            with suppress(AlreadyEnqueued):
                await app.tasks[name].defer_async(timestamp=0)
        await _run(app)
    assert ran == ["ran", "ran"]


async def test_a_job_that_fails_is_a_failed_job_and_the_next_one_runs(
    app: procrastinate.App, connector: InMemoryConnector
) -> None:
    ran: list[str] = []
    add_jobs(app, (Job("fail", "* * * * *", _fail), Job("count", "* * * * *", _count)), ran)
    async with app.open_async():
        for name in ("fail", "count"):
            await app.tasks[name].defer_async(timestamp=0)
        await _run(app)
    assert ran == ["failed", "ran"]
    assert [job["status"] for job in connector.jobs.values()] == ["failed", "succeeded"]
