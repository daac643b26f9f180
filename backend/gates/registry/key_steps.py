"""Adds a step to the key register, and to the audit log with it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert

from backend.gates.errors import ApplicationSettled
from backend.gates.registry.key_flow import Step
from backend.gates.registry.tables import GateKeyStep
from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.db import Tx, translate_violations
from backend.kit.guards import Actor
from backend.kit.ids import new_id

_ONCE = {"uq_gate_key_step_once": ApplicationSettled}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStep:
    """What a step is about; who made it and when is added when it is stored."""

    project_id: UUID
    device_id: UUID
    application_id: UUID | None
    step: Step
    credential: str
    reason: str
    key_id: str | None = None
    replaces_key_id: str | None = None
    expires_at: datetime | None = None


async def add_step(tx: Tx, actor: Actor, new: NewStep, *, clock: Clock) -> None:
    """Append a step; raises ApplicationSettled when the application has that step already."""
    now = clock.now()
    with translate_violations(_ONCE, state=new.step):
        await tx.execute(
            insert(GateKeyStep).values(
                project_id=new.project_id,
                id=new_id(now),
                application_id=new.application_id,
                step=new.step,
                credential=new.credential,
                device_id=new.device_id,
                key_id=new.key_id,
                replaces_key_id=new.replaces_key_id,
                expires_at=new.expires_at,
                made_at=now,
                made_by=actor.account_id,
                reason=new.reason,
            )
        )
    act, about = f"gate_key.{new.step}", str(new.key_id or new.application_id)
    detail = {
        "gate_id": str(new.device_id),
        "application_id": None if new.application_id is None else str(new.application_id),
    }
    await record_act(tx, actor, act, "gate_key", about, detail, clock=clock, project_id=new.project_id)
