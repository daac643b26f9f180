"""What nobody honest sends: refused with its code, and nothing written but that it was refused."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient, Response
from litestar import Litestar
from sqlalchemy import text

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from tests.integration.mobile_api.conftest import MakeGround
from tests.support.ledgers import count_rows
from tests.support.phones import Ground
from tests.support.queues import PATH, QueuePhone, Signing, register

QUEUE = """
SELECT (SELECT count(*) FROM phone_item WHERE key_id = :key), (SELECT seen::text FROM phone_queue WHERE key_id = :key)
"""
REFUSED = "SELECT code, times FROM phone_refusal WHERE key_id = :key"


class Victim:
    """A phone with one punch on record, and somebody who would like there to be more."""

    def __init__(
        self, ground: Ground, phone: QueuePhone, other: QueuePhone, client: AsyncClient, database: Database
    ) -> None:
        self.ground, self.phone, self.other = ground, phone, other
        self.client, self.database = client, database

    async def post(self, body: bytes, **headers: str) -> Response:
        return await self.client.post(PATH, content=body, headers={**self.phone.headers(body), **headers})

    async def refused(self) -> dict[str, int]:
        async with self.database.transaction() as tx:
            rows = await tx.execute(text(REFUSED), {"key": self.phone.signing.id})
            return {row[0]: row[1] for row in rows}

    async def state(self) -> Any:
        async with self.database.transaction() as tx:
            queue = (await tx.execute(text(QUEUE), {"key": self.phone.signing.id})).one()
        return await count_rows(self.database, self.ground.project.id), tuple(queue)


@pytest.fixture
async def victim(
    make: MakeGround, database: Database, client: AsyncClient, app: Litestar, clock: ManualClock
) -> AsyncIterator[Victim]:
    """Give a phone in whose name nothing more may be written."""
    ground = await make(people=2)
    phone, other = (QueuePhone(owner.phone_id, clock.now()) for owner in ground.owners)
    async with database.transaction() as tx:
        await register(tx, phone)
        await register(tx, other)
    for one in (phone, other):
        one.fetches_pack(app.state.wiring.anchors)
        one.passes(timedelta(minutes=5))
    clock.advance(timedelta(minutes=6))
    victim = Victim(ground, phone, other, client, database)
    phone.punches(ground.project.id)
    body = phone.body()
    assert (await victim.post(body)).json()["results"][0]["status"] == "recorded"
    phone.passes(timedelta(minutes=1))
    before = await victim.state()
    yield victim
    assert await victim.state() == before


async def one(victim: Victim, item: Any) -> str:
    """Send one item in the victim's own call and return the code by which it is rejected."""
    answer = await victim.post(victim.phone.body([item]))
    assert answer.status_code == 200, answer.text
    (result,) = answer.json()["results"]
    assert result["status"] == "rejected", result
    assert result["title"]
    assert await victim.refused() == {result["code"]: 1}
    return result["code"]


async def test_a_forged_signature(victim: Victim) -> None:
    item = victim.phone.punches(victim.ground.project.id, keep=False)
    forged = victim.phone.signed(item.value, Signing())
    assert await one(victim, forged) == "offline.item_forged"


async def test_a_signature_of_something_else(victim: Victim) -> None:
    item = victim.phone.punches(victim.ground.project.id, keep=False)
    item.signature = victim.phone.signing.sign(item.text.encode())
    assert await one(victim, item) == "offline.item_forged"


async def test_an_item_that_names_another_person_s_key(victim: Victim) -> None:
    item = victim.phone.punches(victim.ground.project.id, keep=False, key=victim.other.signing.id)
    assert await one(victim, item) == "offline.item_foreign"


async def test_a_replay_of_another_phone_s_item(victim: Victim) -> None:
    assert await one(victim, victim.other.punches(victim.ground.project.id)) == "offline.item_foreign"


async def test_a_key_that_nobody_registered(victim: Victim) -> None:
    item = victim.phone.punches(victim.ground.project.id, keep=False, key=Signing().id)
    assert await one(victim, item) == "offline.item_foreign"


async def test_a_truncated_chain(victim: Victim) -> None:
    item = victim.phone.punches(victim.ground.project.id, keep=False, prev=victim.phone.signing.id)
    assert await one(victim, item) == "offline.chain_truncated"


async def test_a_first_item_that_has_one_before(victim: Victim) -> None:
    item = victim.phone.punches(victim.ground.project.id, keep=False, counter=1)
    assert await one(victim, item) == "offline.chain_truncated"


