"""The process that holds the models: one job at a time, few waiting, and an end of its own when it hangs or grows.

`python -m backend.evidence.faces.process SOCKET_FD MODELS_DIR [ANTI_SPOOF]`, started by the keeper. It has no network,
no database and no keys; whoever may open the socket may ask.
"""

import asyncio
import os
import resource
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from socket import socket
from typing import Final

from backend.evidence.faces.engine import Engine
from backend.evidence.faces.framing import FramingError, discard, packed, read_asked, read_length
from backend.evidence.faces.measures import (
    AskCondition,
    Busy,
    Condition,
    Measured,
    NotMeasured,
    ReferenceWanted,
    Series,
)
from backend.evidence.faces.networks import Networks
from backend.evidence.faces.weights import WeightsMissing, find_weights, read_anti_spoof

NICENESS: Final = 10
MAX_WAITING: Final = 8
"""Series that wait at most; one more is answered with Busy, so that waiting never grows beyond some two seconds."""
MAX_WAITING_BYTES: Final = 32_000_000
MAX_RESIDENT_MB: Final = 250
HANGS_AFTER_S: Final = 8.0
"""A series takes some 0.2 s; what takes this long never ends."""
_READS_WITHIN_S: Final = 5.0
_LOOKS_EVERY_S: Final = 0.5


class ModelProcess:
    """What one process works with."""

    def __init__(self, engine: Engine, missing: str | None) -> None:
        """Serve an engine; `missing` says why it has no models."""
        self._engine = engine
        self._missing = missing
        self._waiting = 0
        self._waiting_bytes = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._began: float | None = None
        self._thread = ThreadPoolExecutor(1, "models")

    async def serve(self, listening: socket, stopped: asyncio.Event) -> None:
        """Answer callers until `stopped`; work that is under way is finished."""
        server = await asyncio.start_unix_server(self._answer, sock=listening)
        watching = asyncio.create_task(self._watch())
        await stopped.wait()
        server.close()
        await self._idle.wait()
        watching.cancel()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(FramingError, TimeoutError, OSError):
            async with asyncio.timeout(_READS_WITHIN_S):
                length = await read_length(reader)
            if self._waiting >= MAX_WAITING or self._waiting_bytes + length > MAX_WAITING_BYTES:
                # Read all the same, piece by piece: a caller whose writing fails does not hear the answer.
                async with asyncio.timeout(_READS_WITHIN_S):
                    await discard(reader, length)
                writer.write(packed(Busy()))
            else:
                await self._work(reader, writer, length)
            await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def _work(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, length: int) -> None:
        self._waiting += 1
        self._idle.clear()
        self._waiting_bytes += length
        try:
            async with asyncio.timeout(_READS_WITHIN_S):
                asked = await read_asked(reader, length)
            if isinstance(asked, AskCondition):
                writer.write(packed(self._condition()))
                return
            told = await asyncio.get_running_loop().run_in_executor(self._thread, self._measure, asked)
            writer.write(packed(told))
        finally:
            self._waiting -= 1
            self._waiting_bytes -= length
            if not self._waiting:
                self._idle.set()

    def _measure(self, series: Series) -> Measured | ReferenceWanted | NotMeasured:
        self._began = time.monotonic()
        try:
            return self._engine.measure(series)
        finally:
            self._began = None

    def _condition(self) -> Condition:
        networks = self._engine.networks
        return Condition(
            models={} if networks is None else networks.digests,
            missing=self._missing,
            anti_spoof=networks is not None and networks.anti_spoof is not None,
            resident_mb=resident_mb(),
            waiting=self._waiting - 1,
        )

    async def _watch(self) -> None:
        """End the process when work hangs, or when it has grown beyond its bound; the keeper starts another."""
        while True:
            await asyncio.sleep(_LOOKS_EVERY_S)
            began = self._began
            if began is not None and time.monotonic() - began > HANGS_AFTER_S:
                os._exit(70)
            if resident_mb() > MAX_RESIDENT_MB and self._waiting == 0:
                os._exit(71)


def resident_mb() -> int:
    """Return this process' resident memory in megabytes (Linux; elsewhere the highest it has had)."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return pages * resource.getpagesize() // 1_000_000


def open_engine(models: Path, anti_spoof: Path | None) -> tuple[Engine, str | None]:
    """Load the models; an engine without any, and the reason, when they are not there or not right."""
    try:
        described = None if anti_spoof is None else read_anti_spoof(anti_spoof)
        return Engine(Networks(find_weights(models), described)), None
    except WeightsMissing as fault:
        sys.stderr.write(f"faces are not measured: {fault}\n")
        return Engine(None), str(fault)


async def _run(listening: socket, process: ModelProcess) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await process.serve(listening, stopped)


def main(arguments: list[str]) -> None:
    """Bound the process, load the models, serve the socket."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    listening = socket(fileno=int(arguments[0]))
    anti_spoof = Path(arguments[2]) if len(arguments) > 2 else None  # noqa: PLR2004 - the third is optional
    process = ModelProcess(*open_engine(Path(arguments[1]), anti_spoof))
    asyncio.run(_run(listening, process))


if __name__ == "__main__":
    main(sys.argv[1:])
