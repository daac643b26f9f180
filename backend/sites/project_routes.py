"""Routes of districts, companies, projects, sections and parties."""

from uuid import UUID

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.sites import errors, projects, queries
from backend.sites.query_parameters import After, Limit, Words
from backend.sites.schemas import (
    CompanyAnswer,
    CompanyBody,
    DistrictAnswer,
    DistrictBody,
    DistrictPatch,
    PartyAnswer,
    PartyBody,
    ProjectAnswer,
    ProjectBody,
    ProjectPatch,
    SectionAnswer,
    SectionBody,
    SectionPatch,
    SiteMode,
    Status,
    answer,
)

TEXT_ERRORS = [errors.TextMissing, errors.TextTooLong]


@get("/districts", opt={"scope": queries.READ}, summary="List districts")
async def list_districts(tx: NamedDependency[Tx], actor: NamedDependency[Actor]) -> list[DistrictAnswer]:
    """List the districts that the caller reaches, by code."""
    return [answer(DistrictAnswer, row) for row in await queries.list_districts(tx, actor)]


@post(
    "/districts",
    opt={"scope": queries.WRITE, "raises": [*TEXT_ERRORS, errors.CityNeeded, errors.DistrictCodeTaken]},
    summary="Make a district",
)
async def create_district(
    data: JSONBody[DistrictBody], tx: NamedDependency[Tx], actor: NamedDependency[Actor], clock: NamedDependency[Clock]
) -> DistrictAnswer:
    """Make a district; for those who write in the whole city."""
    return answer(DistrictAnswer, await projects.create_district(tx, actor, data, clock=clock))


