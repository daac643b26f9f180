"""An application client that speaks for officers of a site and of the city."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from litestar import Litestar
from sqlalchemy import event

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.support.factories import MadeSite, bearer, make_district, make_officer, make_site


@contextmanager
def statements(app: Litestar) -> Generator[list[str]]:
    """Gather the statements that the application's many routes send meanwhile."""
    engine = app.state.database.engine.sync_engine
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


@dataclass
class Office:
    """Speaks to the admin API for accounts made on the way, each with one role."""

    client: AsyncClient
    database: Database
    keys: MemoryKeyRing
    clock: ManualClock
    accounts: dict[str, UUID] = field(default_factory=dict)

    async def staff(self, name: str, role: str, **rows: UUID) -> None:
        """Make an account that later calls name by `name`."""
        self.accounts[name] = await make_officer(self.database, role, **rows)
        self.roles[name] = role

    roles: dict[str, str] = field(default_factory=dict)

    def headers(self, name: str) -> dict[str, str]:
        """Return the log-in of an account made before."""
        return bearer(self.keys, self.clock.now(), self.accounts[name], self.roles[name])

    async def call(self, name: str, method: str, path: str, **more: Any) -> Response:
        """Call the admin API as an account made before."""
        headers = self.headers(name) | more.pop("headers", {})
        return await self.client.request(method, f"/admin/v1{path}", headers=headers, **more)


@pytest.fixture
async def office(
    app: Litestar, client: AsyncClient, database: Database, keys: MemoryKeyRing, clock: ManualClock
) -> Office:
    """Give a caller of the admin API with a city officer."""
    del app
    office = Office(client, database, keys, clock)
    await office.staff("city", "city")
    return office


@dataclass(frozen=True)
class TwoSites:
    """A site, and one in another district that its people must not see."""

    here: MadeSite
    there: MadeSite


@pytest.fixture
async def sites(office: Office) -> TwoSites:
    """Give two sites in two districts, with officers `district`, `admin`, `contractor`, `supervisor` and `stranger`."""
    here = await make_site(office.database, office.keys, district_id=await make_district(office.database))
    there = await make_site(office.database, office.keys)
    await office.staff("district", "district", district_id=here.project.district_id)
    await office.staff("admin", "project_admin", project_id=here.project.id)
    await office.staff("supervisor", "supervisor", project_id=here.project.id)
    contractor = here.parties["009"]
    await office.staff("contractor", "contractor", project_id=here.project.id, party_id=contractor.id)
    await office.staff("stranger", "project_admin", project_id=there.project.id)
    return TwoSites(here, there)
