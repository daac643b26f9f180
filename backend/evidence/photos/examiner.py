"""Has photos examined in a process beside this one: what kills it is an answer, and it never takes the event loop."""

import asyncio
import struct
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from typing import Final

import structlog

from backend.evidence.photos.errors import ExaminersBusy
from backend.evidence.photos.examined import Examination, Refusal, Refused, decode_examination
from backend.evidence.photos.examining_limits import ANSWER, ORDER, PHOTOS_EACH, WALL_S

log = structlog.get_logger()

MODULE: Final = "backend.evidence.photos.examining_child"
MOST_WAITING: Final = 8
# Nothing of the server's surroundings gets into the process that meets strangers' photos: no addresses, no keys.
_SURROUNDINGS: Final = {"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
_TRACE: Final = 64_000


class Examiner:
    """One examining process and the short queue before it; the process starts with the first photo."""

    def __init__(self, *, most_waiting: int = MOST_WAITING, wall_s: float = WALL_S) -> None:
        """Prepare for at most `most_waiting` besides the one at work, and `wall_s` seconds for each photo."""
        self._places = 1 + most_waiting
        self._wall_s = wall_s
        self._turn = asyncio.Lock()
        self._process: Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self._done = 0

    async def examine(self, content: bytes, media_type: str) -> Examination:
        """Examine a photo of at most some megabytes.

        One that kills the process or takes too long twice is refused as exhausting; the first time may have been
        somebody else's doing. Raises ExaminersBusy when too many wait.
        """
        if not self._places:
            raise ExaminersBusy
        self._places -= 1
        try:
            async with self._turn:
                for _ in range(2):
                    found = await self._ask(content, media_type)
                    if found is not None:
                        return found
                return Refused(reason=Refusal.EXHAUSTING)
        finally:
            self._places += 1

    async def close(self) -> None:
        """End the process, whatever it is at."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening
            self._listening = None

    async def _ask(self, content: bytes, media_type: str) -> Examination | None:
        process = await self._ready()
        told = media_type.encode("ascii", "replace")
        try:
            return await asyncio.wait_for(_exchange(process, told, content), self._wall_s)
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError) as fault:
            log.warning("photos.examiner_fell", cause=type(fault).__name__, status=process.returncode)
            await self.close()
            return None
        except asyncio.CancelledError:
            # Half an answer may be in the pipe: the next photo must not get it.
            await self.close()
            raise

    async def _ready(self) -> Process:
        if self._process is not None and (self._process.returncode is not None or self._done >= PHOTOS_EACH):
            await self.close()
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-m", MODULE, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=_SURROUNDINGS
            )
            self._listening = asyncio.create_task(_listen(self._process))
            self._done = 0
        self._done += 1
        return self._process


async def _exchange(process: Process, media_type: bytes, content: bytes) -> Examination:
    orders, answers = process.stdin, process.stdout
    if orders is None or answers is None:
        msg = "the process was started with pipes"
        raise RuntimeError(msg)
    orders.write(struct.pack(ORDER, len(media_type), len(content)) + media_type + content)
    await orders.drain()
    (length,) = struct.unpack(ANSWER, await answers.readexactly(struct.calcsize(ANSWER)))
    return decode_examination(await answers.readexactly(length))


async def _listen(process: Process) -> None:
    """Write what the process complains about into the log, so that its pipe never fills."""
    while process.stderr is not None and (trace := await process.stderr.read(_TRACE)):
        log.warning("photos.examiner_says", trace=trace[-4000:].decode("utf-8", "replace"))
