"""From a gate that nobody hears any more to its supervisor: by the watch and the rules, as the worker runs them."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select, text

from backend.alerts.following import Following, follow_once
from backend.gates.outages.watching import watch_gates
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.sites.tables import Project
from tests.integration.gates.outage_site import OutageSite
from tests.support.factories import make_officer

TOLD_WITHIN = timedelta(minutes=5)
ALERT = """
SELECT t.state, a.found_at, i.account_id FROM alert a
JOIN alert_state t ON t.project_id = a.project_id AND t.alert_id = a.id
JOIN alert_inbox i ON i.group_id = a.group_id
WHERE a.project_id = :project_id AND a.kind = 'gate_down' AND i.account_id = :account_id
"""


async def test_a_silent_gate_is_in_its_supervisors_inbox_within_five_minutes_and_its_return_ends_the_alert(
    outage_site: OutageSite, database: Database, clock: ManualClock
) -> None:
    site, state = outage_site, Following()
    async with database.transaction() as tx:
        district = (await tx.execute(select(Project.district_id).where(Project.id == site.project_id))).scalar_one()
        supervisor = await make_officer(tx, "district", district_id=district)

    async def look() -> list[dict[str, Any]]:
        await watch_gates(database, clock)
        while True:
            found = await follow_once(database, clock, state)
            if found == (0, 0) and not any(one.waiting for one in state.horizons.values()):
                break
        async with database.transaction() as tx:
            rows = await tx.execute(text(ALERT), {"project_id": site.project_id, "account_id": supervisor})
            return [dict(row) for row in rows.mappings()]

    assert await look() == []
    await site.live(5)
    heard_at = clock.now()
    found: list[dict[str, Any]] = []
    while not found and clock.now() < heard_at + timedelta(hours=1):
        site.wait(1)
        found = await look()
    assert clock.now() - heard_at <= TOLD_WITHIN
    assert found[0]["state"] == "open"
    await site.live(2)
    (after,) = await look()
    assert after["state"] == "resolved"
