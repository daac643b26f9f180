"""What people tap at the same moment, over one pool, in one process."""

import asyncio
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.ids import new_id
from tests.integration.mobile_api.conftest import MakeGround, Tap
from tests.support.ledgers import Seen, count_rows, folded, stored_day
from tests.support.phones import Ground, fix, open_phone, tap

EIGHT = range(8)


async def test_eight_taps_with_one_id_are_one_punch(
    ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    body = tap(clock.now(), ground.project.id)
    answers = await asyncio.gather(*(send(ground.owner, body) for _ in EIGHT))
    assert {answer.status_code for answer in answers} == {201}
    told = [answer.json() for answer in answers]
    assert len({one["punch_id"] for one in told}) == 1
    assert sorted(one["replayed"] for one in told) == [False] + [True] * 7
    rows = await count_rows(database, ground.project.id)
    assert rows["punch"] == rows["ruling"] == rows["punch_status"] == rows["ledger_outbox"] == 1
    (day,) = await stored_day(database, ground.project.id, ground.owner.person_id)
    assert (day["punches"], day["revision"]) == (1, 0)


async def test_eight_contents_with_one_id_are_one_punch_and_seven_conflicts(
    ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    event_id = str(new_id(clock.now()))
    bodies = [tap(clock.now(), ground.project.id, event_id=event_id, fixes=[fix(float(east))]) for east in EIGHT]
    answers = await asyncio.gather(*(send(ground.owner, body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    (taken,) = (answer.json()["punch_id"] for answer in answers if answer.status_code == 201)
    assert {answer.json()["punch_id"] for answer in answers} == {taken}
    assert (await count_rows(database, ground.project.id))["punch"] == 1


async def test_eight_taps_with_eight_ids_are_eight_punches_and_one_right_day(
    ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    first = await send(ground.owner, tap(clock.now(), ground.project.id))
    clock.advance(timedelta(hours=5))
    # Counted, reviewed and refused ones mixed.
    fixes = [fix(float(east)) if east % 4 else fix(0.0, mock=True) for east in EIGHT]
    fixes[7] = fix(3000.0)
    bodies = [tap(clock.now(), ground.project.id, fixes=[one]) for one in fixes]
    answers = [first, *await asyncio.gather(*(send(ground.owner, body) for body in bodies))]
    assert {answer.status_code for answer in answers} == {201}
    seen = [
        Seen(UUID(one["punch_id"]), at, one["outcome"], "phone")
        for one, at in (
            (answer.json(), clock.now() if index else clock.now() - timedelta(hours=5))
            for index, answer in enumerate(answers)
        )
    ]
    assert len({one.punch_id for one in seen}) == 9
    assert (await count_rows(database, ground.project.id))["punch"] == 9
    (day,) = await stored_day(database, ground.project.id, ground.owner.person_id)
    expected = folded(seen)
    assert {name: day[name] for name in expected} == expected
    assert (day["punches"], day["in_review"], day["valid"]) == (6, 2, True)
    # Taps that share a transaction share its fold.
    assert 1 <= day["revision"] <= 8


async def test_many_people_on_many_phones_at_once(
    make: MakeGround, send: Tap, clock: ManualClock, database: Database
) -> None:
    """Two phones of each of six people tap three ids twice: no deadlock, nothing double, each day right."""
    ground = await make(people=6)
    async with database.transaction() as tx:
        second = [await open_phone(tx, owner, clock.now()) for owner in ground.owners]
    bodies = [(owner, tap(clock.now(), ground.project.id)) for owner in [*ground.owners, *second] for _ in range(3)]
    answers = await asyncio.gather(*(send(owner, body) for owner, body in [*bodies, *reversed(bodies)]))
    assert {answer.status_code for answer in answers} == {201}
    assert sum(not answer.json()["replayed"] for answer in answers) == len(bodies)
    assert (await count_rows(database, ground.project.id))["punch"] == len(bodies)
    for owner in ground.owners:
        (day,) = await stored_day(database, ground.project.id, owner.person_id)
        assert (day["punches"], len(set(day["entries"]))) == (6, 6)


async def test_a_month_s_first_punches_at_once_share_one_key(
    make: MakeGround, send: Tap, clock: ManualClock, database: Database
) -> None:
    ground = await make(people=8)
    answers = await asyncio.gather(*(send(owner, tap(clock.now(), ground.project.id)) for owner in ground.owners))
    assert {answer.status_code for answer in answers} == {201}
    from sqlalchemy import text

    async with database.transaction() as tx:
        keys = (
            await tx.execute(
                text("SELECT DISTINCT key_id FROM punch_private WHERE project_id = :id"), {"id": ground.project.id}
            )
        ).all()
    assert len(keys) == 1


async def test_a_row_that_somebody_holds_delays_nobody_else(
    send: Tap, clock: ManualClock, database: Database, make: MakeGround
) -> None:
    ground = await make(people=2)
    _, other = ground.owners
    await send(ground.owner, tap(clock.now(), ground.project.id))
    async with database.transaction() as holder:
        held = await holder.execute(
            text("SELECT FROM person_day WHERE project_id = :project AND person_id = :person FOR UPDATE"),
            {"project": ground.project.id, "person": ground.owner.person_id},
        )
        assert held.rowcount == 1
        waiting = asyncio.ensure_future(send(ground.owner, tap(clock.now(), ground.project.id)))
        answers = await asyncio.gather(*(send(other, tap(clock.now(), ground.project.id)) for _ in EIGHT))
        assert {answer.status_code for answer in answers} == {201}
        assert not waiting.done()
    assert (await waiting).status_code == 201
    (day,) = await stored_day(database, ground.project.id, ground.owner.person_id)
    assert day["punches"] == 2
