"""Acceptance of the native API: case 25 of the gates' list, each part by its name.

Case 2 (pairing window) stands in test_pairing.py, case 23 (network) in test_registry.py.
"""

from datetime import timedelta

import pytest
from httpx import AsyncClient

from backend.gates.signature import NONCE_HEADER
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.integration.gates.gate_site import EVENTS, GateSite, make_device, minutes, rows, written
from tests.support.phones import make_ground, tap


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("signature", "gates.signature_wrong"),
        ("body", "gates.signature_wrong"),
        ("nonce", "gates.nonce_replayed"),
        ("skew", "gates.clock_skew"),
        ("future", "gates.clock_skew"),
    ],
)
async def test_case_25_a_request_that_is_not_the_devices_is_401_and_writes_nothing(
    site: GateSite, client: AsyncClient, database: Database, fault: str, code: str
) -> None:
    """Acceptance 25: bad signature, replayed nonce, altered body, 301 s of skew."""
    device = site.device
    told = {"clock_now": device.clock.now().isoformat(), "items": [device.event(site.people[0])]}
    body = client.build_request("POST", EVENTS, json=told).content
    off = {"skew": timedelta(seconds=301), "future": timedelta(seconds=-301)}.get(fault, timedelta(0))
    headers = device.sign(EVENTS, body, at=device.clock.now() - off)
    if fault == "nonce":
        assert (await client.post(EVENTS, content=body, headers=headers)).status_code == 200
    elif fault == "signature":
        headers[NONCE_HEADER] = "x" * 24
    before = await written(database, site)
    sent = body.replace(b'"in"', b'"out"') if fault == "body" else body
    answer = await client.post(EVENTS, content=sent, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert await written(database, site) == before


async def test_case_25_a_mixed_batch_has_four_results_in_order(site: GateSite, database: Database) -> None:
    """Acceptance 25: new, duplicate, future, malformed; the malformed one leaves no row."""
    device = site.device
    known = device.event(site.people[0])
    await device.deliver(known)
    fresh, future = device.event(site.people[1]), device.event(site.people[2], device.clock.now() + minutes(30))
    malformed = {**device.event(site.people[0]), "occurred_at": "yesterday"}
    results = await device.deliver(fresh, known, future, malformed)
    assert [one["status"] for one in results] == ["accepted", "duplicate", "quarantined", "rejected"]
    assert [one["device_event_id"] for one in results] == [
        event["device_event_id"] for event in (fresh, known, future, malformed)
    ]
    assert (await written(database, site))["punch"] == 3


async def test_case_25_a_pass_and_a_check_in_within_a_minute_are_two_rows_and_one_beginning(
    client: AsyncClient, database: Database, clock: ManualClock, keys: MemoryKeyRing
) -> None:
    """Acceptance 25: both rows stay, the day begins once, by the gate, and names both sources."""
    ground = await make_ground(database, keys, clock.now())
    owner, project_id = ground.owner, ground.project.id
    async with database.transaction() as tx:
        device = await make_device(tx, client, clock, keys, project_id, ground.staff_id)
    passed_at = clock.now()
    (result,) = await device.deliver(device.event(owner.person_id))
    assert result["outcome"] == "counted"
    clock.advance(timedelta(seconds=45))
    headers = owner.headers(clock.now())
    answer = await client.post("/mobile/v1/check-ins", headers=headers, json=tap(clock.now(), project_id))
    assert (answer.status_code, answer.json()["outcome"]) == (201, "counted")
    kept = await rows(
        database, "SELECT source, source_id FROM punch WHERE project_id = :id ORDER BY occurred_at", id=project_id
    )
    assert [row["source"] for row in kept] == ["gate", "phone"]
    assert kept[0]["source_id"] == device.id
    (day,) = await rows(database, "SELECT * FROM person_day WHERE project_id = :id", id=project_id)
    assert (day["first_at"], day["punches"], len(day["entries"])) == (passed_at, 2, 2)
    assert sorted(day["sources"]) == ["gate", "phone"]
