"""Makes a missing monthly partition on the way, so that no write fails for the lack of one."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import date
from typing import TypeVar

import psycopg
from psycopg.errors import CheckViolation

from backend.kit.db import RETRY_SQLSTATES, Database

Result = TypeVar("Result")
ATTEMPTS = 4
PARENTS_BY_RECEIPT = ("punch", "punch_private", "ruling", "attribution")


async def in_ledger_transaction(
    database: Database,
    attempt: Callable[[], Awaitable[Result]],
    *,
    received: date,
    buckets: Iterable[date],
) -> Result:
    """Run `attempt`, which opens and commits its own transaction, until it is through.

    Again after a deadlock or serialisation failure, and after making the partitions of `received` and `buckets` when
    one was missing; any other error passes.
    """
    for left in reversed(range(ATTEMPTS)):
        try:
            return await attempt()
        except CheckViolation as error:
            # "no partition of relation … found for row" comes without a constraint name.
            if error.diag.constraint_name or not left:
                raise
            await make_partitions(database, received=received, buckets=buckets)
        except psycopg.Error as error:
            if error.sqlstate not in RETRY_SQLSTATES or not left:
                raise
    msg = "unreachable: the last attempt returns or raises"
    raise AssertionError(msg)


async def make_partitions(database: Database, *, received: date, buckets: Iterable[date]) -> None:
    """Make the partitions of one month of receipt and of the given dedupe buckets."""
    wanted = [(parent, received) for parent in PARENTS_BY_RECEIPT] + [("punch_dedupe", day) for day in set(buckets)]
    async with database.connection() as connection:
        for parent, day in sorted(wanted):
            await connection.execute("SELECT ensure_partition(%s, %s)", (parent, day))
