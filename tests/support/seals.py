"""A ledger with its log: entries of every kind, sealed by the sealer's own role."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.ids import new_id
from backend.kit.keyring import SEALER_PURPOSES, MemoryKeyRing
from backend.ledger.append import send_append, settle_append
from backend.ledger.model import Entry
from backend.ledger.seals.sealing import Sealing, SealTools, begin_log, seal_next
from backend.ledger.seals.standing import read_seal_standing
from tests.support.ledgers import entry

AT = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)
SEALER = "daogang_sealer"


@dataclass
class SealedLedger:
    """A database with the tools of its sealer and what the sealer remembers."""

    url: str
    database: Database
    tools: SealTools
    sealing: Sealing
    keys: MemoryKeyRing

    async def seal(self, limit: int = 5000) -> int:
        """Seal everything that was recorded; return the number of entries.

        Transactions in other databases of the cluster, those of other tests, may hold the horizon back for a while.
        """
        total = 0
        async with asyncio.timeout(60):
            while await self._waiting():
                total += (await seal_next(self.tools, self.sealing, limit)).entries
                await asyncio.sleep(0)
        return total

    async def _waiting(self) -> bool:
        async with self.database.transaction() as tx:
            return (await read_seal_standing(tx)).waiting > 0


@asynccontextmanager
async def sealed_ledger(url: str) -> AsyncGenerator[SealedLedger]:
    """Open a database for the application and for its sealer."""
    clock, keys = ManualClock(AT + timedelta(minutes=5)), MemoryKeyRing(AT, SEALER_PURPOSES)
    database, sealer = Database(url, max_size=2), Database(url, max_size=2, role=SEALER)
    async with database.opened(), sealer.opened():
        async with sealer.connection() as connection:
            await begin_log(connection, clock.now())
        yield SealedLedger(url, database, SealTools(sealer, keys, clock), Sealing(), keys)


def full_entry(project_id: UUID, at: datetime) -> Entry:
    """Make an entry in which every column says something."""
    return entry(
        project_id,
        uuid4(),
        at,
        source="phone",
        event_key=f"event-{at:%H%M%S}",
        section_id=uuid4(),
        method="fixes",
        lane="phone",
        granted=True,
        fence_version_id=uuid4(),
        covered=True,
        signed_distance_m=-3.5,
        probability=0.75,
        accuracy_m=8.0,
        sigma_m=4.0,
        chainage_m=177.0,
        offset_m=-2.0,
        signals=("mock_location", "重复坐标"),
        private_digest="ab" * 32,
        key_id=uuid4(),
        sealed="cd" * 40,
        deadline_at=at + timedelta(hours=1),
        reasons=({"code": "decision.inside_fence", "numbers": {"accuracy_m": 8.0, "share": 1e-9}},),
    )


async def append(database: Database, entries: Sequence[Entry]) -> None:
    """Append entries, as the application's role."""
    async with database.connection() as connection, connection.transaction():
        await settle_append(connection, entries, await send_append(connection, entries))


async def rule_and_attribute(database: Database, one: Entry, at: datetime) -> None:
    """Write a second ruling and an attribution of an entry, as named persons do."""
    ruling_id, attribution_id, by = new_id(at), new_id(at), uuid4()
    async with database.connection() as connection, connection.transaction():
        await connection.execute(
            "INSERT INTO ruling (project_id, ruled_at, ruling_id, punch_id, seq, outcome, reasons, policy_version,"
            " ruled_by, note, deadline_at) VALUES (%s, %s, %s, %s, 2, 'refused', %s, 3, %s, '看过录像', %s)",
            (one.project_id, at, ruling_id, one.punch_id, Jsonb([{"code": "x"}]), by, at),
        )
        await connection.execute(
            "INSERT INTO attribution (project_id, made_at, attribution_id, punch_id, person_id, occurred_at, made_by,"
            " reason) VALUES (%s, %s, %s, %s, %s, %s, %s, '工号已绑定')",
            (one.project_id, at, attribution_id, one.punch_id, uuid4(), at, by),
        )
        await connection.execute(
            "INSERT INTO ledger_outbox (project_id, kind, entry_id, recorded_at)"
            " VALUES (%s, 'ruling', %s, %s), (%s, 'attribution', %s, %s)",
            (one.project_id, ruling_id, at, one.project_id, attribution_id, at),
        )
