"""Counts attempts per window of time in the database, so that all server processes share one limit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert

from backend.identity.tables import RateCounter
from backend.kit.crypto import BlindIndex
from backend.kit.db import Tx

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is counted for whom: at most `limit` in each window (windows start at whole multiples)."""

    name: str
    window: timedelta
    limit: int

    def start(self, now: datetime) -> datetime:
        """Return the start of the window that `now` lies in."""
        return now - (now - _EPOCH) % self.window

    def retry_after_s(self, now: datetime) -> int:
        """Return the whole seconds until the next window."""
        return int((self.start(now) + self.window - now).total_seconds()) + 1


def subject_digest(index: BlindIndex, bucket: Bucket, subject: str) -> str:
    """Name a counter without storing whom it counts: a number or address stays unreadable."""
    return f"{bucket.name}:{index.digest('rate', subject.encode('utf-8', 'surrogatepass')).hex()[:32]}"


async def count_attempt(tx: Tx, bucket: Bucket, key: str, now: datetime) -> bool:
    """Count one attempt and tell whether it is within the limit.

    The counter's row stays locked until the transaction ends, so attempts of one subject queue up and
    none slips through between reading and writing.
    """
    statement = insert(RateCounter).values(bucket=key, window_start=bucket.start(now), hits=1)
    statement = statement.on_conflict_do_update(
        index_elements=[RateCounter.bucket, RateCounter.window_start], set_={"hits": RateCounter.hits + 1}
    )
    hits = await tx.scalar(statement.returning(RateCounter.hits))
    return hits is not None and hits <= bucket.limit


async def give_back(tx: Tx, bucket: Bucket, key: str, now: datetime) -> None:
    """Take back the attempt that was counted in the window of `now`: it succeeded."""
    await tx.execute(
        update(RateCounter)
        .where(RateCounter.bucket == key, RateCounter.window_start == bucket.start(now), RateCounter.hits > 0)
        .values(hits=RateCounter.hits - 1)
    )


async def purge_counters(tx: Tx, before: datetime) -> int:
    """Delete counters whose window started before `before`; return how many."""
    outcome = await tx.execute(delete(RateCounter).where(RateCounter.window_start < before))
    return outcome.rowcount
