"""Every SELECT of the phone API that is not on the check-in path; each takes the person, so rows are always his own."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import and_, case, func, or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on

from backend.attendance.tables import PersonDay
from backend.decision.policy import DEFAULT_POLICY, SitePolicy
from backend.evidence.tables import Photo
from backend.identity.phone_bindings import PhoneLimits
from backend.identity.tables import Account, Phone, PhoneKeyRow, SessionFamily
from backend.kit.db import AnyRow, Tx
from backend.ledger.tables import Punch, PunchStatus, Ruling
from backend.sites.tables import Assignment, Company, Person, Post, Project, ProjectParty, SitePolicyVersion
from geofences.period_queries import known, valid_between
from geofences.tables import FencePeriod, FenceRow, FenceVersion

DAY = timedelta(days=1)
FENCES_AHEAD = timedelta(days=7)
"""So long before it takes effect a phone gets a fence: it may be out of reach of a network when it does."""


@dataclass(frozen=True, slots=True)
class AssignmentRow:
    """An assignment with what the phone shows of it."""

    project_id: UUID
    project_name: str
    registration_no: str
    site_mode: Literal["gate", "phone", "either"]
    time_zone: str
    cutover: time
    post: str
    party: str
    section_id: UUID | None
    from_on: date
    to_on: date | None
    duty_to_on: date | None


@dataclass(frozen=True, slots=True)
class FenceToKeep:
    """A fence version for a phone to keep, with the time of its validity and its daily hours (`HH:MM`)."""

    project_id: UUID
    version_id: UUID
    name: str
    kind: Literal["polygon", "corridor", "circle", "point"]
    valid_from: datetime
    valid_until: datetime | None
    opens_at: str | None
    closes_at: str | None


async def find_person(tx: Tx, person_id: UUID) -> AnyRow | None:
    """Return name and encrypted phone number of a person."""
    return (await tx.execute(select(Person.name, Person.phone_cipher).where(Person.id == person_id))).one_or_none()


async def list_assignments(tx: Tx, person_id: UUID) -> list[AssignmentRow]:
    """Return a person's assignments, latest first."""
    rows = await tx.execute(
        select(
            Project.id.label("project_id"),
            Project.name.label("project_name"),
            Project.registration_no,
            Project.site_mode,
            Project.time_zone,
            Project.cutover,
            Post.kind.label("post"),
            Company.name.label("party"),
            Assignment.section_id,
            Assignment.from_on,
            Assignment.to_on,
            # The filed holder keeps the duty until his exit is confirmed.
            case((Assignment.exit_confirmed_at.is_not(None), Assignment.to_on)).label("duty_to_on"),
        )
        .join(Project, Project.id == Assignment.project_id)
        .join(Post, and_(Post.project_id == Assignment.project_id, Post.id == Assignment.post_id))
        .join(ProjectParty, and_(ProjectParty.project_id == Post.project_id, ProjectParty.id == Post.party_id))
        .join(Company, Company.id == ProjectParty.company_id)
        .where(Assignment.person_id == person_id)
        .order_by(Assignment.from_on.desc(), Assignment.id)
        .limit(200)
    )
    return [AssignmentRow(**row) for row in rows.mappings()]


def _on_my_projects(person_id: UUID, today: date) -> Any:  # noqa: ANN401 - a SQL condition
    # A day's grace on both sides: the site-local day may differ from the UTC day.
    return FenceVersion.project_id.in_(
        select(Assignment.project_id).where(
            Assignment.person_id == person_id,
            Assignment.from_on <= today + DAY,
            or_(
                Assignment.to_on.is_(None),
                Assignment.exit_confirmed_at.is_(None),
                Assignment.to_on >= today - DAY,
            ),
        )
    )


async def list_fences(tx: Tx, person_id: UUID, now: datetime) -> list[FenceToKeep]:
    """Return the fence versions that a person's phone should hold: in force now, or within FENCES_AHEAD from now.

    Of several times of a version the first that has not ended is told.
    """
    rows = await tx.execute(
        select(
            FenceVersion.project_id,
            FenceVersion.id,
            FenceRow.name,
            FenceVersion.kind,
            func.lower(FencePeriod.valid_during),
            func.upper(FencePeriod.valid_during),
            func.to_char(FenceVersion.opens_at, "HH24:MI"),
            func.to_char(FenceVersion.closes_at, "HH24:MI"),
        )
        .ext(distinct_on(FenceVersion.id))
        .join(FenceRow, and_(FenceRow.project_id == FenceVersion.project_id, FenceRow.id == FenceVersion.fence_id))
        .join(
            FencePeriod,
            and_(FencePeriod.project_id == FenceVersion.project_id, FencePeriod.version_id == FenceVersion.id),
        )
        .where(valid_between(now, now + FENCES_AHEAD), known(), _on_my_projects(person_id, now.date()))
        .order_by(FenceVersion.id, func.lower(FencePeriod.valid_during))
    )
    return [FenceToKeep(*row) for row in rows]


