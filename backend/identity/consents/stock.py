"""Counts of how many people photos of the face are kept, and raises an alarm before the duty to file begins.

Who keeps faces of 100 000 people has to file with the provincial cyberspace administration within 30 working days
(Measures for the security of face recognition, in force since 2025-06-01).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select

from backend.identity.consents.erasing import Eraser
from backend.identity.consents.tables import FaceStockCount
from backend.kit.announcements import announce
from backend.kit.db import Tx

FILING_AT: Final = 100_000
ALARM_AT: Final = 90_000
SUBJECT: Final = "face_reference"


@dataclass(frozen=True, slots=True)
class Stock:
    """Of how many people faces are kept, as of when, and whether that is near the duty to file."""

    people: int
    counted_at: datetime
    alarm: bool


async def count_stock(tx: Tx, keeper: Eraser, now: datetime, *, alarm_at: int = ALARM_AT) -> Stock:
    """Count, put the figure on record, and announce when the alarm begins or ends."""
    before = await last_stock(tx)
    people = await keeper.count(tx)
    stock = Stock(people, now, people >= alarm_at)
    await tx.execute(insert(FaceStockCount).values(counted_at=now, people=people, alarm=stock.alarm))
    if stock.alarm != (before is not None and before.alarm):
        kind = "faces.many_stored" if stock.alarm else "faces.fewer_stored"
        detail = {"people": people, "alarm_at": alarm_at, "filing_at": FILING_AT}
        await announce(tx, kind, SUBJECT, occurred_at=now, now=now, detail=detail)
    return stock


async def last_stock(tx: Tx) -> Stock | None:
    """Return the last count, None before the first."""
    row = (
        await tx.execute(
            select(FaceStockCount.people, FaceStockCount.counted_at, FaceStockCount.alarm)
            .order_by(FaceStockCount.counted_at.desc())
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else Stock(*row)
