"""Runs the HTTP server, and tells its processes that they are about to stop before they wait for open answers.

Granian's processes stop taking connections and wait for those that are open; the application hears of it last. Answers
without an end, the live feed's, would hold the stop up. So each process is sent a signal of its own first.
"""

import multiprocessing
import os
from contextlib import suppress

from granian.constants import Interfaces
from granian.server.mp import MPServer

from backend.kit.stopping import ABOUT_TO_STOP
from backend.settings import Settings


class Server(MPServer):
    """Granian with processes, and with word to its processes before it stops them."""

    def shutdown(self, exit_code: int = 0) -> None:
        """Tell the processes, then stop them."""
        for process in multiprocessing.active_children():
            if process.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, ABOUT_TO_STOP)
        super().shutdown(exit_code)


def serve_api(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    Server(
        "backend.main:app_from_environment",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.processes,
        workers_kill_timeout=20,
        respawn_failed_workers=True,
        websockets=False,
        log_access=False,
    ).serve()
