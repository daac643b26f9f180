"""Check-ins and queued punches that name a proof of presence: judged by whose it is, taken once, told in words."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient, Response
from litestar import Litestar

from backend.evidence.ways.model import LIFE, ProofOutcome, Way
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from tests.integration.mobile_api.conftest import MakeGround, Tap
from tests.support.ledgers import count_rows
from tests.support.phones import Ground, fix, open_phone, tap
from tests.support.proofs import prove, uses_of
from tests.support.queues import PATH, QueuePhone, register

REQUIRED = {"presence": "required"}
Sync = Callable[[QueuePhone], Awaitable[list[dict[str, Any]]]]


@pytest.fixture
async def ground(make: MakeGround) -> Ground:
    """Make a ground of two people that requires proofs."""
    return await make(people=2, policy=REQUIRED)


@pytest.fixture
def sync(client: AsyncClient, clock: ManualClock) -> Sync:
    """Send a phone's queue when it is the phone's true time; gives the results."""

    async def sent(phone: QueuePhone) -> list[dict[str, Any]]:
        if phone.at > clock.now():
            clock.advance(phone.at - clock.now())
        body = phone.body()
        answer = await client.post(PATH, content=body, headers=phone.headers(body))
        assert answer.status_code == 200, answer.text
        return answer.json()["results"]

    return sent


def presence(answer: Response | dict[str, Any]) -> tuple[str, list[str]]:
    """Return outcome and the reasons that are about presence."""
    told = answer if isinstance(answer, dict) else answer.json()
    codes = [reason["code"] for reason in told["reasons"]]
    return told["outcome"], [code.removeprefix("decision.presence_") for code in codes if "presence" in code]


@pytest.mark.parametrize("way", get_args(Way))
async def test_every_way_is_worth_the_same(
    way: Way, ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    proof_id = await prove(database, ground, clock.now(), way=way)
    body = tap(clock.now(), ground.project.id, proof_id=str(proof_id))
    answer = await send(ground.owner, body)
    assert (answer.status_code, presence(answer)) == (201, ("counted", ["proven"]))
    assert await uses_of(database, proof_id) == [UUID(answer.json()["punch_id"])]
    again = (await send(ground.owner, body)).json()
    assert {**again, "replayed": False} == answer.json()
    assert len(await uses_of(database, proof_id)) == 1


@pytest.mark.parametrize("outcome", get_args(ProofOutcome))
async def test_the_ruling_does_not_depend_on_the_way(
    outcome: ProofOutcome, ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    rulings: list[Any] = []
    for way in get_args(Way):
        proof_id = await prove(database, ground, clock.now(), way=way, outcome=outcome)
        told = (await send(ground.owner, tap(clock.now(), ground.project.id, proof_id=str(proof_id)))).json()
        rulings.append((told["outcome"], told["reasons"]))
    assert all(ruling == rulings[0] for ruling in rulings)


async def test_each_fault_is_told_and_leaves_the_proof_for_its_own_punch(
    ground: Ground, make: MakeGround, send: Tap, clock: ManualClock, database: Database
) -> None:
    owner, other = ground.owners
    elsewhere = await make()
    async with database.transaction() as tx:
        second = await open_phone(tx, owner, clock.now())
    proofs = {
        "wrong_person": await prove(database, ground, clock.now(), owner=other),
        "wrong_phone": await prove(database, ground, clock.now(), owner=second),
        "wrong_project": await prove(database, elsewhere, clock.now(), owner=owner),
        "expired": await prove(database, ground, clock.now() - LIFE * 1.01),
        "unknown": uuid4(),
    }
    for fault, proof_id in proofs.items():
        answer = await send(owner, tap(clock.now(), ground.project.id, proof_id=str(proof_id)))
        assert presence(answer) == ("refused", [fault])
        (reason,) = (one for one in answer.json()["reasons"] if "presence" in one["code"])
        assert reason["title"]
        assert reason["advice"]
        assert await uses_of(database, proof_id) == []
    # What somebody else tried with it does not spoil it.
    answer = await send(other, tap(clock.now(), ground.project.id, proof_id=str(proofs["wrong_person"])))
    assert presence(answer) == ("counted", ["proven"])


@pytest.mark.parametrize(
    ("outcome", "ruled", "told"),
    [
        ("not_evaluated", "review", "not_evaluated"),
        ("review", "review", "in_doubt"),
        ("failed", "refused", "failed"),
    ],
)
async def test_what_was_not_passed_is_never_called_passed(
    outcome: ProofOutcome, ruled: str, told: str, ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    proof_id = await prove(database, ground, clock.now(), outcome=outcome)
    answer = await send(ground.owner, tap(clock.now(), ground.project.id, proof_id=str(proof_id)))
    assert presence(answer) == (ruled, [told])


async def test_without_a_proof_the_policy_speaks(make: MakeGround, send: Tap, clock: ManualClock) -> None:
    for policy, ruled in (("required", "refused"), ("review_without", "review"), ("not_required", "counted")):
        ground = await make(policy={"presence": policy})
        missing = [] if policy == "not_required" else ["missing"]
        assert presence(await send(ground.owner, tap(clock.now(), ground.project.id))) == (ruled, missing)


async def test_a_proof_does_not_make_up_for_the_place(
    ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    proof_id = await prove(database, ground, clock.now())
    answer = await send(ground.owner, tap(clock.now(), ground.project.id, proof_id=str(proof_id), fixes=[fix(3000)]))
    assert answer.json()["outcome"] == "refused"
    assert len(await uses_of(database, proof_id)) == 1


async def test_a_tap_of_an_older_app_is_the_same_before_and_after(
    ground: Ground, send: Tap, clock: ManualClock, app: Litestar
) -> None:
    """Its digest must not change: what was begun before the server knew of proofs is repeated after."""
    import msgspec

    from mobile_api.schemas import CheckInRequest

    body = tap(clock.now(), ground.project.id)
    read = msgspec.json.decode(msgspec.json.encode(body), type=CheckInRequest)
    before = msgspec.defstruct(
        "Before", [(name, Any) for name in CheckInRequest.__struct_fields__ if name != "proof_id"], frozen=True
    )
    known = before(**{name: getattr(read, name) for name in before.__struct_fields__})
    digests = app.state.wiring.fingerprints
    assert digests.of(read) == digests.of(known)
    assert (await send(ground.owner, body)).status_code == 201


async def test_twenty_times_two_people_reach_for_one_proof(
    ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    """Ten taps with ids of their own at once name one proof: one takes it, the others are told that it is used."""
    for _ in range(20):
        clock.advance(timedelta(minutes=61))
        proof_id = await prove(database, ground, clock.now())
        bodies = [tap(clock.now(), ground.project.id, proof_id=str(proof_id)) for _ in range(10)]
        answers = await asyncio.gather(*(send(ground.owner, body) for body in [*bodies, *bodies[:3]]))
        assert {answer.status_code for answer in answers} == {201}
        told = {answer.json()["punch_id"]: presence(answer) for answer in answers}
        assert sorted(told.values()) == [("counted", ["proven"])] + [("refused", ["used"])] * 9
        (taken,) = await uses_of(database, proof_id)
        assert told[str(taken)] == ("counted", ["proven"])


async def test_twenty_times_two_servers_reach_for_one_proof(
    ground: Ground,
    send: Tap,
    clock: ManualClock,
    database: Database,
    database_url: str,
    keys: Any,
    tmp_path: Any,
) -> None:
    """Two processes do not gather together: the database itself lets one of them have it."""
    from tests.support.apps import client_of, running_app

    async with running_app(database_url, tmp_path, clock=clock, keys=keys) as second, client_of(second) as there:
        for _ in range(20):
            clock.advance(timedelta(minutes=61))
            proof_id = await prove(database, ground, clock.now())
            mine, theirs = (
                [tap(clock.now(), ground.project.id, proof_id=str(proof_id)) for _ in range(3)] for _ in range(2)
            )
            headers = ground.owner.headers(clock.now())
            answers = await asyncio.gather(
                *(send(ground.owner, body) for body in mine),
                *(there.post("/mobile/v1/check-ins", json=body, headers=headers) for body in theirs),
            )
            assert (
                sorted(presence(answer) for answer in answers)
                == [("counted", ["proven"])] + [("refused", ["used"])] * 5
            )
            assert len(await uses_of(database, proof_id)) == 1


async def _phone(ground: Ground, database: Database, app: Litestar, clock: ManualClock) -> QueuePhone:
    phone = QueuePhone(ground.owner.phone_id, clock.now())
    async with database.transaction() as tx:
        await register(tx, phone)
    phone.fetches_pack(app.state.wiring.anchors)
    return phone


async def test_queued_punches_name_proofs_too(
    ground: Ground, app: Litestar, clock: ManualClock, database: Database, sync: Sync
) -> None:
    phone = await _phone(ground, database, app, clock)
    phone.passes(timedelta(minutes=10))
    made = phone.at
    good = await prove(database, ground, made, trust="offline", way="site_qr")
    late = await prove(database, ground, made + timedelta(hours=2), trust="offline", way="face")
    given = {"proven_offline": good, "used": good, "expired": late, "unknown": uuid4(), "missing": None}
    for proof_id in given.values():
        phone.punches(ground.project.id, proof_id=None if proof_id is None else str(proof_id))
        phone.passes(timedelta(seconds=30))
    phone.passes(timedelta(hours=3))
    results = await sync(phone)
    # What could not be had without network is never a refusal.
    assert [presence(one["punch"]) for one in results] == [
        ("counted", ["proven_offline"]),
        ("refused", ["used"]),
        ("review", ["expired"]),
        ("review", ["unknown"]),
        ("review", ["missing"]),
    ]
    again = await sync(phone)
    assert [one["punch"] for one in again] == [one["punch"] for one in results]
    assert await uses_of(database, good) == [UUID(results[0]["punch"]["punch_id"])]
    assert await uses_of(database, late) == []


async def test_a_tap_tried_on_line_and_queued_takes_its_proof_once(
    ground: Ground, app: Litestar, clock: ManualClock, database: Database, sync: Sync, send: Tap
) -> None:
    phone = await _phone(ground, database, app, clock)
    phone.passes(timedelta(minutes=1))
    proof_id = await prove(database, ground, clock.now())
    body = tap(clock.now(), ground.project.id, proof_id=str(proof_id))
    first = await send(ground.owner, body)
    phone.punches(ground.project.id, event_id=body["event_id"], proof_id=str(proof_id))
    phone.passes(timedelta(minutes=1))
    (result,) = await sync(phone)
    assert (result["status"], result["punch"]["punch_id"]) == ("duplicate", first.json()["punch_id"])
    assert (await count_rows(database, ground.project.id))["punch"] == 1
    assert await uses_of(database, proof_id) == [UUID(first.json()["punch_id"])]
