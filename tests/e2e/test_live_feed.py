"""Boards of real servers: told while they look, and on at another server where they broke off."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx

from backend.identity.services import make_identity_services
from backend.identity.tokens import Holder
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyfiles import FileKeyRing
from backend.kit.keyring import SERVER_PURPOSES
from tests.support import processes
from tests.support.channels import give_app
from tests.support.cities import make_city


async def test_a_board_goes_on_at_another_server(fresh_database: str, tmp_path: Path) -> None:
    database = Database(fresh_database)
    with processes.server(fresh_database, tmp_path) as first, processes.server(fresh_database, tmp_path) as second:
        async with database.opened():
            clock = ManualClock(datetime.now(UTC))
            services = make_identity_services(FileKeyRing(tmp_path / "keys", SERVER_PURPOSES), clock, None)
            city = await make_city(database, clock, districts=1, sites=2, begun=False)
            async with database.transaction() as tx:
                actor = await give_app(tx, city.supervisors[city.sites[0].district_id], "token-1", clock, services)
            holder = Holder(actor.account_id, None, actor.family_id, frozenset({"district"}))
            headers = {"Authorization": f"Bearer {services.access.issue(holder, clock.now()).token}"}
            client = httpx.AsyncClient(headers=headers, timeout=60, trust_env=False)
            async with client, client.stream("GET", f"{first.base_url}/admin/v1/live") as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                events = read(answer)
                assert (await anext(events))["event"] == "hello"
                await city.gate_down(city.sites[0])
                told = await anext(events)
                assert (told["event"], told["project_id"]) == ("outage_opened", str(city.sites[0].id))
            await city.gate_down(city.sites[1])
            resumed = httpx.AsyncClient(headers=headers | {"Last-Event-ID": told["id"]}, timeout=60, trust_env=False)
            async with resumed, resumed.stream("GET", f"{second.base_url}/admin/v1/live") as answer:
                events = read(answer)
                assert (await anext(events))["event"] == "hello"
                assert (await anext(events))["project_id"] == str(city.sites[1].id)


async def test_a_server_that_stops_ends_its_streams_itself(fresh_database: str, tmp_path: Path) -> None:
    database = Database(fresh_database)
    with processes.server(fresh_database, tmp_path) as server:
        async with database.opened():
            clock = ManualClock(datetime.now(UTC))
            services = make_identity_services(FileKeyRing(tmp_path / "keys", SERVER_PURPOSES), clock, None)
            city = await make_city(database, clock, districts=1, sites=1, begun=False)
            async with database.transaction() as tx:
                actor = await give_app(tx, city.supervisors[city.sites[0].district_id], "token-1", clock, services)
            holder = Holder(actor.account_id, None, actor.family_id, frozenset({"district"}))
            headers = {"Authorization": f"Bearer {services.access.issue(holder, clock.now()).token}"}
            client = httpx.AsyncClient(headers=headers, timeout=60, trust_env=False)
            async with client, client.stream("GET", f"{server.base_url}/admin/v1/live") as answer:
                events = read(answer)
                assert (await anext(events))["event"] == "hello"
                server.popen.terminate()
                # A process that had to be killed would break the stream off: httpx.RemoteProtocolError.
                assert [event async for event in events] == []
        assert server.popen.wait(processes.DOWN_WITHIN_S) == 0


async def read(answer: httpx.Response) -> AsyncIterator[dict[str, str]]:
    """Read events; heartbeats are left out."""
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            yield {"id": fields["id"], "event": fields["event"], **json.loads(fields["data"])}
            fields = {}
