"""Queued punches and proofs in any order: what comes later is judged as it would have been; scans bear out time."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar
from sqlalchemy import text

from backend.evidence.ways.model import LIFE
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.ids import new_id
from mobile_api.photo_waits import PhotoTools
from mobile_api.proof_waits import KEEP, settle_proof_waits
from tests.integration.mobile_api.conftest import MakeGround, Sync
from tests.support.phones import Ground
from tests.support.proofs import prove, uses_of
from tests.support.queues import QueuePhone

PREFIX = "decision."


@pytest.fixture
async def ground(make: MakeGround) -> Ground:
    """Make a ground that requires proofs."""
    return await make(policy={"presence": "required"})


@pytest.fixture
async def tools(app: Litestar, database: Database, clock: ManualClock) -> PhotoTools:
    """Give what the worker works with; what other tests' punches wait for is forgotten."""
    async with database.transaction() as tx:
        await tx.execute(text("DELETE FROM proof_wait"))
    return PhotoTools(database, app.state.wiring.fold_days, clock)


async def rulings(ground: Ground, database: Database) -> list[tuple[str, set[str]]]:
    """Return outcome and reasons of every ruling, by punch and then oldest first."""
    async with database.transaction() as tx:
        rows = await tx.execute(
            text("SELECT outcome, reasons FROM ruling WHERE project_id = :id ORDER BY punch_id, seq"),
            {"id": ground.project.id},
        )
        return [(outcome, {one["code"].removeprefix(PREFIX) for one in told}) for outcome, told in rows]


async def waits(database: Database) -> int:
    async with database.transaction() as tx:
        return await tx.scalar(text("SELECT count(*) FROM proof_wait")) or 0


def punch(answer: Any, place: int = 0) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return answer.json()["results"][place]["punch"]


async def test_frames_that_come_after_the_queue_are_judged_with_it(
    ground: Ground, phone: QueuePhone, sync: Sync, tools: PhotoTools
) -> None:
    phone.passes(timedelta(minutes=5))
    proof_id, made_at = new_id(phone.at), phone.at
    phone.punches(ground.project.id, proof_id=str(proof_id))
    phone.passes(timedelta(hours=2))
    first = punch(await sync(phone))
    assert (first["outcome"], await waits(tools.database)) == ("review", 1)
    assert await settle_proof_waits(tools) == 0
    await prove(tools.database, ground, made_at, way="face", trust="offline", proof_id=proof_id)
    assert await settle_proof_waits(tools) == 1
    assert await rulings(ground, tools.database) == [
        ("review", {"inside_fence", "recorded_offline", "presence_unknown"}),
        ("counted", {"inside_fence", "recorded_offline", "presence_proven_offline"}),
    ]
    assert await uses_of(tools.database, proof_id) == [UUID(first["punch_id"])]
    assert (await settle_proof_waits(tools), await waits(tools.database)) == (0, 0)
    assert punch(await sync(phone)) == first, "the receipt stays what it was"


async def test_one_proof_is_taken_by_the_earlier_of_two_punches(
    ground: Ground, phone: QueuePhone, sync: Sync, tools: PhotoTools
) -> None:
    phone.passes(timedelta(minutes=5))
    proof_id, made_at = new_id(phone.at), phone.at
    for _ in range(2):
        phone.punches(ground.project.id, proof_id=str(proof_id))
        phone.passes(timedelta(minutes=2))
    answer = await sync(phone)
    await prove(tools.database, ground, made_at, way="face", trust="offline", proof_id=proof_id)
    assert await settle_proof_waits(tools) == 2
    told = await rulings(ground, tools.database)
    assert sorted(outcome for outcome, _ in told) == ["counted", "refused", "review", "review"]
    assert next(reasons for outcome, reasons in told if outcome == "refused") >= {"presence_used"}
    assert await uses_of(tools.database, proof_id) == [UUID(punch(answer)["punch_id"])]


@pytest.mark.parametrize(
    ("changes", "reason", "outcome"),
    [
        ({"outcome": "failed"}, "presence_failed", "refused"),
        ({"outcome": "not_evaluated"}, "presence_not_evaluated", "review"),
        ({"shift": timedelta(hours=3)}, "presence_expired", "review"),
    ],
)
async def test_what_the_later_proof_shows_is_what_counts(
    changes: dict[str, Any], reason: str, outcome: str, ground: Ground, phone: QueuePhone, sync: Sync, tools: PhotoTools
) -> None:
    phone.passes(timedelta(minutes=5))
    proof_id, made_at = new_id(phone.at), phone.at
    phone.punches(ground.project.id, proof_id=str(proof_id))
    phone.passes(timedelta(hours=5))
    await sync(phone)
    given = {name: value for name, value in changes.items() if name != "shift"}
    shown_at = made_at + changes.get("shift", timedelta())
    await prove(tools.database, ground, shown_at, way="face", trust="offline", proof_id=proof_id, **given)
    assert await settle_proof_waits(tools) == 1
    last, reasons = (await rulings(ground, tools.database))[-1]
    assert (last, reason in reasons) == (outcome, True)


