"""A terminal that sends again until it hears OK, against servers that are killed or without a database: once each."""

import asyncio
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest

from backend.kit.db import Database
from backend.migrate import migrate
from tests.support import processes
from tests.support.factories import draw_code, make_project
from tests.support.streams import ATTEMPTS, RETRY_S, until
from tools.clusters import Cluster
from tools.homes import forget

ROWS = 40
LOCAL = timezone(timedelta(hours=8))


@dataclass
class Sender:
    """A terminal with bodies to deliver; what it was told of each try."""

    url: str
    project_id: str
    serial_no: str
    told: list[int | None] = field(default_factory=list[int | None])
    sent: list[str] = field(default_factory=list[str])

    def body(self, number: int) -> bytes:
        """Return the rows of a body, none of which stands in another."""
        begin = datetime.now(LOCAL) - timedelta(hours=5) + timedelta(seconds=ROWS * number)
        rows = [f"{place}\t{begin + timedelta(seconds=place):%Y-%m-%d %H:%M:%S}\t0" for place in range(ROWS)]
        self.sent += rows
        return "".join(f"{row}\t1\r\n" for row in rows).encode()

    async def deliver(self, base_url: str, number: int) -> None:
        """Send a body until it is acknowledged."""
        body = self.body(number)
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            for _ in range(ATTEMPTS):
                if await self.attempt(client, base_url, body):
                    return
                await asyncio.sleep(RETRY_S)
        raise AssertionError(f"body {number} was never acknowledged")

    async def attempt(self, client: httpx.AsyncClient, base_url: str, body: bytes) -> bool:
        """Send a body once and tell whether it was acknowledged."""
        query = {"SN": self.serial_no, "table": "ATTLOG", "Stamp": "9999"}
        try:
            answer = await client.post(f"{base_url}/iclock/cdata", params=query, content=body)
        except httpx.TransportError:
            self.told.append(None)
            return False
        self.told.append(answer.status_code)
        assert answer.status_code in {200, 503}, answer.text
        assert answer.status_code == 503 or answer.text == f"OK: {ROWS}"
        return answer.status_code == 200

    def recorded(self) -> Counter[str]:
        """Count the rows in the ledger by what they were."""
        with psycopg.connect(self.url) as connection:
            found = connection.execute("SELECT event_key FROM punch WHERE project_id = %s", [self.project_id])
            return Counter("\t".join(key.split("|")[1:]) for (key,) in found)


async def make_sender(url: str) -> Sender:
    """Register an active terminal on a database."""
    serial = f"SN{draw_code(12)}"
    database = Database(url)
    async with database.opened(), database.transaction() as tx:
        project = await make_project(tx)
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO gate_device (project_id, id, serial_no, name, entrance, lane, default_direction, place, state,"
            " heartbeat_interval_s, created_at, vendor) VALUES (%s, %s, %s, '1', '1', '1', 'in',"
            " ST_SetSRID(ST_MakePoint(114.5, 30.5), 4326), 'active', 60, %s, 'zkteco')",
            (project.id, uuid4(), serial, datetime.now(UTC)),
        )
    return Sender(url, str(project.id), serial)


@contextmanager
def server_on(port: int, url: str, folder: Path) -> Generator[processes.Process]:
    settings = processes.environment(url, folder, PORT=str(port))
    with processes.started("serve", settings, folder / "server.log") as process:
        process.base_url = f"http://127.0.0.1:{port}"
        processes.wait_until_ready(process)
        yield process


async def test_case_11_killed_servers_lose_nothing_and_double_nothing(fresh_database: str, tmp_path: Path) -> None:
    port = processes.free_port()
    sender = await make_sender(fresh_database)
    running: asyncio.Task[None] | None = None

    async def deliver_all() -> None:
        for number in range(24):
            await sender.deliver(f"http://127.0.0.1:{port}", number)

    for kill_after in (4, 9, None):
        with server_on(port, fresh_database, tmp_path) as process:
            running = running or asyncio.create_task(deliver_all())
            if kill_after is None:
                await running
            else:
                await until(lambda after=kill_after: sender.told.count(200) >= after)
                process.kill()
    assert None in sender.told, "the kills were noticed"
    assert sender.recorded() == Counter(sender.sent)


async def test_case_11_a_server_killed_before_its_commit_acknowledged_nothing(
    fresh_database: str, tmp_path: Path
) -> None:
    port = processes.free_port()
    sender = await make_sender(fresh_database)
    body = sender.body(0)
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        with server_on(port, fresh_database, tmp_path) as process, psycopg.connect(fresh_database) as holder:
            holder.execute("LOCK TABLE punch_status IN EXCLUSIVE MODE")
            running = asyncio.create_task(sender.attempt(client, process.base_url, body))
            await until(lambda: waits_for_a_lock(fresh_database))
            process.kill()
            assert await running is False
        assert sender.told == [None]
        with server_on(port, fresh_database, tmp_path) as process:
            assert await sender.attempt(client, process.base_url, body)
    assert sender.recorded() == Counter(sender.sent)


async def test_case_11_an_answer_lost_after_the_commit_leaves_repetitions_only(
    fresh_database: str, tmp_path: Path
) -> None:
    sender = await make_sender(fresh_database)
    body = sender.body(0)
    with processes.server(fresh_database, tmp_path) as process:

        async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            up, down = await asyncio.open_connection("127.0.0.1", int(process.base_url.rpartition(":")[2]))
            head = await reader.readuntil(b"\r\n\r\n")
            down.write(head + await reader.readexactly(len(body)))
            await down.drain()
            assert (await up.readline()).startswith(b"HTTP/1.1 200")
            for end in (down, writer):
                end.close()

        relay = await asyncio.start_server(swallow, "127.0.0.1", 0)
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            lossy = f"http://127.0.0.1:{relay.sockets[0].getsockname()[1]}"
            assert not await sender.attempt(client, lossy, body)
            committed = sender.recorded()
            assert committed == Counter(sender.sent)
            # The same rows in another body: nothing but the ledger's own keys knows them.
            assert await sender.attempt(client, process.base_url, b"\r\n" + body)
        relay.close()
    assert sender.recorded() == committed


def waits_for_a_lock(url: str) -> bool:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ).fetchone()
    return row is not None and row[0] > 0


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Give a cluster of this test's own, migrated."""
    local = tmp_path / "local"
    made = Cluster("test", local=local)
    made.start()
    migrate(made.url, datetime.now(UTC).date())
    yield made
    made.stop()
    forget(local)


async def test_case_10_without_a_database_it_is_told_to_come_again(cluster: Cluster, tmp_path: Path) -> None:
    sender = await make_sender(cluster.url)
    with processes.server(cluster.url, tmp_path) as process:
        await sender.deliver(process.base_url, 0)
        assert await asyncio.to_thread(cluster.stop)
        running = asyncio.create_task(sender.deliver(process.base_url, 1))
        await until(lambda: sender.told.count(503) >= 2)
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            hello = await client.get(f"{process.base_url}/iclock/cdata", params={"SN": sender.serial_no})
            assert hello.status_code == 503
        assert await asyncio.to_thread(cluster.start)
        await running
    assert sender.recorded() == Counter(sender.sent)