@patch(
    "/districts/{district_id:uuid}",
    opt={
        "scope": queries.WRITE,
        "raises": [*TEXT_ERRORS, errors.CityNeeded, errors.DistrictUnknown, errors.DistrictCodeTaken],
    },
    summary="Change a district",
)
async def change_district(
    district_id: FromPath[UUID],
    data: JSONBody[DistrictPatch],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> DistrictAnswer:
    """Change code or name; for those who write in the whole city."""
    return answer(DistrictAnswer, await projects.change_district(tx, actor, district_id, data, clock=clock))


@get("/companies", opt={"scope": queries.READ}, summary="List companies")
async def list_companies(
    tx: NamedDependency[Tx],
    words: Words = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[CompanyAnswer]:
    """List companies by a piece of the name or the whole unified social credit code."""
    found = await queries.list_companies(tx, words=words, limit=limit + 1, after=after)
    items = [answer(CompanyAnswer, row) for row in found[:limit]]
    return Page(items=items, next=str(items[-1].id) if len(found) > limit else None)


@post(
    "/companies",
    opt={
        "scope": queries.WRITE,
        "raises": [*TEXT_ERRORS, errors.UsccMalformed, errors.CompanyNameTaken, errors.UsccTaken],
    },
    summary="Enter a company",
)
async def create_company(
    data: JSONBody[CompanyBody], tx: NamedDependency[Tx], actor: NamedDependency[Actor], clock: NamedDependency[Clock]
) -> CompanyAnswer:
    """Enter a company; its part in a project is a party."""
    return answer(CompanyAnswer, await projects.create_company(tx, actor, data, clock=clock))


@get("/projects", opt={"scope": queries.READ}, summary="List projects")
async def list_projects(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    district_id: FromQuery[UUID | None] = None,
    status: FromQuery[Status | None] = None,
    site_mode: FromQuery[SiteMode | None] = None,
    words: Words = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[ProjectAnswer]:
    """List the projects that the caller reaches, in the order of their making."""
    wanted = queries.ProjectFilter(district_id, status, site_mode, words)
    found = await queries.list_projects(tx, actor, wanted, limit=limit + 1, after=after)
    items = [project_answer(row) for row in found[:limit]]
    return Page(items=items, next=str(items[-1].id) if len(found) > limit else None)


@post(
    "/projects",
    opt={
        "scope": queries.WRITE,
        "raises": [
            *TEXT_ERRORS,
            errors.DistrictUnknown,
            errors.RegistrationNoMalformed,
            errors.RegistrationTaken,
            errors.TimeZoneUnknown,
            errors.CutoverTooLate,
            errors.DatesReversed,
        ],
    },
    summary="Make a project",
)
async def create_project(
    data: JSONBody[ProjectBody], tx: NamedDependency[Tx], actor: NamedDependency[Actor], clock: NamedDependency[Clock]
) -> ProjectAnswer:
    """Make a project in a district that the caller may write; its supervision registration number is unique."""
    return project_answer(await projects.create_project(tx, actor, data, clock=clock))


@get(
    "/projects/{project_id:uuid}",
    opt={"scope": queries.READ, "raises": [errors.ProjectUnknown]},
    summary="Show a project",
)
async def show_project(
    project_id: FromPath[UUID], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> ProjectAnswer:
    """Show one project."""
    return project_answer(await projects.require_project(tx, actor, project_id))


@patch(
    "/projects/{project_id:uuid}",
    opt={
        "scope": queries.WRITE,
        "raises": [
            *TEXT_ERRORS,
            errors.ProjectUnknown,
            errors.SupervisorNeeded,
            errors.RegistrationNoMalformed,
            errors.RegistrationTaken,
            errors.DatesReversed,
        ],
    },
    summary="Change a project",
)
async def change_project(
    project_id: FromPath[UUID],
    data: JSONBody[ProjectPatch],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> ProjectAnswer:
    """Change what the body names; the site mode only as a supervisor of the district or the city."""
    return project_answer(await projects.change_project(tx, actor, project_id, data, clock=clock))


@get(
    "/projects/{project_id:uuid}/sections",
    opt={"scope": queries.READ, "raises": [errors.ProjectUnknown]},
    summary="List a project's sections",
)
async def list_sections(
    project_id: FromPath[UUID], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> list[SectionAnswer]:
    """List the sections by where they begin, then by code."""
    await projects.require_project(tx, actor, project_id)
    return [answer(SectionAnswer, row) for row in await queries.list_sections(tx, project_id)]


SECTION_ERRORS = [*TEXT_ERRORS, errors.ProjectUnknown, errors.SectionCodeTaken, errors.ChainageReversed]


@post(
    "/projects/{project_id:uuid}/sections",
    opt={"scope": queries.WRITE, "raises": SECTION_ERRORS},
    summary="Make a section",
)
async def create_section(
    project_id: FromPath[UUID],
    data: JSONBody[SectionBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> SectionAnswer:
    """Make a section of a long project."""
    return answer(SectionAnswer, await projects.create_section(tx, actor, project_id, data, clock=clock))


@patch(
    "/projects/{project_id:uuid}/sections/{section_id:uuid}",
    opt={"scope": queries.WRITE, "raises": [*SECTION_ERRORS, errors.SectionUnknown]},
    summary="Change a section",
)
async def change_section(
    project_id: FromPath[UUID],
    section_id: FromPath[UUID],
    data: JSONBody[SectionPatch],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> SectionAnswer:
    """Change what the body names."""
    return answer(SectionAnswer, await projects.change_section(tx, actor, project_id, section_id, data, clock=clock))


@get(
    "/projects/{project_id:uuid}/parties",
    opt={"scope": queries.READ, "raises": [errors.ProjectUnknown]},
    summary="List a project's parties",
)
async def list_parties(
    project_id: FromPath[UUID], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> list[PartyAnswer]:
    """List all parties, by kind, then by company: who builds with whom is no secret among them."""
    await projects.require_project(tx, actor, project_id)
    return [answer(PartyAnswer, row) for row in await queries.list_parties(tx, project_id)]


@post(
    "/projects/{project_id:uuid}/parties",
    opt={"scope": queries.WRITE, "raises": [errors.ProjectUnknown, errors.CompanyUnknown, errors.PartyExists]},
    summary="Give a company a part in a project",
)
async def create_party(
    project_id: FromPath[UUID],
    data: JSONBody[PartyBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> PartyAnswer:
    """Give a company a part in a project, by national code 001 to 012."""
    return answer(PartyAnswer, await projects.create_party(tx, actor, project_id, data, clock=clock))


def project_answer(row: queries.ProjectRow) -> ProjectAnswer:
    """Show a project's row."""
    return answer(ProjectAnswer, row)


HANDLERS = (
    list_districts,
    create_district,
    change_district,
    list_companies,
    create_company,
    list_projects,
    create_project,
    show_project,
    change_project,
    list_sections,
    create_section,
    change_section,
    list_parties,
    create_party,
)
