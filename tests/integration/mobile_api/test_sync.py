"""Queues over HTTP: recorded once, answered again for ever, in any order, whoever the person is by now."""

from datetime import timedelta
from typing import Any

from httpx import AsyncClient, Response
from sqlalchemy import text, update

from backend.identity.tables import Account, PhoneBinding, PhoneKeyRow, SessionFamily
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.ids import new_id
from tests.integration.mobile_api.conftest import Sync
from tests.support.phones import Ground, open_phone, tap
from tests.support.queues import Item, QueuePhone, item_fix, register


def told(answer: Response) -> list[tuple[str, str | None]]:
    """Return status and outcome (or code) of each result."""
    assert answer.status_code == 200, answer.text
    return [
        (one["status"], one["punch"]["outcome"] if one["punch"] else one["code"]) for one in answer.json()["results"]
    ]


def codes(result: dict[str, Any]) -> list[str]:
    return [reason["code"].removeprefix("decision.") for reason in result["punch"]["reasons"]]


async def test_a_day_without_network_is_counted(
    ground: Ground, phone: QueuePhone, sync: Sync, client: AsyncClient, clock: ManualClock
) -> None:
    phone.passes(timedelta(minutes=10))
    made = [phone.at]
    phone.punches(ground.project.id)
    phone.passes(timedelta(hours=5))
    made.append(phone.at)
    phone.punches(ground.project.id)
    phone.passes(timedelta(hours=1))
    answer = await sync(phone)
    assert told(answer) == [("recorded", "counted")] * 2
    results = answer.json()["results"]
    assert [codes(one) for one in results] == [["inside_fence", "recorded_offline"]] * 2
    for one, at in zip(results, made, strict=True):
        assert abs((_instant(one["punch"]["occurred_at"]) - at).total_seconds()) <= 1
    assert answer.json()["missing"] == {"counters": [], "photos": []}
    assert answer.json()["highest_counter"] == 2
    assert answer.json()["anchor"]["pack_id"]
    month = await client.get(
        f"/mobile/v1/months/{made[0].astimezone().strftime('%Y-%m')}", headers=ground.owner.headers(clock.now())
    )
    days = [day for day in month.json()["days"] if day["project_id"] == str(ground.project.id)]
    assert [(day["punches"], day["valid"]) for day in days] == [(2, True)]


async def test_repeated_for_ever_with_the_same_receipts(ground: Ground, phone: QueuePhone, sync: Sync) -> None:
    phone.passes(timedelta(minutes=1))
    for _ in range(3):
        phone.punches(ground.project.id)
        phone.passes(timedelta(minutes=1))
    first = (await sync(phone)).json()["results"]
    for _ in range(2):
        phone.passes(timedelta(days=1))
        again = (await sync(phone)).json()["results"]
        assert [one["status"] for one in again] == ["duplicate"] * 3
        assert [one["punch"] for one in again] == [one["punch"] for one in first]


async def test_out_of_order_and_in_parts(ground: Ground, phone: QueuePhone, sync: Sync) -> None:
    for _ in range(4):
        phone.passes(timedelta(minutes=5))
        phone.punches(ground.project.id)
    one, two, three, four = phone.queue
    late = await sync(phone, [four, three])
    assert told(late) == [("recorded", "counted")] * 2
    assert late.json()["missing"]["counters"] == [[1, 2]]
    assert "sequence_gap" in codes(late.json()["results"][1])
    rest = await sync(phone, [two, four, one, one])
    assert told(rest) == [
        ("recorded", "counted"),
        ("duplicate", "counted"),
        ("recorded", "counted"),
        ("duplicate", "counted"),
    ]
    assert rest.json()["missing"]["counters"] == []


