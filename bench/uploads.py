"""Measures check-ins while twenty phones send photos: server, worker and the process that measures faces as they run.

Each of the twenty sends one JPEG of 12 megapixels after the other over tus, as fast as it is taken, from a process of
its own; check-ins begin at a steady rate whatever the answers take, so that nothing that waits is left out. `make
bench` puts it beside the other figures; `.venv/bin/python -m bench.uploads` measures it alone.
"""

import asyncio
import base64
import hashlib
import multiprocessing
import os
import shutil
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg

from backend.kit.keyfiles import FileKeyRing, init_keys
from backend.kit.keyring import SERVER_PURPOSES
from backend.migrate import migrate
from bench.photos import photo
from bench.server import HOST, serving
from bench.taps import issue_tokens, write_taps
from bench.world import fill
from tools.children import Children
from tools.house import LOCAL, VENV
from tools.models import MODELS
from tools.newcomer import recreate
from tools.postgres import held
from tools.say import step

FOLDER = LOCAL / "bench-uploads"
PHONES, REQUEST_BYTES = 20, 256 * 1024
RATE, SECONDS, WARM_UP_S = 50, 25, 3
CREATED = 201
LANES = 64
"""Connections for check-ins: at this rate none waits for one."""
START_OF_IMAGE = b"\xff\xd8"


@dataclass
class Load:
    """What was seen: milliseconds from when a check-in was due to its answer, and how many were not answered well."""

    waits_ms: list[float] = field(default_factory=list[float])
    failed: int = 0


class Line:
    """A connection that is kept open, for one request after the other."""

    def __init__(self, port: int) -> None:
        """Connect with the first request."""
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: bytes) -> tuple[int, dict[str, str]]:
        """Send a whole request; return status and headers of its answer. Raises OSError or EOFError."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(HOST, self._port)
        reader, writer = self._streams
        writer.write(request)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        await reader.readexactly(int(headers.get("content-length", 0)))
        return int(head[0].split()[1]), headers


def _request(method: str, path: str, token: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    told = {"Host": HOST, "Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0", **headers}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def own(picture: bytes) -> bytes:
    """Return the same picture as another file: with a comment that no other has."""
    said = uuid4().hex.encode()
    return START_OF_IMAGE + b"\xff\xfe" + (len(said) + 2).to_bytes(2, "big") + said + picture[2:]


async def _upload(line: Line, token: str, content: bytes) -> None:
    digest = hashlib.sha256(content).hexdigest()
    named = ",".join(
        f"{name} {base64.b64encode(value).decode()}"
        for name, value in (("sha256", digest.encode()), ("filetype", b"image/jpeg"))
    )
    made = {"Upload-Length": str(len(content)), "Upload-Metadata": named}
    status, headers = await line.send(_request("POST", "/mobile/v1/uploads", token, made))
    _require(status, CREATED)
    for offset in range(0, len(content), REQUEST_BYTES):
        chunk = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        part = content[offset : offset + REQUEST_BYTES]
        status, _ = await line.send(_request("PATCH", headers["location"], token, chunk, part))
        _require(status, 204)


def _require(status: int, wanted: int) -> None:
    if status != wanted:
        msg = f"an upload was answered with {status}"
        raise RuntimeError(msg)


def send_photos(port: int, tokens: Sequence[str], stop: Event) -> None:
    """Send photos of every token's phone until told to stop; runs in a process of its own."""
    picture = photo()

    async def keep_sending(token: str) -> None:
        line = Line(port)
        while not stop.is_set():
            await _upload(line, token, own(picture))

    async def all_of_them() -> None:
        await asyncio.gather(*(keep_sending(token) for token in tokens))

    asyncio.run(all_of_them())


def read_taps(path: Path) -> list[bytes]:
    """Return the whole requests that `write_taps` wrote."""
    content, taps, at = path.read_bytes(), list[bytes](), 0
    while at < len(content):
        end = content.index(b"\n", at)
        length = int(content[at:end])
        taps.append(content[end + 1 : end + 1 + length])
        at = end + 1 + length
    return taps


