"""Asks terminals to tell or send again what they hold: by a named person, for a reason, on record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert

from backend.gates.commands import queries
from backend.gates.commands.model import (
    LIFE,
    LONGEST_LIFE,
    OPEN_AT_ONCE,
    CommandKind,
    has_its_period,
)
from backend.gates.commands.queries import SEND, CommandRow
from backend.gates.commands.schemas import CommandBody
from backend.gates.commands.tables import GateCommand
from backend.gates.errors import (
    CommandExpiryWrong,
    CommandPeriodWrong,
    CommandsWaiting,
    DeviceNotActive,
    DeviceUnknown,
    TakesNoCommands,
)
from backend.gates.registry.queries import READ, find_gate, lock_gate
from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites.projects import require_project


@dataclass(frozen=True, slots=True)
class Asking:
    """What a terminal is to be asked; instants in UTC, `to_at` excluded."""

    kind: CommandKind
    from_at: datetime | None = None
    to_at: datetime | None = None


async def send_command(
    tx: Tx, actor: Actor, project_id: UUID, device_id: UUID, body: CommandBody, *, clock: Clock
) -> CommandRow:
    """Put one command into a terminal's queue.

    Raises ProjectUnknown, or what `queue_commands` raises.
    """
    await require_project(tx, actor, project_id, scope=SEND)
    asking = Asking(body.kind, body.from_at, body.to_at)
    found = await queue_commands(
        tx, actor, project_id, device_id, [asking], body.reason, expires_at=body.expires_at, clock=clock
    )
    return found[0]


async def queue_commands(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    device_id: UUID,
    askings: Sequence[Asking],
    reason: str,
    *,
    expires_at: datetime | None = None,
    clock: Clock,
) -> list[CommandRow]:
    """Put commands into a terminal's queue, for an actor who may; they are sent in this order, one at a time.

    Raises DeviceUnknown, DeviceNotActive, TakesNoCommands (another make), CommandPeriodWrong, CommandExpiryWrong, or
    CommandsWaiting when too many wait.
    """
    now = clock.now()
    until = now + LIFE if expires_at is None else expires_at
    if not all(has_its_period(one.kind, one.from_at, one.to_at) for one in askings):
        raise CommandPeriodWrong
    if not now < until <= now + LONGEST_LIFE:
        raise CommandExpiryWrong
    # Numbers and the bound of the queue are settled by one at a time.
    await lock_gate(tx, project_id, device_id)
    device = await find_gate(tx, project_id, device_id, now)
    if device is None:
        raise DeviceUnknown
    if device.vendor != "zkteco":
        raise TakesNoCommands(vendor=device.vendor)
    if device.state != "active":
        raise DeviceNotActive
    if await queries.count_open(tx, project_id, device_id, now) + len(askings) > OPEN_AT_ONCE:
        raise CommandsWaiting(limit=OPEN_AT_ONCE)
    number = await queries.last_number(tx, project_id, device_id)
    ids = [new_id(now) for _ in askings]
    values = [
        {
            "project_id": project_id,
            "id": command_id,
            "device_id": device_id,
            "number": number + place,
            "kind": one.kind,
            "from_at": one.from_at,
            "to_at": one.to_at,
            "asked_at": now,
            "asked_by": actor.account_id,
            "reason": reason,
            "expires_at": until,
        }
        for place, (command_id, one) in enumerate(zip(ids, askings, strict=True), 1)
    ]
    await tx.execute(insert(GateCommand), values)
    detail = {"kinds": [one.kind for one in askings], "command_ids": [str(one) for one in ids]}
    await record_act(tx, actor, "gate_command.queued", "gate", device_id, detail, clock=clock, project_id=project_id)
    return await queries.find_commands(tx, project_id, ids)


async def list_device_commands(
    tx: Tx, actor: Actor, project_id: UUID, device_id: UUID, *, after: int | None, limit: int, clock: Clock
) -> list[CommandRow]:
    """Return a page of what a terminal was asked, latest first; raises ProjectUnknown or DeviceUnknown."""
    await require_project(tx, actor, project_id, scope=READ)
    if await find_gate(tx, project_id, device_id, clock.now()) is None:
        raise DeviceUnknown
    return await queries.list_commands(tx, project_id, device_id, after=after, limit=limit)
