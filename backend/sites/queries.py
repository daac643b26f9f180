"""Who may see which rows, and the SELECTs of districts, companies, projects, sections and parties, with typed rows.

`visible_projects` is the row filter of every module: a SELECT of project ids that the actor's live grants allow for a
scope. Grants are read in the statement itself, so that a revoked one ends at once, and with a disabled account or a
revoked session all of them, whatever the token still says.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import aliased

from backend.identity.queries import is_still_in
from backend.identity.roles import roles_with
from backend.identity.tables import RoleGrant
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.tables import Company, District, Project, ProjectParty, Section

READ = "sites.read"
WRITE = "sites.write"


def live_grant(actor: Actor, scope: str) -> ColumnElement[bool]:
    """Limit `RoleGrant` rows to the actor's own that are not revoked and carry the scope."""
    return and_(
        RoleGrant.account_id == actor.account_id,
        RoleGrant.revoked_at.is_(None),
        RoleGrant.role.in_(sorted(roles_with(scope))),
        is_still_in(actor),
    )


def _whole_city() -> ColumnElement[bool]:
    return and_(RoleGrant.district_id.is_(None), RoleGrant.project_id.is_(None))


def city_wide(actor: Actor, scope: str) -> ColumnElement[bool]:
    """Tell in SQL whether the actor holds the scope over the whole city."""
    return exists(select(RoleGrant.id).where(live_grant(actor, scope), _whole_city()))


def visible_projects(actor: Actor, scope: str = READ) -> Select[UUID]:
    """Select the ids of the projects that the actor's live grants of roles with `scope` reach.

    Use it as `X.project_id.in_(visible_projects(actor, scope))`. A grant for one party of a project reaches the
    project; what belongs to other parties is limited further by `visible_party`.
    """
    return (
        select(Project.id)
        .join(
            RoleGrant,
            or_(_whole_city(), RoleGrant.district_id == Project.district_id, RoleGrant.project_id == Project.id),
        )
        .where(live_grant(actor, scope))
    )


def supervised_projects(actor: Actor, scope: str = WRITE) -> Select[UUID]:
    """Select the ids of the projects that the actor reaches as a supervisor of the city or of their district."""
    return (
        select(Project.id)
        .join(RoleGrant, or_(_whole_city(), RoleGrant.district_id == Project.district_id))
        .where(live_grant(actor, scope))
    )


def visible_party(actor: Actor, scope: str, project_id: Any, party_id: Any) -> ColumnElement[bool]:  # noqa: ANN401 - columns, of a table or of a subquery
    """Tell in SQL whether the actor reaches what belongs to the party (two columns): its posts, people, assignments."""
    # A name of its own: the caller's column may be that of a project it selects, and would be compared with itself.
    place = aliased(Project)
    return exists(
        select(RoleGrant.id)
        .join(place, place.id == project_id)
        .where(
            live_grant(actor, scope),
            or_(
                _whole_city(),
                RoleGrant.district_id == place.district_id,
                and_(
                    RoleGrant.project_id == project_id,
                    or_(RoleGrant.party_id.is_(None), RoleGrant.party_id == party_id),
                ),
            ),
        )
        .correlate_except(RoleGrant, place)
    )


def visible_districts(actor: Actor) -> Select[UUID]:
    """Select the ids of the districts that the actor reaches himself or through a project."""
    return (
        select(District.id)
        .outerjoin(Project, Project.district_id == District.id)
        .join(
            RoleGrant,
            or_(_whole_city(), RoleGrant.district_id == District.id, RoleGrant.project_id == Project.id),
        )
        .where(live_grant(actor, READ))
    )


@dataclass(frozen=True, slots=True)
class DistrictRow:
    """A district."""

    id: UUID
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class CompanyRow:
    """A company."""

    id: UUID
    name: str
    uscc: str | None


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A project with its district's name."""

    id: UUID
    registration_no: str
    name: str
    district_id: UUID
    district_name: str
    category: str
    status: str
    site_mode: str
    time_zone: str
    cutover: time
    starts_on: date | None
    ends_on: date | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SectionRow:
    """A section; chainages in metres."""

    id: UUID
    project_id: UUID
    code: str
    name: str
    from_chainage_m: float | None
    to_chainage_m: float | None


@dataclass(frozen=True, slots=True)
class PartyRow:
    """A party of a project with its company."""

    id: UUID
    project_id: UUID
    kind: str
    company_id: UUID
    company_name: str
    uscc: str | None


@dataclass(frozen=True, slots=True)
class ProjectFilter:
    """What a list of projects is narrowed to."""

    district_id: UUID | None = None
    status: str | None = None
    site_mode: str | None = None
    words: str | None = None


_PROJECT = (
    Project.id,
    Project.registration_no,
    Project.name,
    Project.district_id,
    District.name.label("district_name"),
    Project.category,
    Project.status,
    Project.site_mode,
    Project.time_zone,
    Project.cutover,
    Project.starts_on,
    Project.ends_on,
    Project.created_at,
)
_PARTY = (
    ProjectParty.id,
    ProjectParty.project_id,
    ProjectParty.kind,
    ProjectParty.company_id,
    Company.name.label("company_name"),
    Company.uscc,
)


def containing(words: str) -> str:
    """Return the LIKE pattern of texts that contain `words` literally (the escape character is the backslash)."""
    escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


