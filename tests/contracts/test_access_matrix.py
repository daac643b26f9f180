"""Every route, asked by every role for what is its own, another town's and another party's.

The routes come from the application. One with a body of which nobody said what to send (tests/support/calls.py), or
with a path parameter that a town does not have, fails here: it cannot be added outside the matrix.
"""

import re

import pytest
from httpx import AsyncClient, Response

from backend.identity.roles import ROLE_SCOPES, Role
from backend.kit.db import Database
from tests.contracts.conftest import FindTown, MakeTown
from tests.support.calls import Call, call_of
from tests.support.ledgers import count_rows
from tests.support.routes import Route, routes
from tests.support.town import Town

GUARDED = [route for route in routes() if route.scope is not None]
CITY_WIDE = {Role.OPERATOR, Role.CITY}
OF_PARTY = {Role.OWNER, Role.CONTRACTOR, Role.SUPERVISOR}
PARAMETER = re.compile(r"{(\w+)}")
# What a party-limited account may not reach of another party on its own project.
OF_A_PARTY = {"person_id", "post_id", "assignment_id", "punch_id"}
# The supervising party rules on the people of others, and sees their punches for that; never on its own.
REVIEWED = {
    "GET /admin/v1/projects/{project_id}/punches",
    "GET /admin/v1/projects/{project_id}/punches/{punch_id}",
    "GET /admin/v1/projects/{project_id}/punches/{punch_id}/proof",
    "POST /admin/v1/projects/{project_id}/punches/{punch_id}/rulings",
    "GET /admin/v1/projects/{project_id}/punches/{punch_id}/map",
    "GET /admin/v1/reviews",
    "GET /admin/v1/requests",
    "GET /admin/v1/projects/{project_id}/requests/{filing_id}",
    "GET /admin/v1/projects/{project_id}/leave",
}
# Path parameters that name nothing of anybody's: what is answered under them is one's own.
OF_NOBODY = {"month", "purpose", "z", "x", "y", "kind"}
OF_A_STATE = {
    "GET /admin/v1/ledger/consistency",
    "PUT /admin/v1/me/password",
    "POST /mobile/v1/phone/witness-codes",
    "POST /mobile/v1/presence/consents/{purpose}/withdrawal",
}
ALLOWED = {
    # Registers that are one for the whole city: a district or company is no secret, its people are.
    "GET /admin/v1/companies",
    "GET /admin/v1/districts",
}


def named(template: str) -> list[str]:
    return PARAMETER.findall(template)


async def ask(client: AsyncClient, route: Route, ids: dict[str, str], call: Call, headers: dict[str, str]) -> Response:
    path = route.template
    for name in named(path):
        path = path.replace(f"{{{name}}}", call.ids.get(name, ids.get(name, "")))
    headers = {**headers, **call.headers}
    if call.body is not None:
        headers["Content-Type"] = call.media_type
    return await client.request(route.method, path, content=call.body, params=call.params, headers=headers)


@pytest.mark.parametrize("route", GUARDED, ids=str)
async def test_nobody_reaches_what_is_not_his(
    route: Route, make: MakeTown, standing: FindTown, quiet: AsyncClient, database: Database
) -> None:
    # A town of its own only for a route that changes something where it may: the one away stays as it is.
    home = await (standing("home") if route.only_reads else make())
    away = await standing("away")
    assert set(named(route.template)) <= set(away.ids), "tests/support/town.py has no such thing"
    holders = {role for role in Role if route.scope in ROLE_SCOPES[role]}
    before = await count_rows(database, away.site.project.id)
    for role in Role:
        await expect_away(quiet, route, home, away, role, may=role in holders)
        if role in OF_PARTY & holders:
            await expect_beside(quiet, route, home, role)
    assert await count_rows(database, away.site.project.id) == before
    await expect_home(quiet, route, home, holders)


async def expect_away(client: AsyncClient, route: Route, home: Town, away: Town, role: Role, *, may: bool) -> None:
    """Ask for the other town's things as somebody of this one."""
    if may and role in CITY_WIDE:
        return  # the whole city is theirs
    call = call_of(route.method, route.template, away)
    answer = await ask(client, route, dict(away.ids), call, home.headers(role))
    said = f"{role}: {answer.status_code} {answer.text[:500]}"
    if not may:
        assert answer.status_code == 403, said
        if route.method != "HEAD":
            assert answer.json()["code"] == "request.scope_missing", said
        return
    if set(named(route.template)) - OF_NOBODY:
        assert answer.status_code in {403, 404}, said
    else:
        # A list, or one's own: whatever the answer is, nothing of the other town stands in it.
        assert answer.status_code < 500, said
    if str(route) not in ALLOWED:
        sent = (call.body or b"").decode(errors="replace")
        assert not [word for word in found_in(answer, away.words) if word not in sent], said


async def expect_beside(client: AsyncClient, route: Route, home: Town, role: Role) -> None:
    """Ask for what another party of the same project has, as an account of one party."""
    if role is Role.SUPERVISOR and str(route) in REVIEWED:
        ids, words = {**home.ids, **home.others}, list[str]()
        refused = {403} if route.scope == "ledger.rule" and set(named(route.template)) & OF_A_PARTY else set[int]()
    else:
        ids, words = home.beside(role)
        refused = {403, 404} if set(named(route.template)) & OF_A_PARTY else set[int]()
    if not refused and route.method != "GET":
        return
    answer = await ask(client, route, ids, call_of(route.method, route.template, home), home.headers(role))
    said = f"{role} of another party: {answer.status_code} {answer.text[:500]}"
    assert answer.status_code in refused or (not refused and answer.status_code < 500), said
    assert not found_in(answer, words), said


async def expect_home(client: AsyncClient, route: Route, home: Town, holders: set[Role]) -> None:
    """Ask for this town's own things, so that a refusal above is not merely a bad request."""
    answers = []
    for role in sorted(holders):
        call = call_of(route.method, route.template, home)
        answer = await ask(client, route, dict(home.ids), call, home.headers(role))
        answers.append(f"{role}: {answer.status_code} {answer.text[:300]}")
        if answer.is_success:
            return
    # Who has no password to change, whose phone waits for nobody, and who has withdrawn already, is told so; so is who
    # asks about heads of a log that nobody has sealed yet.
    assert str(route) in OF_A_STATE, f"nobody can call it: {answers}"


def found_in(answer: Response, words: list[str]) -> list[str]:
    return [word for word in words if word in answer.text]


@pytest.mark.parametrize("route", GUARDED, ids=str)
@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer "}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer x.y.z"}],
    ids=["none", "empty", "basic", "garbage"],
)
async def test_nobody_without_a_token_reaches_anything(
    route: Route, headers: dict[str, str], quiet: AsyncClient
) -> None:
    ids = dict.fromkeys(named(route.template), "00000000-0000-4000-8000-000000000000")
    answer = await ask(
        quiet, route, {**ids, "number": "1", "on": "2026-03-16", "z": "0", "x": "0", "y": "0"}, Call(), headers
    )
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


def test_every_role_has_routes_and_every_scope_a_role() -> None:
    scopes = {route.scope for route in GUARDED}
    assert scopes <= set().union(*ROLE_SCOPES.values())
    for role in Role:
        assert scopes & ROLE_SCOPES[role], role
