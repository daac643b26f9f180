"""The SELECTs of outages, facts and quarantined events, limited to the rows that the actor may see."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, any_, distinct, func, select

from backend.gates.outages.tables import GateFact, GateOutage, GateOutageEnd, PhonePath
from backend.gates.registry.queries import READ
from backend.gates.tables import GateDevice, GateState
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.ledger.tables import Punch, PunchStatus
from backend.sites.person_rights import sees_person
from backend.sites.queries import visible_projects
from backend.sites.tables import Person, Project

DECLARE = "outages.declare"
REDATE = "gates.redate"
QUOTA_SPAN = timedelta(days=30)

_END = and_(GateOutageEnd.project_id == GateOutage.project_id, GateOutageEnd.outage_id == GateOutage.id)
_GATE = and_(GateDevice.project_id == GateOutage.project_id, GateDevice.id == GateOutage.device_id)


def _path(column: Any) -> Any:  # noqa: ANN401 - a column of PhonePath, as a subquery
    """Select a column of the way by phone that is open because of the outage."""
    return (
        select(column)
        .where(
            PhonePath.project_id == GateOutage.project_id,
            GateOutage.id == any_(PhonePath.outage_ids),
            PhonePath.shut_at.is_(None),
        )
        .order_by(PhonePath.from_at.desc())
        .limit(1)
        .correlate(GateOutage)
        .scalar_subquery()
    )


def _outages() -> Any:  # noqa: ANN401 - a SELECT of this many columns has no short type
    late = (
        select(func.count())
        .where(
            Punch.project_id == GateOutage.project_id,
            Punch.received_at >= GateOutageEnd.ended_at,
            Punch.source == "gate",
            Punch.source_id == GateOutage.device_id,
            Punch.occurred_at >= GateOutage.from_at,
            Punch.occurred_at < GateOutageEnd.ended_at,
            Punch.time_quality != "quarantined",
        )
        .correlate(GateOutage, GateOutageEnd)
        .scalar_subquery()
    )
    return (
        select(
            GateOutage,
            GateDevice.name.label("gate_name"),
            GateDevice.entrance,
            Project.name.label("project_name"),
            Project.site_mode,
            late.label("late_events"),
            _path(PhonePath.from_at).label("phones_from"),
            _path(PhonePath.until_at).label("phones_until"),
            GateOutageEnd.ended_at,
            GateOutageEnd.recorded_at.label("end_recorded_at"),
            GateOutageEnd.cause,
            GateOutageEnd.backlog,
            GateOutageEnd.oldest_event_at,
            GateOutageEnd.ended_by,
            GateOutageEnd.reason.label("end_reason"),
        )
        .join(GateDevice, _GATE)
        .join(Project, Project.id == GateOutage.project_id)
        .outerjoin(GateOutageEnd, _END)
    )


async def list_outages(
    tx: Tx,
    actor: Actor,
    *,
    project_id: UUID | None,
    only_open: bool,
    kind: str | None,
    after: UUID | None,
    limit: int,
) -> list[AnyRow]:
    """Return outages of the projects that the actor reaches, latest record first."""
    conditions: list[ColumnElement[bool]] = [GateOutage.project_id.in_(visible_projects(actor, READ))]
    if project_id is not None:
        conditions.append(GateOutage.project_id == project_id)
    if only_open:
        conditions.append(GateOutageEnd.outage_id.is_(None))
    if kind is not None:
        conditions.append(GateOutage.kind == kind)
    if after is not None:
        conditions.append(GateOutage.id < after)
    return list(await tx.execute(_outages().where(*conditions).order_by(GateOutage.id.desc()).limit(limit)))


async def find_outage(tx: Tx, project_id: UUID, outage_id: UUID) -> AnyRow | None:
    """Return one outage of a project."""
    found = await tx.execute(_outages().where(GateOutage.project_id == project_id, GateOutage.id == outage_id))
    return found.one_or_none()


async def list_declaration(tx: Tx, project_id: UUID, declaration_id: UUID) -> list[AnyRow]:
    """Return the outages of one declaration."""
    statement = _outages().where(GateOutage.project_id == project_id, GateOutage.declaration_id == declaration_id)
    return list(await tx.execute(statement.order_by(GateOutage.id)))


async def count_declarations(tx: Tx, project_id: UUID, since: datetime) -> int:
    """Count the declarations recorded since an instant."""
    statement = select(func.count(distinct(GateOutage.declaration_id))).where(
        GateOutage.project_id == project_id, GateOutage.recorded_at > since
    )
    return await tx.scalar(statement) or 0


async def list_gate_standing(tx: Tx, project_id: UUID, gate_ids: list[UUID]) -> list[AnyRow]:
    """Return state and last signs of gates of a project."""
    statement = (
        select(GateDevice.id, GateDevice.state, GateState.last_seen_at, GateState.last_event_at, GateState.backlog)
        .outerjoin(GateState, and_(GateState.project_id == GateDevice.project_id, GateState.device_id == GateDevice.id))
        .where(GateDevice.project_id == project_id, GateDevice.id.in_(gate_ids))
    )
    return list(await tx.execute(statement))


async def list_open_declared(tx: Tx, project_id: UUID, gate_ids: list[UUID]) -> list[UUID]:
    """Return the gates that have an open declared outage."""
    statement = (
        select(GateOutage.device_id)
        .outerjoin(GateOutageEnd, _END)
        .where(
            GateOutage.project_id == project_id,
            GateOutage.device_id.in_(gate_ids),
            GateOutage.kind == "declared",
            GateOutageEnd.outage_id.is_(None),
        )
    )
    return list(await tx.scalars(statement))


async def list_facts(tx: Tx, project_id: UUID, *, after: int, limit: int) -> list[AnyRow]:
    """Return what happened at a project's gates after a cursor, in the order of the record."""
    statement = (
        select(GateFact)
        .where(GateFact.project_id == project_id, GateFact.id > after)
        .order_by(GateFact.id)
        .limit(limit)
    )
    return list(await tx.execute(statement))


