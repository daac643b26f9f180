"""Fixtures of requests: a site with three sides, whose people file and whose officers decide."""

import pytest
from httpx import AsyncClient

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.support.factories import make_site
from tests.support.requests import Office

POSTS = (
    ("009", "project_manager"),
    ("009", "technical_lead"),
    ("009", "builder"),
    ("007", "chief_supervisor"),
    ("008", "owner_representative"),
)


@pytest.fixture
async def office(client: AsyncClient, database: Database, keys: MemoryKeyRing, clock: ManualClock) -> Office:
    """Make the site."""
    return Office(client, database, keys, clock, await make_site(database, keys, posts=POSTS))
