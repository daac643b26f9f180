"""Every SELECT of the ledger's staff routes, limited to the people whom the actor may see."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, exists, or_, select

from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.ledger.tables import Punch, PunchStatus, Ruling
from backend.sites.person_rights import sees_person
from backend.sites.posts import SUPERVISOR
from backend.sites.queries import supervised_projects
from backend.sites.tables import Assignment, Person, Post, Project, ProjectParty

READ = "ledger.read"

_OF_STATUS = and_(
    Punch.project_id == PunchStatus.project_id,
    Punch.received_at == PunchStatus.received_at,
    Punch.punch_id == PunchStatus.punch_id,
)
_CURRENT = and_(
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
    conditions.append(sees_person(actor, READ, PunchStatus.project_id, PunchStatus.person_id))
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
            Person.name.label("person_name"),
            Ruling.reasons,
        )
        .join(PunchStatus, _OF_STATUS)
        .join(Ruling, _CURRENT)
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
            Person.name.label("person_name"),
            Ruling.reasons,
        )
        .join(PunchStatus, _OF_STATUS)
        .join(Ruling, _CURRENT)
        .outerjoin(Person, Person.id == PunchStatus.person_id)
        .where(
            PunchStatus.project_id == project_id,
            PunchStatus.punch_id == punch_id,
            sees_person(actor, scope, PunchStatus.project_id, PunchStatus.person_id),
        )
    )
    return (await tx.execute(query)).one_or_none()


async def list_rulings(tx: Tx, project_id: UUID, punch_id: UUID) -> Sequence[AnyRow]:
    """Return every ruling on a punch, first to last."""
    query = select(Ruling).where(Ruling.project_id == project_id, Ruling.punch_id == punch_id).order_by(Ruling.seq)
    return (await tx.execute(query)).all()


async def is_own_party(tx: Tx, actor: Actor, project_id: UUID, person_id: UUID | None, *, scope: str) -> bool:
    """Tell whether the person works for the supervising party while the actor does not act for district or city."""
    if person_id is None:
        return False
    supervising = exists(
        select(Assignment.id)
        .join(Post, and_(Post.project_id == Assignment.project_id, Post.id == Assignment.post_id))
        .join(ProjectParty, and_(ProjectParty.project_id == Post.project_id, ProjectParty.id == Post.party_id))
        .where(Assignment.project_id == project_id, Assignment.person_id == person_id, ProjectParty.kind == SUPERVISOR)
    )
    query = select(Project.id).where(
        Project.id == project_id, supervising, Project.id.not_in(supervised_projects(actor, scope))
    )
    return await tx.scalar(query) is not None