async def list_quarantined(tx: Tx, actor: Actor, project_id: UUID, *, after: UUID | None, limit: int) -> list[AnyRow]:
    """Return the events that wait for a decision about their time, oldest receipt first."""
    statement = (
        select(
            Punch.punch_id,
            Punch.source_id,
            GateDevice.name.label("gate_name"),
            Punch.lane,
            Punch.device_time,
            Punch.received_at,
            PunchStatus.person_id,
            Person.name.label("person_name"),
            Punch.granted,
        )
        .join(
            Punch,
            and_(
                Punch.project_id == PunchStatus.project_id,
                Punch.received_at == PunchStatus.received_at,
                Punch.punch_id == PunchStatus.punch_id,
            ),
        )
        .join(GateDevice, and_(GateDevice.project_id == Punch.project_id, GateDevice.id == Punch.source_id))
        .outerjoin(Person, Person.id == PunchStatus.person_id)
        .where(
            PunchStatus.project_id == project_id,
            PunchStatus.quarantined,
            sees_person(actor, READ, PunchStatus.project_id, PunchStatus.person_id),
        )
        .order_by(PunchStatus.punch_id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(PunchStatus.punch_id > after)
    return list(await tx.execute(statement))


async def sees_event(tx: Tx, actor: Actor, project_id: UUID, punch_id: UUID) -> bool:
    """Tell whether there is such a punch, of somebody whom the actor reaches."""
    statement = select(PunchStatus.punch_id).where(
        PunchStatus.project_id == project_id,
        PunchStatus.punch_id == punch_id,
        sees_person(actor, REDATE, PunchStatus.project_id, PunchStatus.person_id),
    )
    return await tx.scalar(statement) is not None
