"""Makes and changes districts, companies, projects, sections and parties."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert, update

from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.db import Tx, translate_violations
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites import errors, queries
from backend.sites.identity_documents import read_registration_no, read_title, read_uscc
from backend.sites.model import zone_of
from backend.sites.queries import CompanyRow, DistrictRow, PartyRow, ProjectRow, SectionRow
from backend.sites.schemas import (
    CompanyBody,
    DistrictBody,
    DistrictPatch,
    PartyBody,
    ProjectBody,
    ProjectPatch,
    SectionBody,
    SectionPatch,
    changes,
)
from backend.sites.tables import Company, District, Project, ProjectParty, Section

_DISTRICT = {"uq_district_code": errors.DistrictCodeTaken}
_COMPANY = {"uq_company_name": errors.CompanyNameTaken, "uq_company_uscc": errors.UsccTaken}
_PROJECT = {
    "uq_project_registration_no": errors.RegistrationTaken,
    "ck_project_dates": errors.DatesReversed,
    "ck_project_cutover": errors.CutoverTooLate,
}
_SECTION = {"uq_section_code": errors.SectionCodeTaken, "ck_section_chainage": errors.ChainageReversed}
_PARTY = {"uq_project_party_company": errors.PartyExists}

LONGEST_NAME = 100
LONGEST_TITLE = 200


async def require_project(tx: Tx, actor: Actor, project_id: UUID, *, scope: str = queries.READ) -> ProjectRow:
    """Return a project the actor reaches with `scope`; raises ProjectUnknown for all others."""
    project = await queries.find_project(tx, actor, project_id, scope=scope)
    if project is None:
        raise errors.ProjectUnknown
    return project


async def create_district(tx: Tx, actor: Actor, body: DistrictBody, *, clock: Clock) -> DistrictRow:
    """Make a district; raises CityNeeded or DistrictCodeTaken."""
    if not await queries.may_write_city(tx, actor):
        raise errors.CityNeeded
    now = clock.now()
    row = DistrictRow(new_id(now), body.code, read_title(body.name, LONGEST_NAME))
    with translate_violations(_DISTRICT):
        await tx.execute(insert(District).values(id=row.id, code=row.code, name=row.name, created_at=now))
    await record_act(tx, actor, "district.created", "district", row.id, {"code": row.code}, clock=clock)
    return row


async def change_district(
    tx: Tx, actor: Actor, district_id: UUID, patch: DistrictPatch, *, clock: Clock
) -> DistrictRow:
    """Change code or name; raises CityNeeded, DistrictUnknown or DistrictCodeTaken."""
    if not await queries.may_write_city(tx, actor):
        raise errors.CityNeeded
    found = changes(patch)
    if "name" in found:
        found["name"] = read_title(found["name"], LONGEST_NAME)
    if found:
        with translate_violations(_DISTRICT):
            await tx.execute(update(District).where(District.id == district_id).values(**found))
    row = await queries.find_district(tx, district_id)
    if row is None:
        raise errors.DistrictUnknown
    if found:
        await record_act(tx, actor, "district.changed", "district", row.id, {"fields": sorted(found)}, clock=clock)
    return row


async def create_company(tx: Tx, actor: Actor, body: CompanyBody, *, clock: Clock) -> CompanyRow:
    """Enter a company; raises UsccMalformed, CompanyNameTaken or UsccTaken."""
    now = clock.now()
    uscc = None if body.uscc is None else read_uscc(body.uscc)
    row = CompanyRow(new_id(now), read_title(body.name, LONGEST_TITLE), uscc)
    with translate_violations(_COMPANY):
        await tx.execute(insert(Company).values(id=row.id, name=row.name, uscc=uscc, created_at=now))
    await record_act(tx, actor, "company.created", "company", row.id, {"uscc": uscc}, clock=clock)
    return row


async def create_project(tx: Tx, actor: Actor, body: ProjectBody, *, clock: Clock) -> ProjectRow:
    """Make a project in a district the actor may write.

    Raises DistrictUnknown, RegistrationNoMalformed, RegistrationTaken, TimeZoneUnknown, CutoverTooLate, DatesReversed.
    """
    number = read_registration_no(body.registration_no)
    zone_of(body.time_zone)
    if not await queries.may_write_district(tx, actor, body.district_id):
        raise errors.DistrictUnknown
    now = clock.now()
    project_id = new_id(now)
    with translate_violations(_PROJECT):
        await tx.execute(
            insert(Project).values(
                id=project_id,
                registration_no=number,
                name=read_title(body.name, LONGEST_TITLE),
                district_id=body.district_id,
                category=body.category,
                status=body.status,
                site_mode=body.site_mode,
                time_zone=body.time_zone,
                cutover=body.cutover,
                starts_on=body.starts_on,
                ends_on=body.ends_on,
                created_at=now,
            )
        )
    detail = {"registration_no": number, "site_mode": body.site_mode}
    await record_act(tx, actor, "project.created", "project", project_id, detail, clock=clock, project_id=project_id)
    return await require_project(tx, actor, project_id)


async def change_project(tx: Tx, actor: Actor, project_id: UUID, patch: ProjectPatch, *, clock: Clock) -> ProjectRow:
    """Change a project.

    The site mode says whether phones count, so only supervisors change it. Raises ProjectUnknown, SupervisorNeeded,
    RegistrationNoMalformed, RegistrationTaken or DatesReversed.
    """
    project = await require_project(tx, actor, project_id, scope=queries.WRITE)
    found = changes(patch)
    if found.get("site_mode", project.site_mode) != project.site_mode and not await queries.supervises_project(
        tx, actor, project_id
    ):
        raise errors.SupervisorNeeded
    if "registration_no" in found:
        found["registration_no"] = read_registration_no(found["registration_no"])
    if "name" in found:
        found["name"] = read_title(found["name"], LONGEST_TITLE)
    if found:
        with translate_violations(_PROJECT):
            await tx.execute(update(Project).where(Project.id == project_id).values(**found))
        await _record_change(tx, actor, "project", project_id, project_id, found, clock=clock)
    return await require_project(tx, actor, project_id, scope=queries.WRITE)


async def create_section(tx: Tx, actor: Actor, project_id: UUID, body: SectionBody, *, clock: Clock) -> SectionRow:
    """Make a section of a project; raises ProjectUnknown, SectionCodeTaken or ChainageReversed."""
    await require_project(tx, actor, project_id, scope=queries.WRITE)
    now = clock.now()
    row = SectionRow(
        new_id(now),
        project_id,
        read_title(body.code, 40),
        read_title(body.name, LONGEST_TITLE),
        body.from_chainage_m,
        body.to_chainage_m,
    )
    with translate_violations(_SECTION):
        await tx.execute(
            insert(Section).values(
                project_id=project_id,
                id=row.id,
                code=row.code,
                name=row.name,
                from_chainage_m=row.from_chainage_m,
                to_chainage_m=row.to_chainage_m,
                created_at=now,
            )
        )
    detail = {"code": row.code}
    await record_act(tx, actor, "section.created", "section", row.id, detail, clock=clock, project_id=project_id)
    return row


async def change_section(  # the path names project and section
    tx: Tx, actor: Actor, project_id: UUID, section_id: UUID, patch: SectionPatch, *, clock: Clock
) -> SectionRow:
    """Change a section; raises ProjectUnknown, SectionUnknown, SectionCodeTaken or ChainageReversed."""
    await require_project(tx, actor, project_id, scope=queries.WRITE)
    found = changes(patch)
    for field, limit in (("code", 40), ("name", LONGEST_TITLE)):
        if field in found:
            found[field] = read_title(found[field], limit)
    if found:
        with translate_violations(_SECTION):
            await tx.execute(
                update(Section).where(Section.project_id == project_id, Section.id == section_id).values(**found)
            )
    row = await queries.find_section(tx, project_id, section_id)
    if row is None:
        raise errors.SectionUnknown
    if found:
        await _record_change(tx, actor, "section", section_id, project_id, found, clock=clock)
    return row


async def create_party(tx: Tx, actor: Actor, project_id: UUID, body: PartyBody, *, clock: Clock) -> PartyRow:
    """Give a company a part in a project; raises ProjectUnknown, CompanyUnknown or PartyExists."""
    await require_project(tx, actor, project_id, scope=queries.WRITE)
    company = await queries.find_company(tx, body.company_id)
    if company is None:
        raise errors.CompanyUnknown
    now = clock.now()
    row = PartyRow(new_id(now), project_id, body.kind, company.id, company.name, company.uscc)
    with translate_violations(_PARTY):
        await tx.execute(
            insert(ProjectParty).values(
                project_id=project_id, id=row.id, company_id=company.id, kind=row.kind, created_at=now
            )
        )
    detail = {"company_id": company.id, "kind": row.kind}
    await record_act(tx, actor, "party.created", "party", row.id, detail, clock=clock, project_id=project_id)
    return row


async def _record_change(
    tx: Tx, actor: Actor, kind: str, object_id: UUID, project_id: UUID, found: dict[str, Any], *, clock: Clock
) -> None:
    detail = {"changed": {name: None if value is None else str(value) for name, value in found.items()}}
    await record_act(tx, actor, f"{kind}.changed", kind, object_id, detail, clock=clock, project_id=project_id)