async def test_a_gap_that_closes_is_ruled_on_again(
    ground: Ground, phone: QueuePhone, sync: Sync, client: AsyncClient, clock: ManualClock
) -> None:
    # The page was closed in between: only a wall clock and a whole chain say when it was.
    phone.passes(timedelta(minutes=5))
    phone.punches(ground.project.id)
    phone.restarts()
    phone.passes(timedelta(minutes=5))
    phone.punches(ground.project.id)
    phone.restarts()
    phone.passes(timedelta(minutes=5))
    before, after = phone.queue
    late = await sync(phone, [after])
    assert told(late) == [("recorded", "review")]
    assert {"sequence_gap", "time_unproven"} <= set(codes(late.json()["results"][0]))
    closed = await sync(phone, [before])
    assert told(closed) == [("recorded", "counted")]
    own = (await client.get("/mobile/v1/punches", headers=ground.owner.headers(clock.now()))).json()["items"]
    assert [one["outcome"] for one in own] == ["counted", "counted"]
    reasons = {reason["code"]: reason["numbers"] for reason in own[0]["reasons"]}
    assert reasons.keys() == {"decision.inside_fence", "decision.recorded_offline"}
    assert reasons["decision.recorded_offline"]["time_quality"] == "bracketed"
    assert (await sync(phone)).json()["results"][1]["punch"] == late.json()["results"][0]["punch"]


async def test_a_gap_that_something_else_fills_stays_one(
    ground: Ground, phone: QueuePhone, sync: Sync, client: AsyncClient, clock: ManualClock
) -> None:
    phone.passes(timedelta(minutes=5))
    first = phone.punches(ground.project.id)
    phone.restarts()
    phone.passes(timedelta(minutes=5))
    lost = phone.punches(ground.project.id)
    phone.restarts()
    phone.passes(timedelta(minutes=5))
    last = phone.punches(ground.project.id)
    phone.restarts()
    phone.passes(timedelta(minutes=5))
    assert told(await sync(phone, [first, last])) == [("recorded", "counted"), ("recorded", "review")]
    other = phone.signed({**lost.value, "salt": "A" * 22, "event_id": str(new_id(phone.at))})
    answer = await sync(phone, [other])
    assert (told(answer), "chain_broken" in codes(answer.json()["results"][0])) == ([("recorded", "review")], True)
    own = (await client.get("/mobile/v1/punches", headers=ground.owner.headers(clock.now()))).json()["items"]
    assert [one["outcome"] for one in own] == ["review", "review", "counted"]


async def test_one_bad_item_never_spoils_the_others(ground: Ground, phone: QueuePhone, sync: Sync) -> None:
    phone.passes(timedelta(minutes=5))
    good = phone.punches(ground.project.id)
    forged = phone.punches(ground.project.id, keep=False)
    forged.signature = good.signature
    far = phone.punches(ground.project.id, keep=False, fixes=[item_fix(lon_e7=0, lat_e7=0)])
    unknown = phone.punches(phone.phone_id, keep=False)
    items = [
        {"item": "{}", "signature": "AA"},
        good,
        "what",
        forged,
        far,
        unknown,
        {"item": good.text + " ", "signature": "A"},
    ]
    answer = await sync(phone, items)
    assert told(answer) == [
        ("rejected", "offline.item_malformed"),
        ("recorded", "counted"),
        ("rejected", "offline.item_malformed"),
        ("rejected", "offline.item_forged"),
        ("rejected", "geofences.out_of_china"),
        ("rejected", "mobile.project_unknown"),
        ("rejected", "offline.item_malformed"),
    ]
    assert answer.json()["results"][3]["counter"] == 2


async def test_whoever_left_or_changed_his_phone_is_judged_by_then(
    ground: Ground, phone: QueuePhone, sync: Sync, database: Database
) -> None:
    phone.passes(timedelta(minutes=5))
    phone.punches(ground.project.id)
    phone.passes(timedelta(hours=1))
    async with database.transaction() as tx:
        await tx.execute(
            update(PhoneBinding)
            .where(PhoneBinding.phone_id == phone.phone_id)
            .values(ended_at=phone.at, end_reason="replaced")
        )
        await tx.execute(
            update(Account).where(Account.id == ground.owner.account_id).values(state="disabled", disabled_at=phone.at)
        )
        await tx.execute(
            update(SessionFamily)
            .where(SessionFamily.id == ground.owner.family_id)
            .values(revoked_at=phone.at, revoke_reason="disabled")
        )
    phone.passes(timedelta(hours=1))
    phone.punches(ground.project.id)
    answer = await sync(phone)
    assert told(answer) == [("recorded", "counted"), ("recorded", "review")]
    assert "phone_ended" in codes(answer.json()["results"][1])


