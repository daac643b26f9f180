import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient, Response

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.support.factories import bearer, grant_role, make_officer, make_staff
from tests.support.ledgers import append, count_rows, entry, stored_day
from tests.support.phones import Ground, make_ground

Rule = Callable[..., Awaitable[Response]]


@pytest.fixture
async def ground(database: Database, keys: MemoryKeyRing, clock: ManualClock) -> Ground:
    """Make a ground."""
    return await make_ground(database, keys, clock.now())


@pytest.fixture
async def rule(
    database: Database, keys: MemoryKeyRing, clock: ManualClock, client: AsyncClient, ground: Ground
) -> Rule:
    """Rule on a punch as an officer of the project's district."""
    officer = await make_officer(database, "district", district_id=ground.project.district_id)

    async def ruled(punch_id: UUID, **body: Any) -> Response:
        return await client.post(
            f"/admin/v1/projects/{ground.project.id}/punches/{punch_id}/rulings",
            json={"outcome": "counted", "note": "现场核实", "seq": 1, **body},
            headers=bearer(keys, clock.now(), officer, "district"),
        )

    return ruled


async def test_a_named_person_s_ruling_is_a_new_row_and_folds_the_day(
    ground: Ground, rule: Rule, clock: ManualClock, database: Database
) -> None:
    one = entry(ground.project.id, ground.owner.person_id, clock.now(), outcome="review")
    two = entry(ground.project.id, ground.owner.person_id, clock.now() + timedelta(hours=5))
    await append(database, [one, two], clock.now())
    (day,) = await stored_day(database, ground.project.id, ground.owner.person_id)
    assert (day["valid"], day["provisional"]) == (False, True)

    answer = await rule(one.punch_id)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["punch"]["outcome"] == "counted"
    assert [(ruling["seq"], ruling["outcome"], ruling["note"]) for ruling in told["rulings"]] == [
        (1, "review", None),
        (2, "counted", "现场核实"),
    ]
    assert told["rulings"][1]["ruled_by"] is not None
    (day,) = await stored_day(database, ground.project.id, ground.owner.person_id)
    assert (day["valid"], day["provisional"], day["punches"]) == (True, False, 2)
    rows = await count_rows(database, ground.project.id)
    assert (rows["punch"], rows["ruling"], rows["ledger_outbox"]) == (2, 3, 3)

    back = await rule(one.punch_id, outcome="refused", seq=2)
    assert back.status_code == 201
    (day,) = await stored_day(database, ground.project.id, ground.owner.person_id)
    assert (day["valid"], day["punches"], day["in_review"]) == (False, 1, 0)


async def test_nobody_overrules_blindly(ground: Ground, rule: Rule, clock: ManualClock, database: Database) -> None:
    one = entry(ground.project.id, ground.owner.person_id, clock.now(), outcome="review")
    await append(database, [one], clock.now())
    assert (await rule(one.punch_id)).status_code == 201
    before = await count_rows(database, ground.project.id)
    for seq in (1, 3, 0, -1, 2**31, 2**63, 2**70):
        stale = await rule(one.punch_id, outcome="refused", seq=seq)
        assert (stale.status_code, stale.json()["code"]) in {(409, "ledger.ruling_stale"), (422, "request.invalid")}
    assert await count_rows(database, ground.project.id) == before


async def test_of_eight_rulings_at_once_one_stands(
    ground: Ground, rule: Rule, clock: ManualClock, database: Database
) -> None:
    one = entry(ground.project.id, ground.owner.person_id, clock.now(), outcome="review")
    await append(database, [one], clock.now())
    answers = await asyncio.gather(
        *(rule(one.punch_id, outcome="counted" if number % 2 else "refused") for number in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert (await count_rows(database, ground.project.id))["ruling"] == 2
    (standing,) = (answer.json()["punch"]["outcome"] for answer in answers if answer.status_code == 201)
    (day,) = await stored_day(database, ground.project.id, ground.owner.person_id)
    assert day["punches"] == (1 if standing == "counted" else 0)


async def test_an_unknown_person_s_punch_can_be_ruled_on_without_a_day(
    ground: Ground, rule: Rule, clock: ManualClock, database: Database
) -> None:
    one = entry(ground.project.id, None, clock.now(), outcome="review")
    await append(database, [one], clock.now())
    assert (await rule(one.punch_id, outcome="refused")).status_code == 201
    assert (await count_rows(database, ground.project.id))["person_day"] == 0


@pytest.mark.parametrize(
    "body",
    [{"outcome": "review"}, {"outcome": "pending"}, {"note": ""}, {"note": None}, {"seq": "1"}, {"ruled_by": "me"}],
)
async def test_a_ruling_that_cannot_be_meant_is_refused(
    body: dict[str, Any], ground: Ground, rule: Rule, clock: ManualClock, database: Database
) -> None:
    one = entry(ground.project.id, ground.owner.person_id, clock.now(), outcome="review")
    await append(database, [one], clock.now())
    assert (await rule(one.punch_id, **body)).status_code == 422
    assert (await count_rows(database, ground.project.id))["ruling"] == 1


async def test_a_punch_of_another_project_is_unknown(
    ground: Ground, rule: Rule, clock: ManualClock, database: Database
) -> None:
    foreign = entry(uuid4(), ground.owner.person_id, clock.now(), outcome="review")
    await append(database, [foreign], clock.now())
    for punch_id in (foreign.punch_id, uuid4()):
        answer = await rule(punch_id)
        assert (answer.status_code, answer.json()["code"]) == (404, "ledger.punch_unknown")


async def test_a_token_s_scope_without_a_grant_that_carries_it_rules_nothing(
    ground: Ground, clock: ManualClock, client: AsyncClient, keys: MemoryKeyRing, database: Database
) -> None:
    """The token still says so for its fifteen minutes; the rows are asked of the grants."""
    one = entry(ground.project.id, ground.owner.person_id, clock.now(), outcome="review")
    await append(database, [one], clock.now())
    officer = await make_staff(database)
    await grant_role(database, officer, "owner", project_id=ground.project.id)
    answer = await client.post(
        f"/admin/v1/projects/{ground.project.id}/punches/{one.punch_id}/rulings",
        json={"outcome": "counted", "note": "x", "seq": 1},
        headers=bearer(keys, clock.now(), officer, "district", "owner"),
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "sites.project_unknown")
    assert (await count_rows(database, ground.project.id))["ruling"] == 1
