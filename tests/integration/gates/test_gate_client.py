"""The reference client against the server: outages, bursts, wrong clocks, lost answers."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from backend.gate_client.client import GateClient, KeyRefused, Sender
from backend.gate_client.queue import Queue
from backend.gate_client.simulation import Outage
from backend.kit.db import Database
from tests.integration.gates.desks import Office
from tests.integration.gates.gate_site import Device, GateSite, punches
from tests.integration.gates.test_photos import photo


class Wire(httpx.AsyncBaseTransport):
    """Passes requests on to the application; can lose answers and be cut."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.cut = False
        self.lose = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self.device.client.request(
            request.method, request.url.raw_path.decode(), content=request.content, headers=dict(request.headers)
        )
        if self.lose:
            self.lose -= 1
            msg = "the answer got lost"
            raise httpx.ReadTimeout(msg, request=request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


class Played:
    """A client on that wire, whose waits pass at once."""

    def __init__(self, device: Device, ahead: timedelta = timedelta(0)) -> None:
        self.wire = Wire(device)
        self.waits: list[float] = []
        http = httpx.AsyncClient(transport=Outage(self.wire, lambda: self.wire.cut), base_url="http://daogang.invalid")

        def now() -> datetime:
            return device.clock.now() + ahead

        self.queue = Queue(":memory:")
        self.client = GateClient(Sender(http, device.key_id, device.secret, now), self.queue, self.sleep, batch=10)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def passes(self, site: GateSite, count: int = 1, **changes: Any) -> None:
        for number in range(count):
            person = {"kind": "person", "value": str(site.people[number % len(site.people)])}
            self.client.record(
                {"person": person, "direction": "in", "granted": True, "method": "face", "live": True, **changes}
            )


async def test_an_outage_and_lost_answers_lose_and_double_nothing(site: GateSite, database: Database) -> None:
    played = Played(site.device)
    played.wire.cut = True
    played.passes(site, 25, live=False)
    assert await played.client.deliver()
    assert not await played.client.beat()
    played.wire.cut, played.wire.lose = False, 2
    await played.client.drain()
    assert played.queue.waiting().events == 0
    assert len(await punches(database, site)) == 25
    assert len(played.waits) == 3
    assert await played.client.beat()
    assert played.client.config_rev == 1


async def test_a_device_whose_clock_is_wrong_delivers_with_its_own_times(site: GateSite, database: Database) -> None:
    played = Played(site.device, ahead=timedelta(hours=-3))
    played.passes(site)
    await played.client.drain()
    (punch,) = await punches(database, site)
    assert punch["occurred_at"] == site.device.clock.now() - timedelta(hours=3)
    assert (played.client.sender.offset, played.waits) == (timedelta(hours=3), [])


async def test_the_client_fetches_its_settings_when_they_changed(site: GateSite, desk: Office) -> None:
    played = Played(site.device)
    for direction, rev in (("in", 1), ("out", 2)):
        if rev > 1:
            await desk.take("PATCH", f"/gates/{site.device.id}", {"default_direction": direction})
        assert await played.client.beat()
        assert (played.client.config["default_direction"], played.client.config_rev) == (direction, rev)


async def test_photos_go_with_their_events(site: GateSite) -> None:
    played = Played(site.device)
    played.client.record(
        {"person": {"kind": "pin", "value": "7"}, "direction": None, "granted": True, "method": "face", "live": True},
        photo(),
    )
    await played.client.drain()
    assert (played.queue.waiting().events, played.queue.photo(), played.queue.refused()) == (0, None, [])


async def test_an_event_the_server_cannot_read_is_set_aside_and_blocks_nothing(
    site: GateSite, database: Database
) -> None:
    played = Played(site.device)
    played.passes(site, 2)
    played.passes(site, 1, direction="sideways")
    played.passes(site, 2)
    await played.client.drain()
    assert [seq for seq, _ in played.queue.refused()] == [3]
    assert len(await punches(database, site)) == 4


async def test_a_batch_too_large_is_split(site: GateSite, database: Database) -> None:
    played = Played(site.device)
    played.client.batch = 600
    played.passes(site, 510)
    await played.client.drain()
    assert (played.queue.waiting().events, played.queue.refused()) == (0, [])
    assert len(await punches(database, site)) == 510


async def test_what_the_server_lost_is_sent_again(site: GateSite, database: Database) -> None:
    """The queue believes 1 to 3 delivered, the server never had 2 and 3: it says so, and gets them."""
    played = Played(site.device)
    played.passes(site, 1)
    await played.client.drain()
    played.passes(site, 2)
    items = played.queue.batch(10)
    played.queue.settle(items, [{"status": "accepted"} for _ in items])
    assert await played.client.beat()
    await played.client.drain()
    assert len(await punches(database, site)) == 3


async def test_a_blocked_device_waits_and_a_revoked_key_stops(site: GateSite, desk: Office) -> None:
    played, path = Played(site.device), f"/gates/{site.device.id}"
    played.passes(site)
    await desk.take("PATCH", path, {"state": "blocked"})
    assert await played.client.deliver()
    assert (played.queue.waiting().events, len(played.waits)) == (1, 1)
    await desk.take("POST", f"{path}/keys/{site.device.key_id}/revocation", {"reason": "设备遗失"})
    with pytest.raises(KeyRefused):
        await played.client.deliver()
    assert played.queue.waiting().events == 1
