"""Routes of people: entering, finding, correcting and unmasking them."""

from uuid import UUID

from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from backend.identity.errors import PhoneNumberMalformed
from backend.identity.services import IdentityServices
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.sites import errors, people, queries, roster_errors
from backend.sites.people_queries import PersonRow
from backend.sites.query_parameters import After, Limit, Words
from backend.sites.schemas import (
    PersonAnswer,
    PersonBody,
    PersonPatch,
    PersonSearch,
    RenamingAnswer,
    RevealAnswer,
    RevealBody,
    answer,
)

NUMBER_ERRORS = [
    errors.TextMissing,
    errors.TextTooLong,
    errors.DocumentKindUnknown,
    errors.DocumentNumberMalformed,
    errors.IdNumberForm,
    errors.IdNumberBirthDate,
    errors.IdNumberChecksum,
    PhoneNumberMalformed,
]


def _page(found: list[PersonRow], limit: int, services: IdentityServices) -> Page[PersonAnswer]:
    items = [answer(PersonAnswer, people.view_person(row, services)) for row in found[:limit]]
    return Page(items=items, next=str(items[-1].id) if len(found) > limit else None)


@get("/people", opt={"scope": queries.READ, "raises": [errors.TextMissing, errors.TextTooLong]}, summary="List people")
async def list_people(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    identity_services: NamedDependency[IdentityServices],
    words: Words = None,
    project_id: FromQuery[UUID | None] = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[PersonAnswer]:
    """List the people whom the caller reaches, numbers masked. Numbers are looked for by POST, never in an address."""
    search = PersonSearch(name=words, project_id=project_id, after=after, limit=limit)
    found = await people.search_people(tx, actor, search, services=identity_services)
    return _page(found, limit, identity_services)


@post(
    "/people/search",
    status_code=200,
    opt={"scope": queries.READ, "raises": [errors.TextMissing, errors.TextTooLong, errors.SearchMalformed]},
    summary="Find people by name or number",
)
async def search_people(
    data: JSONBody[PersonSearch],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    identity_services: NamedDependency[IdentityServices],
) -> Page[PersonAnswer]:
    """Find people by a piece of the name, by document or phone number, whole or its last four characters."""
    found = await people.search_people(tx, actor, data, services=identity_services)
    return _page(found, data.limit, identity_services)


@post(
    "/people",
    opt={
        "scope": queries.WRITE,
        "raises": [*NUMBER_ERRORS, errors.PersonNameDiffers, errors.PersonElsewhere, roster_errors.RosterRaced],
    },
    summary="Enter a person",
)
async def create_person(
    data: JSONBody[PersonBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    identity_services: NamedDependency[IdentityServices],
) -> PersonAnswer:
    """Enter a person; one with the same document and name whom the caller reaches already is returned as he is."""
    row, _ = await people.create_person(tx, actor, data, clock=clock, services=identity_services)
    return answer(PersonAnswer, people.view_person(row, identity_services))


@get(
    "/people/{person_id:uuid}",
    opt={"scope": queries.READ, "raises": [errors.PersonUnknown]},
    summary="Show a person",
)
async def show_person(
    person_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    identity_services: NamedDependency[IdentityServices],
) -> PersonAnswer:
    """Show a person, numbers masked."""
    row = await people.require_person(tx, actor, person_id)
    return answer(PersonAnswer, people.view_person(row, identity_services))


@patch(
    "/people/{person_id:uuid}",
    opt={
        "scope": queries.WRITE,
        "raises": [
            errors.TextMissing,
            errors.TextTooLong,
            PhoneNumberMalformed,
            errors.PersonUnknown,
            errors.PhoneIsLogin,
            errors.PhoneElsewhere,
            errors.NameElsewhere,
        ],
    },
    summary="Correct a person",
)
async def change_person(
    person_id: FromPath[UUID],
    data: JSONBody[PersonPatch],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    identity_services: NamedDependency[IdentityServices],
) -> PersonAnswer:
    """Correct name or phone number; a number that is a log-in is changed at the account."""
    row = await people.change_person(tx, actor, person_id, data, clock=clock, services=identity_services)
    return answer(PersonAnswer, people.view_person(row, identity_services))


@get(
    "/people/{person_id:uuid}/renamings",
    opt={"scope": queries.READ, "raises": [errors.PersonUnknown]},
    summary="The names that a person had",
)
async def list_renamings(
    person_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    limit: Limit = 50,
    after: After = None,
) -> Page[RenamingAnswer]:
    """List who gave the person another name and when, latest first."""
    found = await people.list_renamings(tx, actor, person_id, limit=limit + 1, after=after)
    items = [answer(RenamingAnswer, row) for row in found[:limit]]
    return Page(items=items, next=str(items[-1].id) if len(found) > limit else None)


@post(
    "/people/{person_id:uuid}/reveal",
    status_code=200,
    opt={"scope": people.REVEAL, "raises": [errors.PersonUnknown]},
    summary="Show a person's numbers in the clear",
)
async def reveal_person(
    person_id: FromPath[UUID],
    data: JSONBody[RevealBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    identity_services: NamedDependency[IdentityServices],
) -> Response[RevealAnswer]:
    """Show ID and phone number; who looked, when and for what purpose is written down."""
    shown = await people.reveal_person(tx, actor, person_id, data.purpose, clock=clock, services=identity_services)
    return Response(answer(RevealAnswer, shown), headers={"Cache-Control": "no-store"})


HANDLERS = (list_people, search_people, create_person, show_person, change_person, list_renamings, reveal_person)
