"""Fixtures for every test: lazily a database, a transaction, the application; unit tests touch none of them."""

import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

import anyio.pytest_plugin
import hypothesis
import pytest

if TYPE_CHECKING:
    from httpx import AsyncClient
    from litestar import Litestar

    from backend.kit.clock import ManualClock
    from backend.kit.db import Database, Tx
    from backend.kit.keyring import MemoryKeyRing
    from tests.support.databases import Databases

# Deadlines measure the machine, and tests share it with others.
hypothesis.settings.register_profile("house", deadline=None, max_examples=50)
hypothesis.settings.load_profile("house")


class _Undo(Exception):
    """Leaves a transaction so that it is rolled back."""


def _test_now() -> datetime:
    from tests.support.databases import TEST_DAY

    return datetime.combine(TEST_DAY, time(1, 30), UTC)  # 09:30 on a Monday in Wuhan


def _revive_runner() -> None:
    """Keep one failure one failure: replace the loop's runner task when a test's cancellation has ended it.

    All async tests and fixtures of a worker share that task, and anyio makes no new one; without this, everything
    after a cancelled test fails with ClosedResourceError. The loop and what lives on it go on.
    """
    runner = getattr(anyio.pytest_plugin, "_current_runner", None)
    task = getattr(runner, "_runner_task", None)
    if runner is not None and task is not None and task.done():
        if not task.cancelled():
            task.exception()  # looked at, so that nobody warns of it
        runner._runner_task = None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the journeys and real processes: they wait for much, and each worker that plays them needs a house.

    One worker begins with the first half of the list, so it plays them all; the short tests come last, and of these
    whoever is ready first takes the rest.
    """
    items.sort(key=lambda item: not item.nodeid.startswith("tests/e2e/"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Let the next test run, whatever the one before did."""
    _revive_runner()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Let a test's fixtures be put away, whatever it did."""
    _revive_runner()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests and fixtures on asyncio, all of one worker on one loop."""
    return "asyncio"


@pytest.fixture(scope="session")
def databases() -> "Iterator[Databases]":
    """Give the private test server with its migrated template."""
    from tests.support.databases import databases

    with databases() as found:
        yield found


@pytest.fixture(scope="session")
def database_url(databases: "Databases") -> Iterator[str]:
    """Give this worker's own database; what is committed there stays until the end of the run."""
    with databases.clone(os.environ.get("PYTEST_XDIST_WORKER", "alone")) as url:
        yield url


@pytest.fixture
def fresh_database(databases: "Databases") -> Iterator[str]:
    """Give the URL of a database of this test's own, as the migrations leave it."""
    with databases.clone("fresh") as url:
        yield url


@pytest.fixture(scope="session")
async def database(database_url: str) -> "AsyncIterator[Database]":
    """Give this worker's database, opened as the server opens it (role daogang_app)."""
    from backend.kit.db import Database

    database = Database(database_url, min_size=1, max_size=4)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def tx(database: "Database") -> "AsyncIterator[Tx]":
    """Give an open transaction that is rolled back at the end."""
    try:
        async with database.transaction() as transaction:
            yield transaction
            raise _Undo  # noqa: TRY301 - the way out that rolls back
    except _Undo:
        pass


@pytest.fixture(scope="session")
def _app_clock() -> "ManualClock":
    from backend.kit.clock import ManualClock

    return ManualClock(_test_now())


@pytest.fixture
def clock(_app_clock: "ManualClock") -> "ManualClock":
    """Give the clock that `app` lives by, set back to TEST_DAY, 09:30 in Wuhan."""
    _app_clock.set(_test_now())
    return _app_clock


@pytest.fixture(scope="session")
def keys() -> "MemoryKeyRing":
    """Give the key ring of `app`."""
    from backend.kit.keyring import MemoryKeyRing

    return MemoryKeyRing(_test_now())


@pytest.fixture(scope="session")
async def app(
    database_url: str,
    tmp_path_factory: pytest.TempPathFactory,
    _app_clock: "ManualClock",
    keys: "MemoryKeyRing",
) -> "AsyncIterator[Litestar]":
    """Give the application on this worker's database, started once for all tests of the worker."""
    from tests.support.apps import running_app

    async with running_app(database_url, tmp_path_factory.mktemp("app"), clock=_app_clock, keys=keys) as running:
        yield running


@pytest.fixture
async def client(app: "Litestar", clock: "ManualClock") -> "AsyncIterator[AsyncClient]":
    """Give an HTTP client of the application, its clock set back."""
    from tests.support.apps import client_of

    del clock  # asked for its setting back
    async with client_of(app) as connected:
        yield connected


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how many operations of the OpenAPI document were answered with a success (tests/contracts)."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    seen = {str(told) for report in reports for name, told in report.user_properties if name == "openapi"}
    if seen:
        done = sum(told.startswith("+") for told in seen)
        rest = ", ".join(sorted(told[2:] for told in seen if told.startswith("-")))
        terminalreporter.write_line(
            f"OpenAPI: {done} of {len(seen)} operations succeeded here; the others: {rest or 'none'}"
        )
