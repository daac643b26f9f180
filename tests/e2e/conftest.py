"""Fixtures of the journeys: one server on the demo's world and one browser for each worker."""

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.browsers import Browser, DemoHouse
    from tests.support.databases import Databases


@pytest.fixture(scope="session")
def demo_house(databases: "Databases", tmp_path_factory: pytest.TempPathFactory) -> "Iterator[DemoHouse]":
    """Give a server on the demo's world; what one journey commits, the next ones meet."""
    from tests.support.browsers import demo_house

    with demo_house(databases, tmp_path_factory.mktemp("house")) as house:
        yield house


@pytest.fixture(scope="session")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> "AsyncIterator[Browser]":
    """Give the worker's one browser."""
    from tests.support.browsers import running_browser

    async with running_browser(tmp_path_factory.mktemp("pictures")) as browser:
        yield browser
