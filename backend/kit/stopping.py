"""Tells a server's process that it is about to be stopped, before the server waits for answers that are open."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Final

ABOUT_TO_STOP: Final = signal.SIGUSR1


def when_about_to_stop(end: Callable[[], None]) -> None:
    """Have `end` called in this process's loop when the server is about to stop it."""
    # Only the main thread of a process hears signals; elsewhere (tests) nobody sends one.
    with suppress(ValueError, RuntimeError):
        asyncio.get_running_loop().add_signal_handler(ABOUT_TO_STOP, end)
