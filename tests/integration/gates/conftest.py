"""A site with a gate."""

import pytest
from httpx import AsyncClient
from sqlalchemy import text

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.integration.gates.desks import Office, office
from tests.integration.gates.gate_site import GateSite, make_device
from tests.integration.gates.outage_site import OutageSite
from tests.support.factories import make_assignment, make_party, make_person, make_post, make_project, make_staff
from tests.support.phones import make_ground


@pytest.fixture(autouse=True)
async def closed_windows(database: Database) -> None:
    """Close the pairing windows that other tests left open: a window lets in strangers, whichever test they are of."""
    async with database.transaction() as tx:
        await tx.execute(
            text("UPDATE gate_pairing_window SET closed_at = from_at, closed_by = opened_by WHERE closed_at IS NULL")
        )


@pytest.fixture
async def site(database: Database, client: AsyncClient, clock: ManualClock, keys: MemoryKeyRing) -> GateSite:
    """Give a project with one active gate and three people assigned to it."""
    async with database.transaction() as tx:
        project = await make_project(tx)
        staff_id = await make_staff(tx)
        party = await make_party(tx, project.id)
        post_id = await make_post(tx, party, seats=1000)
        people = [(await make_person(tx, keys)).id for _ in range(3)]
        for person_id in people:
            await make_assignment(tx, project.id, post_id, person_id)
        device = await make_device(tx, client, clock, keys, project.id, staff_id)
    return GateSite(project.id, project.district_id, post_id, device, people, staff_id)


@pytest.fixture
async def desk(database: Database, keys: MemoryKeyRing, site: GateSite) -> Office:
    """Give an officer of the site's district."""
    return await office(database, keys, site)


@pytest.fixture
async def outage_site(database: Database, client: AsyncClient, clock: ManualClock, keys: MemoryKeyRing) -> OutageSite:
    """Give a site of gates with one gate, which is alive, and three people with phones."""
    ground = await make_ground(database, keys, clock.now(), people=3, site_mode="gate")
    async with database.transaction() as tx:
        device = await make_device(tx, client, clock, keys, ground.project.id, ground.staff_id)
    site = OutageSite(ground, device, client, clock, database)
    await site.beat()
    return site


@pytest.fixture
async def admin(database: Database, keys: MemoryKeyRing, site: GateSite) -> Office:
    """Give the site's project admin."""
    return await office(database, keys, site, "project_admin", project_id=site.project_id)
