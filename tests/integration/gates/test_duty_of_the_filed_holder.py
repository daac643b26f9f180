"""Gates and phones agree on who is on duty: the filed holder, until his exit is confirmed."""

from datetime import datetime, timedelta

import pytest

from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.integration.gates.gate_site import GateSite
from tests.support.databases import TEST_DAY
from tests.support.factories import MADE_AT, make_assignment, make_person


@pytest.mark.parametrize(
    ("confirmed_at", "reason"),
    [(None, None), (MADE_AT, "decision.assignment_not_in_force")],
    ids=["filed", "confirmed"],
)
async def test_a_filed_last_day_ends_the_duty_only_when_confirmed(
    site: GateSite, database: Database, keys: MemoryKeyRing, confirmed_at: datetime | None, reason: str | None
) -> None:
    async with database.transaction() as tx:
        leaving = await make_person(tx, keys)
        await make_assignment(
            tx,
            site.project_id,
            site.post_id,
            leaving.id,
            to_on=TEST_DAY - timedelta(days=3),
            exit_confirmed_at=confirmed_at,
        )
    (result,) = await site.device.deliver(site.device.event(leaving.id))
    assert (result["status"], result.get("reason")) == ("accepted", reason)
