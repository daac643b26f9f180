"""The SELECTs of self-tests."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import all_, literal, select

from backend.gates.registry.tables import GateSelfTest
from backend.kit.db import Tx
from backend.ledger.tables import Punch


@dataclass(frozen=True, slots=True)
class SelfTestRow:
    """A self-test as it was started."""

    id: UUID
    device_id: UUID
    started_at: datetime
    until_at: datetime
    started_by: UUID


@dataclass(frozen=True, slots=True)
class Evidence:
    """The event that shows that a device delivers."""

    punch_id: UUID
    received_at: datetime
    person_known: bool


async def find_test(tx: Tx, project_id: UUID, device_id: UUID, test_id: UUID) -> SelfTestRow | None:
    """Return a self-test of a device."""
    row = GateSelfTest
    statement = select(row.id, row.device_id, row.started_at, row.until_at, row.started_by).where(
        row.project_id == project_id, row.device_id == device_id, row.id == test_id
    )
    found = (await tx.execute(statement)).one_or_none()
    return None if found is None else SelfTestRow(*found)


async def find_evidence(tx: Tx, project_id: UUID, test: SelfTestRow) -> Evidence | None:
    """Return the first live event of the device that arrived in the test's time; stored ones show nothing.

    Its own time does not matter: a device whose clock is wrong delivers all the same.
    """
    statement = (
        select(Punch.punch_id, Punch.received_at, Punch.person_id.is_not(None))
        .where(
            Punch.project_id == project_id,
            Punch.received_at >= test.started_at,
            Punch.received_at <= test.until_at,
            Punch.source == "gate",
            Punch.source_id == test.device_id,
            literal("stored") != all_(Punch.signals),
        )
        .order_by(Punch.received_at, Punch.punch_id)
        .limit(1)
    )
    found = (await tx.execute(statement)).one_or_none()
    return None if found is None else Evidence(*found)