async def test_nothing_is_waited_for_for_ever(
    ground: Ground, phone: QueuePhone, sync: Sync, tools: PhotoTools, clock: ManualClock
) -> None:
    phone.passes(timedelta(minutes=5))
    phone.punches(ground.project.id, proof_id=str(new_id(phone.at)))
    await sync(phone)
    clock.advance(KEEP + timedelta(seconds=1))
    assert (await settle_proof_waits(tools), await waits(tools.database)) == (0, 0)


async def unproven(ground: Ground, phone: QueuePhone, **changes: Any) -> None:
    """Punch behind a restart and a missing item, so that nothing but its own clock says when."""
    phone.restarts()
    phone.passes(timedelta(hours=1))
    phone.punches(ground.project.id)
    phone.passes(timedelta(hours=1))
    phone.punches(ground.project.id, **changes)
    phone.restarts()
    phone.passes(timedelta(hours=3))


async def scan(ground: Ground, phone: QueuePhone, database: Database, **changes: Any) -> UUID:
    """Record a scan of the site's code, as its holder hands it in: shown from 20 s before the phone's hour to LIFE."""
    begin = changes.pop("begin", phone.at + timedelta(hours=2, seconds=-20))
    proof_id = new_id(begin)
    given: dict[str, Any] = {"way": "site_qr", "trust": "offline", "proof_id": proof_id, **changes}
    await prove(database, ground, begin, expires_at=begin + timedelta(seconds=30) + LIFE, **given)
    return proof_id


async def test_a_scan_bears_out_a_clock_that_nothing_else_does(
    ground: Ground, phone: QueuePhone, sync: Sync, database: Database
) -> None:
    proof_id = await scan(ground, phone, database)
    await unproven(ground, phone, proof_id=str(proof_id))
    made_at = phone.at - timedelta(hours=3)
    told = punch(await sync(phone, [phone.queue[-1]]))
    codes = {one["code"].removeprefix(PREFIX) for one in told["reasons"]}
    assert codes == {"inside_fence", "presence_proven_offline", "recorded_offline", "sequence_gap"}
    assert told["outcome"] == "counted"
    offline = next(one for one in told["reasons"] if one["code"] == "decision.recorded_offline")
    assert offline["numbers"]["time_quality"] == "bracketed"
    async with database.transaction() as tx:
        row = (
            await tx.execute(
                text("SELECT time_quality, occurred_at FROM punch WHERE project_id = :id"), {"id": ground.project.id}
            )
        ).one()
    assert row[0] == "bracketed"
    assert abs(row[1] - made_at) <= timedelta(minutes=2)


@pytest.mark.parametrize("other", ["another time", "another way", "none"])
async def test_only_a_scan_of_that_time_does(
    other: str, ground: Ground, phone: QueuePhone, sync: Sync, database: Database
) -> None:
    changes: dict[str, Any] = {}
    if other == "another time":
        changes = {"proof_id": str(await scan(ground, phone, database, begin=phone.at + timedelta(minutes=30)))}
    elif other == "another way":
        changes = {"proof_id": str(await scan(ground, phone, database, way="passkey"))}
    await unproven(ground, phone, **changes)
    told = punch(await sync(phone, [phone.queue[-1]]))
    assert told["outcome"] == "review"
    assert "decision.time_unproven" in {one["code"] for one in told["reasons"]}


async def test_a_scan_that_is_handed_in_after_the_queue_bears_the_clock_out_too(
    ground: Ground, phone: QueuePhone, sync: Sync, tools: PhotoTools
) -> None:
    begin, proof_id = phone.at + timedelta(hours=2, seconds=-20), new_id(phone.at)
    await unproven(ground, phone, proof_id=str(proof_id))
    assert punch(await sync(phone, [phone.queue[-1]]))["outcome"] == "review"
    times = {"expires_at": begin + timedelta(seconds=30) + LIFE}
    await prove(tools.database, ground, begin, way="site_qr", trust="offline", proof_id=proof_id, **times)
    assert await settle_proof_waits(tools) == 1
    assert (await rulings(ground, tools.database))[-1] == (
        "counted",
        {"inside_fence", "presence_proven_offline", "recorded_offline", "sequence_gap"},
    )
