"""Runs a ledger transaction until it is through: again after a deadlock, and after making a missing partition."""

from collections.abc import Awaitable, Callable, Collection
from datetime import date
from typing import TypeVar

from psycopg.errors import CheckViolation

from backend.kit.db import RETRY_SQLSTATES, Database, sqlstate_of
from backend.kit.errors import Contended

Result = TypeVar("Result")
ATTEMPTS = 4
PARENTS_BY_RECEIPT = ("punch", "punch_private", "ruling", "attribution")


async def in_ledger_transaction(
    database: Database,
    attempt: Callable[[], Awaitable[Result]],
    *,
    received: Collection[date],
    buckets: Collection[date],
) -> Result:
    """Run `attempt`, which opens and commits its own transaction, at most four times.

    Again after a deadlock or serialisation failure, and after making the partitions of `received` and `buckets` when
    one was missing; any other error passes. Raises Contended when the last attempt was a victim too.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return await attempt()
        except CheckViolation as error:
            # "no partition of relation … found for row" comes without a constraint name.
            if error.diag.constraint_name:
                raise
            await make_partitions(database, received=received, buckets=buckets)
        except Contended as error:
            if error.__cause__ is None or sqlstate_of(error.__cause__) not in RETRY_SQLSTATES:
                raise
    return await attempt()


async def make_partitions(database: Database, *, received: Collection[date], buckets: Collection[date]) -> None:
    """Make the partitions of the months of receipt and of the given dedupe buckets."""
    wanted = {(parent, day.replace(day=1)) for parent in PARENTS_BY_RECEIPT for day in received}
    wanted |= {("punch_dedupe", day) for day in buckets}
    async with database.connection() as connection:
        for parent, day in sorted(wanted):
            await connection.execute("SELECT ensure_partition(%s, %s)", (parent, day))
