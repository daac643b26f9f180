"""Runs what comes in at the same time together: whatever arrives while a batch is under way makes up the next one."""

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from contextvars import Context
from typing import Generic, Protocol, TypeAlias, TypeVar

from backend.kit.errors import Contended, Unavailable

Item = TypeVar("Item")
Result = TypeVar("Result")
_Given_contra = TypeVar("_Given_contra", contravariant=True)
_Returned_co = TypeVar("_Returned_co", covariant=True)
_Waiting: TypeAlias = tuple[Item, asyncio.Future[Result]]


class Runner(Protocol[_Given_contra, _Returned_co]):
    """Answers each item of a batch with its result or its error, in order.

    `patient` is set when it is run alone after its batch failed; a batch had better give up early, others wait.
    """

    async def __call__(self, items: Sequence[_Given_contra], /, *, patient: bool) -> Sequence[_Returned_co | Exception]:
        """Run the batch; raise to have its items run one by one."""
        ...


class Gathering(Generic[Item, Result]):
    """Hands items to `run` in batches and gives everybody his own result.

    Nobody waits for company: an item that finds a free place starts at once, alone or with what arrived in the same
    turn of the event loop. If a batch fails as a whole, its items are run again one by one, beside the following
    batches, so that one item never spoils or delays another; only Unavailable errors that are `for_all` (the database
    is away) are everybody's at once.
    """

    def __init__(
        self,
        run: Runner[Item, Result],
        *,
        most: int,
        at_once: int,
        most_waiting: int,
        for_all: tuple[type[Unavailable], ...] = (),
    ) -> None:
        """Run batches of at most `most` items, `at_once` of them at a time, and let `most_waiting` items wait."""
        self._run = run
        self._most, self._at_once, self._most_waiting = most, at_once, most_waiting
        self._for_all = for_all
        self._waiting: deque[_Waiting[Item, Result]] = deque()
        self._running = 0
        # The event loop itself holds tasks only weakly.
        self._tasks: set[asyncio.Task[None]] = set()

    async def submit(self, item: Item) -> Result:
        """Return the item's result or raise its error; raises Contended when too many wait already.

        Who stops waiting does not stop the batch: what was begun for him is finished.
        """
        if len(self._waiting) >= self._most_waiting:
            raise Contended
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._running < self._at_once:
            self._running += 1
            self._start(self._work())
        return await future

    async def finish(self) -> None:
        """Wait until everything that was submitted is done."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        # An empty context: a batch belongs to no single request, its log lines carry no request's id.
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
                await self._run_batch(batch)
        finally:
            self._running -= 1

    async def _run_batch(self, batch: Sequence[_Waiting[Item, Result]], *, patient: bool = False) -> None:
        try:
            results = await self._run([item for item, _ in batch], patient=patient)
        except self._for_all as error:
            for _, future in batch:
                _settle(future, type(error)(**error.detail))
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to those who wait for it
            for one in batch:
                if patient:
                    _settle(one[1], error)
                else:
                    self._start(self._run_batch([one], patient=True))
        else:
            for (_, future), result in zip(batch, results, strict=True):
                _settle(future, result)


def _settle(future: asyncio.Future[Result], result: Result | Exception) -> None:
    if future.done():
        return  # nobody waits any more
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
