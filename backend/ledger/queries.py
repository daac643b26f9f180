"""Every SELECT of the ledger's staff routes, limited to the people whom the actor may see."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select

from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.ledger.tables import Attribution, Punch, PunchStatus, Ruling
from backend.sites.person_rights import decides_as_supervisor, sees_person
from backend.sites.queries import supervised_projects
from backend.sites.tables import Person, Project

READ = "ledger.read"
RULE = "ledger.rule"

OF_STATUS = and_(
    Punch.project_id == PunchStatus.project_id,
    Punch.received_at == PunchStatus.received_at,
    Punch.punch_id == PunchStatus.punch_id,
)
CURRENT = and_(
    Ruling.project_id == PunchStatus.project_id,
    Ruling.punch_id == PunchStatus.punch_id,
    Ruling.ruling_id == PunchStatus.ruling_id,
)


async def list_punches(  # noqa: PLR0913 - the list's filters
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    *,
    since: datetime,
    until: datetime,
    person_id: UUID | None,
    outcome: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Return the punches received in [since, until), latest first, each with state and current ruling."""
    conditions = [Punch.project_id == project_id, Punch.received_at >= since, Punch.received_at < until]
    conditions.append(_reached(actor, READ))
    if person_id is not None:
        conditions.append(PunchStatus.person_id == person_id)
    if outcome is not None:
        conditions.append(PunchStatus.outcome == outcome)
    if before is not None:
        at, punch_id = before
        conditions.append(
            or_(Punch.received_at < at, and_(Punch.received_at == at, Punch.punch_id < punch_id)),
        )
        conditions.append(Punch.received_at <= at)
    query = (
        select(
            Punch,
            PunchStatus.outcome,
            PunchStatus.person_id.label("attributed_to"),
            PunchStatus.occurred_at.label("counts_at"),
            PunchStatus.quarantined,
            Person.name.label("person_name"),
            Ruling.reasons,
        )
        .join(PunchStatus, OF_STATUS)
        .join(Ruling, CURRENT)
        .outerjoin(Person, Person.id == PunchStatus.person_id)
        .where(*conditions)
        .order_by(Punch.received_at.desc(), Punch.punch_id.desc())
        .limit(limit)
    )
    return (await tx.execute(query)).all()


async def find_punch(tx: Tx, actor: Actor, project_id: UUID, punch_id: UUID, *, scope: str = READ) -> AnyRow | None:
    """Return a punch with its state and current ruling."""
    query = (
        select(
            Punch,
            PunchStatus.outcome,
            PunchStatus.person_id.label("attributed_to"),
            PunchStatus.occurred_at.label("counts_at"),
            PunchStatus.quarantined,
            Person.name.label("person_name"),
            Ruling.reasons,
        )
        .join(PunchStatus, OF_STATUS)
        .join(Ruling, CURRENT)
        .outerjoin(Person, Person.id == PunchStatus.person_id)
        .where(
            PunchStatus.project_id == project_id,
            PunchStatus.punch_id == punch_id,
            _reached(actor, scope),
        )
    )
    return (await tx.execute(query)).one_or_none()


async def list_rulings(tx: Tx, project_id: UUID, punch_id: UUID) -> Sequence[AnyRow]:
    """Return every ruling on a punch, first to last."""
    query = select(Ruling).where(Ruling.project_id == project_id, Ruling.punch_id == punch_id).order_by(Ruling.seq)
    return (await tx.execute(query)).all()


async def list_attributions(tx: Tx, project_id: UUID, punch_id: UUID) -> Sequence[AnyRow]:
    """Return what people found out about a punch, first to last: whose it is, when it happened."""
    query = (
        select(Attribution)
        .where(Attribution.project_id == project_id, Attribution.punch_id == punch_id)
        .order_by(Attribution.made_at, Attribution.attribution_id)
    )
    return (await tx.execute(query)).all()


async def outcome_of(tx: Tx, project_id: UUID, punch_id: UUID) -> str | None:
    """Return a punch's present outcome, whoever asks; None where there is none."""
    query = select(PunchStatus.outcome).where(PunchStatus.project_id == project_id, PunchStatus.punch_id == punch_id)
    return await tx.scalar(query)


async def may_rule(tx: Tx, actor: Actor, project_id: UUID, person_id: UUID | None) -> bool:
    """Tell whether the actor decides on the person's punches: for the district or the city, or as supervising party.

    Nobody decides on his own, whatever office he holds.
    """
    if person_id is not None and person_id == actor.person_id:
        return False
    for_the_public = Project.id.in_(supervised_projects(actor, RULE))
    for_the_supervisor = decides_as_supervisor(actor, RULE, Project.id, person_id)
    query = select(Project.id).where(Project.id == project_id, or_(for_the_public, for_the_supervisor))
    return await tx.scalar(query) is not None


def _reached(actor: Actor, scope: str) -> ColumnElement[bool]:
    """Limit `PunchStatus` rows to the people whom the actor sees, and those on whose punches he decides."""
    project_id, person_id = PunchStatus.project_id, PunchStatus.person_id
    return or_(
        sees_person(actor, scope, project_id, person_id), decides_as_supervisor(actor, RULE, project_id, person_id)
    )
