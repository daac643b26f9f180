"""A tap that named no project, repeated after the world changed: the first answer, and no second punch anywhere."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient, Response

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.integration.mobile_api.conftest import Tap
from tests.support.databases import TEST_DAY
from tests.support.factories import (
    MadeProject,
    bearer,
    make_assignment,
    make_officer,
    make_party,
    make_post,
    make_project,
)
from tests.support.ledgers import count_rows
from tests.support.phones import Ground, tap

Act = Callable[..., Awaitable[Response]]
YESTERDAY = (TEST_DAY - timedelta(days=1)).isoformat()


@pytest.fixture
async def act(client: AsyncClient, database: Database, keys: MemoryKeyRing, clock: ManualClock) -> Act:
    """Call the admin API as an officer of the city."""
    officer = await make_officer(database, "city")

    async def acted(method: str, path: str, **body: Any) -> Response:
        headers = bearer(keys, clock.now(), officer, "city")
        answer = await client.request(method, f"/admin/v1{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer

    return acted


@pytest.fixture
async def other(database: Database) -> MadeProject:
    """Make a second project that is being built."""
    return await make_project(database)


async def assign(act: Act, database: Database, project: MadeProject, ground: Ground, from_on: str = YESTERDAY) -> None:
    post = await make_post(database, await make_party(database, project.id))
    await act(
        "POST",
        f"/projects/{project.id}/assignments",
        post_id=str(post),
        person_id=str(ground.owner.person_id),
        from_on=from_on,
    )


async def end(act: Act, project: MadeProject) -> None:
    (held,) = (await act("GET", f"/projects/{project.id}/assignments")).json()["items"]
    path = f"/projects/{project.id}/assignments/{held['id']}/end"
    await act("POST", path, to_on=YESTERDAY, confirm_exit=True)


@pytest.mark.parametrize(
    "between",
    [
        ("assigned",),
        ("assigned", "ended"),
        ("ended",),
        ("stopped",),
        ("finished", "assigned"),
        ("assigned", "stopped", "ended"),
        ("assigned", "ended", "next day"),
        ("assigned", "other ended"),
        ("announced", "next day", "ended"),
    ],
    ids=", ".join,
)
async def test_the_first_answer_stands_whatever_changed_between(
    between: tuple[str, ...],
    ground: Ground,
    other: MadeProject,
    send: Tap,
    act: Act,
    clock: ManualClock,
    database: Database,
) -> None:
    body = tap(clock.now())
    first = await send(ground.owner, body)
    assert first.status_code == 201, first.text
    before = await count_rows(database, ground.project.id)
    for change in between:
        if change == "assigned":
            await assign(act, database, other, ground)
        elif change == "announced":
            await assign(act, database, other, ground, from_on=(TEST_DAY + timedelta(days=1)).isoformat())
        elif change == "ended":
            await end(act, ground.project)
        elif change == "other ended":
            await end(act, other)
        elif change == "next day":
            clock.advance(timedelta(days=1))
        else:
            await act("PATCH", f"/projects/{ground.project.id}", status=change)
    again = await send(ground.owner, body)
    assert again.status_code == 201, again.text
    assert again.json() == {**first.json(), "replayed": True}
    assert await count_rows(database, ground.project.id) == before
    assert (await count_rows(database, other.id))["punch"] == 0


async def test_a_tap_that_was_ambiguous_is_taken_once_it_is_not(
    ground: Ground, other: MadeProject, send: Tap, act: Act, clock: ManualClock, database: Database
) -> None:
    await assign(act, database, other, ground)
    body = tap(clock.now())
    refused = await send(ground.owner, body)
    assert (refused.status_code, refused.json()["code"]) == (409, "mobile.project_ambiguous")
    await end(act, other)
    taken = await send(ground.owner, body)
    assert (taken.status_code, taken.json()["project_id"]) == (201, str(ground.project.id))
    assert (await send(ground.owner, body)).json()["replayed"]


async def test_an_id_used_again_on_another_project_does_not_hide_its_first(
    ground: Ground, other: MadeProject, send: Tap, act: Act, clock: ManualClock, database: Database
) -> None:
    """The two are punches of their own (the project is in the key): each repetition finds the one with its bytes."""
    body = tap(clock.now())
    first = await send(ground.owner, body)
    await assign(act, database, other, ground)
    named = {**body, "project_id": str(other.id)}
    second = await send(ground.owner, named)
    assert (second.status_code, second.json()["project_id"]) == (201, str(other.id))
    for content, answer in ((body, first), (named, second), (body, first)):
        again = await send(ground.owner, content)
        assert (again.status_code, again.json()["punch_id"]) == (201, answer.json()["punch_id"]), again.text
        assert again.json()["replayed"]


async def test_many_former_projects_do_not_hide_the_present_one(
    ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    async with database.transaction() as tx:
        for _ in range(55):
            former = await make_project(tx)
            post = await make_post(tx, await make_party(tx, former.id))
            await make_assignment(
                tx,
                former.id,
                post,
                ground.owner.person_id,
                from_on=TEST_DAY - timedelta(days=20),
                to_on=TEST_DAY - timedelta(days=2),
                exit_confirmed_at=clock.now() - timedelta(days=2),
            )
    body = tap(clock.now())
    answer = await send(ground.owner, body)
    assert (answer.status_code, answer.json().get("project_id")) == (201, str(ground.project.id)), answer.text[:300]
    assert (await send(ground.owner, body)).json()["replayed"]
