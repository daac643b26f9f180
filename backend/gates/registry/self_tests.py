"""Tests a device on site: somebody presents himself, and the event must arrive within a minute."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import insert

from backend.gates.errors import DeviceNotActive, DeviceUnknown, SelfTestUnknown
from backend.gates.registry import queries, self_test_queries
from backend.gates.registry.key_flow import TestResult, judge_test
from backend.gates.registry.self_test_queries import Evidence, SelfTestRow
from backend.gates.registry.tables import GateSelfTest
from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites.projects import require_project

TEST_LIFE: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a self-test has shown, and by which event."""

    test: SelfTestRow
    result: TestResult
    evidence: Evidence | None


async def start_test(tx: Tx, actor: Actor, project_id: UUID, device_id: UUID, *, clock: Clock) -> Shown:
    """Start a self-test; raises ProjectUnknown, DeviceUnknown or DeviceNotActive."""
    await require_project(tx, actor, project_id, scope=queries.WRITE)
    now = clock.now()
    device = await queries.find_gate(tx, project_id, device_id, now)
    if device is None:
        raise DeviceUnknown
    if device.state != "active":
        raise DeviceNotActive
    test = SelfTestRow(new_id(now), device_id, now, now + TEST_LIFE, actor.account_id)
    await tx.execute(
        insert(GateSelfTest).values(
            project_id=project_id,
            id=test.id,
            device_id=device_id,
            started_at=test.started_at,
            until_at=test.until_at,
            started_by=actor.account_id,
        )
    )
    await record_act(tx, actor, "gate.self_test_started", "gate", device_id, {}, clock=clock, project_id=project_id)
    return await _shown(tx, project_id, test, now)


async def show_test(tx: Tx, actor: Actor, project_id: UUID, device_id: UUID, test_id: UUID, *, clock: Clock) -> Shown:
    """Tell what a self-test has shown; raises ProjectUnknown or SelfTestUnknown.

    The result is read off the ledger each time: nobody can write `passed`.
    """
    await require_project(tx, actor, project_id, scope=queries.READ)
    test = await self_test_queries.find_test(tx, project_id, device_id, test_id)
    if test is None:
        raise SelfTestUnknown
    return await _shown(tx, project_id, test, clock.now())


async def _shown(tx: Tx, project_id: UUID, test: SelfTestRow, now: datetime) -> Shown:
    evidence = await self_test_queries.find_evidence(tx, project_id, test)
    return Shown(test, judge_test(test.until_at, now, evidence=evidence is not None), evidence)
