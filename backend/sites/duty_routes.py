"""Routes of posts, assignments, and what of them is doubly held or empty."""

from datetime import date
from typing import Annotated
from uuid import UUID

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.identity.services import IdentityServices
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.sites import duties, duty_queries, errors, projects, queries, roster_errors
from backend.sites.duty_schemas import (
    AssignedAnswer,
    AssignmentAnswer,
    AssignmentBody,
    AssignmentEndBody,
    DutyAnswer,
    PostAnswer,
    PostBody,
    PostPatch,
    SpanAnswer,
    VacanciesAnswer,
)
from backend.sites.model import Span
from backend.sites.people_routes import NUMBER_ERRORS
from backend.sites.query_parameters import After, Limit
from backend.sites.schemas import answer

Kind = Annotated[str | None, QueryParameter(pattern="^[a-z_]{3,40}$", description="kind of post")]


def span_answer(span: Span) -> SpanAnswer:
    """Show a run of days."""
    return SpanAnswer(
        from_on=span.from_on, to_on=span.to_on, holders=span.holders, assignment_ids=list(span.assignment_ids)
    )


@get(
    "/projects/{project_id:uuid}/posts",
    opt={"scope": queries.READ, "raises": [errors.ProjectUnknown]},
    summary="List a project's posts",
)
async def list_posts(
    project_id: FromPath[UUID], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> list[PostAnswer]:
    """List the posts of the parties that the caller reaches."""
    await projects.require_project(tx, actor, project_id)
    return [answer(PostAnswer, row) for row in await duty_queries.list_posts(tx, actor, project_id)]


@post(
    "/projects/{project_id:uuid}/posts",
    opt={
        "scope": queries.WRITE,
        "raises": [
            errors.ProjectUnknown,
            errors.PartyUnknown,
            errors.PostKindUnknown,
            errors.PostPartyMismatch,
            errors.PostExists,
        ],
    },
    summary="Make a post",
)
async def create_post(
    project_id: FromPath[UUID],
    data: JSONBody[PostBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> PostAnswer:
    """Make a post of a party, of a kind that such parties have."""
    return answer(PostAnswer, await duties.create_post(tx, actor, project_id, data, clock=clock))


@patch(
    "/projects/{project_id:uuid}/posts/{post_id:uuid}",
    opt={"scope": queries.WRITE, "raises": [errors.PostUnknown]},
    summary="Change a post's seats",
)
async def change_post(
    project_id: FromPath[UUID],
    post_id: FromPath[UUID],
    data: JSONBody[PostPatch],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> PostAnswer:
    """Say how many people should hold the post at once."""
    return answer(PostAnswer, await duties.change_seats(tx, actor, project_id, post_id, data.seats, clock=clock))


@get(
    "/projects/{project_id:uuid}/assignments",
    opt={"scope": queries.READ, "raises": [errors.ProjectUnknown]},
    summary="List a project's assignments",
)
async def list_assignments(  # noqa: PLR0913 - a filter has many sides
    *,
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    on: Annotated[date | None, QueryParameter(description="only those on duty that site-local day")] = None,
    person_id: FromQuery[UUID | None] = None,
    post_id: FromQuery[UUID | None] = None,
    kind: Kind = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[AssignmentAnswer]:
    """List assignments of the parties that the caller reaches, in the order of their entry."""
    await projects.require_project(tx, actor, project_id)
    wanted = duty_queries.AssignmentFilter(on, person_id, post_id, kind)
    found = await duty_queries.list_assignments(tx, actor, project_id, wanted, limit=limit + 1, after=after)
    items = [answer(AssignmentAnswer, row) for row in found[:limit]]
    return Page(items=items, next=str(items[-1].id) if len(found) > limit else None)


@post(
    "/projects/{project_id:uuid}/assignments",
    opt={
        "scope": queries.WRITE,
        "raises": [
            *NUMBER_ERRORS,
            errors.PostUnknown,
            errors.OnePersonExpected,
            errors.PersonUnknown,
            errors.PersonNameDiffers,
            roster_errors.RosterRaced,
            errors.SectionUnknown,
            errors.DatesReversed,
            errors.AssignmentExists,
            errors.AssignmentOverlaps,
            errors.KeyPersonNeedsPhone,
            errors.PhoneTaken,
        ],
    },
    summary="Put a person on a post",
)
async def create_assignment(
    project_id: FromPath[UUID],
    data: JSONBody[AssignmentBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    identity_services: NamedDependency[IdentityServices],
) -> AssignedAnswer:
    """Put a person on a post from day to day; more people than seats are reported, not refused.

    The holder of a key post gets the account with which the phone on file logs in.
    """
    row, doubly = await duties.create_assignment(tx, actor, project_id, data, clock=clock, services=identity_services)
    return AssignedAnswer(assignment=answer(AssignmentAnswer, row), overlaps=[span_answer(span) for span in doubly])


@post(
    "/projects/{project_id:uuid}/assignments/{assignment_id:uuid}/end",
    status_code=200,
    opt={
        "scope": queries.WRITE,
        "raises": [errors.AssignmentUnknown, errors.DatesReversed, errors.AssignmentEnded],
    },
    summary="End an assignment",
)
async def end_assignment(
    project_id: FromPath[UUID],
    assignment_id: FromPath[UUID],
    data: JSONBody[AssignmentEndBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> AssignmentAnswer:
    """File the last day; the holder keeps the duty until the exit is confirmed, by this call or a later one."""
    row = await duties.end_assignment(tx, actor, project_id, assignment_id, data, clock=clock)
    return answer(AssignmentAnswer, row)


@get(
    "/projects/{project_id:uuid}/vacancies",
    opt={"scope": queries.READ, "raises": [errors.ProjectUnknown, errors.DatesReversed]},
    summary="Report overlaps and vacancies",
)
async def report_vacancies(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    since: Annotated[date | None, QueryParameter(description="first day, the site's today if left out")] = None,
    until: Annotated[date | None, QueryParameter(description="last day")] = None,
) -> VacanciesAnswer:
    """Report on which days a post (workers' posts aside) is held by more or fewer people than it has seats."""
    begin, found = await duties.report_vacancies(tx, actor, project_id, since, until, clock=clock)
    return VacanciesAnswer(
        since=begin,
        until=until,
        posts=[
            DutyAnswer(
                post=answer(PostAnswer, duty.post),
                overlaps=[span_answer(span) for span in duty.overlaps],
                vacancies=[span_answer(span) for span in duty.vacancies],
            )
            for duty in found
        ],
    )


HANDLERS = (
    list_posts,
    create_post,
    change_post,
    list_assignments,
    create_assignment,
    end_assignment,
    report_vacancies,
)
