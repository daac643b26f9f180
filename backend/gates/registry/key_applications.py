"""Takes keys from the application through approval to their issue; each step is a row with who, when and why."""

import secrets as random
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, insert, update

from backend.gates.authentication import key_name
from backend.gates.errors import (
    AccessTokenTaken,
    ApplicationSettled,
    ApplicationUnknown,
    DeviceUnknown,
    GateKeyUnknown,
    IssueNotYours,
    KeyExpiryPast,
    OwnApplication,
    ReplacesNoKey,
    TooManyKeys,
)
from backend.gates.instants import in_utc
from backend.gates.reading import token_digest
from backend.gates.registry import key_queries, queries
from backend.gates.registry.key_flow import Step, may_follow, state_of
from backend.gates.registry.key_queries import APPLY, StepRow
from backend.gates.registry.key_schemas import ApplicationBody, IssueBody
from backend.gates.registry.key_secrets import GateSecrets
from backend.gates.registry.key_steps import NewStep, add_step
from backend.gates.registry.keys import LIVE_KEYS, key_life
from backend.gates.tables import GateDevice, GateKey
from backend.kit.clock import Clock
from backend.kit.db import Tx, translate_violations
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites.errors import ProjectUnknown
from backend.sites.projects import require_project

TOKEN_BYTES = 16

_TAKEN = {"uq_gate_device_access_token_digest": AccessTokenTaken}


@dataclass(frozen=True, slots=True)
class Issued:
    """What was issued; the secret is stored encrypted, of a token the digest alone, and cannot be shown again."""

    key_id: str | None
    secret: str
    credential: str
    issued_at: datetime
    expires_at: datetime | None


async def apply_for_key(
    tx: Tx, actor: Actor, project_id: UUID, device_id: UUID, body: ApplicationBody, *, clock: Clock
) -> list[StepRow]:
    """Apply for a key of a device, or for the token of a terminal that cannot sign.

    Raises ProjectUnknown, DeviceUnknown, KeyExpiryPast, ReplacesNoKey (a token replaces the former one anyway) or
    GateKeyUnknown (the device has no live key of the id to be replaced).
    """
    await require_project(tx, actor, project_id, scope=APPLY)
    now = clock.now()
    expires_at = None if body.expires_at is None else in_utc("$.expires_at", body.expires_at)
    if expires_at is not None and expires_at <= now:
        raise KeyExpiryPast
    if body.credential == "access_token" and (body.replaces_key_id is not None or expires_at is not None):
        raise ReplacesNoKey
    if not await queries.lock_gate(tx, project_id, device_id):
        raise DeviceUnknown
    if body.replaces_key_id is not None:
        await _live_key(tx, project_id, device_id, body.replaces_key_id, now)
    application_id = new_id(now)
    step = NewStep(
        project_id=project_id,
        device_id=device_id,
        application_id=application_id,
        step="applied",
        credential=body.credential,
        reason=body.reason,
        replaces_key_id=body.replaces_key_id,
        expires_at=expires_at,
    )
    await add_step(tx, actor, step, clock=clock)
    return await key_queries.steps_of_application(tx, project_id, application_id)


async def settle_application(
    tx: Tx, actor: Actor, project_id: UUID, application_id: UUID, step: Step, reason: str, *, clock: Clock
) -> list[StepRow]:
    """Approve, reject or withdraw an application.

    Raises ProjectUnknown, ApplicationUnknown, ApplicationSettled; OwnApplication when the one who applied approves or
    rejects; ApplicationUnknown, too, when somebody else withdraws.
    """
    await require_project(tx, actor, project_id, scope=APPLY if step == "withdrawn" else queries.KEYS)
    first = await _application(tx, project_id, application_id, step)
    if step == "withdrawn" and first.made_by != actor.account_id:
        raise ApplicationUnknown
    if step != "withdrawn" and first.made_by == actor.account_id:
        raise OwnApplication
    await _follow(tx, actor, first, step, reason, clock)
    return await key_queries.steps_of_application(tx, project_id, application_id)


async def issue_key(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    application_id: UUID,
    body: IssueBody,
    *,
    secrets: GateSecrets,
    clock: Clock,
) -> Issued:
    """Issue what was approved and return its secret, this once, to the one who applied or to who may approve.

    A key that is replaced holds for `overlap_h` hours more. Raises ProjectUnknown, ApplicationUnknown,
    ApplicationSettled, IssueNotYours, KeyExpiryPast (meanwhile), GateKeyUnknown (the key to replace ended meanwhile),
    TooManyKeys or AccessTokenTaken.
    """
    await require_project(tx, actor, project_id, scope=APPLY)
    first = await _application(tx, project_id, application_id, "issued")
    if first.made_by != actor.account_id:
        await _require_approver(tx, actor, project_id)
    now = clock.now()
    if first.credential == "access_token":
        issued = await _issue_token(tx, first, body, now)
    else:
        issued = await _issue_signing_key(tx, actor, first, body, now, secrets=secrets, clock=clock)
    await _follow(tx, actor, first, "issued", body.reason, clock, key_id=issued.key_id, expires_at=issued.expires_at)
    return issued


