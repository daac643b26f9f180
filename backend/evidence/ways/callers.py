"""Who shows his presence: the person, phone and project of a live log-in."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, or_, select

from backend.evidence.ways.errors import PhoneNotConfirmed
from backend.identity.errors import SessionEnded
from backend.identity.tables import Account, Phone, PhoneBinding, SessionFamily
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.sites.errors import ProjectUnknown
from backend.sites.model import work_on
from backend.sites.tables import Assignment, Person, Project


@dataclass(frozen=True, slots=True)
class Caller:
    """A person with the phone of his log-in; `confirmed`: nobody has to say any more that the phone is his."""

    person_id: UUID
    name: str
    phone_id: UUID
    install_id: UUID
    confirmed: bool


async def find_caller(tx: Tx, actor: Actor, now: datetime, *, confirmed: bool = False) -> Caller:
    """Return who asks; raises SessionEnded, or PhoneNotConfirmed without a bound (if asked for: confirmed) phone."""
    row: AnyRow | None = (
        await tx.execute(
            select(
                Account.person_id,
                Person.name,
                Phone.id.label("phone_id"),
                Phone.install_id,
                or_(PhoneBinding.awaits.is_(None), PhoneBinding.confirmed_at.is_not(None)).label("confirmed"),
            )
            .join(SessionFamily, SessionFamily.account_id == Account.id)
            .join(Person, Person.id == Account.person_id)
            .outerjoin(
                PhoneBinding, (PhoneBinding.phone_id == SessionFamily.phone_id) & PhoneBinding.ended_at.is_(None)
            )
            .outerjoin(Phone, Phone.id == PhoneBinding.phone_id)
            .where(
                Account.id == actor.account_id,
                Account.state == "active",
                SessionFamily.id == actor.family_id,
                SessionFamily.revoked_at.is_(None),
                SessionFamily.expires_at > now,
            )
        )
    ).one_or_none()
    if row is None:
        raise SessionEnded
    if row.phone_id is None or (confirmed and not row.confirmed):
        raise PhoneNotConfirmed
    return Caller(row.person_id, row.name, row.phone_id, row.install_id, bool(row.confirmed))


async def require_post(tx: Tx, person_id: UUID, project_id: UUID, now: datetime) -> None:
    """Raise ProjectUnknown unless the person has a post on the project today, by the site's own day."""
    if not await has_post(tx, person_id, project_id, now):
        raise ProjectUnknown


async def has_post(tx: Tx, person_id: UUID, project_id: UUID, now: datetime) -> bool:
    """Tell whether a person has a post on a project today, by the site's own day."""
    project = (
        await tx.execute(select(Project.time_zone, Project.cutover).where(Project.id == project_id))
    ).one_or_none()
    if project is None:
        return False
    today = work_on(now, project.time_zone, project.cutover)
    posted = exists(
        select(Assignment.id).where(
            Assignment.project_id == project_id,
            Assignment.person_id == person_id,
            Assignment.from_on <= today,
            # The filed holder keeps the duty until his exit is confirmed.
            or_(Assignment.to_on.is_(None), Assignment.exit_confirmed_at.is_(None), Assignment.to_on >= today),
        )
    )
    return bool(await tx.scalar(select(posted)))
