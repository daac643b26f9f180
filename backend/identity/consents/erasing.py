"""Sees to it that what was kept by a consent is gone after its withdrawal, and keeps the proof."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, cast
from uuid import UUID

from sqlalchemy import insert, select

from backend.identity.consents.model import Purpose
from backend.identity.consents.tables import ConsentErasure, ConsentErasureEnd
from backend.kit.clock import Clock
from backend.kit.db import Database, Tx
from backend.kit.erasures import Erasure, record_erasures

BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class Erased:
    """What is gone: SHA-256 of each thing, as long as anybody knows it."""

    digests: tuple[bytes, ...]


class Eraser(Protocol):
    """Whoever keeps things by a consent; the application's wiring names one for each purpose."""

    async def end(self, tx: Tx, person_id: UUID, now: datetime) -> None:
        """Use nothing of the person any more and have it deleted; again for what has come since."""
        ...

    async def look(self, tx: Tx, person_id: UUID) -> Erased | None:
        """Return what is gone, None while something is still there."""
        ...

    async def count(self, tx: Tx) -> int:
        """Return of how many people something is kept now."""
        ...


Erasers = Mapping[Purpose, Eraser]


async def follow_erasures(database: Database, erasers: Erasers, clock: Clock) -> int:
    """Close the erasures of which everything is gone, and ask again for the others; return how many were closed."""
    closed = 0
    async with database.transaction() as tx:
        rows = await tx.execute(
            select(ConsentErasure.act_id, ConsentErasure.person_id, ConsentErasure.purpose)
            .outerjoin(ConsentErasureEnd, ConsentErasureEnd.act_id == ConsentErasure.act_id)
            .where(ConsentErasureEnd.act_id.is_(None))
            .order_by(ConsentErasure.act_id)
            .limit(BATCH)
        )
        waiting = rows.all()
    for act_id, person_id, purpose in waiting:
        eraser, now = erasers[cast("Purpose", purpose)], clock.now()
        async with database.transaction() as tx:
            gone = await eraser.look(tx, person_id)
            if gone is None:
                await eraser.end(tx, person_id, now)
                continue
            await tx.execute(
                insert(ConsentErasureEnd).values(
                    act_id=act_id, erased_at=now, erased=len(gone.digests), digests=list(gone.digests)
                )
            )
            done = Erasure(subject="consent", subject_id=act_id, reason=f"withdrawn: {purpose}", digests=gone.digests)
            await record_erasures(tx, [done], now)
            closed += 1
    return closed