async def _issue_token(tx: Tx, first: StepRow, body: IssueBody, now: datetime) -> Issued:
    token = (body.token or random.token_hex(TOKEN_BYTES)).lower()
    statement = update(GateDevice).where(GateDevice.project_id == first.project_id, GateDevice.id == first.device_id)
    values = {"access_token_digest": token_digest(token), "config_rev": GateDevice.config_rev + 1}
    with translate_violations(_TAKEN):
        await tx.execute(statement.values(**values))
    return Issued(None, token, first.credential, now, None)


async def _issue_signing_key(
    tx: Tx, actor: Actor, first: StepRow, body: IssueBody, now: datetime, *, secrets: GateSecrets, clock: Clock
) -> Issued:
    if first.expires_at is not None and first.expires_at <= now:
        raise KeyExpiryPast
    keys = await queries.list_keys(tx, first.project_id, first.device_id)
    if sum(key_life(key, now) == "active" for key in keys) >= LIVE_KEYS:
        raise TooManyKeys(limit=LIVE_KEYS)
    if first.replaces_key_id is not None:
        ends_at = await _end_replaced(tx, first, now + timedelta(hours=body.overlap_h), now)
        await _follow(
            tx, actor, first, "replaced", body.reason, clock, key_id=first.replaces_key_id, expires_at=ends_at
        )
    row_id, secret = new_id(now), secrets.draw()
    await tx.execute(
        insert(GateKey).values(
            id=key_name(row_id),
            project_id=first.project_id,
            device_id=first.device_id,
            secret_cipher=secrets.encrypt(row_id, secret),
            state="active",
            issued_at=now,
            issued_by=actor.account_id,
            expires_at=first.expires_at,
        )
    )
    return Issued(key_name(row_id), secret, first.credential, now, first.expires_at)


async def _end_replaced(tx: Tx, first: StepRow, at: datetime, now: datetime) -> datetime | None:
    """Let the replaced key end at `at`, or at its own earlier end; returns which."""
    key_id = str(first.replaces_key_id)
    await _live_key(tx, first.project_id, first.device_id, key_id, now)
    row = GateKey
    ended = await tx.execute(
        update(row)
        .where(row.id == key_id, row.device_id == first.device_id)
        .values(expires_at=func.least(row.expires_at, at))
        .returning(row.expires_at)
    )
    return ended.scalar_one()


async def _require_approver(tx: Tx, actor: Actor, project_id: UUID) -> None:
    try:
        await require_project(tx, actor, project_id, scope=queries.KEYS)
    except ProjectUnknown as error:
        raise IssueNotYours from error


async def _live_key(tx: Tx, project_id: UUID, device_id: UUID, key_id: str, now: datetime) -> None:
    keys = {key.id: key for key in await queries.list_keys(tx, project_id, device_id)}
    if key_id not in keys or key_life(keys[key_id], now) != "active":
        raise GateKeyUnknown


async def _application(tx: Tx, project_id: UUID, application_id: UUID, step: Step) -> StepRow:
    """Lock the application's device and return the first step; raises ApplicationUnknown or ApplicationSettled."""
    steps = await key_queries.steps_of_application(tx, project_id, application_id)
    if not steps:
        raise ApplicationUnknown
    await queries.lock_gate(tx, project_id, steps[0].device_id)
    made = [row.step for row in await key_queries.steps_of_application(tx, project_id, application_id)]
    if not may_follow(made, step):
        raise ApplicationSettled(state=state_of(made))
    return steps[0]


async def _follow(
    tx: Tx,
    actor: Actor,
    first: StepRow,
    step: Step,
    reason: str,
    clock: Clock,
    *,
    key_id: str | None = None,
    expires_at: datetime | None = None,
) -> None:
    new = NewStep(
        project_id=first.project_id,
        device_id=first.device_id,
        application_id=first.application_id,
        step=step,
        credential=first.credential,
        reason=reason,
        key_id=key_id,
        replaces_key_id=first.replaces_key_id if step == "issued" else None,
        expires_at=expires_at,
    )
    await add_step(tx, actor, new, clock=clock)
