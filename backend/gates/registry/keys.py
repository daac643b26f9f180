"""Lists and revokes the keys with which devices sign."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import update

from backend.gates.errors import DeviceUnknown, GateKeyUnknown
from backend.gates.registry import key_queries, queries
from backend.gates.registry.key_steps import NewStep, add_step
from backend.gates.registry.queries import KeyRow
from backend.gates.tables import GateKey
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.projects import require_project

LIVE_KEYS = 2
"""Two overlap while a device changes from one to the other."""

KeyLife = Literal["active", "expired", "revoked"]


def key_life(row: KeyRow, now: datetime) -> KeyLife:
    """Tell how a key stands at `now`."""
    if row.state != "active":
        return "revoked"
    return "active" if row.expires_at is None or now < row.expires_at else "expired"


async def list_device_keys(tx: Tx, actor: Actor, project_id: UUID, device_id: UUID, *, clock: Clock) -> list[KeyRow]:
    """Return a device's keys, newest first; raises ProjectUnknown or DeviceUnknown."""
    await require_project(tx, actor, project_id, scope=queries.READ)
    if await queries.find_gate(tx, project_id, device_id, clock.now()) is None:
        raise DeviceUnknown
    return await queries.list_keys(tx, project_id, device_id)


async def revoke_key(
    tx: Tx, actor: Actor, project_id: UUID, device_id: UUID, key_id: str, reason: str, *, clock: Clock
) -> None:
    """Revoke a key at once; revoking it again changes nothing. Raises ProjectUnknown or GateKeyUnknown."""
    await require_project(tx, actor, project_id, scope=queries.KEYS)
    known = {key.id: key for key in await queries.list_keys(tx, project_id, device_id)}
    if key_id not in known:
        raise GateKeyUnknown
    revoked = await tx.execute(
        update(GateKey)
        .where(GateKey.id == key_id, GateKey.device_id == device_id, GateKey.state == "active")
        .values(state="revoked", revoked_at=clock.now())
        .returning(GateKey.id)
    )
    if revoked.one_or_none() is None:
        return
    step = NewStep(
        project_id=project_id,
        device_id=device_id,
        application_id=await key_queries.application_of_key(tx, project_id, key_id),
        step="revoked",
        credential="signing_key",
        reason=reason,
        key_id=key_id,
    )
    await add_step(tx, actor, step, clock=clock)
