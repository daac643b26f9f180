"""Staff routes of rates: presets, rule sets, stops of work, rates, explanations."""

from datetime import date
from typing import Annotated
from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from sqlalchemy import select

from backend.attendance.errors import DayUnknown
from backend.attendance.rates import city_sums, computation_routes, errors, listing, published, rule_sets, stop_work
from backend.attendance.rates.explaining import explain_rates
from backend.attendance.rates.rights import RULES, STOP_WORK
from backend.attendance.rates.rule_schemas import (
    PresetOut,
    PublicationBody,
    RuleSetBody,
    RuleSetOut,
    StopDecisionBody,
    StopEndBody,
    StopWorkBody,
    StopWorkOut,
    VersionBody,
)
from backend.attendance.rates.schemas import CityRates, ExplainedRate, ProjectRates, PublishedRates
from backend.kit.clock import Clock
from backend.kit.db import Database, Tx
from backend.kit.guards import Actor
from backend.sites.errors import CityNeeded, DistrictUnknown, ProjectUnknown, SupervisorNeeded
from backend.sites.model import work_on
from backend.sites.person_rights import sees_person
from backend.sites.projects import require_project

READ = "attendance.read"
ROWS = (CityNeeded, DistrictUnknown, ProjectUnknown)
DRAFTS = (errors.RuleBodyInvalid, errors.PresetUnknown, errors.SpanInvalid)
PROJECT = "/projects/{project_id:uuid}"
SET = "/rule-sets/{rule_set_id:uuid}"
STOP = f"{PROJECT}/stop-work/{{stop_work_id:uuid}}"


@get("/rate-presets", opt={"scope": READ}, summary="Rule sets that ship with the platform")
async def list_presets(language: NamedDependency[str]) -> list[PresetOut]:
    """List the presets with their sources, what was left out, and whether anybody could verify them."""
    return rule_sets.list_presets(language)


@get("/rule-sets", opt={"scope": READ}, summary="Rule sets")
async def list_rule_sets(tx: NamedDependency[Tx], actor: NamedDependency[Actor]) -> list[RuleSetOut]:
    """List the rule sets of the city and of the caller's districts and projects with all their versions."""
    return await rule_sets.list_rule_sets(tx, actor)


@post(
    "/rule-sets",
    opt={"scope": RULES, "raises": (errors.RuleScopeInvalid, *DRAFTS, *ROWS)},
    summary="Draft a rule set",
)
async def draft_rule_set(
    data: JSONBody[RuleSetBody], tx: NamedDependency[Tx], actor: NamedDependency[Actor], clock: NamedDependency[Clock]
) -> RuleSetOut:
    """Draft rules for the city, a district or a project, written out or copied from a preset."""
    return await rule_sets.draft_rule_set(tx, actor, data, clock=clock)