async def list_districts(tx: Tx, actor: Actor) -> list[DistrictRow]:
    """Return the districts the actor reaches, by code."""
    statement = (
        select(District.id, District.code, District.name)
        .where(District.id.in_(visible_districts(actor)))
        .order_by(District.code)
    )
    return [DistrictRow(*row) for row in await tx.execute(statement)]


async def find_district(tx: Tx, district_id: UUID) -> DistrictRow | None:
    """Return a district, whoever asks."""
    statement = select(District.id, District.code, District.name).where(District.id == district_id)
    row = (await tx.execute(statement)).one_or_none()
    return None if row is None else DistrictRow(*row)


async def may_write_city(tx: Tx, actor: Actor) -> bool:
    """Tell whether the actor may write everywhere."""
    return bool(await tx.scalar(select(city_wide(actor, WRITE))))


async def may_write_district(tx: Tx, actor: Actor, district_id: UUID) -> bool:
    """Tell whether the district exists and the actor may make projects in it."""
    reached = exists(
        select(RoleGrant.id).where(live_grant(actor, WRITE), or_(_whole_city(), RoleGrant.district_id == district_id))
    )
    return bool(await tx.scalar(select(District.id).where(District.id == district_id, reached)))


async def list_companies(tx: Tx, *, words: str | None, limit: int, after: UUID | None) -> list[CompanyRow]:
    """Return companies whose name contains `words` or whose code is it, in the order of their making."""
    statement = select(Company.id, Company.name, Company.uscc).order_by(Company.id).limit(limit)
    if after is not None:
        statement = statement.where(Company.id > after)
    if words:
        statement = statement.where(or_(Company.name.like(containing(words), escape="\\"), Company.uscc == words))
    return [CompanyRow(*row) for row in await tx.execute(statement)]


async def find_company(tx: Tx, company_id: UUID) -> CompanyRow | None:
    """Return a company."""
    statement = select(Company.id, Company.name, Company.uscc).where(Company.id == company_id)
    row = (await tx.execute(statement)).one_or_none()
    return None if row is None else CompanyRow(*row)


async def list_projects(
    tx: Tx, actor: Actor, wanted: ProjectFilter, *, limit: int, after: UUID | None
) -> list[ProjectRow]:
    """Return up to `limit` projects the actor reaches, in the order of their making."""
    statement: Select[*tuple[Any, ...]] = (
        select(*_PROJECT)
        .join(District, District.id == Project.district_id)
        .where(Project.id.in_(visible_projects(actor)))
        .order_by(Project.id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(Project.id > after)
    if wanted.district_id is not None:
        statement = statement.where(Project.district_id == wanted.district_id)
    if wanted.status is not None:
        statement = statement.where(Project.status == wanted.status)
    if wanted.site_mode is not None:
        statement = statement.where(Project.site_mode == wanted.site_mode)
    if wanted.words:
        pattern = containing(wanted.words)
        statement = statement.where(
            or_(Project.name.like(pattern, escape="\\"), Project.registration_no.like(pattern.upper(), escape="\\"))
        )
    return [ProjectRow(*row) for row in await tx.execute(statement)]


async def find_project(tx: Tx, actor: Actor, project_id: UUID, *, scope: str = READ) -> ProjectRow | None:
    """Return a project if the actor reaches it with `scope`."""
    statement = (
        select(*_PROJECT)
        .join(District, District.id == Project.district_id)
        .where(Project.id == project_id, Project.id.in_(visible_projects(actor, scope)))
    )
    row = (await tx.execute(statement)).one_or_none()
    return None if row is None else ProjectRow(*row)


async def supervises_project(tx: Tx, actor: Actor, project_id: UUID) -> bool:
    """Tell whether the actor may write the project as a supervisor of its district or the city."""
    return bool(
        await tx.scalar(select(Project.id).where(Project.id == project_id, Project.id.in_(supervised_projects(actor))))
    )


async def list_sections(tx: Tx, project_id: UUID) -> list[SectionRow]:
    """Return the sections of a project, by where they begin, then by code."""
    statement = (
        select(
            Section.id,
            Section.project_id,
            Section.code,
            Section.name,
            Section.from_chainage_m,
            Section.to_chainage_m,
        )
        .where(Section.project_id == project_id)
        .order_by(Section.from_chainage_m.nulls_last(), Section.code)
    )
    return [SectionRow(*row) for row in await tx.execute(statement)]


async def find_section(tx: Tx, project_id: UUID, section_id: UUID) -> SectionRow | None:
    """Return a section of a project."""
    return next((row for row in await list_sections(tx, project_id) if row.id == section_id), None)


async def list_parties(tx: Tx, project_id: UUID) -> list[PartyRow]:
    """Return the parties of a project, by kind, then by company."""
    statement = (
        select(*_PARTY)
        .join(Company, Company.id == ProjectParty.company_id)
        .where(ProjectParty.project_id == project_id)
        .order_by(ProjectParty.kind, Company.name)
    )
    return [PartyRow(*row) for row in await tx.execute(statement)]


async def find_party(tx: Tx, project_id: UUID, party_id: UUID) -> PartyRow | None:
    """Return a party of a project."""
    statement = (
        select(*_PARTY)
        .join(Company, Company.id == ProjectParty.company_id)
        .where(ProjectParty.project_id == project_id, ProjectParty.id == party_id)
    )
    row = (await tx.execute(statement)).one_or_none()
    return None if row is None else PartyRow(*row)
