"""Keeps the model process going: holds its socket, starts it, and starts another when it ends by itself."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket
from typing import Final

import structlog

log = structlog.get_logger()
BACKLOG: Final = 32
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 10.0
_CALM_AFTER_S: Final = 30.0
_ENDS_WITHIN_S: Final = 10.0


def listen(path: Path) -> socket:
    """Return a listening socket that only this user may open; an old one's file is replaced."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    listening = socket(AF_UNIX, SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listening.bind(str(path))
    finally:
        os.umask(before)
    listening.listen(BACKLOG)
    listening.settimeout(0)
    return listening


async def keep(path: Path, models: Path, anti_spoof: Path | None, stopped: asyncio.Event) -> None:
    """Keep a model process at the socket `path` until `stopped`.

    Callers that come between two processes wait in the socket's backlog.
    """
    listening = listen(path)
    pause = _FIRST_PAUSE_S
    loop = asyncio.get_running_loop()
    ending = asyncio.create_task(stopped.wait())
    try:
        while not stopped.is_set():
            began = loop.time()
            child = await _start(listening, models, anti_spoof)
            waiting = asyncio.create_task(child.wait())
            await asyncio.wait({waiting, ending}, return_when=asyncio.FIRST_COMPLETED)
            if stopped.is_set():
                await _end(child, waiting)
                return
            pause = _FIRST_PAUSE_S if loop.time() - began > _CALM_AFTER_S else min(pause * 2, _LONGEST_PAUSE_S)
            log.warning("faces.process_ended", status=child.returncode, again_in_s=pause)
            await asyncio.wait({ending}, timeout=pause)
    finally:
        ending.cancel()
        listening.close()
        path.unlink(missing_ok=True)  # noqa: ASYNC240 - once, when all is over


async def _start(listening: socket, models: Path, anti_spoof: Path | None) -> asyncio.subprocess.Process:
    more = [] if anti_spoof is None else [str(anti_spoof)]
    # Nothing of the server's surroundings gets into the process that meets strangers' pictures: no addresses, no keys.
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-m", "backend.evidence.faces.process", str(listening.fileno()), str(models), *more),
        pass_fds=(listening.fileno(),),
        env={"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
    )


async def _end(child: asyncio.subprocess.Process, waiting: asyncio.Task[int]) -> None:
    with suppress(ProcessLookupError):
        child.terminate()
    done, _ = await asyncio.wait({waiting}, timeout=_ENDS_WITHIN_S)
    if not done:
        with suppress(ProcessLookupError):
            child.kill()
        await waiting


def run_keeper(path: Path, models: Path, anti_spoof: Path | None) -> None:
    """Keep the model process until SIGTERM or SIGINT."""

    async def run() -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        await keep(path, models, anti_spoof, stopped)

    asyncio.run(run())