async def check_in(port: int, taps: Sequence[bytes]) -> Load:
    """Send check-ins at RATE a second, each when it is due."""
    load, free = Load(), asyncio.Queue[Line]()
    for _ in range(LANES):
        free.put_nowait(Line(port))

    async def one(tap: bytes, due: float) -> None:
        line = await free.get()
        try:
            status, _ = await line.send(tap)
        except (OSError, EOFError):
            status, line = 0, Line(port)
        load.waits_ms.append((time.perf_counter() - due) * 1000)
        load.failed += status != CREATED
        free.put_nowait(line)

    begun, tasks = time.perf_counter(), list[asyncio.Task[None]]()
    for number, tap in enumerate(taps):
        due = begun + number / RATE
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(tap, due)))
    await asyncio.gather(*tasks)
    return load


@contextmanager
def _beside(url: str, folder: Path) -> Generator[None]:
    """Run the worker, and the process that measures faces, with the settings of the server."""
    with TemporaryDirectory(prefix="daogang-bench-") as short:
        environment = dict(os.environ) | {
            "DATABASE_URL": url,
            "DAOGANG_KEYS_DIR": str(folder / "keys"),
            "DAOGANG_ENV": "production",
            "DAOGANG_BLOBS": str(folder / "blobs"),
            "DAOGANG_FACES_SOCKET": str(Path(short) / "faces"),
            "DAOGANG_MODELS_DIR": str(MODELS),
        }
        children = Children(folder, folder / "beside.json")
        try:
            for name in ("worker", "faces"):
                children.start(name, [str(VENV / "bin/daogang"), name], environment)
            yield
            children.check()
        finally:
            children.stop()


def measure_uploads() -> dict[str, float]:
    """Measure on a cluster that waits for its disk; return the figures by name."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    os.environ["DAOGANG_BLOBS"] = str(FOLDER / "blobs")
    with held("bench") as url:
        with step(f"making a world for check-ins beside {PHONES} uploads"):
            recreate(url)
            migrate(url, datetime.now(UTC).date())
            init_keys(FOLDER / "keys")
            keys = FileKeyRing(FOLDER / "keys", SERVER_PURPOSES)
            workers = fill(url, keys).workers
            tokens = issue_tokens(workers, keys)
            taps = FOLDER / "taps"
        with serving(url, FOLDER / "keys", FOLDER) as server, _beside(url, FOLDER):
            write_taps(taps, f"{HOST}:{server.port}", workers, tokens, RATE * (WARM_UP_S + SECONDS))
            return _measured(url, server.port, read_taps(taps), tokens[:PHONES])


def _measured(url: str, port: int, taps: Sequence[bytes], tokens: Sequence[str]) -> dict[str, float]:
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    phones = context.Process(target=send_photos, args=(port, tokens, stop))
    with step(f"{RATE} check-ins a second for {SECONDS} s beside {PHONES} uploads"):
        phones.start()
        try:
            while not _count(url, "SELECT count(*) FROM photo"):
                time.sleep(0.2)
            asyncio.run(check_in(port, taps[: RATE * WARM_UP_S]))
            before = _count(url, "SELECT count(*) FROM photo")
            load = asyncio.run(check_in(port, taps[RATE * WARM_UP_S :]))
            sent = _count(url, "SELECT count(*) FROM photo") - before
            examined = _count(url, "SELECT count(*) FROM photo_result")
        finally:
            stop.set()
            phones.join()
    if phones.exitcode or load.failed:
        msg = f"{load.failed} check-ins were not recorded, the uploads ended with {phones.exitcode}"
        raise RuntimeError(msg)
    cut = quantiles(load.waits_ms, n=100)
    return {
        "upload_checkin_p50_ms": round(cut[49], 1),
        "upload_checkin_p95_ms": round(cut[94], 1),
        "upload_checkin_p99_ms": round(cut[98], 1),
        "upload_photos_per_s": round(sent / SECONDS, 1),
        "upload_photos_examined": examined,
    }


def _count(url: str, statement: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement.encode()).fetchone()
    return 0 if row is None else int(row[0])


def main() -> None:
    """Measure alone, one figure a line."""
    for name, value in measure_uploads().items():
        print(f"{name} {value}")


if __name__ == "__main__":
    main()
