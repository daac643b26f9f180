"""A relay before the database that counts how often a client waits for it.

A client waits where it asks the server to answer: at a Sync, a Flush or a simple Query (PostgreSQL's protocol 3.0,
"Message Flow"). What stands between two of them travels together.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from psycopg.conninfo import conninfo_to_dict

ANSWERED = {b"S": "sync", b"H": "flush", b"Q": "query"}
HEADER = 5


@dataclass
class Wiretap:
    """What was counted since the last `reset`; `url` leads through the relay."""

    url: str
    seen: Counter[str] = field(default_factory=Counter[str])

    @property
    def waits(self) -> int:
        """Return how often a client waited."""
        return self.seen.total()

    def reset(self) -> None:
        """Begin to count anew."""
        self.seen.clear()


@asynccontextmanager
async def tapped(url: str) -> AsyncGenerator[Wiretap]:
    """Yield a relay before the database of a libpq URL."""
    target = conninfo_to_dict(url)
    with tempfile.TemporaryDirectory(prefix="dg") as folder:  # a socket's path has to be short
        path = Path(folder) / ".s.PGSQL.5432"
        parts = urlsplit(url)
        user = parts.netloc.rpartition("@")[0]
        tap = Wiretap(urlunsplit(parts._replace(netloc=f"{user}@" if user else "", query=f"host={quote(folder)}")))

        relays: set[asyncio.Task[None]] = set()

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            upstream, down = await _connect(str(target.get("host", "")), str(target.get("port") or 5432))
            forth = asyncio.ensure_future(_count(reader, down, tap.seen))
            back = asyncio.ensure_future(_copy(upstream, writer))
            try:
                await asyncio.wait([forth, back], return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task, end in ((forth, down), (back, writer)):
                    task.cancel()
                    end.close()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.get_running_loop().create_task(relay(reader, writer))
            relays.add(task)
            task.add_done_callback(relays.discard)

        server = await asyncio.start_unix_server(accept, path)
        try:
            yield tap
        finally:
            server.close()
            for task in relays:
                task.cancel()
            await asyncio.gather(*relays, return_exceptions=True)


async def _connect(host: str, port: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if host.startswith("/"):
        return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
    return await asyncio.open_connection(host or "127.0.0.1", int(port))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while block := await reader.read(65_536):
            writer.write(block)
            await writer.drain()


async def _count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Counter[str]) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        # The start-up message has no type; libpq sends nothing else before it on a Unix socket.
        length = await reader.readexactly(4)
        writer.write(length + await reader.readexactly(int.from_bytes(length) - 4))
        last = b""
        while True:
            header = await reader.readexactly(HEADER)
            body = await reader.readexactly(int.from_bytes(header[1:]) - 4)
            # psycopg ends a pipeline with a Sync and a Flush in a row: one wait.
            if (name := ANSWERED.get(header[:1])) and last not in ANSWERED:
                seen[name] += 1
            last = header[:1]
            writer.write(header + body)
            await writer.drain()
