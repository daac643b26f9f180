"""Follows the tables once for all boards of a process, and keeps each board's bounded queue.

Nothing is announced in the transaction of a punch: rows are read half a second later at most, once they are settled
(`backend/kit/horizon.py`), and only while somebody looks. Every process reads for itself; the numbers of rows are the
same everywhere, so that a board goes on at any process where it broke off at another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Final

import structlog
from sqlalchemy import text

from backend.alerts.live.events import TABLES, Happening, Place
from backend.kit.db import Database, Tx
from backend.kit.horizon import Horizon, look_at_tables

log = structlog.get_logger()

LOOK_EVERY_S: Final = 0.5
QUEUE: Final = 500
MOST_BOARDS: Final = 200
AT_ONCE: Final = 1000

ROWS: Final = (
    """
    SELECT id, kind, project_id, CAST(NULL AS uuid), entry_id, recorded_at FROM ledger_outbox
    WHERE id > :after AND id <= :upto AND kind <> 'erasure' ORDER BY id LIMIT :limit
    """,
    """
    SELECT id, kind, project_id, CAST(NULL AS uuid), subject_id, recorded_at FROM gate_fact
    WHERE id > :after AND id <= :upto ORDER BY id LIMIT :limit
    """,
    """
    SELECT id, 'alert', CAST(NULL AS uuid), account_id, group_id, created_at FROM alert_outbox
    WHERE id > :after AND id <= :upto ORDER BY id LIMIT :limit
    """,
)


class Board:
    """Somebody who looks: what he is still to be told."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.queue: asyncio.Queue[Happening] = asyncio.Queue(QUEUE)
        self.is_behind = False
        self._ending = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Tell whether it was told to end."""
        return self._ending.is_set()

    def end(self) -> None:
        """Have it end now, also while it waits."""
        self._ending.set()

    async def next(self, within_s: float) -> Happening | None:
        """Return what is to be told next; None when that takes too long, or when it is over."""
        waiting = asyncio.ensure_future(self.queue.get())
        ending = asyncio.ensure_future(self._ending.wait())
        try:
            await asyncio.wait({waiting, ending}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
            return waiting.result() if waiting.done() else None
        finally:
            waiting.cancel()
            ending.cancel()

    def offer(self, happenings: Collection[Happening]) -> None:
        """Take what happened; a board that does not keep up is told to begin again."""
        for happening in happenings:
            try:
                self.queue.put_nowait(happening)
            except asyncio.QueueFull:
                self.is_behind = True
                return


class LiveFeed:
    """What one process follows while boards are open."""

    def __init__(self, database: Database) -> None:
        """Read from `database`; nothing is read before the first board."""
        self._database = database
        self.is_ending = False
        self._boards: set[Board] = set()
        self._following: asyncio.Task[None] | None = None
        self._horizons = {table: Horizon() for table in TABLES}

    @property
    def is_full(self) -> bool:
        """Tell whether this process takes no more boards: it has as many as it can, or it stops."""
        return self.is_ending or len(self._boards) >= MOST_BOARDS

    async def place(self) -> Place:
        """Return how far the tables are settled now."""
        async with self._database.connection() as connection:
            settled = await look_at_tables(connection, self._horizons)
        numbers = [one.number if one is not None else 0 for one in (settled[table] for table in TABLES)]
        return Place((numbers[0], numbers[1], numbers[2]))

    def open_board(self) -> Board:
        """Begin to keep what happens for a board."""
        board = Board()
        self._boards.add(board)
        if self._following is None or self._following.done():
            self._following = asyncio.get_running_loop().create_task(self._follow())
        return board

    def close_board(self, board: Board) -> None:
        """Keep nothing for it any more; with the last one the following ends too."""
        self._boards.discard(board)
        if not self._boards and self._following is not None:
            self._following.cancel()
            self._following = None

    def end_boards(self) -> None:
        """Have every stream end now, and no other begin: the server stops."""
        self.is_ending = True
        for board in self._boards:
            board.end()

    async def finish(self) -> None:
        """End the following and what boards are left."""
        self.end_boards()
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following

    async def _follow(self) -> None:
        place: Place | None = None
        while True:
            try:
                settled = await self.place()
                if place is not None and settled != place:
                    async with self._database.transaction() as tx:
                        happenings, place = await read_between(tx, place, settled)
                    for board in self._boards:
                        board.offer(happenings)
                place = place or settled
            except Exception:  # whatever it was, boards are told of it later
                log.exception("live.look_failed")
            await asyncio.sleep(LOOK_EVERY_S)


async def read_between(tx: Tx, place: Place, upto: Place) -> tuple[Sequence[Happening], Place]:
    """Return what happened after a place, a thousand rows of each table at most, and how far that reaches."""
    found: list[Happening] = []
    for table, statement in enumerate(ROWS):
        after, until = place.numbers[table], upto.numbers[table]
        if until <= after:
            continue
        rows = (await tx.execute(text(statement), {"after": after, "upto": until, "limit": AT_ONCE})).all()
        found += [
            Happening(
                table=table,
                number=row[0],
                kind=row[1],
                project_id=row[2],
                account_id=row[3],
                subject=row[4],
                at=row[5],
            )
            for row in rows
        ]
        place = place.moved(table, rows[-1][0] if len(rows) == AT_ONCE else until)
    # In the order of each table: the id of an event says that everything below it was told.
    return found, place
