"""The SELECTs of commands to terminals."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select

from backend.gates.commands.model import DELIVERIES, REPEAT_AFTER, CommandKind
from backend.gates.commands.tables import GateCommand, GateCommandAnswer, GateCommandDelivery
from backend.kit.db import Tx

SEND = "gates.command"
"""The scope of who may ask terminals to send or count something."""


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A command, how often it was sent, and what the device answered."""

    id: UUID
    device_id: UUID
    number: int
    kind: CommandKind
    from_at: datetime | None
    to_at: datetime | None
    reason: str
    asked_at: datetime
    asked_by: UUID
    expires_at: datetime
    sent: int
    last_sent_at: datetime | None
    answered_at: datetime | None
    code: int | None
    told: int | None
    held: int | None


_delivery = (
    select(func.count().label("sent"), func.max(GateCommandDelivery.sent_at).label("last_at"))
    .where(
        GateCommandDelivery.project_id == GateCommand.project_id,
        GateCommandDelivery.command_id == GateCommand.id,
    )
    .lateral("delivery")
)
_answered = and_(GateCommandAnswer.project_id == GateCommand.project_id, GateCommandAnswer.command_id == GateCommand.id)
_COLUMNS = (
    GateCommand.id,
    GateCommand.device_id,
    GateCommand.number,
    GateCommand.kind,
    GateCommand.from_at,
    GateCommand.to_at,
    GateCommand.reason,
    GateCommand.asked_at,
    GateCommand.asked_by,
    GateCommand.expires_at,
    _delivery.c.sent,
    _delivery.c.last_at,
    GateCommandAnswer.answered_at,
    GateCommandAnswer.code,
    GateCommandAnswer.told,
    GateCommandAnswer.held,
)


def _commands(project_id: UUID) -> Any:  # noqa: ANN401 - a SELECT of this many columns has no short type
    return (
        select(*_COLUMNS)
        .outerjoin(GateCommandAnswer, _answered)
        .join(_delivery, onclause=GateCommand.project_id == project_id)
        .where(GateCommand.project_id == project_id)
    )


async def list_commands(
    tx: Tx, project_id: UUID, device_id: UUID, *, after: int | None, limit: int
) -> list[CommandRow]:
    """Return a page of a device's commands, latest first."""
    statement = _commands(project_id).where(GateCommand.device_id == device_id)
    if after is not None:
        statement = statement.where(GateCommand.number < after)
    rows = await tx.execute(statement.order_by(GateCommand.number.desc()).limit(limit))
    return [CommandRow(*row) for row in rows]


async def find_commands(tx: Tx, project_id: UUID, command_ids: list[UUID]) -> list[CommandRow]:
    """Return commands by id, in order of asking."""
    statement = _commands(project_id).where(GateCommand.id.in_(command_ids)).order_by(GateCommand.number)
    return [CommandRow(*row) for row in await tx.execute(statement)]


async def count_open(tx: Tx, project_id: UUID, device_id: UUID, now: datetime) -> int:
    """Return how many commands of a device wait to be sent or answered."""
    statement = (
        select(func.count())
        .select_from(GateCommand)
        .outerjoin(GateCommandAnswer, _answered)
        .join(_delivery, onclause=GateCommand.project_id == project_id)
        .where(
            GateCommand.project_id == project_id,
            GateCommand.device_id == device_id,
            GateCommand.expires_at > now,
            GateCommandAnswer.command_id.is_(None),
            (_delivery.c.sent < DELIVERIES) | (_delivery.c.last_at > now - REPEAT_AFTER),
        )
    )
    return await tx.scalar(statement) or 0


async def last_number(tx: Tx, project_id: UUID, device_id: UUID) -> int:
    """Return the highest number that a command of a device has; the device's row is locked."""
    statement = select(func.max(GateCommand.number)).where(
        GateCommand.project_id == project_id, GateCommand.device_id == device_id
    )
    return await tx.scalar(statement) or 0
