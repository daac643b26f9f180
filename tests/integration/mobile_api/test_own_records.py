from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient, Response

from backend.kit.clock import ManualClock
from tests.integration.mobile_api.conftest import MakeGround, Tap
from tests.support.phones import Ground, Owner, fix, tap


async def ask(client: AsyncClient, clock: ManualClock, owner: Owner, path: str, **headers: str) -> Response:
    return await client.get(f"/mobile/v1/{path}", headers={**owner.headers(clock.now()), **headers})


async def test_me_is_masked_and_knows_its_posts(ground: Ground, client: AsyncClient, clock: ManualClock) -> None:
    told = (await ask(client, clock, ground.owner, "me")).json()
    assert told["person_id"] == str(ground.owner.person_id)
    assert "*" in told["phone"]
    assert told["phone"].startswith("199")
    assert datetime.fromisoformat(told["server_time"]) == clock.now()
    (post,) = told["assignments"]
    assert (post["project_id"], post["in_force"]) == (str(ground.project.id), True)


async def test_another_s_fences_and_punches_are_not_shown(
    ground: Ground, make: MakeGround, send: Tap, client: AsyncClient, clock: ManualClock
) -> None:
    other = await make()
    await send(other.owner, tap(clock.now(), other.project.id))
    assert (await ask(client, clock, ground.owner, "punches")).json() == {"items": [], "next": None}
    fences = (await ask(client, clock, ground.owner, "fences")).json()["fences"]
    assert {fence["project_id"] for fence in fences} == {str(ground.project.id)}
    assert (await ask(client, clock, ground.owner, "months/2026-03")).json()["days"] == []


async def test_punches_are_paged_latest_first_without_gaps(
    ground: Ground, send: Tap, client: AsyncClient, clock: ManualClock
) -> None:
    made: list[UUID] = []
    for number in range(7):
        clock.advance(timedelta(minutes=number % 3))  # some share their instant
        body = tap(clock.now(), ground.project.id, fixes=[fix(3000.0 if number == 4 else 0.0)])
        made.append(UUID((await send(ground.owner, body)).json()["punch_id"]))
    pages: list[list[dict[str, Any]]] = []
    after = ""
    while True:
        page = (await ask(client, clock, ground.owner, f"punches?limit=3{after}")).json()
        pages.append(page["items"])
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert [len(page) for page in pages] == [3, 3, 1]
    shown = [item for page in pages for item in page]
    assert {UUID(item["punch_id"]) for item in shown} == set(made)
    instants = [item["occurred_at"] for item in shown]
    assert instants == sorted(instants, reverse=True)
    assert [item["outcome"] for item in shown].count("refused") == 1


@pytest.mark.parametrize("path", ["punches?limit=0", "punches?limit=201", "punches?limit=x", "punches?after=x"])
async def test_a_page_that_cannot_be_is_refused(
    path: str, ground: Ground, client: AsyncClient, clock: ManualClock
) -> None:
    answer = await ask(client, clock, ground.owner, path)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("month", ["2026-13", "2026-3", "202603", "1999-12", "2026-00", "märz"])
async def test_a_month_that_cannot_be_is_refused(
    month: str, ground: Ground, client: AsyncClient, clock: ManualClock
) -> None:
    answer = await ask(client, clock, ground.owner, f"months/{month}")
    assert (answer.status_code, answer.json()["code"]) == (422, "mobile.month")


async def test_a_month_counts_valid_days(ground: Ground, send: Tap, client: AsyncClient, clock: ManualClock) -> None:
    for hours in (0, 4):
        clock.advance(timedelta(hours=hours))
        await send(ground.owner, tap(clock.now(), ground.project.id))
    clock.advance(timedelta(days=1))
    await send(ground.owner, tap(clock.now(), ground.project.id))
    told = (await ask(client, clock, ground.owner, "months/2026-03")).json()
    assert told["valid_days"] == 1
    assert [(day["work_on"], day["valid"], len(day["entries"])) for day in told["days"]] == [
        ("2026-03-16", True, 2),
        ("2026-03-17", False, 1),
    ]


async def test_a_night_shift_is_one_day(make: MakeGround, send: Tap, client: AsyncClient, clock: ManualClock) -> None:
    """22:00 to 03:59 lies within the day that begins at 04:00; one second later it would not."""
    ground = await make()
    for at in ("2026-03-16T22:00:00+08:00", "2026-03-17T03:59:59+08:00", "2026-03-17T04:00:00+08:00"):
        clock.set(datetime.fromisoformat(at))
        await send(ground.owner, tap(clock.now(), ground.project.id))
    days = (await ask(client, clock, ground.owner, "months/2026-03")).json()["days"]
    assert [(day["work_on"], day["punches"], day["valid"]) for day in days] == [
        ("2026-03-16", 2, True),
        ("2026-03-17", 1, False),
    ]
