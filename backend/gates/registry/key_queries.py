"""The SELECTs of the key register."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from backend.gates.registry.tables import GateKeyStep
from backend.gates.tables import GateDevice, GateKey
from backend.identity.tables import Account
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.queries import visible_projects
from backend.sites.tables import Project

APPLY = "gates.apply"


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step with the names that a register shows."""

    id: UUID
    project_id: UUID
    application_id: UUID | None
    step: str
    credential: str
    device_id: UUID
    key_id: str | None
    replaces_key_id: str | None
    expires_at: datetime | None
    made_at: datetime
    made_by: UUID
    reason: str
    made_by_name: str
    serial_no: str
    device_name: str
    vendor: str
    registration_no: str
    project_name: str
    time_zone: str


_STEP: Sequence[Any] = (
    GateKeyStep.id,
    GateKeyStep.project_id,
    GateKeyStep.application_id,
    GateKeyStep.step,
    GateKeyStep.credential,
    GateKeyStep.device_id,
    GateKeyStep.key_id,
    GateKeyStep.replaces_key_id,
    GateKeyStep.expires_at,
    GateKeyStep.made_at,
    GateKeyStep.made_by,
    GateKeyStep.reason,
    Account.display_name,
    GateDevice.serial_no,
    GateDevice.name,
    GateDevice.vendor,
    Project.registration_no,
    Project.name,
    Project.time_zone,
)


# Steps made at one instant stand in the order in which they can be made.
_ORDER = cast(["applied", "approved", "withdrawn", "rejected", "replaced", "issued", "revoked"], ARRAY(Text))


def _steps() -> Any:  # noqa: ANN401 - a SELECT of this many columns has no short type
    device = (GateDevice.project_id == GateKeyStep.project_id) & (GateDevice.id == GateKeyStep.device_id)
    return (
        select(*_STEP)
        .join(Account, Account.id == GateKeyStep.made_by)
        .join(GateDevice, device)
        .join(Project, Project.id == GateKeyStep.project_id)
        .order_by(GateKeyStep.made_at, func.array_position(_ORDER, GateKeyStep.step), GateKeyStep.id)
    )


async def steps_of_application(tx: Tx, project_id: UUID, application_id: UUID) -> list[StepRow]:
    """Return the steps of one application, first to last."""
    own = (GateKeyStep.project_id == project_id, GateKeyStep.application_id == application_id)
    return [StepRow(*row) for row in await tx.execute(_steps().where(*own))]


async def application_of_key(tx: Tx, project_id: UUID, key_id: str) -> UUID | None:
    """Return the application from which a key came; None for keys older than the register."""
    statement = select(GateKeyStep.application_id).where(
        GateKeyStep.project_id == project_id, GateKeyStep.key_id == key_id, GateKeyStep.step == "issued"
    )
    return await tx.scalar(statement)


async def list_applications(
    tx: Tx, project_id: UUID | None, made_by: UUID | None, *, before: UUID | None, limit: int
) -> list[list[StepRow]]:
    """Return applications with their steps, latest first: those of a project, or those that one account made."""
    first = select(GateKeyStep.application_id).where(GateKeyStep.step == "applied")
    if project_id is not None:
        first = first.where(GateKeyStep.project_id == project_id)
    if made_by is not None:
        first = first.where(GateKeyStep.made_by == made_by)
    if before is not None:
        first = first.where(GateKeyStep.application_id < before)
    wanted = list(await tx.scalars(first.order_by(GateKeyStep.application_id.desc()).limit(limit)))
    found: dict[UUID | None, list[StepRow]] = {application: [] for application in wanted}
    for row in await tx.execute(_steps().where(GateKeyStep.application_id.in_(wanted))):
        step = StepRow(*row)
        found[step.application_id].append(step)
    return list(found.values())


async def list_register(
    tx: Tx, actor: Actor, scope: str, project_id: UUID | None, *, from_at: datetime, to_at: datetime, limit: int
) -> list[StepRow]:
    """Return the steps from `from_at` until before `to_at` in the actor's projects, first to last."""
    statement = (
        _steps()
        .where(
            GateKeyStep.made_at >= from_at,
            GateKeyStep.made_at < to_at,
            GateKeyStep.project_id.in_(visible_projects(actor, scope)),
        )
        .limit(limit)
    )
    if project_id is not None:
        statement = statement.where(GateKeyStep.project_id == project_id)
    return [StepRow(*row) for row in await tx.execute(statement)]


@dataclass(frozen=True, slots=True)
class LiveRow:
    """How many keys of a project were live at an instant."""

    project_id: UUID
    registration_no: str
    project_name: str
    live: int


async def count_live_keys(tx: Tx, actor: Actor, scope: str, at: datetime) -> list[LiveRow]:
    """Return how many signing keys were live at `at` in each of the actor's projects that had any."""
    row = GateKey
    statement = (
        select(Project.id, Project.registration_no, Project.name, func.count())
        .join(row, row.project_id == Project.id)
        .where(
            Project.id.in_(visible_projects(actor, scope)),
            row.issued_at <= at,
            or_(row.expires_at.is_(None), row.expires_at > at),
            or_(row.revoked_at.is_(None), row.revoked_at > at),
        )
        .group_by(Project.id, Project.registration_no, Project.name)
    )
    return [LiveRow(*found) for found in await tx.execute(statement)]
