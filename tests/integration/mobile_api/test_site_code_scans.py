"""Site codes over HTTP: shown by a screen, scanned by whoever stands there, once each, also without network."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient, Response
from litestar import Litestar

from backend.evidence.ways.site_codes import STEP, write_code
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.ids import new_id
from backend.kit.keyring import MemoryKeyRing
from tests.integration.mobile_api.conftest import MakeGround, Tap
from tests.integration.mobile_api.ways import Speaker
from tests.support.factories import bearer, make_officer
from tests.support.phones import Ground, tap
from tests.support.proofs import uses_of
from tests.support.queues import PATH, QueuePhone, register


@pytest.fixture
async def ground(make: MakeGround) -> Ground:
    """Make a ground of two people that requires proofs."""
    return await make(people=2, policy={"presence": "required"})


@pytest.fixture
def me(client: AsyncClient, clock: ManualClock, ground: Ground) -> Speaker:
    """Give the first person."""
    return Speaker(client, clock, ground.owners[0])


class Screen:
    """A site code with its screen, and the officer who set it up."""

    def __init__(self, client: AsyncClient, headers: dict[str, str], project_id: Any, made: dict[str, Any]) -> None:
        """Keep them."""
        self.client, self.headers, self.made = client, headers, made
        self.path = f"/admin/v1/projects/{project_id}/site-codes/{made['code_id']}"

    async def shows(self) -> dict[str, Any]:
        """Return what the screen shows now; it needs no log-in."""
        answer = await self.client.get(self.made["screen_path"] + "/shown")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def code(self) -> str:
        """Return the code that the screen shows now."""
        return (await self.shows())["code"]


@pytest.fixture
async def screen(
    client: AsyncClient, database: Database, keys: MemoryKeyRing, clock: ManualClock, ground: Ground
) -> Screen:
    """Set up a code of the ground."""
    officer = await make_officer(database, "city")
    headers = bearer(keys, clock.now(), officer, "city")
    path = f"/admin/v1/projects/{ground.project.id}/site-codes"
    answer = await client.post(path, json={"name": "东门"}, headers=headers)
    assert answer.status_code == 201, answer.text
    return Screen(client, headers, ground.project.id, answer.json())


def refused(answer: Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_scanned_and_taken_by_a_punch(
    me: Speaker, screen: Screen, ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    answer = await me.scans(ground.project.id, await screen.code())
    assert (answer.status_code, answer.json()["outcome"], answer.json()["way"]) == (201, "passed", "site_qr")
    punch = await send(me.owner, tap(clock.now(), ground.project.id, proof_id=answer.json()["proof_id"]))
    assert punch.json()["outcome"] == "counted"
    assert len(await uses_of(database, answer.json()["proof_id"])) == 1


async def test_the_page_of_the_screen(screen: Screen, client: AsyncClient, clock: ManualClock) -> None:
    page = await client.get(screen.made["screen_path"])
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["cache-control"] == "no-store"
    assert "script" not in page.text
    assert "<svg" in page.text
    assert "东门" in page.text
    shown = await screen.shows()
    assert shown["svg"].startswith("<svg")
    first = shown["code"]
    clock.advance(STEP)
    assert await screen.code() != first
    refused(await client.get("/screens/v1/site-codes/" + "x" * 43), 404, "ways.site_code_unknown")


async def test_the_secret_and_the_address_of_the_screen_are_not_in_the_table(
    screen: Screen, database: Database, me: Speaker, ground: Ground
) -> None:
    from sqlalchemy import select

    from backend.evidence.ways.way_tables import SiteCode

    async with database.transaction() as tx:
        row = (await tx.execute(select(SiteCode).where(SiteCode.id == screen.made["code_id"]))).one()
    token = screen.made["screen_path"].rpartition("/")[2].encode()
    stored = repr(tuple(row)).encode()
    assert token not in stored
    # Whoever reads the table has ciphertext where the secret stands, and no code made of it is genuine.
    forged = write_code(bytes(row.secret_cipher), ground.project.id, row.id, 59_000_000)
    refused(await me.scans(ground.project.id, forged), 422, "ways.scan_invalid")


async def test_one_step_early_or_late_is_taken_and_no_more(
    me: Speaker, screen: Screen, ground: Ground, clock: ManualClock
) -> None:
    late = await screen.code()
    clock.advance(STEP)
    assert (await me.scans(ground.project.id, late)).status_code == 201
    stale = await screen.code()
    clock.advance(STEP * 2)
    refused(await me.scans(ground.project.id, stale), 409, "ways.scan_stale")
    early = await screen.code()
    clock.advance(-STEP)
    assert (await me.scans(ground.project.id, early)).status_code == 201
    clock.advance(STEP * 3)
    future = await screen.code()
    clock.advance(-STEP * 2)
    refused(await me.scans(ground.project.id, future), 409, "ways.scan_stale")


async def test_the_same_code_is_taken_once_from_each_person(
    me: Speaker, screen: Screen, ground: Ground, client: AsyncClient, clock: ManualClock
) -> None:
    code = await screen.code()
    assert (await me.scans(ground.project.id, code)).status_code == 201
    refused(await me.scans(ground.project.id, code), 409, "ways.scan_repeated")
    # Handed in as one that was scanned without network it is the same code.
    refused(await me.scans(ground.project.id, code, proof_id=str(new_id(clock.now()))), 409, "ways.scan_repeated")
    other = Speaker(client, clock, ground.owners[1])
    assert (await other.scans(ground.project.id, code)).status_code == 201


async def test_twenty_times_at_once_one_code_is_one_proof(me: Speaker, screen: Screen, ground: Ground) -> None:
    code = await screen.code()
    answers = await asyncio.gather(*(me.scans(ground.project.id, code) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19


async def test_codes_of_another_project_or_of_nobody_are_refused(
    me: Speaker, screen: Screen, ground: Ground, make: MakeGround, clock: ManualClock
) -> None:
    elsewhere = await make()
    refused(await me.scans(elsewhere.project.id, await screen.code()), 404, "sites.project_unknown")
    forged = write_code(b"guess", ground.project.id, new_id(clock.now()), 59_000_000)
    genuine = await screen.code()
    # A tag's last character is one of AQgw: any other is another spelling of it.
    respelled = genuine[:-1] + chr(ord(genuine[-1]) + 1)
    other_tag = genuine[:-2] + ("B" if genuine[-2] == "A" else "A") + genuine[-1]
    for text in ("", "hello", forged, respelled, other_tag, forged * 2):
        answer = await me.scans(ground.project.id, text)
        assert answer.status_code == 422, answer.text


async def test_an_ended_code_is_dark_and_shows_nothing_more(
    me: Speaker, screen: Screen, ground: Ground, client: AsyncClient, clock: ManualClock
) -> None:
    code = await screen.code()
    assert (await client.get(screen.path + "/shown", headers=screen.headers)).json()["code"] == code
    assert (await client.delete(screen.path, headers=screen.headers)).status_code == 204
    refused(await client.get(screen.made["screen_path"] + "/shown"), 404, "ways.site_code_unknown")
    refused(await client.get(screen.path + "/shown", headers=screen.headers), 404, "ways.site_code_unknown")
    refused(await client.delete(screen.path, headers=screen.headers), 404, "ways.site_code_unknown")
    refused(await me.scans(ground.project.id, code), 409, "ways.scan_stale")
    listed = await client.get(screen.path.rpartition("/")[0], headers=screen.headers)
    assert listed.json() == []
    # Scanned before its end, without network, it is still worth what it was.
    clock.advance(timedelta(hours=1))
    assert (await me.scans(ground.project.id, code, proof_id=str(new_id(clock.now())))).status_code == 201


async def test_scanned_without_network_it_witnesses_the_time(
    me: Speaker,
    screen: Screen,
    ground: Ground,
    app: Litestar,
    clock: ManualClock,
    database: Database,
    client: AsyncClient,
) -> None:
    phone = QueuePhone(me.owner.phone_id, clock.now())
    async with database.transaction() as tx:
        await register(tx, phone)
    phone.fetches_pack(app.state.wiring.anchors)
    phone.passes(timedelta(minutes=20))
    clock.set(phone.at)
    code, proof_id = await screen.code(), str(new_id(phone.at))
    phone.passes(timedelta(seconds=40))
    phone.punches(ground.project.id, proof_id=proof_id)
    # A second punch hours later names the same kind of scan, made at the first one's time.
    phone.passes(timedelta(hours=4))
    clock.set(phone.at)
    scanned = await me.scans(ground.project.id, code, proof_id=proof_id)
    assert (scanned.status_code, scanned.json()["proof_id"]) == (201, proof_id)
    second = str(new_id(phone.at))
    clock.advance(-timedelta(hours=3))
    other_code = await screen.code()
    clock.set(phone.at)
    assert (await me.scans(ground.project.id, other_code, proof_id=second)).status_code == 201
    phone.punches(ground.project.id, proof_id=second)
    phone.passes(timedelta(minutes=1))
    clock.set(phone.at)
    body = phone.body()
    results = (await client.post(PATH, content=body, headers=phone.headers(body))).json()["results"]
    codes = [[reason["code"] for reason in one["punch"]["reasons"]] for one in results]
    assert "decision.presence_proven_offline" in codes[0]
    assert "decision.presence_expired" in codes[1]
    assert [one["punch"]["outcome"] for one in results] == ["counted", "review"]


async def test_ids_of_scans_are_taken_once(me: Speaker, screen: Screen, ground: Ground, clock: ManualClock) -> None:
    proof_id = str(new_id(clock.now()))
    assert (await me.scans(ground.project.id, await screen.code(), proof_id=proof_id)).status_code == 201
    clock.advance(STEP)
    refused(await me.scans(ground.project.id, await screen.code(), proof_id=proof_id), 409, "ways.proof_id_taken")
    clock.advance(timedelta(days=31))
    old = write_code(b"x", ground.project.id, new_id(clock.now()), 1)
    refused(await me.scans(ground.project.id, old, proof_id=str(new_id(clock.now()))), 422, "ways.scan_invalid")
    answer = await me.scans(ground.project.id, old, proof_id="9f8a1d52-0c6f-4d65-9a35-9be1a7c1f2aa")
    refused(answer, 422, "mobile.event_id")
