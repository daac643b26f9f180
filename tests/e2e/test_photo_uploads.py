"""tus-js-client against real processes: connections that break at any byte, servers that are killed, both at once."""

import asyncio
import base64
import hashlib
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.support import processes
from tests.support.streams import Stream, make_stream, until
from tests.support.web import run_node

SIZE = 700_000


@dataclass
class Cutter:
    """Passes connections on and cuts them after some bytes of either direction, until it has done so `cuts` times."""

    target: int
    random: random.Random
    cuts: int
    most: int
    port: int = 0
    done: int = 0
    passed: int = 0

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()  # the server is down
            return
        budget = self.random.randrange(self.most) if self.done < self.cuts else None
        left = [budget]
        ends = (
            asyncio.create_task(self._copy(reader, up_writer, left)),
            asyncio.create_task(self._copy(up_reader, writer, left)),
        )
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        await asyncio.gather(*ends, return_exceptions=True)
        for one in (writer, up_writer):
            if left[0] == 0:
                one.transport.abort()
            else:
                one.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: list[int | None]) -> None:
        while content := await reader.read(16_384):
            allowed = len(content) if left[0] is None else min(left[0], len(content))
            writer.write(content[:allowed])
            await writer.drain()
            self.passed += allowed
            if left[0] is not None:
                left[0] -= allowed
                if left[0] == 0:
                    self.done += 1
                    return


@asynccontextmanager
async def cutting(target: int, seed: int, *, cuts: int, most: int) -> AsyncGenerator[Cutter]:
    """Yield a relay that cuts."""
    cutter = Cutter(target, random.Random(seed), cuts, most)
    server = await asyncio.start_server(cutter.pass_on, "127.0.0.1", 0)
    cutter.port = int(server.sockets[0].getsockname()[1])
    try:
        yield cutter
    finally:
        server.close()


def order(stream: Stream, port: int, content: bytes, **more: object) -> dict[str, object]:
    """Return what the script needs."""
    owner = stream.ground.owner
    return {
        "endpoint": f"http://127.0.0.1:{port}/mobile/v1/uploads",
        "token": owner.headers(datetime.now(UTC))["Authorization"].split()[1],
        "sha256": hashlib.sha256(content).hexdigest(),
        "content": base64.b64encode(content).decode(),
        **more,
    }


async def stored(stream: Stream, base_url: str, content: bytes) -> None:
    """Assert that the server gives back what was sent."""
    owner = stream.ground.owner
    async with httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=30) as client:
        path = f"/mobile/v1/photos/{hashlib.sha256(content).hexdigest()}"
        answer = await client.get(path, headers=owner.headers(datetime.now(UTC)))
    assert answer.status_code == 200, answer.text
    assert answer.content == content


@pytest.mark.parametrize("chunk_bytes", [None, 65_536], ids=["one request", "chunks"])
async def test_a_real_client_gets_through_connections_that_break_anywhere(
    chunk_bytes: int | None, fresh_database: str, tmp_path: Path
) -> None:
    with processes.server(fresh_database, tmp_path) as process:
        stream = await make_stream(fresh_database, tmp_path, process.base_url, 1)
        port = int(process.base_url.rpartition(":")[2])
        for seed in range(3):
            content = random.Random(seed).randbytes(SIZE)
            async with cutting(port, seed, cuts=15, most=45_000) as cutter:
                result = await run_node("upload.mjs", order(stream, cutter.port, content, chunk_bytes=chunk_bytes))
            assert result["done"], result
            assert cutter.done == 15
            assert result["retries"] >= 10
            await stored(stream, process.base_url, content)
            # Bytes that arrived are not sent again; heads, answers and what was under way come on top.
            assert cutter.passed < 1.5 * SIZE
        assert "Traceback" not in process.log.read_text()


async def test_servers_that_are_killed_lose_no_acknowledged_byte(fresh_database: str, tmp_path: Path) -> None:
    port = processes.free_port()
    settings = processes.environment(fresh_database, tmp_path, PORT=str(port))
    content = random.Random(9).randbytes(4_000_000)
    stream: Stream | None = None
    running: asyncio.Task[dict[str, object]] | None = None
    reached = 0
    async with cutting(port, 9, cuts=0, most=1) as relay:
        for kill_after in (300_000, 1_500_000, None):
            with processes.started("serve", settings, tmp_path / "server.log") as process:
                process.base_url = f"http://127.0.0.1:{port}"
                await asyncio.to_thread(processes.wait_until_ready, process)
                if stream is None:
                    stream = await make_stream(fresh_database, tmp_path, process.base_url, 1)
                    sent = order(stream, relay.port, content, chunk_bytes=100_000)
                    running = asyncio.create_task(run_node("upload.mjs", sent))
                assert offset(fresh_database) >= reached
                if kill_after is None and running is not None:
                    assert (await running)["done"]
                elif kill_after is not None:
                    await until(lambda after=kill_after: offset(fresh_database) >= after)
                    reached = offset(fresh_database)
                    process.kill()
                    assert offset(fresh_database) < len(content), "killed while it was sent"
                else:
                    raise AssertionError
                if kill_after is None:
                    assert stream is not None
                    await stored(stream, process.base_url, content)


def offset(url: str) -> int:
    """Return how much of the upload is acknowledged at most."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT max(offset_bytes) FROM photo_upload").fetchone()
    return 0 if row is None or row[0] is None else int(row[0])


async def test_a_wrong_photo_is_not_tried_for_ever(fresh_database: str, tmp_path: Path) -> None:
    with processes.server(fresh_database, tmp_path) as process:
        stream = await make_stream(fresh_database, tmp_path, process.base_url, 1)
        port = int(process.base_url.rpartition(":")[2])
        wrong = order(stream, port, b"a photo") | {"content": base64.b64encode(b"another").decode()}
        result = await run_node("upload.mjs", wrong)
        assert result == {"done": False, "retries": 1, "status": 422}
