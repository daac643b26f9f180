"""Makes posts, puts people on them from day to day, ends that, and reports what is doubly held or empty."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import insert, update

from backend.identity.audit import record_act
from backend.identity.services import IdentityServices
from backend.kit.clock import Clock
from backend.kit.db import Tx, translate_violations
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites import duty_queries, errors, queries
from backend.sites.duty_queries import AssignmentRow, PostRow
from backend.sites.duty_schemas import AssignmentBody, AssignmentEndBody, PostBody
from backend.sites.model import Span, Stay, overlaps, vacancies, work_on
from backend.sites.people import enter_person, give_login, require_person
from backend.sites.people_queries import PersonRow
from backend.sites.posts import KEY_POSTS, UNWATCHED_POSTS, require_post_of_party
from backend.sites.projects import require_project
from backend.sites.tables import Assignment, Post

_POST = {"uq_post_kind": errors.PostExists}
_ASSIGNMENT = {"uq_assignment_start": errors.AssignmentExists, "ck_assignment_dates": errors.DatesReversed}


@dataclass(frozen=True, slots=True)
class Duty:
    """Overlaps and vacancies of one post."""

    post: PostRow
    overlaps: list[Span]
    vacancies: list[Span]


async def create_post(tx: Tx, actor: Actor, project_id: UUID, body: PostBody, *, clock: Clock) -> PostRow:
    """Make a post of a party.

    Raises ProjectUnknown, PartyUnknown, PostKindUnknown, PostPartyMismatch or PostExists.
    """
    await require_project(tx, actor, project_id, scope=queries.WRITE)
    party = await queries.find_party(tx, project_id, body.party_id)
    if party is None:
        raise errors.PartyUnknown
    kind = require_post_of_party(body.kind, party.kind)
    now = clock.now()
    row = PostRow(new_id(now), project_id, kind.code, body.seats, party.id, party.kind, party.company_name)
    with translate_violations(_POST):
        await tx.execute(
            insert(Post).values(
                project_id=project_id, id=row.id, party_id=party.id, kind=row.kind, seats=row.seats, created_at=now
            )
        )
    detail = {"kind": row.kind, "seats": row.seats}
    await record_act(tx, actor, "post.created", "post", row.id, detail, clock=clock, project_id=project_id)
    return row


async def change_seats(tx: Tx, actor: Actor, project_id: UUID, post_id: UUID, seats: int, *, clock: Clock) -> PostRow:
    """Give a post another number of seats; raises PostUnknown."""
    post = await duty_queries.find_post(tx, actor, project_id, post_id, scope=queries.WRITE)
    if post is None:
        raise errors.PostUnknown
    await tx.execute(update(Post).where(Post.project_id == project_id, Post.id == post_id).values(seats=seats))
    detail = {"seats_before": post.seats, "seats": seats}
    await record_act(tx, actor, "post.changed", "post", post_id, detail, clock=clock, project_id=project_id)
    return PostRow(post.id, project_id, post.kind, seats, post.party_id, post.party_kind, post.company_name)


async def create_assignment(
    tx: Tx, actor: Actor, project_id: UUID, body: AssignmentBody, *, clock: Clock, services: IdentityServices
) -> tuple[AssignmentRow, list[Span]]:
    """Put a person on a post and return the days on which it is now held by more people than it has seats.

    Holders of key posts get the account with which their phone logs in. Raises PostUnknown, OnePersonExpected,
    PersonUnknown, SectionUnknown, DatesReversed, AssignmentExists, AssignmentOverlaps (same person, same post),
    KeyPersonNeedsPhone, PhoneTaken, and what `enter_person` raises.
    """
    if body.to_on is not None and body.to_on < body.from_on:
        raise errors.DatesReversed
    post = await duty_queries.find_post(tx, actor, project_id, body.post_id, scope=queries.WRITE)
    if post is None:
        raise errors.PostUnknown
    if body.section_id is not None and await queries.find_section(tx, project_id, body.section_id) is None:
        raise errors.SectionUnknown
    person = await _person_of(tx, actor, body, clock=clock, services=services)
    stays = [stay for _, stay in await duty_queries.list_stays(tx, actor, project_id, post_id=post.id)]
    _refuse_own_overlap(stays, person.id, body)
    if post.kind in KEY_POSTS:
        await give_login(tx, actor, person, clock=clock, services=services)
    now = clock.now()
    assignment_id = new_id(now)
    with translate_violations(_ASSIGNMENT):
        await tx.execute(
            insert(Assignment).values(
                project_id=project_id,
                id=assignment_id,
                post_id=post.id,
                person_id=person.id,
                section_id=body.section_id,
                from_on=body.from_on,
                to_on=body.to_on,
                created_at=now,
            )
        )
    detail = {"post_id": post.id, "person_id": person.id, "from_on": body.from_on.isoformat()}
    await record_act(
        tx, actor, "assignment.created", "assignment", assignment_id, detail, clock=clock, project_id=project_id
    )
    row = await require_assignment(tx, actor, project_id, assignment_id, scope=queries.WRITE)
    if post.kind in UNWATCHED_POSTS:
        return row, []
    stays.append(Stay(assignment_id, person.id, body.from_on, body.to_on, exit_confirmed=False))
    doubly = [span for span in overlaps(stays, post.seats, body.from_on) if assignment_id in span.assignment_ids]
    return row, doubly


async def end_assignment(
    tx: Tx, actor: Actor, project_id: UUID, assignment_id: UUID, body: AssignmentEndBody, *, clock: Clock
) -> AssignmentRow:
    """File the last day and, if asked, confirm the exit: only then does the duty end.

    Raises AssignmentUnknown, DatesReversed, or AssignmentEnded when another last day is confirmed already.
    """
    row = await duty_queries.find_assignment(tx, actor, project_id, assignment_id, scope=queries.WRITE, lock=True)
    if row is None:
        raise errors.AssignmentUnknown
    if body.to_on < row.from_on:
        raise errors.DatesReversed
    if row.exit_confirmed_at is not None:
        if row.to_on != body.to_on:
            raise errors.AssignmentEnded
        return row
    confirmed_at = clock.now() if body.confirm_exit else None
    await tx.execute(
        update(Assignment)
        .where(Assignment.project_id == project_id, Assignment.id == assignment_id)
        .values(to_on=body.to_on, exit_confirmed_at=confirmed_at)
    )
    action = "assignment.exit_confirmed" if body.confirm_exit else "assignment.end_filed"
    detail = {"to_on": body.to_on.isoformat()}
    await record_act(tx, actor, action, "assignment", assignment_id, detail, clock=clock, project_id=project_id)
    return await require_assignment(tx, actor, project_id, assignment_id, scope=queries.WRITE)


async def require_assignment(
    tx: Tx, actor: Actor, project_id: UUID, assignment_id: UUID, *, scope: str = queries.READ
) -> AssignmentRow:
    """Return an assignment the actor reaches; raises AssignmentUnknown."""
    row = await duty_queries.find_assignment(tx, actor, project_id, assignment_id, scope=scope)
    if row is None:
        raise errors.AssignmentUnknown
    return row


async def report_vacancies(
    tx: Tx, actor: Actor, project_id: UUID, since: date | None, until: date | None, *, clock: Clock
) -> tuple[date, list[Duty]]:
    """Report overlaps and vacancies of the posts that are watched and reached.

    From `since` (default: the site's today) to `until`, both inclusive; None: from there on.
    Raises ProjectUnknown or DatesReversed.
    """
    project = await require_project(tx, actor, project_id)
    since = since or work_on(clock.now(), project.time_zone, project.cutover)
    if until is not None and until < since:
        raise errors.DatesReversed
    posts = await duty_queries.list_posts(tx, actor, project_id)
    stays: dict[UUID, list[Stay]] = {}
    for post_id, stay in await duty_queries.list_stays(tx, actor, project_id):
        stays.setdefault(post_id, []).append(stay)
    return since, [
        Duty(
            post,
            overlaps(stays.get(post.id, ()), post.seats, since, until),
            vacancies(stays.get(post.id, ()), post.seats, since, until),
        )
        for post in posts
        if post.kind not in UNWATCHED_POSTS
    ]


async def _person_of(
    tx: Tx, actor: Actor, body: AssignmentBody, *, clock: Clock, services: IdentityServices
) -> PersonRow:
    if body.person_id is not None and body.person is None:
        return await require_person(tx, actor, body.person_id, scope=queries.WRITE)
    if body.person is not None and body.person_id is None:
        return (await enter_person(tx, actor, body.person, clock=clock, services=services))[0]
    raise errors.OnePersonExpected


def _refuse_own_overlap(stays: Iterable[Stay], person_id: UUID, body: AssignmentBody) -> None:
    """Refuse the same person twice on the same post in the same days: that is no overlap but a repeated entry."""
    for stay in stays:
        if stay.person_id != person_id:
            continue
        if stay.from_on == body.from_on:
            raise errors.AssignmentExists
        ends_before = stay.to_on is not None and stay.to_on < body.from_on
        begins_after = body.to_on is not None and body.to_on < stay.from_on
        if not ends_before and not begins_after:
            raise errors.AssignmentOverlaps(from_on=stay.from_on.isoformat())
