"""How far those who follow a table by its rising numbers may read without missing a row that commits later.

A row gets its number before its transaction commits, so a higher number can be seen earlier. A mark is the highest
number that was seen together with the next transaction id of that moment; once every transaction below that id has
ended, all numbers up to the mark are settled: there or never. On an idle system that is so at the first look.

A transaction that draws a number before it has an id of its own could slip through. Followers therefore read again,
among the last `LOOK_BACK` numbers behind them, what was written by transactions that were not yet there at their mark.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

LOOK_BACK: Final = 1000
MARKS_KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class Settled:
    """All rows up to `number` of transactions below `xid` can be seen by who looks now."""

    number: int
    xid: int


@dataclass(slots=True)
class Horizon:
    """The marks of one table that wait to be settled, oldest first, and the last one that is."""

    settled: Settled | None = None
    waiting: list[Settled] = field(default_factory=list[Settled])

    def look(self, highest: int, oldest_running: int, next_xid: int) -> Settled | None:
        """Take what a snapshot shows and return what is settled by now; None while nothing is known to be.

        `oldest_running` is the snapshot's xmin: every transaction below it has ended; `next_xid` its xmax.
        """
        if not self.waiting or self.waiting[-1].number < highest:
            self.waiting.append(Settled(highest, next_xid))
        while self.waiting and self.waiting[0].xid <= oldest_running:
            self.settled = self.waiting.pop(0)
        # A transaction that runs for long holds back all marks since; the oldest of them is the first to be settled.
        if len(self.waiting) > MARKS_KEPT:
            del self.waiting[1:-1:2]
        return self.settled


async def look_at_tables(
    connection: AsyncConnection[TupleRow], horizons: Mapping[str, Horizon]
) -> Mapping[str, Settled | None]:
    """Look at tables that have a column `id` of rising numbers, all in one statement; returns what is settled."""
    tables: Sequence[str] = tuple(horizons)
    columns: list[Any] = [SQL("(SELECT max(id) FROM {})").format(Identifier(table)) for table in tables]
    query = SQL(
        "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint, {} FROM pg_current_snapshot() s"
    ).format(SQL(", ").join(columns))
    row = await (await connection.execute(query)).fetchone()
    if row is None:
        msg = "a query without FROM rows gave no row"
        raise RuntimeError(msg)
    return {table: horizons[table].look(row[2 + place] or 0, row[0], row[1]) for place, table in enumerate(tables)}
