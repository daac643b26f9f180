"""Real processes that are killed, told to stop, or left without a database: what was acknowledged stands, once."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from backend.migrate import migrate
from tests.support import processes
from tests.support.streams import Stream, make_stream, recorded, until
from tools.clusters import Cluster
from tools.homes import forget

PEOPLE = 6


@contextmanager
def server_on(port: int, url: str, folder: Path, **more: str) -> Generator[processes.Process]:
    settings = processes.environment(url, folder, **more, PORT=str(port))
    with processes.started("serve", settings, folder / "server.log") as process:
        process.base_url = f"http://127.0.0.1:{port}"
        processes.wait_until_ready(process)
        yield process


def waiting(url: str) -> int:
    """Count the server's statements that wait for a lock."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ).fetchone()
    return 0 if row is None else int(row[0])


@contextmanager
def days_held(url: str) -> Generator[psycopg.Connection]:
    """Hold the person-days, so that check-ins wait before their commit."""
    with psycopg.connect(url) as holder:
        holder.execute("LOCK TABLE person_day IN EXCLUSIVE MODE")
        yield holder


async def test_killed_servers_lose_no_acknowledged_punch_and_double_none(fresh_database: str, tmp_path: Path) -> None:
    port = processes.free_port()
    settings = processes.environment(fresh_database, tmp_path, PORT=str(port))
    stream: Stream | None = None
    running: asyncio.Task[None] | None = None
    for kill_after in (10, 30, 60, None):
        with processes.started("serve", settings, tmp_path / "server.log") as process:
            process.base_url = f"http://127.0.0.1:{port}"
            processes.wait_until_ready(process)
            if stream is None:
                stream = await make_stream(fresh_database, tmp_path, process.base_url, PEOPLE)
                running = asyncio.create_task(stream.run(20))
            if kill_after is None and running is not None:
                await running
            elif kill_after is not None:
                await stream.until_acknowledged(kill_after)
                process.kill()
                assert process.popen.returncode != 0
    assert stream is not None
    assert len(stream.acknowledged) == len(stream.sent) == PEOPLE * 20
    assert stream.broken > 0, "the kills were noticed"
    assert recorded(fresh_database, stream) == stream.punches


async def test_a_server_killed_before_its_commit_was_answered(fresh_database: str, tmp_path: Path) -> None:
    """The whole write waits for a lock when the server dies; whether it then commits or not, the retry finds out."""
    port = processes.free_port()
    with server_on(port, fresh_database, tmp_path) as process:
        stream = await make_stream(fresh_database, tmp_path, process.base_url, 3)
        with days_held(fresh_database):
            running = asyncio.create_task(stream.run(1))
            await until(lambda: waiting(fresh_database) == 3)
            process.kill()
    await until(lambda: stream.broken > 0)
    with server_on(port, fresh_database, tmp_path):
        await running
    assert len(stream.acknowledged) == 3
    assert recorded(fresh_database, stream) == stream.punches


@asynccontextmanager
async def losing_relay(target: int, *, after_answer: bool) -> AsyncGenerator[int]:
    """Yield a port that passes one request of each connection on and loses its answer.

    With `after_answer` the server's answer has come (so its commit is done) and is thrown away; otherwise the
    connection ends as soon as the request is on its way.
    """

    async def lose(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, down = await asyncio.open_connection("127.0.0.1", target)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
        )
        down.write(head + await reader.readexactly(length))
        await down.drain()
        if after_answer:
            assert (await upstream.readline()).startswith(b"HTTP/1.1 201")
        for end in (down, writer):
            end.close()

    relay = await asyncio.start_server(lose, "127.0.0.1", 0)
    try:
        yield int(relay.sockets[0].getsockname()[1])
    finally:
        relay.close()


async def test_a_lost_answer_is_given_again(fresh_database: str, tmp_path: Path) -> None:
    with processes.server(fresh_database, tmp_path) as process:
        port = int(process.base_url.rpartition(":")[2])
        stream = await make_stream(fresh_database, tmp_path, process.base_url, 2)
        for after_answer in (True, False):
            async with losing_relay(port, after_answer=after_answer) as lossy:
                stream.base_url = f"http://127.0.0.1:{lossy}"
                before = stream.broken
                running = asyncio.create_task(stream.run(1))
                await until(lambda before=before: stream.broken >= before + 4)
                stream.base_url = process.base_url
                await running
        assert stream.replayed >= 2, "those whose answer was lost after the commit"
        assert recorded(fresh_database, stream) == stream.punches
        assert len(stream.punches) == 4


async def test_a_server_told_to_stop_finishes_what_it_took(fresh_database: str, tmp_path: Path) -> None:
    with processes.server(fresh_database, tmp_path) as process:
        stream = await make_stream(fresh_database, tmp_path, process.base_url, 4)
        with days_held(fresh_database) as holder:
            running = asyncio.create_task(stream.run(1))
            await until(lambda: waiting(fresh_database) == 4)
            process.popen.terminate()
            await asyncio.to_thread(processes.wait_for_line, process, "Shutting down")
            holder.rollback()
        await running
        assert stream.broken == 0, "nobody was cut off"
        assert len(stream.acknowledged) == 4
        assert await asyncio.to_thread(process.popen.wait, processes.DOWN_WITHIN_S) == 0
    assert recorded(fresh_database, stream) == stream.punches


async def test_a_server_stopped_under_load_leaves_nothing_half_done(fresh_database: str, tmp_path: Path) -> None:
    port = processes.free_port()
    with server_on(port, fresh_database, tmp_path) as process:
        stream = await make_stream(fresh_database, tmp_path, process.base_url, PEOPLE)
        running = asyncio.create_task(stream.run(15))
        await stream.until_acknowledged(20)
        assert await asyncio.to_thread(process.stop) == 0
    with server_on(port, fresh_database, tmp_path):
        await running
    assert recorded(fresh_database, stream) == stream.punches
    assert len(stream.punches) == PEOPLE * 15


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Give a cluster of this test's own, migrated."""
    from datetime import UTC, datetime

    local = tmp_path / "local"
    made = Cluster("test", local=local)
    made.start()
    migrate(made.url, datetime.now(UTC).date())
    yield made
    made.stop()
    forget(local)


async def test_a_database_that_goes_and_comes_back(cluster: Cluster, tmp_path: Path) -> None:
    with processes.server(cluster.url, tmp_path) as process:
        stream = await make_stream(cluster.url, tmp_path, process.base_url, PEOPLE)

        async def outage() -> None:
            await stream.until_acknowledged(10)
            assert await asyncio.to_thread(cluster.stop)
            await until(lambda: len(stream.unavailable) >= PEOPLE)
            async with httpx.AsyncClient(base_url=process.base_url, trust_env=False, timeout=30) as client:
                assert (await client.get("/health/live")).status_code == 200
                ready = await client.get("/health/ready")
                assert (ready.status_code, ready.json()["database"]) == (503, "away")
            assert await asyncio.to_thread(cluster.start)

        pid = process.popen.pid
        await stream.run(12, outage)
        assert process.popen.poll() is None
        assert process.popen.pid == pid
        assert stream.broken == 0, "the server answered every request itself"
        for answer in stream.unavailable:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"] in {"request.database_away", "request.contended"}
            assert int(answer.headers["retry-after"]) >= 1
        assert "Traceback" not in process.log.read_text()
        assert recorded(cluster.url, stream) == stream.punches
        assert len(stream.punches) == len(stream.sent) >= PEOPLE * 12
