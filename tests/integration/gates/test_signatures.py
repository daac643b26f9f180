"""Requests that are not signed as they should be are refused, and leave nothing behind (case 25 of the gates page)."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from httpx import Response
from sqlalchemy import text

from backend.gates.signature import KEY_HEADER, NONCE_HEADER, SIGNATURE_HEADER
from backend.gates.tasks import forget_nonces
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.integration.gates.gate_site import EVENTS, HEARTBEAT, GateSite, days, make_device, minutes, punches, written


def body_of(site: GateSite, *items: object) -> bytes:
    return json.dumps({"clock_now": site.device.clock.now().isoformat(), "items": items}).encode()


def refused(answer: Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    if status == 401:
        assert answer.headers["www-authenticate"] == "Daogang-HMAC-SHA256"


@pytest.fixture(autouse=True)
async def _nothing_is_written(site: GateSite, database: Database) -> AsyncIterator[None]:
    before = await written(database, site)
    yield
    if site.device.sent:  # a test that delivered something on purpose says so
        return
    assert await written(database, site) == before


async def test_a_wrong_secret_is_refused(site: GateSite) -> None:
    site.device.secret = "x" * 43
    refused(await site.device.send([site.device.event(site.people[0])]), 401, "gates.signature_wrong")


async def test_an_altered_body_is_refused(site: GateSite) -> None:
    device = site.device
    signed = device.sign(EVENTS, body_of(site, device.event(site.people[0])))
    answer = await device.client.post(EVENTS, content=body_of(site, device.event(site.people[1])), headers=signed)
    refused(answer, 401, "gates.signature_wrong")


async def test_a_signature_for_another_path_is_refused(site: GateSite) -> None:
    body = body_of(site, site.device.event(site.people[0]))
    answer = await site.device.client.post(EVENTS, content=body, headers=site.device.sign(HEARTBEAT, body))
    refused(answer, 401, "gates.signature_wrong")


@pytest.mark.parametrize("key_id", ["0" * 32, "nonsense", "../../etc", "-" * 64])
async def test_an_unknown_key_is_refused(site: GateSite, key_id: str) -> None:
    site.device.key_id = key_id
    answer = await site.device.send([site.device.event(site.people[0])])
    refused(answer, 401, "gates.signature_missing" if "/" in key_id else "gates.key_unknown")


async def test_another_devices_key_does_not_fit(site: GateSite, database: Database, keys: MemoryKeyRing) -> None:
    async with database.transaction() as tx:
        other = await make_device(tx, site.device.client, site.device.clock, keys, site.project_id, site.staff_id)
    site.device.key_id = other.key_id
    refused(await site.device.send([site.device.event(site.people[0])]), 401, "gates.signature_wrong")


@pytest.mark.parametrize("name", [KEY_HEADER, NONCE_HEADER, SIGNATURE_HEADER])
async def test_a_missing_header_is_named(site: GateSite, name: str) -> None:
    body = body_of(site, site.device.event(site.people[0]))
    headers = site.device.sign(EVENTS, body)
    del headers[name]
    answer = await site.device.client.post(EVENTS, content=body, headers=headers)
    refused(answer, 401, "gates.signature_missing")
    assert answer.json()["header"] == name


@pytest.mark.parametrize("away_s", [-301, 301])
async def test_a_clock_301_s_off_is_refused_and_told_the_servers_time(site: GateSite, away_s: int) -> None:
    device = site.device
    at = device.clock.now() + timedelta(seconds=away_s)
    answer = await device.send([device.event(site.people[0])], at=at)
    refused(answer, 401, "gates.clock_skew")
    assert answer.json()["server_time"] == device.clock.now().isoformat()


async def test_a_device_with_a_wrong_clock_delivers_by_signing_with_the_offset(
    site: GateSite, database: Database
) -> None:
    device = site.device
    own_now = device.clock.now() - timedelta(hours=2)
    event = device.event(site.people[0], own_now)
    answer = await device.send([event], at=own_now)
    refused(answer, 401, "gates.clock_skew")
    offset = timedelta(seconds=answer.json()["behind_s"])
    device.sent.append(event)
    answer = await device.send([event], at=own_now + offset)
    assert answer.status_code == 200
    (punch,) = await punches(database, site)
    assert punch["occurred_at"] == own_now
    assert punch["time_quality"] == "suspect"


async def test_skew_is_told_to_the_holder_of_the_secret_alone(site: GateSite) -> None:
    site.device.secret = "x" * 43
    answer = await site.device.send(
        [site.device.event(site.people[0])], at=site.device.clock.now() - timedelta(hours=2)
    )
    refused(answer, 401, "gates.signature_wrong")
    assert "server_time" not in answer.json()


async def test_a_replayed_request_is_refused(site: GateSite, database: Database) -> None:
    device = site.device
    event = device.event(site.people[0])
    device.sent.append(event)
    body = body_of(site, event)
    headers = device.sign(EVENTS, body)
    assert (await device.client.post(EVENTS, content=body, headers=headers)).status_code == 200
    before = await written(database, site)
    refused(await device.client.post(EVENTS, content=body, headers=headers), 401, "gates.nonce_replayed")
    assert await written(database, site) == before


async def test_of_eight_identical_requests_at_once_one_is_taken(site: GateSite, database: Database) -> None:
    device = site.device
    event = device.event(site.people[0])
    device.sent.append(event)
    body = body_of(site, event)
    headers = device.sign(EVENTS, body)
    answers = await asyncio.gather(*(device.client.post(EVENTS, content=body, headers=headers) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7
    assert len(await punches(database, site)) == 1


async def test_a_nonce_is_remembered_longer_than_its_signature_holds(site: GateSite, database: Database) -> None:
    device = site.device
    event = device.event(site.people[0])
    device.sent.append(event)
    body = body_of(site, event)
    headers = device.sign(EVENTS, body, at=device.clock.now() + timedelta(seconds=300))
    assert (await device.client.post(EVENTS, content=body, headers=headers)).status_code == 200
    device.clock.advance(timedelta(seconds=600))
    async with database.transaction() as tx:
        await forget_nonces(tx, device.clock.now())
    refused(await device.client.post(EVENTS, content=body, headers=headers), 401, "gates.nonce_replayed")
    device.clock.advance(timedelta(seconds=301))
    async with database.transaction() as tx:
        await forget_nonces(tx, device.clock.now())
    assert (await written(database, site))["gate_nonce"] == 0
    refused(await device.client.post(EVENTS, content=body, headers=headers), 401, "gates.clock_skew")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE gate_key SET state = 'revoked' WHERE id = :key", "gates.key_unknown"),
        ("UPDATE gate_key SET expires_at = issued_at WHERE id = :key", "gates.key_unknown"),
        ("UPDATE gate_device SET state = 'blocked' WHERE id = :device", "gates.device_blocked"),
        ("UPDATE gate_device SET state = 'pending' WHERE id = :device", "gates.device_pending"),
    ],
)
async def test_who_may_not_deliver_any_more_is_refused(
    site: GateSite, database: Database, change: str, code: str
) -> None:
    values = {"key": site.device.key_id} if ":key" in change else {"device": site.device.id}
    async with database.transaction() as tx:
        await tx.execute(text(change), values)
    answer = await site.device.send([site.device.event(site.people[0])])
    refused(answer, 403 if "device" in code else 401, code)


@pytest.mark.parametrize("count", [0, 501])
async def test_an_empty_batch_and_one_of_501_are_refused(site: GateSite, count: int) -> None:
    answer = await site.device.send([site.device.event(site.people[0]) for _ in range(count)])
    refused(answer, 422, "request.invalid")


async def test_a_body_of_100_mb_is_refused_before_it_is_read(site: GateSite) -> None:
    headers = site.device.sign(EVENTS, b"")
    read = 0

    async def stream() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield b" " * 1_000_000

    answer = await site.device.client.post(EVENTS, content=stream(), headers=headers)
    refused(answer, 413, "request.too_large")
    assert read < 5


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe{}", b"[" * 100_000, b'{"clock_now": NaN}'])
async def test_signed_nonsense_is_a_fault_of_the_payload(site: GateSite, body: bytes) -> None:
    answer = await site.device.post(EVENTS, body)
    assert answer.status_code in {400, 422}
    assert answer.json()["code"] in {"request.malformed", "request.invalid"}


async def test_a_failure_on_the_way_leaves_nothing_and_the_same_batch_may_come_again(
    site: GateSite, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backend.gates import ingest
    from backend.kit.errors import DatabaseAway

    device = site.device
    batch = [device.event(site.people[0], device.clock.now() - minutes(1))]

    async def away(*_: object) -> int:
        raise DatabaseAway

    with monkeypatch.context() as patched:
        patched.setattr(ingest, "send_seqs", away)
        answer = await device.send(batch)
    refused(answer, 503, "request.database_away")
    assert answer.headers["retry-after"]
    assert await punches(database, site) == []
    device.sent.extend(batch)
    assert (await device.deliver(*batch))[0]["status"] == "accepted"
    assert len(await days(database, site)) == 1