async def list_punches(
    tx: Tx, person_id: UUID, *, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[AnyRow]:
    """Return a person's punches of every source, latest first, each with its current ruling."""
    query = (
        select(
            PunchStatus.punch_id,
            PunchStatus.project_id,
            PunchStatus.source,
            PunchStatus.direction,
            PunchStatus.occurred_at,
            PunchStatus.received_at,
            PunchStatus.outcome,
            Ruling.reasons,
            Ruling.ruled_at,
            Punch.chainage_m,
            Punch.offset_m,
        )
        .join(
            Punch,
            and_(
                Punch.project_id == PunchStatus.project_id,
                Punch.received_at == PunchStatus.received_at,
                Punch.punch_id == PunchStatus.punch_id,
            ),
        )
        .join(
            Ruling,
            and_(
                Ruling.project_id == PunchStatus.project_id,
                Ruling.punch_id == PunchStatus.punch_id,
                Ruling.ruling_id == PunchStatus.ruling_id,
            ),
        )
        .where(PunchStatus.person_id == person_id)
        .order_by(PunchStatus.occurred_at.desc(), PunchStatus.punch_id.desc())
        .limit(limit)
    )
    if before is not None:
        at, punch_id = before
        query = query.where(
            or_(
                PunchStatus.occurred_at < at,
                and_(PunchStatus.occurred_at == at, PunchStatus.punch_id < punch_id),
            )
        )
    return (await tx.execute(query)).all()


async def list_days(tx: Tx, person_id: UUID, first: date, until: date) -> Sequence[AnyRow]:
    """Return a person's days from `first` to before `until`, in order."""
    rows = await tx.execute(
        select(
            PersonDay.project_id,
            PersonDay.work_on,
            PersonDay.first_at,
            PersonDay.last_at,
            PersonDay.span_s,
            PersonDay.punches,
            PersonDay.in_review,
            PersonDay.valid,
            PersonDay.provisional,
            PersonDay.entries,
        )
        .where(PersonDay.person_id == person_id, PersonDay.work_on >= first, PersonDay.work_on < until)
        .order_by(PersonDay.work_on, PersonDay.project_id)
    )
    return rows.all()


async def find_live_person(tx: Tx, account_id: UUID, family_id: UUID, now: datetime) -> UUID | None:
    """Return the person of an active account whose session has not ended."""
    return (
        await tx.execute(
            select(Account.person_id)
            .join(SessionFamily, SessionFamily.account_id == Account.id)
            .where(
                Account.id == account_id,
                Account.state == "active",
                SessionFamily.id == family_id,
                SessionFamily.revoked_at.is_(None),
                SessionFamily.expires_at > now,
            )
        )
    ).scalar_one_or_none()


async def stored_photos_of_phone(tx: Tx, key_id: str, digests: Collection[bytes]) -> set[bytes]:
    """Return those of the digests of which the photos are here, of the person whose phone signs with this key."""
    rows = await tx.execute(
        select(Photo.sha256)
        .join(Account, Account.person_id == Photo.person_id)
        .join(Phone, Phone.account_id == Account.id)
        .join(PhoneKeyRow, PhoneKeyRow.phone_id == Phone.id)
        .where(PhoneKeyRow.id == key_id, Photo.sha256.in_(digests))
    )
    return {bytes(row[0]) for row in rows}


async def find_phone_limits(tx: Tx, person_id: UUID | None, now: datetime) -> PhoneLimits:
    """Return what a person's sites allow of phones: the most of phones and people, the least of sleep."""
    newest = (
        select(SitePolicyVersion.body)
        .where(SitePolicyVersion.project_id == Assignment.project_id, SitePolicyVersion.valid_from <= now)
        .order_by(SitePolicyVersion.version.desc())
        .limit(1)
        .lateral("newest")
    )
    bodies = await tx.scalars(
        select(newest.c.body)
        .select_from(Assignment)
        .join(newest, true())
        .where(
            Assignment.person_id == person_id,
            Assignment.from_on <= now.date() + DAY,
            or_(
                Assignment.to_on.is_(None), Assignment.exit_confirmed_at.is_(None), Assignment.to_on >= now.date() - DAY
            ),
        )
        .limit(200)
    )
    own = [msgspec.convert(body, SitePolicy) for body in bodies]
    policies = [DEFAULT_POLICY, *own]
    return PhoneLimits(
        phones_per_person=max(policy.phones_per_person for policy in policies),
        people_per_phone=max(policy.people_per_phone for policy in policies),
        dormant_after=timedelta(days=min(policy.dormant_days for policy in own or policies)),
    )
