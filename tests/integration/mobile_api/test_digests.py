"""What tells a repeated tap from another one: known after keys were replaced, and not to be guessed from the table."""

from hashlib import sha256
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from backend.kit.canonical import canonical_bytes
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing, Purpose
from mobile_api.schemas import CheckInRequest
from tests.integration.mobile_api.conftest import Tap
from tests.support.phones import Ground, tap


@pytest.mark.parametrize("addressed", ["named", "found"])
async def test_a_repetition_is_one_also_after_the_keys_were_replaced(
    ground: Ground, send: Tap, clock: ManualClock, keys: MemoryKeyRing, addressed: str
) -> None:
    body = tap(clock.now()) | ({"project_id": str(ground.project.id)} if addressed == "named" else {})
    first = await send(ground.owner, body)
    assert first.status_code == 201, first.text
    keys.rotate(Purpose.BLIND_INDEX, clock.now())
    keys.rotate(Purpose.BLIND_INDEX, clock.now())
    again = await send(ground.owner, body)
    assert again.json() == {**first.json(), "replayed": True}
    other = await send(ground.owner, {**body, "direction": "out"})
    assert (other.status_code, other.json()["code"]) == (409, "ledger.event_conflict")


async def test_stored_digests_are_of_no_use_to_who_tries_positions(
    ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    body = tap(clock.now())
    assert (await send(ground.owner, body)).status_code == 201
    guessed: Any = msgspec.convert(body, CheckInRequest)
    async with database.transaction() as tx:
        found = await tx.execute(
            text(
                "SELECT payload_digest FROM punch WHERE project_id = :id UNION ALL"
                " SELECT payload_digest FROM punch_dedupe WHERE project_id = :id"
            ),
            {"id": ground.project.id},
        )
        stored = {bytes(row[0]) for row in found}
    assert len(stored) == 1
    assert sha256(canonical_bytes(guessed)).digest() not in stored