async def test_the_same_tap_on_line_and_queued_is_one_punch(
    ground: Ground, phone: QueuePhone, sync: Sync, client: AsyncClient, clock: ManualClock
) -> None:
    online = tap(clock.now(), ground.project.id)
    answer = await client.post("/mobile/v1/check-ins", json=online, headers=ground.owner.headers(clock.now()))
    assert answer.status_code == 201
    phone.punches(ground.project.id, event_id=online["event_id"])
    for _ in range(2):
        phone.passes(timedelta(minutes=5))
        queued = await sync(phone)
        assert told(queued) == [("duplicate", "counted")]
        assert queued.json()["results"][0]["punch"]["punch_id"] == answer.json()["punch_id"]


async def test_one_event_id_with_other_content_is_a_conflict(ground: Ground, phone: QueuePhone, sync: Sync) -> None:
    first = phone.punches(ground.project.id)
    phone.passes(timedelta(minutes=5))
    phone.punches(ground.project.id, event_id=first.value["event_id"], direction="out")
    for expected in ("recorded", "duplicate"):
        answer = (await sync(phone)).json()
        assert [one["status"] for one in answer["results"]] == [expected, "conflict"]
        assert answer["results"][0]["punch"] == answer["results"][1]["punch"]
        assert answer["missing"]["counters"] == []


async def test_a_counter_that_stands_twice_is_reviewed_and_alarms(
    ground: Ground, phone: QueuePhone, sync: Sync, database: Database
) -> None:
    phone.passes(timedelta(minutes=5))
    twin = phone.punches(ground.project.id, keep=False)
    phone.punches(ground.project.id)
    assert told(await sync(phone)) == [("recorded", "counted")]
    answer = await sync(phone, [twin])
    assert told(answer) == [("recorded", "review")]
    assert "counter_reused" in codes(answer.json()["results"][0])
    async with database.transaction() as tx:
        alarms = (
            await tx.execute(
                text("SELECT counter, digest FROM phone_key_alarm WHERE key_id = :key"), {"key": phone.signing.id}
            )
        ).all()
    assert [tuple(one) for one in alarms] == [(1, twin.digest)]


async def test_an_old_key_s_queue_is_taken_by_the_phone_s_new_key(
    ground: Ground, phone: QueuePhone, sync: Sync, database: Database
) -> None:
    phone.passes(timedelta(minutes=5))
    old: Item = phone.punches(ground.project.id)
    phone.passes(timedelta(minutes=5))
    renewed = QueuePhone(phone.phone_id, phone.at, tokens=phone.tokens)
    async with database.transaction() as tx:
        await tx.execute(update(PhoneKeyRow).where(PhoneKeyRow.id == phone.signing.id).values(ended_at=phone.at))
        await register(tx, renewed)
    assert told(await sync(renewed, [old])) == [("recorded", "counted")]


async def test_another_phone_s_items_are_refused(
    ground: Ground, phone: QueuePhone, sync: Sync, database: Database, clock: ManualClock
) -> None:
    mine = phone.punches(ground.project.id)
    async with database.transaction() as tx:
        owner = await open_phone(tx, ground.owner, clock.now())
        other = await register(tx, QueuePhone(owner.phone_id, clock.now()))
    assert told(await sync(other, [mine])) == [("rejected", "offline.item_foreign")]
    assert told(await sync(phone)) == [("recorded", "counted")]


def _instant(text_: str) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(text_)
