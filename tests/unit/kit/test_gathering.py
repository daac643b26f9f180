"""What comes in together runs together, and nobody pays for another's fault."""

import asyncio
from collections.abc import Sequence

import pytest

from backend.kit.errors import Contended, DatabaseAway
from backend.kit.gathering import Gathering


class Desk:
    """A runner that waits until it is told, and doubles numbers; batches holding `spoilt` fail as a whole."""

    def __init__(self, *, most: int = 4, at_once: int = 1, most_waiting: int = 100, spoilt: object = None) -> None:
        self.batches: list[list[int | str]] = []
        self.open = asyncio.Event()
        self.error: Exception = RuntimeError("spoilt")
        self.spoilt = spoilt
        self.gathering = Gathering(
            self.run, most=most, at_once=at_once, most_waiting=most_waiting, for_all=(DatabaseAway,)
        )

    async def run(self, items: Sequence[int], *, patient: bool) -> list[int | Exception]:
        self.batches.append([*items, *(["patient"] if patient else [])])
        await self.open.wait()
        if self.spoilt in items:
            raise self.error
        return [ValueError(item) if item < 0 else item * 2 for item in items]

    async def submit(self, *items: int) -> list[asyncio.Task[int]]:
        tasks = [asyncio.ensure_future(self.gathering.submit(item)) for item in items]
        await turn()
        return tasks


async def turn() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_what_arrives_during_a_batch_makes_up_the_next() -> None:
    desk = Desk()
    tasks = await desk.submit(1)
    tasks += await desk.submit(2, 3)
    tasks += await desk.submit(4, 5, 6)
    desk.open.set()
    assert await asyncio.gather(*tasks) == [2, 4, 6, 8, 10, 12]
    assert desk.batches == [[1], [2, 3, 4, 5], [6]]


async def test_as_many_batches_run_at_once_as_allowed() -> None:
    desk = Desk(at_once=2)
    tasks = [*await desk.submit(1), *await desk.submit(2), *await desk.submit(3)]
    assert desk.batches == [[1], [2]]
    desk.open.set()
    assert await asyncio.gather(*tasks) == [2, 4, 6]


async def test_each_gets_his_own_error() -> None:
    desk = Desk()
    desk.open.set()
    tasks = await desk.submit(1, -2, 3)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results[::2] == [2, 6]
    assert isinstance(results[1], ValueError)


async def test_a_batch_that_fails_is_taken_apart() -> None:
    desk = Desk(spoilt=2)
    desk.open.set()
    results = await asyncio.gather(*await desk.submit(1, 2, 3), return_exceptions=True)
    assert results[::2] == [2, 6]
    assert results[1] is desk.error
    assert desk.batches == [[1, 2, 3], [1, "patient"], [2, "patient"], [3, "patient"]]


async def test_one_that_fails_alone_is_tried_again_with_patience() -> None:
    desk = Desk(spoilt=2)
    desk.open.set()
    (result,) = await asyncio.gather(*await desk.submit(2), return_exceptions=True)
    assert result is desk.error
    assert desk.batches == [[2], [2, "patient"]]


async def test_what_is_everybody_s_error_is_not_tried_again() -> None:
    desk = Desk(spoilt=2)
    desk.error = DatabaseAway()
    desk.open.set()
    results = await asyncio.gather(*await desk.submit(1, 2, 3), return_exceptions=True)
    assert [type(one) for one in results] == [DatabaseAway] * 3
    assert len({id(one) for one in results}) == 3
    assert desk.batches == [[1, 2, 3]]


async def test_too_many_are_turned_away_and_the_others_served() -> None:
    desk = Desk(most_waiting=2)
    tasks = [*await desk.submit(1), *await desk.submit(2, 3)]
    with pytest.raises(Contended):
        await desk.gathering.submit(4)
    desk.open.set()
    assert await asyncio.gather(*tasks) == [2, 4, 6]


async def test_who_goes_away_leaves_the_others_alone() -> None:
    desk = Desk()
    tasks = await desk.submit(1, 2)
    tasks[0].cancel()
    desk.open.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1] == 4


async def test_finish_waits_for_what_was_begun() -> None:
    desk = Desk()
    tasks = await desk.submit(1, 2)
    finishing = asyncio.ensure_future(desk.gathering.finish())
    await turn()
    assert not finishing.done()
    desk.open.set()
    await finishing
    assert all(task.done() for task in tasks)
    assert not finishing.cancelled()