async def test_a_counter_of_a_million(victim: Victim) -> None:
    item = victim.phone.punches(victim.ground.project.id, keep=False, counter=1_000_000)
    assert await one(victim, item) == "offline.counter_leap"


async def test_an_item_of_twenty_thousand_bytes(victim: Victim) -> None:
    item = victim.phone.punches(victim.ground.project.id, keep=False, app="x" * 20_000)
    assert await one(victim, item) == "offline.item_too_large"


@pytest.mark.parametrize(
    "changes",
    [
        {"counter": 2**53},
        {"counter": 0},
        {"counter": "2"},
        {"at": -1},
        {"at": 1.5},
        {"mono_ms": -1},
        {"v": 2},
        {"prev": "short"},
        {"boot": "not a uuid"},
        {"event_id": "0195a0b0-0000-4000-8000-000000000001"},
        {"surprise": True},
        {"fixes": [{}]},
        {"photos": ["A" * 64]},
        {"app": "\u0000"},
    ],
    ids=str,
)
async def test_an_item_of_another_form(victim: Victim, changes: dict[str, Any]) -> None:
    item = victim.phone.punches(victim.ground.project.id, keep=False, **changes)
    assert await one(victim, item) == "offline.item_malformed"


async def test_an_item_of_ten_megabytes(victim: Victim) -> None:
    body = victim.phone.body([victim.phone.punches(victim.ground.project.id, keep=False, app="x" * 10_000_000)])
    answer = await victim.post(body)
    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")
    assert await victim.refused() == {}


async def test_more_items_than_a_call_may_have(victim: Victim) -> None:
    answer = await victim.post(victim.phone.body([{"item": "", "signature": ""}] * 201))
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


async def test_a_call_that_the_key_did_not_sign(victim: Victim) -> None:
    body = victim.phone.body([victim.phone.punches(victim.ground.project.id, keep=False)])
    signed = {"X-Daogang-Phone-Signature": victim.other.signing.sign(body)}
    for headers in (signed, {"X-Daogang-Phone-Signature": "A" * 86}):
        answer = await victim.post(body, **headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "offline.signature_wrong")
    altered = await victim.client.post(PATH, content=body + b" ", headers=victim.phone.headers(body))
    assert altered.json()["code"] == "offline.signature_wrong"
    assert await victim.refused() == {"offline.signature_wrong": 3}


async def test_a_call_of_nobody(victim: Victim) -> None:
    body = victim.phone.body([])
    answer = await victim.post(body, **{"X-Daogang-Phone-Key": Signing().id})
    assert (answer.status_code, answer.json()["code"]) == (401, "offline.key_unknown")
    for name in ("X-Daogang-Phone-Key", "X-Daogang-Phone-Signature"):
        answer = await victim.post(body, **{name: "?"})
        assert (answer.status_code, answer.json()["code"]) == (401, "offline.signature_missing")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"items": []}', b"\xff", b'{"items": [' + b"[" * 5000], ids=repr)
async def test_bodies_that_are_none(victim: Victim, body: bytes) -> None:
    answer = await victim.post(body)
    assert answer.status_code in {400, 422}
    assert answer.json()["code"] in {"request.malformed", "request.invalid"}


async def test_an_anchor_of_another_phone_or_of_nobody_proves_nothing(victim: Victim) -> None:
    theirs = QueuePhone(victim.phone.phone_id, victim.phone.at, signing=victim.phone.signing)
    theirs.anchor, theirs.tokens = victim.other.anchor, [*victim.other.tokens, "a.b.c", "x" * 900]
    theirs.counter, theirs.prev = victim.phone.counter, victim.phone.prev
    item = theirs.punches(victim.phone.phone_id)  # of no project: nothing is to be written
    answer = await victim.client.post(PATH, content=(body := theirs.body([item])), headers=theirs.headers(body))
    assert [one["code"] for one in answer.json()["results"]] == ["mobile.project_unknown"]
    assert answer.json()["anchor"] is None


async def test_what_stands_twice_in_a_call(victim: Victim) -> None:
    body = json.dumps({"sent_at": 1, "mono_ms": 1, "boot": str(victim.phone.boot), "items": []}).encode()
    doubled = body.replace(b'"sent_at": 1', b'"sent_at": 1, "sent_at": 2')
    answer = await victim.post(doubled)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
