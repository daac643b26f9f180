"""New phones are confirmed by somebody else, lost ones locked, queues handed in for phones that cannot send them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient
from litestar import Litestar
from sqlalchemy import insert, update

from backend.identity.tables import PhoneBinding, SessionFamily
from backend.identity.tokens import AccessTokens, Holder
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.ids import new_id
from backend.kit.keyring import MemoryKeyRing
from tests.integration.mobile_api.conftest import MakeGround, Tap
from tests.support.factories import grant_role, make_staff
from tests.support.phones import Ground, tap
from tests.support.queues import PATH, QueuePhone, register


class Care:
    """A project admin and two people, the first of whom has a new phone."""

    def __init__(
        self, ground: Ground, client: AsyncClient, holder: Holder, tokens: AccessTokens, clock: ManualClock
    ) -> None:
        self.ground, self.client, self.clock = ground, client, clock
        self._holder, self._tokens = holder, tokens

    @property
    def admin(self) -> dict[str, str]:
        """The headers of the admin, with a token of this moment."""
        return {"Authorization": f"Bearer {self._tokens.issue(self._holder, self.clock.now()).token}"}

    async def phones(self, path: str = "", json: Any = None, who: int = 0) -> Any:
        owner = self.ground.owners[who]
        base = f"/admin/v1/projects/{self.ground.project.id}/people/{owner.person_id}/phones"
        if not path:
            return (await self.client.get(base, headers=self.admin)).json()["phones"]
        return await self.client.post(f"{base}/{owner.phone_id}/{path}", json=json, headers=self.admin)

    async def outcomes(self, who: int = 0) -> list[str]:
        headers = self.ground.owners[who].headers(self.clock.now())
        items = (await self.client.get("/mobile/v1/punches", headers=headers)).json()["items"]
        return [one["outcome"] for one in items]


@pytest.fixture
async def care(
    make: MakeGround, client: AsyncClient, database: Database, keys: MemoryKeyRing, clock: ManualClock
) -> Care:
    """Give a ground whose first person has a phone that waits to be confirmed."""
    ground, family = await make(people=2), uuid4()
    async with database.transaction() as tx:
        await tx.execute(
            update(PhoneBinding).where(PhoneBinding.phone_id == ground.owner.phone_id).values(awaits="replacement")
        )
        admin = await make_staff(tx)
        await grant_role(tx, admin, "project_admin", project_id=ground.project.id)
        ends = clock.now() + timedelta(days=7)
        await tx.execute(
            insert(SessionFamily).values(id=family, account_id=admin, created_at=clock.now(), expires_at=ends)
        )
    holder = Holder(admin, None, family, frozenset({"project_admin"}))
    return Care(ground, client, holder, AccessTokens(keys), clock)


async def test_what_a_new_phone_punched_counts_once_it_is_confirmed(
    care: Care, send: Tap, app: Litestar, database: Database, clock: ManualClock
) -> None:
    ground = care.ground
    answer = await send(ground.owner, tap(clock.now(), ground.project.id))
    assert (answer.json()["outcome"], answer.json()["day"]["in_review"]) == ("review", 1)
    phone = QueuePhone(ground.owner.phone_id, clock.now())
    async with database.transaction() as tx:
        await register(tx, phone)
    phone.fetches_pack(app.state.wiring.anchors)
    phone.passes(timedelta(minutes=5))
    phone.punches(ground.project.id)
    phone.punches(ground.project.id, fixes=[], no_fix_reason="timeout")
    clock.advance(timedelta(minutes=6))
    body = phone.body()
    await care.client.post(PATH, content=body, headers=phone.headers(body))
    assert await care.outcomes() == ["review"] * 3
    (waiting,) = await care.phones()
    assert (waiting["awaits"], waiting["confirmed_at"], waiting["has_key"]) == ("replacement", None, True)
    confirmed = await care.phones("confirmation")
    assert (confirmed.status_code, confirmed.json()["confirmed_how"]) == (200, "admin")
    # What is in review for another reason stays there.
    assert sorted(await care.outcomes()) == ["counted", "counted", "review"]
    again = await care.phones("confirmation")
    assert (again.status_code, again.json()["code"]) == (409, "mobile.nothing_to_confirm")
    assert (await send(ground.owner, tap(clock.now(), ground.project.id))).json()["outcome"] == "counted"


async def test_a_colleague_is_the_witness(care: Care, send: Tap, clock: ManualClock) -> None:
    ground, client = care.ground, care.client
    await send(ground.owner, tap(clock.now(), ground.project.id))
    mine, theirs = (owner.headers(clock.now()) for owner in ground.owners)
    shown = await client.post("/mobile/v1/phone/witness-codes", headers=mine)
    assert shown.status_code == 201
    body = {"code": shown.json()["code"]}
    own = await client.post("/mobile/v1/phone/confirmations", json=body, headers=mine)
    assert (own.status_code, own.json()["code"]) == (403, "mobile.own_phone")
    for code in ("a.b.c", body["code"] + "A"):
        wrong = await client.post("/mobile/v1/phone/confirmations", json={"code": code}, headers=theirs)
        assert (wrong.status_code, wrong.json()["code"]) == (422, "mobile.witness_code")
    done = await client.post("/mobile/v1/phone/confirmations", json=body, headers=theirs)
    assert (done.status_code, done.json()["confirmed_how"]) == (200, "witness")
    assert await care.outcomes() == ["counted"]
    none = await client.post("/mobile/v1/phone/witness-codes", headers=theirs)
    assert (none.status_code, none.json()["code"]) == (409, "mobile.nothing_to_confirm")


async def test_a_stranger_or_somebody_with_a_new_phone_is_no_witness(
    care: Care, make: MakeGround, database: Database, clock: ManualClock
) -> None:
    ground, client = care.ground, care.client
    shown = await client.post("/mobile/v1/phone/witness-codes", headers=ground.owner.headers(clock.now()))
    stranger = (await make()).owner
    async with database.transaction() as tx:
        await tx.execute(
            update(PhoneBinding).where(PhoneBinding.phone_id == ground.owners[1].phone_id).values(awaits="taken_over")
        )
    for witness in (stranger, ground.owners[1]):
        answer = await client.post(
            "/mobile/v1/phone/confirmations",
            json={"code": shown.json()["code"]},
            headers=witness.headers(clock.now()),
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "mobile.witness_unfit")


async def test_a_locked_phone_s_earlier_punches_still_count(
    care: Care, app: Litestar, database: Database, clock: ManualClock
) -> None:
    owner, project = care.ground.owners[1], care.ground.project.id
    phone = QueuePhone(owner.phone_id, clock.now())
    async with database.transaction() as tx:
        await register(tx, phone)
    phone.fetches_pack(app.state.wiring.anchors)
    phone.passes(timedelta(minutes=5))
    phone.punches(project)
    clock.advance(timedelta(minutes=30))
    locked = await care.phones("lock", {"reason": "手机遗失"}, who=1)
    assert (locked.status_code, locked.json()["end_reason"]) == (200, "locked")
    phone.passes(timedelta(hours=1))
    phone.punches(project)
    clock.advance(timedelta(hours=2))
    body = phone.body()
    answer = await care.client.post(PATH, content=body, headers=phone.headers(body))
    assert [one["punch"]["outcome"] for one in answer.json()["results"]] == ["counted", "review"]
    unlocked = await care.phones("unlock", who=1)
    assert unlocked.json()["locked_at"] is None


async def test_an_exported_queue_is_handed_in_by_the_admin(
    care: Care, app: Litestar, database: Database, clock: ManualClock
) -> None:
    owner, project = care.ground.owners[1], care.ground.project.id
    phone = QueuePhone(owner.phone_id, clock.now())
    async with database.transaction() as tx:
        await register(tx, phone)
    phone.fetches_pack(app.state.wiring.anchors)
    phone.passes(timedelta(minutes=5))
    phone.punches(project)
    phone.restarts()
    phone.passes(timedelta(minutes=5))
    phone.punches(project)
    body = phone.body()
    signed = phone.headers(body)
    exported = {
        "key": signed["X-Daogang-Phone-Key"],
        "signature": signed["X-Daogang-Phone-Signature"],
        "body": body.decode(),
    }
    clock.advance(timedelta(days=2))
    path = f"/admin/v1/projects/{project}/phone-queues"
    answer = await care.client.post(path, json=exported, headers=care.admin)
    results = answer.json()["results"]
    # By the monotonic clock since the anchor; the wall clock of a file proves nothing.
    assert [one["punch"]["outcome"] for one in results] == ["counted", "review"]
    assert "decision.time_unproven" in [reason["code"] for reason in results[1]["punch"]["reasons"]]
    altered = {**exported, "body": exported["body"].replace('"sent_at": 1', '"sent_at": 2')}
    refused = await care.client.post(path, json=altered, headers=care.admin)
    assert (refused.status_code, refused.json()["code"]) == (401, "offline.signature_wrong")


async def test_the_admin_sees_which_keys_did_what_one_phone_cannot(
    care: Care, app: Litestar, database: Database, clock: ManualClock, make: MakeGround
) -> None:
    project = care.ground.project.id
    path = f"/admin/v1/projects/{project}/phone-key-alarms"
    phone = QueuePhone(care.ground.owners[1].phone_id, clock.now())
    async with database.transaction() as tx:
        await register(tx, phone)
    phone.fetches_pack(app.state.wiring.anchors)
    phone.passes(timedelta(minutes=5))
    first = phone.punches(project)
    for _ in range(2):
        phone.passes(timedelta(minutes=1))
        phone.queue.append(phone.signed({**first.value, "salt": "A" * 22, "event_id": str(new_id(phone.at))}))
    clock.advance(timedelta(minutes=10))
    assert (await care.client.get(path, headers=care.admin)).json() == {"items": [], "next": None}
    body = phone.body()
    answer = await care.client.post(PATH, content=body, headers=phone.headers(body))
    punches = [one["punch"]["punch_id"] for one in answer.json()["results"]]
    page = (await care.client.get(path, params={"limit": 1}, headers=care.admin)).json()
    (alarm,) = page["items"]
    assert (alarm["person_id"], alarm["phone_id"]) == (str(care.ground.owners[1].person_id), str(phone.phone_id))
    assert (alarm["key"], alarm["counter"], sorted(alarm["punch_ids"])) == (phone.signing.id, 1, sorted(punches))
    rest = (await care.client.get(path, params={"limit": 1, "after": page["next"]}, headers=care.admin)).json()
    assert (len(rest["items"]), rest["next"], rest["items"][0]["id"] != alarm["id"]) == (1, None, True)
    away = (await make()).project.id
    assert (await care.client.get(path.replace(str(project), str(away)), headers=care.admin)).status_code == 404
