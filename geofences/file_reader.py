"""Takes an upload off the wire and has it surveyed in a process of its own; few at a time, and none for ever."""

import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import IO, Final

import anyio
import msgspec
import structlog

from backend.kit.errors import DaogangError
from geofences.readers.errors import FileExhausting, FileUnreadable, ReadersBusy, UploadSlow
from geofences.reading_limits import CPU_S, MAX_AT_ONCE, MAX_WAITING, MEMORY_BYTES, UPLOAD_S, WALL_S, Refusal
from geofences.survey_report import Order, Survey

log = structlog.get_logger()

_STEP: Final = 1_000_000
# Nothing of the server's surroundings gets into the process that meets a stranger's file: no addresses, no keys.
_SURROUNDINGS: Final = {"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "XDG_CACHE_HOME": "/dev/null"}
_ANSWERS: Final = msgspec.json.Decoder(Survey | Refusal)


class FileReader:
    """The readers of one server process.

    The body lies in an unnamed temporary file while it arrives, and the process that reads has that file as its input,
    so that uploads take no memory here.
    """

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._waiting = 0
        self._at_once: anyio.CapacityLimiter | None = None

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None]:
        """Hold a place in the queue; raises ReadersBusy if there is none."""
        if self._waiting >= MAX_WAITING:
            raise ReadersBusy(retry_after_s=30)
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    async def survey(self, body: AsyncIterator[bytes], order: Order) -> Survey:
        """Take a body and survey it.

        Raises ReadersBusy, UploadSlow, FileExhausting, FileUnreadable, and every refusal of `survey_file`.
        """
        async with self.place():
            with tempfile.TemporaryFile() as spool:
                with anyio.move_on_after(UPLOAD_S) as arriving:
                    await _spool(body, spool)
                if arriving.cancelled_caught:
                    raise UploadSlow(seconds=int(UPLOAD_S))
                spool.seek(0)
                async with self._limiter():
                    return await _read(spool, order)

    def _limiter(self) -> anyio.CapacityLimiter:
        # Made late, because it belongs to the event loop that runs.
        if self._at_once is None:
            self._at_once = anyio.CapacityLimiter(MAX_AT_ONCE)
        return self._at_once


async def _spool(body: AsyncIterator[bytes], spool: IO[bytes]) -> None:
    pieces: list[bytes] = []
    size = 0
    async for piece in body:
        pieces.append(piece)
        size += len(piece)
        if size > _STEP:
            await anyio.to_thread.run_sync(spool.write, b"".join(pieces))
            pieces, size = [], 0
    await anyio.to_thread.run_sync(spool.write, b"".join(pieces))
    await anyio.to_thread.run_sync(spool.flush)


async def _read(spool: IO[bytes], order: Order) -> Survey:
    command = [sys.executable, "-I", "-m", "geofences.reading_child", msgspec.json.encode(order).decode()]
    with anyio.move_on_after(WALL_S):
        done = await anyio.run_process(command, stdin=spool, check=False, env=_SURROUNDINGS, start_new_session=True)
        return answer_of(done)
    raise FileExhausting(seconds=CPU_S, megabytes=MEMORY_BYTES // 1_000_000)


def answer_of(done: subprocess.CompletedProcess[bytes]) -> Survey:
    """Return what a reading process said, or raise what it refused with; a process that died refuses too."""
    if done.stderr:
        log.warning("file_reader", status=done.returncode, trace=done.stderr[-4000:].decode("utf-8", "replace"))
    if done.returncode:
        # Killed by its limits, or fallen over the file in native code: either way no file to make a fence of.
        if done.returncode < 0:
            raise FileExhausting(seconds=CPU_S, megabytes=MEMORY_BYTES // 1_000_000)
        raise FileUnreadable(format="?", where="?", reason="unforeseen")
    told = _ANSWERS.decode(done.stdout)
    if isinstance(told, Refusal):
        raise DaogangError.registry[told.code](**told.numbers)
    return told
