"""Signs of life."""

import json
from datetime import timedelta
from typing import Any

import pytest
from httpx import Response

from backend.gates.signature import SIGNATURE_HEADER, signed_headers
from backend.kit.db import Database
from tests.integration.gates.desks import Office
from tests.integration.gates.gate_site import HEARTBEAT, Device, GateSite, rows, written

CONFIG = "/gates/v1/config"


async def beat(device: Device, **changes: Any) -> Response:
    body = {"clock_now": device.clock.now().isoformat(), "backlog": 0, **changes}
    return await device.post(HEARTBEAT, json.dumps(body).encode())


async def test_a_heartbeat_is_kept_and_answered(site: GateSite, database: Database) -> None:
    device = site.device
    now = device.clock.now()
    oldest = now - timedelta(hours=3)
    answer = await beat(device, backlog=12, oldest_unsent_at=oldest.isoformat(), firmware="1.2.3", disk_free_mb=900)
    assert answer.status_code == 200
    assert answer.json() == {
        "server_time": "2026-03-16T01:30:00Z",
        "config_rev": 1,
        "heartbeat_interval_s": 60,
        "next_expected_seq": 1,
    }
    (kept,) = await rows(database, "SELECT * FROM gate_heartbeat WHERE device_id = :id", id=device.id)
    assert (kept["received_at"], kept["clock_now"], kept["backlog"], kept["oldest_unsent_at"]) == (now, now, 12, oldest)
    (state,) = await rows(database, "SELECT * FROM gate_state WHERE device_id = :id", id=device.id)
    assert (state["last_seen_at"], state["backlog"], state["oldest_unsent_at"]) == (now, 12, oldest)
    assert (state["firmware"], state["disk_free_mb"], state["clock_skew_s"]) == ("1.2.3", 900, 0)


async def test_what_a_heartbeat_leaves_out_stays_known(site: GateSite, database: Database) -> None:
    device = site.device
    await beat(device, backlog=5, oldest_unsent_at=device.clock.now().isoformat(), firmware="1.2.3")
    device.clock.advance(timedelta(seconds=60))
    await beat(device)
    (state,) = await rows(database, "SELECT * FROM gate_state WHERE device_id = :id", id=device.id)
    assert (state["firmware"], state["backlog"], state["oldest_unsent_at"]) == ("1.2.3", 0, None)


async def test_one_row_a_second_is_kept_at_most(site: GateSite, database: Database) -> None:
    device = site.device
    for milliseconds in (0, 300, 999, 1000, 1500):
        device.clock.set(device.clock.now().replace(microsecond=0, second=0) + timedelta(milliseconds=milliseconds))
        assert (await beat(device)).status_code == 200
    assert (await written(database, site))["gate_heartbeat"] == 2


async def test_heartbeats_know_what_the_gate_waits_for(site: GateSite) -> None:
    await site.device.deliver(site.device.event(site.people[0]))
    assert (await beat(site.device)).json()["next_expected_seq"] == 2


@pytest.mark.parametrize(
    "change",
    [
        {"backlog": -1},
        {"backlog": "1"},
        {"backlog": 2**31},
        {"clock_now": "2026-03-16T09:30:00"},
        {"clock_now": "0001-01-01T00:00:00+08:00"},
        {"oldest_unsent_at": "9999-12-31T23:59:59-01:00"},
        {"firmware": "a\0b"},
        {"firmware": ""},
        {"disk_free_mb": -5},
        {"surplus": 1},
    ],
)
async def test_a_malformed_heartbeat_is_refused(site: GateSite, database: Database, change: dict[str, Any]) -> None:
    before = await written(database, site)
    answer = await beat(site.device, **change)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert await written(database, site) == before


async def test_a_replayed_heartbeat_is_refused(site: GateSite, database: Database) -> None:
    device = site.device
    body = json.dumps({"clock_now": device.clock.now().isoformat(), "backlog": 0}).encode()
    headers = device.sign(HEARTBEAT, body)
    assert (await device.client.post(HEARTBEAT, content=body, headers=headers)).status_code == 200
    before = await written(database, site)
    device.clock.advance(timedelta(seconds=5))
    answer = await device.client.post(HEARTBEAT, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "gates.nonce_replayed")
    assert await written(database, site) == before


async def test_a_change_of_the_device_shows_in_the_next_heartbeat(site: GateSite, desk: Office) -> None:
    before = (await beat(site.device)).json()["config_rev"]
    await desk.take("PATCH", f"/gates/{site.device.id}", {"default_direction": "out"})
    assert (await beat(site.device)).json()["config_rev"] == before + 1


async def test_what_the_device_stores_stands_beside_the_ledger(site: GateSite, desk: Office) -> None:
    await beat(site.device, stored=812)
    site.device.clock.advance(timedelta(seconds=60))
    await beat(site.device)
    counts = await desk.take("GET", f"/gates/{site.device.id}/counts")
    assert (counts["reported_count"], counts["reported_at"]) == (812, "2026-03-16T01:30:00Z")


async def test_a_device_fetches_its_settings_when_they_changed(
    site: GateSite, desk: Office, database: Database
) -> None:
    device = site.device

    async def config(**changes: str) -> Response:
        headers = signed_headers(
            device.key_id, device.secret, method="GET", path=CONFIG, body=b"", at=device.clock.now()
        )
        return await device.client.get(CONFIG, headers={**headers, **changes})

    told = (await config()).json()
    assert (told["config_rev"], told["default_direction"], told["time_zone"]) == (1, "in", "Asia/Shanghai")
    await desk.take("PATCH", f"/gates/{device.id}", {"default_direction": "out", "heartbeat_interval_s": 30})
    told = (await config()).json()
    assert (told["config_rev"], told["default_direction"], told["heartbeat_interval_s"]) == (2, "out", 30)
    before = await written(database, site)
    refused = await config(**{SIGNATURE_HEADER: "0" * 64})
    assert (refused.status_code, refused.json()["code"]) == (401, "gates.signature_wrong")
    assert await written(database, site) == before


async def test_a_configuration_request_counts_once(site: GateSite) -> None:
    device = site.device
    headers = signed_headers(device.key_id, device.secret, method="GET", path=CONFIG, body=b"", at=device.clock.now())
    answers = [await device.client.get(CONFIG, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 401]
