"""The SELECTs of staff: photos of a punch, signals, holds, deletions; each limited to what the actor reaches."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import and_, case, exists, null, or_, select

from backend.evidence.photos.tables import (
    PhotoDeletion,
    PhotoDeletionEnd,
    PhotoFile,
    PhotoHold,
    PhotoResult,
    PhotoSignal,
    PhotoUse,
)
from backend.identity.tables import Account
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.sites.person_rights import sees_person
from backend.sites.tables import Assignment, Person, Project

READ: Final = "photos.read"
VIEW: Final = "photos.view"
HOLD: Final = "photos.hold"
RETAIN: Final = "photos.retain"

# A phone's photo is found by its person, a gate's by its gate, also before anybody compared it.
_FILE_OF_USE = and_(
    PhotoFile.sha256 == PhotoUse.sha256,
    or_(
        and_(PhotoFile.source == "phone", PhotoFile.person_id == PhotoUse.person_id),
        and_(
            PhotoFile.source == "gate",
            PhotoFile.project_id == PhotoUse.project_id,
            PhotoFile.device_id == PhotoUse.device_id,
        ),
    ),
)


async def photos_of_punch(tx: Tx, actor: Actor, project_id: UUID, punch_id: UUID) -> Sequence[AnyRow]:
    """Return the photos that a punch names, with what was found in them; none for who does not reach its person."""
    query = (
        select(PhotoUse, PhotoFile.id.label("file_id"), PhotoFile.state, PhotoFile.received_at, PhotoResult)
        .outerjoin(PhotoFile, _FILE_OF_USE)
        .outerjoin(PhotoResult, PhotoResult.photo_id == PhotoFile.id)
        .where(
            PhotoUse.project_id == project_id,
            PhotoUse.punch_id == punch_id,
            sees_person(actor, READ, PhotoUse.project_id, PhotoUse.person_id),
        )
        .order_by(PhotoUse.sha256)
    )
    return (await tx.execute(query)).all()


async def find_use(tx: Tx, actor: Actor, project_id: UUID, punch_id: UUID, photo_id: UUID) -> AnyRow | None:
    """Return what a viewing copy says: whose photo, when and where; None for who may not look at it."""
    query = (
        select(
            PhotoUse.occurred_at,
            PhotoUse.chainage,
            Person.name,
            Project.name.label("site"),
            Project.time_zone,
            select(Account.display_name).where(Account.id == actor.account_id).scalar_subquery().label("viewer"),
        )
        .join(PhotoFile, _FILE_OF_USE)
        .join(Project, Project.id == PhotoUse.project_id)
        .outerjoin(Person, Person.id == PhotoUse.person_id)
        .where(
            PhotoUse.project_id == project_id,
            PhotoUse.punch_id == punch_id,
            PhotoFile.id == photo_id,
            sees_person(actor, VIEW, PhotoUse.project_id, PhotoUse.person_id),
        )
    )
    return (await tx.execute(query)).one_or_none()


async def list_signals(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    *,
    punch_id: UUID | None,
    kind: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Return a page of a project's signals, latest first; of people whom the actor does not reach none."""
    statement = select(PhotoSignal).where(
        PhotoSignal.project_id == project_id,
        sees_person(actor, READ, PhotoSignal.project_id, PhotoSignal.person_id),
    )
    if punch_id is not None:
        statement = statement.where(PhotoSignal.punch_id == punch_id)
    if kind is not None:
        statement = statement.where(PhotoSignal.kind == kind)
    if after is not None:
        statement = statement.where(PhotoSignal.id < after)
    return (await tx.execute(statement.order_by(PhotoSignal.id.desc()).limit(limit))).all()


async def list_holds(tx: Tx, project_id: UUID, *, after: UUID | None, limit: int) -> Sequence[AnyRow]:
    """Return a page of a project's holds, latest first, lifted ones too."""
    statement = select(PhotoHold).where(PhotoHold.project_id == project_id)
    if after is not None:
        statement = statement.where(PhotoHold.id < after)
    return (await tx.execute(statement.order_by(PhotoHold.id.desc()).limit(limit))).all()


async def find_hold(tx: Tx, project_id: UUID, hold_id: UUID) -> AnyRow | None:
    """Return a hold, locked."""
    query = select(PhotoHold).where(PhotoHold.project_id == project_id, PhotoHold.id == hold_id)
    return (await tx.execute(query.with_for_update())).one_or_none()


async def was_posted(tx: Tx, project_id: UUID, person_id: UUID) -> bool:
    """Tell whether a person ever had a post on a project."""
    query = select(
        exists(select(Assignment.id).where(Assignment.project_id == project_id, Assignment.person_id == person_id))
    )
    return bool(await tx.scalar(query))


async def list_deletions(tx: Tx, actor: Actor, project_id: UUID, *, after: UUID | None, limit: int) -> Sequence[AnyRow]:
    """Return a page of the deletions of a project's photos, latest photo first; of people reached by the actor only."""
    seen = sees_person(actor, READ, PhotoUse.project_id, PhotoUse.person_id)
    statement = (
        select(
            PhotoDeletion,
            PhotoDeletionEnd.confirmed_at,
            case((PhotoUse.punch_id.is_not(None), PhotoUse.punch_id), else_=null()).label("punch_id"),
        )
        .distinct()
        .join(PhotoFile, PhotoFile.id == PhotoDeletion.photo_id)
        .outerjoin(PhotoUse, and_(PhotoUse.photo_id == PhotoFile.id, PhotoUse.project_id == project_id))
        .outerjoin(PhotoDeletionEnd, PhotoDeletionEnd.photo_id == PhotoDeletion.photo_id)
        .where(
            or_(
                and_(PhotoUse.punch_id.is_not(None), seen),
                and_(PhotoUse.punch_id.is_(None), PhotoFile.project_id == project_id),
            )
        )
    )
    if after is not None:
        statement = statement.where(PhotoDeletion.photo_id < after)
    return (await tx.execute(statement.order_by(PhotoDeletion.photo_id.desc()).limit(limit))).all()
