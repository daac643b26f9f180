"""Consents over HTTP: per purpose, by version, withdrawn at once; the way switches, the deletion is on record."""

import asyncio
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import openpyxl
import pytest
from httpx import AsyncClient, Response
from litestar import Litestar
from sqlalchemy import select

from backend.evidence.ways.tables import PresenceProof
from backend.evidence.ways.way_tables import PresenceChoice
from backend.identity.consents.erasing import Erased, follow_erasures
from backend.identity.consents.model import PURPOSES, text_of
from backend.identity.consents.service import has_consent
from backend.identity.consents.stock import ALARM_AT, FILING_AT, count_stock
from backend.identity.consents.tables import ConsentAct, ConsentErasure, ConsentErasureEnd
from backend.kit.announcements import AnnouncedFact
from backend.kit.clock import ManualClock
from backend.kit.db import Database, Tx
from backend.kit.keyring import MemoryKeyRing
from tests.integration.mobile_api.ways import PRESENCE, Speaker
from tests.support.erasures import erasures_of
from tests.support.factories import bearer, make_officer
from tests.support.phones import Ground


@dataclass
class Keeper:
    """Keeps faces in memory, and takes its time to delete them."""

    kept: dict[UUID, list[bytes]] = field(default_factory=dict[UUID, list[bytes]])
    ended: set[UUID] = field(default_factory=set[UUID])
    gone: dict[UUID, list[bytes]] = field(default_factory=dict[UUID, list[bytes]])
    others: int = 0

    async def end(self, tx: Tx, person_id: UUID, now: datetime) -> None:
        """Take note."""
        del tx, now
        self.ended.add(person_id)

    async def look(self, tx: Tx, person_id: UUID) -> Erased | None:
        """Tell what is gone."""
        del tx
        return None if self.kept.get(person_id) else Erased(tuple(self.gone.get(person_id, [])))

    async def count(self, tx: Tx) -> int:
        """Count people."""
        del tx
        return len(self.kept) + self.others

    def deletes(self) -> None:
        """Delete what has ended."""
        for person_id in self.ended & self.kept.keys():
            self.gone[person_id] = self.kept.pop(person_id)


@pytest.fixture
def keeper(app: Litestar) -> Iterator[Keeper]:
    """Put a keeper of faces in the place of the application's."""
    before, keeper = app.state.wiring.erasers, Keeper()
    wiring = app.state.wiring
    object.__setattr__(wiring, "erasers", dict.fromkeys(PURPOSES, keeper))
    yield keeper
    object.__setattr__(wiring, "erasers", before)


@pytest.fixture
def me(client: AsyncClient, clock: ManualClock, ground: Ground) -> Speaker:
    """Give the person."""
    return Speaker(client, clock, ground.owner)


async def put(me: Speaker, path: str, **body: Any) -> Response:
    return await me.client.put(PRESENCE + path, json=body, headers=me.owner.headers(me.clock.now()))


