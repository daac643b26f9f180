"""Where long computations go: one thread beside the event loop, with a short queue before it.

Phones check in on the event loop; what takes more than a blink is done here, one thing at a time. When the queue is
full the next one is told so at once instead of waiting with a connection in its hands.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import ParamSpec, TypeVar

from geofences.errors import WorkbenchFull

Given = ParamSpec("Given")
Result = TypeVar("Result")

QUEUE = 4
"""How many may wait besides the one at work."""


class Workbench:
    """One seat at the bench and a bounded queue for it; one per process."""

    def __init__(self, queue: int = QUEUE) -> None:
        """Let at most `queue` wait."""
        self._places = 1 + queue
        self._seat = asyncio.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="workbench")

    @asynccontextmanager
    async def seat(self) -> AsyncGenerator[None]:
        """Hold the seat for the block; raises WorkbenchFull when too many wait already."""
        if not self._places:
            raise WorkbenchFull
        self._places -= 1
        try:
            async with self._seat:
                yield
        finally:
            self._places += 1

    def start(
        self, work: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs
    ) -> "asyncio.Future[Result]":
        """Begin a function in the thread; only for who holds the seat, and waits for its end before he leaves."""
        return asyncio.wrap_future(self._thread.submit(work, *args, **kwargs))

    async def run(self, work: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
        """Run a function in the thread; only for who holds the seat."""
        return await self.start(work, *args, **kwargs)

    def close(self) -> None:
        """Let the thread end; what it is at is finished first."""
        self._thread.shutdown(wait=False, cancel_futures=True)