@get(SET, opt={"scope": READ, "raises": (errors.RuleSetUnknown,)}, summary="One rule set")
async def show_rule_set(
    rule_set_id: FromPath[UUID], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> RuleSetOut:
    """Show a rule set with its versions."""
    return await rule_sets.show_rule_set(tx, actor, rule_set_id)


@post(
    f"{SET}/versions",
    opt={"scope": RULES, "raises": (errors.RuleSetUnknown, errors.RuleVersionMoved, *DRAFTS, *ROWS)},
    summary="Add a draft",
)
async def add_version(
    rule_set_id: FromPath[UUID],
    data: JSONBody[VersionBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> RuleSetOut:
    """Add a version as a draft; nothing is reckoned by it until it is published."""
    return await rule_sets.add_version(tx, actor, rule_set_id, data, clock=clock)


@post(
    f"{SET}/publications",
    opt={
        "scope": RULES,
        "raises": (errors.RuleSetUnknown, errors.RuleVersionUnknown, errors.RuleVersionPublished, *ROWS),
    },
    summary="Publish a version",
)
async def publish_version(
    rule_set_id: FromPath[UUID],
    data: JSONBody[PublicationBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> RuleSetOut:
    """Publish a version, for good: what replaces it is another version."""
    return await rule_sets.publish_version(tx, actor, rule_set_id, data, clock=clock)


@get(f"{PROJECT}/stop-work", opt={"scope": READ, "raises": (ProjectUnknown,)}, summary="Stops of work")
async def list_stop_work(
    project_id: FromPath[UUID], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> list[StopWorkOut]:
    """List a project's stops of work, filed, approved, refused or ended."""
    return await stop_work.list_stop_work(tx, actor, project_id)


@post(
    f"{PROJECT}/stop-work",
    opt={"scope": STOP_WORK, "raises": (ProjectUnknown, errors.SpanInvalid)},
    summary="File a stop of work",
)
async def file_stop_work(
    project_id: FromPath[UUID],
    data: JSONBody[StopWorkBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> StopWorkOut:
    """File days on which the project does not build; they excuse nobody before they are approved."""
    return await stop_work.file_stop_work(tx, actor, project_id, data, clock=clock)


@post(
    f"{STOP}/decision",
    opt={
        "scope": RULES,
        "raises": (
            ProjectUnknown,
            SupervisorNeeded,
            errors.StopWorkUnknown,
            errors.StopWorkOwn,
            errors.StopWorkDecided,
        ),
    },
    summary="Decide on a stop of work",
)
async def decide_stop_work(
    project_id: FromPath[UUID],
    stop_work_id: FromPath[UUID],
    data: JSONBody[StopDecisionBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> StopWorkOut:
    """Approve or refuse it; for supervisors of the district or city who did not file it themselves."""
    return await stop_work.decide_stop_work(tx, actor, project_id, stop_work_id, data, clock=clock)


@post(
    f"{STOP}/end",
    opt={
        "scope": STOP_WORK,
        "raises": (ProjectUnknown, errors.StopWorkUnknown, errors.StopWorkDecided, errors.SpanInvalid),
    },
    summary="End a stop of work",
)
async def end_stop_work(
    project_id: FromPath[UUID],
    stop_work_id: FromPath[UUID],
    data: JSONBody[StopEndBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> StopWorkOut:
    """Say which day was its last, by the order to resume."""
    return await stop_work.end_stop_work(tx, actor, project_id, stop_work_id, data, clock=clock)


@get(
    f"{PROJECT}/rates",
    opt={"scope": READ, "raises": (ProjectUnknown, errors.SpanInvalid)},
    summary="Rates of a project's people",
)
async def list_project_rates(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
    first: FromQuery[date | None] = None,
    last: FromQuery[date | None] = None,
) -> ProjectRates:
    """List who owed and had how many days between two days (this month unless told), up to the last that is over."""
    return await listing.list_project_rates(
        tx, actor, project_id, first=first, last=last, language=language, clock=clock
    )


@get(
    f"{PROJECT}/published-rates",
    opt={"scope": READ, "raises": (ProjectUnknown,)},
    summary="Published rates of a project's people",
)
async def show_published_rates(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    month: Annotated[str | None, QueryParameter(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")] = None,
) -> PublishedRates:
    """Show the figures of a month (`2026-03`, last month unless told) as they were published last."""
    return await published.show_published(tx, actor, project_id, month, clock=clock)


@get("/rates", opt={"scope": READ, "raises": (errors.SpanInvalid,)}, summary="Rates by district, project or post")
async def list_city_rates(  # noqa: PLR0913, PLR0917 - each query parameter is one
    database: NamedDependency[Database],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
    by: FromQuery[city_sums.By] = "district",
    district_id: FromQuery[UUID | None] = None,
    first: FromQuery[date | None] = None,
    last: FromQuery[date | None] = None,
    after: FromQuery[UUID | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> CityRates:
    """List sums over the projects that the caller sees as a whole; by project one page of them."""
    wanted = city_sums.Wanted(by=by, district_id=district_id, first=first, last=last, after=after, limit=limit)
    return await city_sums.sum_rates(database, actor, wanted, language=language, clock=clock)


@get(
    f"{PROJECT}/people/{{person_id:uuid}}/rates",
    opt={"scope": READ, "raises": (ProjectUnknown, DayUnknown, errors.SpanInvalid)},
    summary="Explain a person's rate",
)
async def explain_rate(
    project_id: FromPath[UUID],
    person_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
    first: FromQuery[date | None] = None,
    last: FromQuery[date | None] = None,
) -> list[ExplainedRate]:
    """Show for each post of the person every day: due or not and why, what it counted and why, and its punches."""
    project = await require_project(tx, actor, project_id, scope=READ)
    if not await tx.scalar(select(sees_person(actor, READ, project_id, person_id))):
        raise DayUnknown
    today = work_on(clock.now(), project.time_zone, project.cutover)
    span = listing.span_of(today, first, last)
    return await explain_rates(tx, person_id, project, span, today=today, language=language)


def rates_router() -> Router:
    """Join the routes of this file."""
    return Router(
        path="/admin/v1",
        route_handlers=[
            list_presets,
            list_rule_sets,
            draft_rule_set,
            show_rule_set,
            add_version,
            publish_version,
            list_stop_work,
            file_stop_work,
            decide_stop_work,
            end_stop_work,
            list_project_rates,
            show_published_rates,
            list_city_rates,
            explain_rate,
            *computation_routes.HANDLERS,
        ],
        tags=["Rates"],
    )
