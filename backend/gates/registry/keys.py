"""Issues, lists and revokes the keys with which devices sign."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import insert, update

from backend.gates.authentication import key_name
from backend.gates.errors import DeviceUnknown, GateKeyUnknown, KeyExpiryPast, TooManyKeys
from backend.gates.instants import in_utc
from backend.gates.registry import queries
from backend.gates.registry.key_secrets import GateSecrets
from backend.gates.registry.queries import KeyRow
from backend.gates.registry.schemas import KeyBody
from backend.gates.tables import GateKey
from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites.projects import require_project

LIVE_KEYS = 2
"""Two overlap while a device changes from one to the other."""

KeyLife = Literal["active", "expired", "revoked"]


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key; the secret is stored encrypted and cannot be shown again."""

    id: str
    secret: str
    issued_at: datetime
    expires_at: datetime | None


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


async def issue_key(
    tx: Tx, actor: Actor, project_id: UUID, device_id: UUID, body: KeyBody, *, secrets: GateSecrets, clock: Clock
) -> IssuedKey:
    """Issue a key; raises ProjectUnknown, DeviceUnknown, KeyExpiryPast or TooManyKeys."""
    await require_project(tx, actor, project_id, scope=queries.KEYS)
    now = clock.now()
    expires_at = None if body.expires_at is None else in_utc("$.expires_at", body.expires_at)
    if expires_at is not None and expires_at <= now:
        raise KeyExpiryPast
    if not await queries.lock_gate(tx, project_id, device_id):
        raise DeviceUnknown
    keys = await queries.list_keys(tx, project_id, device_id)
    if sum(key_life(key, now) == "active" for key in keys) >= LIVE_KEYS:
        raise TooManyKeys(limit=LIVE_KEYS)
    row_id, secret = new_id(now), secrets.draw()
    name = key_name(row_id)
    await tx.execute(
        insert(GateKey).values(
            id=name,
            project_id=project_id,
            device_id=device_id,
            secret_cipher=secrets.encrypt(row_id, secret),
            state="active",
            issued_at=now,
            issued_by=actor.account_id,
            expires_at=expires_at,
        )
    )
    detail = {"gate_id": device_id}
    await record_act(tx, actor, "gate_key.issued", "gate_key", name, detail, clock=clock, project_id=project_id)
    return IssuedKey(name, secret, now, expires_at)


async def revoke_key(tx: Tx, actor: Actor, project_id: UUID, device_id: UUID, key_id: str, *, clock: Clock) -> None:
    """Revoke a key at once; revoking it again changes nothing. Raises ProjectUnknown or GateKeyUnknown."""
    await require_project(tx, actor, project_id, scope=queries.KEYS)
    known = {key.id: key for key in await queries.list_keys(tx, project_id, device_id)}
    if key_id not in known:
        raise GateKeyUnknown
    now = clock.now()
    revoked = await tx.execute(
        update(GateKey)
        .where(GateKey.id == key_id, GateKey.device_id == device_id, GateKey.state == "active")
        .values(state="revoked", revoked_at=now)
        .returning(GateKey.id)
    )
    if revoked.one_or_none() is not None:
        detail = {"gate_id": device_id}
        await record_act(tx, actor, "gate_key.revoked", "gate_key", key_id, detail, clock=clock, project_id=project_id)
