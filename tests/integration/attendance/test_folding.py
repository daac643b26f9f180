import asyncio
import random
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from backend.kit.db import Database
from backend.ledger.model import Entry
from tests.support.ledgers import Seen, append, entry, folded, stored_day

DAY = datetime(2026, 3, 16, 0, 0, tzinfo=UTC)  # 08:00 in Wuhan
NOW = datetime(2026, 3, 17, 12, 0, tzinfo=UTC)


def seen(entries: list[Entry]) -> list[Seen]:
    return [
        Seen(one.punch_id, one.occurred_at, one.outcome, one.source, dated=one.time_quality != "quarantined")
        for one in entries
    ]


@pytest.mark.parametrize("seed", range(12))
async def test_any_order_of_arrival_makes_the_day_of_the_oracle(seed: int, database: Database) -> None:
    draw = random.Random(seed)
    project, person = uuid4(), uuid4()
    entries = [
        entry(
            project,
            person,
            DAY + timedelta(minutes=draw.choice([0, 3, 7, 120, 239, 240, 241, 500, 720])),
            outcome=outcome,
            source=draw.choice(["gate", "phone"]),
            time_quality="quarantined" if outcome == "review" and draw.random() < 0.5 else "device",
            received_at=NOW,
        )
        for outcome in draw.choices(["counted", "counted", "review", "refused"], k=draw.randrange(1, 9))
    ]
    draw.shuffle(entries)
    done: list[Entry] = []
    while entries:
        batch = [entries.pop() for _ in range(min(len(entries), draw.randrange(1, 4)))]
        done += batch
        _, (told,) = await append(database, batch, NOW)
        (day,) = await stored_day(database, project, person)
        expected = folded(seen(done))
        assert {name: day[name] for name in expected} == expected
        assert (told.punches, told.span_s, told.valid) == (day["punches"], day["span_s"], day["valid"])


async def test_late_entries_open_their_own_old_day(database: Database) -> None:
    project, person = uuid4(), uuid4()
    await append(database, [entry(project, person, DAY + timedelta(days=5))], NOW + timedelta(days=5))
    late = [
        entry(project, person, DAY + timedelta(hours=hours), received_at=NOW + timedelta(days=9)) for hours in (0, 9)
    ]
    await append(database, late, NOW + timedelta(days=9))
    days = await stored_day(database, project, person)
    assert [(day["work_on"], day["punches"], day["valid"]) for day in days] == [
        (date(2026, 3, 16), 2, True),
        (date(2026, 3, 21), 1, False),
    ]
    assert days[0]["computed_at"] == NOW + timedelta(days=9)


async def test_a_late_entry_between_two_moves_neither_first_nor_last(database: Database) -> None:
    project, person = uuid4(), uuid4()
    ends = [entry(project, person, DAY), entry(project, person, DAY + timedelta(hours=8))]
    await append(database, ends, NOW)
    between = entry(project, person, DAY + timedelta(hours=4), received_at=NOW)
    await append(database, [between], NOW)
    (day,) = await stored_day(database, project, person)
    assert day["entries"] == [ends[0].punch_id, between.punch_id, ends[1].punch_id]
    assert (day["span_s"], day["revision"]) == (8 * 3600, 1)


async def test_what_has_no_time_that_can_be_is_no_part_of_a_day(database: Database) -> None:
    project, person = uuid4(), uuid4()
    await append(database, [entry(project, person, DAY)], NOW)
    quarantined = entry(project, person, DAY + timedelta(hours=9), outcome="review", time_quality="quarantined")
    await append(database, [quarantined], NOW)
    (day,) = await stored_day(database, project, person)
    assert (day["punches"], day["in_review"], day["valid"], day["provisional"]) == (1, 0, False, False)
    # One of the same hour in review does count provisionally.
    await append(database, [entry(project, person, DAY + timedelta(hours=9), outcome="review")], NOW)
    (day,) = await stored_day(database, project, person)
    assert (day["in_review"], day["provisional"]) == (1, True)


async def test_a_repeated_batch_leaves_everything_as_it_is(database: Database) -> None:
    project, person = uuid4(), uuid4()
    batch = [entry(project, person, DAY + timedelta(hours=hours)) for hours in (0, 5)]
    first, _ = await append(database, batch, NOW)
    (before,) = await stored_day(database, project, person)
    again = [entry(project, person, one.occurred_at, **dedupe_of(one)) for one in batch]
    second, _ = await append(database, again, NOW)
    (after,) = await stored_day(database, project, person)
    assert [one.status for one in first + second] == ["new", "new", "replayed", "replayed"]
    assert [one.receipt for one in second] == [one.receipt for one in first]
    assert {**before, "revision": 0} == {**after, "revision": 0}


async def test_one_id_twice_in_a_batch_is_taken_once(database: Database) -> None:
    project, person = uuid4(), uuid4()
    one = entry(project, person, DAY)
    same = entry(project, person, DAY, **dedupe_of(one))
    other = entry(project, person, DAY, **{**dedupe_of(one), "payload_digest": "ab" * 32})
    done, _ = await append(database, [one, same, other], NOW)
    statuses = sorted(item.status for item in done)
    assert statuses in (["conflict", "new", "replayed"], ["conflict", "conflict", "new"])
    assert len({item.receipt.punch_id for item in done}) == 1
    (day,) = await stored_day(database, project, person)
    assert day["punches"] == 1


def dedupe_of(one: Entry) -> dict[str, object]:
    return {"source_id": one.source_id, "event_key": one.event_key, "payload_digest": one.payload_digest}


async def test_batches_over_the_same_people_in_opposite_orders_do_not_fail(database: Database) -> None:
    """Locks are taken sorted; what deadlocks nevertheless is retried by `in_ledger_transaction` at the edges."""
    project = uuid4()
    people = [uuid4() for _ in range(12)]

    def batch(order: list[UUID], hour: int) -> list[Entry]:
        return [entry(project, person, DAY + timedelta(hours=hour)) for person in order]

    await asyncio.gather(
        *(append(database, batch(people if hour % 2 else people[::-1], hour), NOW) for hour in range(8))
    )
    for person in people:
        (day,) = await stored_day(database, project, person)
        assert (day["punches"], day["span_s"], day["valid"]) == (8, 7 * 3600, True)


async def test_a_review_makes_a_day_provisional_until_it_is_ruled_on(database: Database) -> None:
    project, person = uuid4(), uuid4()
    _, (told,) = await append(
        database,
        [entry(project, person, DAY), entry(project, person, DAY + timedelta(hours=6), outcome="review")],
        NOW,
    )
    assert (told.punches, told.in_review, told.valid, told.provisional) == (1, 1, False, True)


async def test_days_of_two_projects_are_two_days(database: Database) -> None:
    person, projects = uuid4(), (uuid4(), uuid4())
    await append(database, [entry(project, person, DAY) for project in projects], NOW)
    for project in projects:
        (day,) = await stored_day(database, project, person)
        assert day["punches"] == 1