def refused(answer: Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def of(answer: Response, purpose: str) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return next(one for one in answer.json() if one["purpose"] == purpose)


async def test_each_purpose_apart_with_its_words(me: Speaker, database: Database, clock: ManualClock) -> None:
    listed = await me.get("/consents")
    assert [one["purpose"] for one in listed.json()] == ["face_check", "face_reference"]
    assert all(not one["holds"] and one["text"] and one["last_step"] is None for one in listed.json())
    given = await put(me, "/consents/face_check", text_version=1)
    assert (of(given, "face_check")["holds"], of(given, "face_reference")["holds"]) == (True, False)
    await put(me, "/consents/face_check", text_version=1)
    async with database.transaction() as tx:
        (act,) = (await tx.execute(select(ConsentAct).where(ConsentAct.person_id == me.owner.person_id))).all()
    assert (act.step, act.phone_id, act.text_version, act.language) == ("given", me.owner.phone_id, 1, "zh-CN")
    assert act.acted_at == clock.now()
    assert bytes(act.text_digest) == text_of("face_check", "en").digest


async def test_a_text_that_is_not_todays_is_not_agreed_to(me: Speaker) -> None:
    refused(await put(me, "/consents/face_check", text_version=2), 409, "consent.text_outdated")
    refused(await put(me, "/consents/faces", text_version=1), 404, "ways.purpose_unknown")
    refused(await me.post("/consents/face_check/withdrawal"), 409, "consent.not_given")


async def test_the_face_is_chosen_by_consent_only_and_other_ways_freely(me: Speaker, clock: ManualClock) -> None:
    assert (await me.get("/choice")).json()["way"] is None
    refused(await put(me, "/choice", way="face"), 409, "consent.missing")
    for way in ("passkey", "site_qr", "witness"):
        clock.advance(timedelta(seconds=1))
        assert (await put(me, "/choice", way=way)).json()["way"] == way
    clock.advance(timedelta(seconds=1))
    await put(me, "/consents/face_check", text_version=1)
    assert (await put(me, "/choice", way="face")).json()["way"] == "face"


@pytest.mark.parametrize("with_passkey", [False, True])
async def test_withdrawal_switches_the_way_and_schedules_the_deletion(
    me: Speaker, keeper: Keeper, database: Database, clock: ManualClock, *, with_passkey: bool
) -> None:
    if with_passkey:
        await me.makes_passkey()
    photos = [b"one", b"two"]
    keeper.kept[me.owner.person_id] = [sha256(photo).digest() for photo in photos]
    for purpose in PURPOSES:
        await put(me, f"/consents/{purpose}", text_version=1)
    await put(me, "/choice", way="face")
    clock.advance(timedelta(minutes=1))
    withdrawn = await me.post("/consents/face_reference/withdrawal")
    assert (of(withdrawn, "face_reference")["holds"], of(withdrawn, "face_check")["holds"]) == (False, True)
    choice = (await me.get("/choice")).json()
    assert (choice["way"], choice["cause"]) == ("passkey" if with_passkey else "site_qr", "consent_withdrawn")
    # Nothing is used any more from now on, and nothing is called deleted before it is.
    assert me.owner.person_id in keeper.ended
    erasers = dict.fromkeys(PURPOSES, keeper)
    await follow_erasures(database, erasers, clock)
    async with database.transaction() as tx:
        asked = (await tx.execute(select(ConsentErasure).where(ConsentErasure.person_id == me.owner.person_id))).one()
        done = (
            await tx.execute(select(ConsentErasureEnd).where(ConsentErasureEnd.act_id == asked.act_id))
        ).one_or_none()
    assert (asked.purpose, asked.asked_at, done) == ("face_reference", clock.now(), None)
    keeper.deletes()
    clock.advance(timedelta(minutes=5))
    await follow_erasures(database, erasers, clock)
    async with database.transaction() as tx:
        done = (await tx.execute(select(ConsentErasureEnd).where(ConsentErasureEnd.act_id == asked.act_id))).one()
        assert not await has_consent(tx, me.owner.person_id, "face_reference")
    assert (done.erased, done.erased_at) == (2, clock.now())
    assert [bytes(one) for one in done.digests] == [sha256(photo).digest() for photo in photos]
    assert await erasures_of(database, asked.act_id) == [("consent", "withdrawn: face_reference", done.digests)]
    # Once closed it stays closed, and giving anew begins anew.
    assert await follow_erasures(database, erasers, clock) == 0
    assert of(await put(me, "/consents/face_reference", text_version=1), "face_reference")["holds"]


async def test_a_withdrawal_leaves_another_way_as_it_is(me: Speaker, database: Database) -> None:
    await put(me, "/choice", way="witness")
    await put(me, "/consents/face_check", text_version=1)
    await me.post("/consents/face_check/withdrawal")
    assert (await me.get("/choice")).json()["way"] == "witness"
    async with database.transaction() as tx:
        rows = await tx.execute(select(PresenceChoice.id).where(PresenceChoice.person_id == me.owner.person_id))
        assert len(rows.all()) == 1
        proofs = await tx.execute(select(PresenceProof.id).where(PresenceProof.person_id == me.owner.person_id))
        assert proofs.all() == []


async def test_twenty_withdrawals_at_once_are_one(me: Speaker, database: Database) -> None:
    await put(me, "/consents/face_check", text_version=1)
    answers = await asyncio.gather(*(me.post("/consents/face_check/withdrawal") for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    async with database.transaction() as tx:
        acts = await tx.scalars(select(ConsentAct.step).where(ConsentAct.person_id == me.owner.person_id))
        assert sorted(acts) == ["given", "withdrawn"]


async def test_the_alarm_comes_before_the_duty_to_file_and_goes(
    keeper: Keeper, database: Database, clock: ManualClock, client: AsyncClient, keys: MemoryKeyRing
) -> None:
    assert (ALARM_AT, FILING_AT) == (90_000, 100_000)
    officer = bearer(keys, clock.now(), await make_officer(database, "city"), "city")

    async def counted(people: int) -> tuple[bool, list[str], list[str]]:
        clock.advance(timedelta(minutes=1))
        keeper.others = people
        async with database.transaction() as tx:
            stock = await count_stock(tx, keeper, clock.now())
            kinds = await tx.scalars(
                select(AnnouncedFact.kind).where(
                    AnnouncedFact.occurred_at == clock.now(), AnnouncedFact.kind.like("faces.%")
                )
            )
            told = list(kinds)
        health = (await client.get("/health/ready")).json()
        shown = (await client.get("/admin/v1/face-stock", headers=officer)).json()
        assert (shown["people"], shown["alarm"]) == (people, stock.alarm)
        # Entries of other tests may wait for their seal in the same database, which is a warning of its own.
        return stock.alarm, told, [one for one in health["warnings"] if one.startswith("faces.")]

    assert await counted(89_999) == (False, [], [])
    assert await counted(90_000) == (True, ["faces.many_stored"], ["faces.many_stored"])
    assert await counted(99_000) == (True, [], ["faces.many_stored"])
    assert await counted(10) == (False, ["faces.fewer_stored"], [])


async def test_the_register_of_processing_has_the_figures(
    me: Speaker, keeper: Keeper, client: AsyncClient, database: Database, keys: MemoryKeyRing, clock: ManualClock
) -> None:
    officer = bearer(keys, clock.now(), await make_officer(database, "city"), "city")

    async def table() -> dict[str, dict[str, str]]:
        answer = await client.get("/admin/v1/processing-register/csv", headers={**officer, "Accept-Language": "en"})
        assert answer.status_code == 200, answer.text
        assert "attachment" in answer.headers["content-disposition"]
        rows = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
        return {row["Activity"]: row for row in rows}

    before = (await table())["Reference photos of faces"]
    keeper.kept[me.owner.person_id] = [sha256(b"one").digest()]
    await put(me, "/consents/face_reference", text_version=1)
    await me.post("/consents/face_reference/withdrawal")
    keeper.deletes()
    await follow_erasures(database, dict.fromkeys(PURPOSES, keeper), clock)
    await put(me, "/consents/face_reference", text_version=1)
    after = (await table())["Reference photos of faces"]
    grown = {
        name: int(after[name]) - int(before[name])
        for name in ("People who consent now", "Consents given", "Consents withdrawn", "Things erased")
    }
    assert grown == {
        "People who consent now": 1,
        "Consents given": 2,
        "Consents withdrawn": 1,
        "Things erased": 1,
    }
    assert after["Erasures due"] >= after["Erasures done"]
    assert (await table())["Attendance ledger"]["Consents given"] == ""
    answer = await client.get("/admin/v1/processing-register/xlsx", headers=officer)
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    assert sheet.title == "个人信息处理活动登记"
    assert sheet.max_row == 8
