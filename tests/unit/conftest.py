"""Unit tests have no database: asking for one is told at once, before a cluster starts."""

import pytest


@pytest.fixture(scope="session")
def databases() -> None:
    """Refuse."""
    pytest.fail("a unit test asked for a database: move it to tests/integration", pytrace=False)
