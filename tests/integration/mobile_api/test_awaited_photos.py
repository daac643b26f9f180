"""Punches that name photos: pending until those were found usable or their time is over, and ruled on then, once."""

import hashlib
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import pytest
from httpx import AsyncClient
from litestar import Litestar
from sqlalchemy import select, text

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.ledger.tables import PunchStatus, Ruling
from mobile_api.photo_waits import KEEP, PhotoTools, settle_photo_waits
from tests.integration.mobile_api.conftest import MakeGround, Sync, Tap
from tests.integration.mobile_api.test_uploads import CHUNK, Sender
from tests.support.evidence import note_examined
from tests.support.phones import Ground, fix, tap
from tests.support.queues import QueuePhone

ONE, TWO = (b"\xff\xd8\xff\xe0" + bytes([number]) * 700 for number in (1, 2))
NAMES = [hashlib.sha256(photo).hexdigest() for photo in (ONE, TWO)]


@pytest.fixture
async def tools(app: Litestar, database: Database, clock: ManualClock) -> PhotoTools:
    """Give what the worker works with; what other tests' punches wait for is forgotten."""
    async with database.transaction() as tx:
        await tx.execute(text("DELETE FROM photo_wait"))
    return PhotoTools(database, app.state.wiring.fold_days, clock)


class Waiting:
    """A person whose photos go up, and what became of his punches."""

    def __init__(self, ground: Ground, client: AsyncClient, clock: ManualClock, tools: PhotoTools) -> None:
        self.ground, self.database, self.clock, self.tools = ground, tools.database, clock, tools
        self.sender = Sender(client, ground.owner, clock)

    async def upload(self, content: bytes, outcome: Literal["kept", "refused"] | None = "kept") -> None:
        """Send a photo up, and have it examined as the worker does, unless `outcome` is None."""
        await self._send(content)
        if outcome is not None:
            async with self.database.transaction() as tx:
                digest = hashlib.sha256(content).digest()
                await note_examined(tx, self.ground.owner.person_id, digest, self.clock.now(), outcome=outcome)
            await settle_photo_waits(self.tools)

    async def _send(self, content: bytes) -> None:
        begun = await self.sender.begin(content)
        sent = await self.sender.ask("PATCH", begun.headers["location"], CHUNK | {"Upload-Offset": "0"}, content)
        assert (sent.status_code, sent.headers["upload-offset"]) == (204, str(len(content)))

    async def rulings(self) -> list[tuple[str, list[str], bool]]:
        """Return outcome, reasons and whether there is a deadline of every ruling, oldest first."""
        async with self.database.transaction() as tx:
            rows = await tx.execute(
                select(Ruling.outcome, Ruling.reasons, Ruling.deadline_at)
                .where(Ruling.project_id == self.ground.project.id)
                .order_by(Ruling.punch_id, Ruling.seq)
            )
            return [
                (outcome, sorted(one["code"].removeprefix("decision.") for one in reasons), deadline is not None)
                for outcome, reasons, deadline in rows
            ]

    async def outcomes(self) -> list[str]:
        async with self.database.transaction() as tx:
            found = select(PunchStatus.outcome).where(PunchStatus.project_id == self.ground.project.id)
            return list(await tx.scalars(found.order_by(PunchStatus.occurred_at)))

    async def waits(self) -> int:
        async with self.database.transaction() as tx:
            counted = text("SELECT count(*) FROM photo_wait WHERE person_id = :person")
            return await tx.scalar(counted, {"person": self.ground.owner.person_id}) or 0


@pytest.fixture
def waiting(ground: Ground, client: AsyncClient, clock: ManualClock, tools: PhotoTools) -> Waiting:
    """Give the ground's one person."""
    return Waiting(ground, client, clock, tools)


async def test_a_queued_punch_waits_for_both_photos(
    waiting: Waiting, phone: QueuePhone, sync: Sync, tools: PhotoTools
) -> None:
    phone.passes(timedelta(minutes=5))
    phone.punches(waiting.ground.project.id, photos=[*NAMES, NAMES[0]])
    first = await sync(phone)
    punch = first.json()["results"][0]["punch"]
    assert (punch["outcome"], first.json()["missing"]["photos"]) == ("pending", NAMES)
    assert "photos_outstanding" in [one["code"].removeprefix("decision.") for one in punch["reasons"]]
    await waiting.upload(ONE)
    assert (await waiting.outcomes(), await waiting.waits()) == (["pending"], 1)
    assert await settle_photo_waits(tools) == 0
    await waiting.upload(TWO)
    assert (await waiting.outcomes(), await waiting.waits()) == (["counted"], 0)
    found = ["inside_fence", "recorded_offline"]
    assert await waiting.rulings() == [
        ("pending", sorted([*found, "photos_outstanding"]), True),
        ("counted", found, True),
    ]
    again = await sync(phone)
    assert again.json()["results"][0]["punch"] == punch, "the receipt stays what it was"
    assert again.json()["missing"]["photos"] == []


async def test_photos_that_are_here_before_the_punch(
    waiting: Waiting, phone: QueuePhone, sync: Sync, send: Tap
) -> None:
    await waiting.upload(ONE)
    phone.passes(timedelta(minutes=5))
    phone.punches(waiting.ground.project.id, photos=NAMES[:1])
    assert (await sync(phone)).json()["results"][0]["punch"]["outcome"] == "counted"
    online = await send(waiting.ground.owner, tap(waiting.clock.now(), waiting.ground.project.id, photos=NAMES[:1]))
    assert (online.json()["outcome"], await waiting.waits()) == ("counted", 0)


async def test_a_check_in_that_announces_photos(waiting: Waiting, send: Tap) -> None:
    body = tap(waiting.clock.now(), waiting.ground.project.id, photos=NAMES)
    answer = await send(waiting.ground.owner, body)
    assert (answer.json()["outcome"], answer.json()["day"]["in_review"]) == ("pending", 1)
    again = await send(waiting.ground.owner, body)
    assert (again.json()["replayed"], again.json()["punch_id"]) == (True, answer.json()["punch_id"])
    other = await send(waiting.ground.owner, body | {"photos": NAMES[:1]})
    assert (other.status_code, other.json()["code"]) == (409, "ledger.event_conflict")
    assert await waiting.waits() == 2
    for photo in (ONE, TWO):
        await waiting.upload(photo)
    after = await send(waiting.ground.owner, tap(waiting.clock.now(), waiting.ground.project.id))
    assert (after.json()["day"]["punches"], after.json()["day"]["in_review"]) == (2, 0)


async def test_the_deadline_rules_and_a_late_photo_once_more(waiting: Waiting, send: Tap, tools: PhotoTools) -> None:
    await send(waiting.ground.owner, tap(waiting.clock.now(), waiting.ground.project.id, photos=NAMES))
    waiting.clock.advance(timedelta(hours=71))
    assert await settle_photo_waits(tools) == 0
    waiting.clock.advance(timedelta(hours=1))
    assert await settle_photo_waits(tools) == 1
    assert await settle_photo_waits(tools) == 0
    assert await waiting.outcomes() == ["review"]
    await waiting.upload(ONE)
    assert await waiting.outcomes() == ["review"]
    await waiting.upload(TWO)
    assert await waiting.outcomes() == ["counted"]
    assert [outcome for outcome, _, _ in await waiting.rulings()] == ["pending", "review", "counted"]
    assert (await waiting.rulings())[1][1] == ["inside_fence", "photos_missing"]


async def test_what_is_awaited_is_forgotten_in_the_end(waiting: Waiting, send: Tap, tools: PhotoTools) -> None:
    await send(waiting.ground.owner, tap(waiting.clock.now(), waiting.ground.project.id, photos=NAMES[:1]))
    waiting.clock.advance(timedelta(hours=73) + KEEP)
    await settle_photo_waits(tools)
    assert (await waiting.outcomes(), await waiting.waits()) == (["review"], 0)


async def test_a_photo_that_came_unnoticed_is_found(
    waiting: Waiting, send: Tap, tools: PhotoTools, database: Database
) -> None:
    await send(waiting.ground.owner, tap(waiting.clock.now(), waiting.ground.project.id, photos=NAMES[:1]))
    await waiting.upload(ONE, None)
    assert (await settle_photo_waits(tools), await waiting.outcomes()) == (0, ["pending"]), "bytes are no evidence yet"
    # The worker ended between the examination's commit and the ruling.
    async with database.transaction() as tx:
        person_id = waiting.ground.owner.person_id
        await note_examined(tx, person_id, bytes.fromhex(NAMES[0]), waiting.clock.now())
    assert await settle_photo_waits(tools) == 1
    assert await waiting.outcomes() == ["counted"]


async def test_a_photo_that_cannot_be_used_is_told_at_once_and_stays_told(waiting: Waiting, send: Tap) -> None:
    await send(waiting.ground.owner, tap(waiting.clock.now(), waiting.ground.project.id, photos=NAMES))
    await waiting.upload(ONE, "refused")
    assert (await waiting.outcomes(), await waiting.waits()) == (["review"], 1)
    await waiting.upload(TWO)
    assert (await waiting.outcomes(), await waiting.waits()) == (["review"], 0)
    assert [reasons for _, reasons, _ in await waiting.rulings()] == [
        ["inside_fence", "photos_outstanding"],
        ["inside_fence", "photo_refused", "photos_outstanding"],
        ["inside_fence", "photo_refused"],
    ]


async def test_a_late_photo_that_cannot_be_used_takes_the_place_of_the_missing_one(
    waiting: Waiting, send: Tap, tools: PhotoTools
) -> None:
    await send(waiting.ground.owner, tap(waiting.clock.now(), waiting.ground.project.id, photos=NAMES[:1]))
    waiting.clock.advance(timedelta(hours=73))
    await settle_photo_waits(tools)
    await waiting.upload(ONE, "refused")
    assert [reasons for _, reasons, _ in await waiting.rulings()][1:] == [
        ["inside_fence", "photos_missing"],
        ["inside_fence", "photo_refused"],
    ]


async def test_a_punch_that_names_what_is_known_to_be_useless(
    waiting: Waiting, phone: QueuePhone, sync: Sync, send: Tap
) -> None:
    await waiting.upload(ONE, "refused")
    online = await send(waiting.ground.owner, tap(waiting.clock.now(), waiting.ground.project.id, photos=NAMES[:1]))
    phone.passes(timedelta(minutes=5))
    phone.punches(waiting.ground.project.id, photos=NAMES[:1])
    queued = (await sync(phone)).json()["results"][0]["punch"]
    for answer in (online.json(), queued):
        assert answer["outcome"] == "review"
        assert answer["reasons"][0]["code"] == "decision.photo_refused"
    assert await waiting.waits() == 0


async def test_what_somebody_ruled_stands(waiting: Waiting, send: Tap, database: Database, tools: PhotoTools) -> None:
    made = await send(waiting.ground.owner, tap(waiting.clock.now(), waiting.ground.project.id, photos=NAMES[:1]))
    async with database.transaction() as tx:
        await tx.execute(
            text(
                "WITH m AS (UPDATE punch_status SET ruling_id = :ruling, seq = 2, outcome = 'refused'"
                " WHERE project_id = :project AND punch_id = :punch RETURNING 1)"
                " INSERT INTO ruling (project_id, ruled_at, ruling_id, punch_id, seq, outcome, reasons, policy_version,"
                " ruled_by, note) SELECT :project, :now, :ruling, :punch, 2, 'refused', '[]', 0, :by, '-' FROM m"
            ),
            {
                "ruling": UUID(int=9),
                "project": waiting.ground.project.id,
                "punch": UUID(made.json()["punch_id"]),
                "now": waiting.clock.now(),
                "by": waiting.ground.staff_id,
            },
        )
    await waiting.upload(ONE)
    waiting.clock.advance(timedelta(hours=80))
    assert await settle_photo_waits(tools) == 0
    assert (await waiting.outcomes(), await waiting.waits()) == (["refused"], 0)


async def test_what_is_refused_or_nobody_else_s_waits_for_nothing(
    waiting: Waiting, send: Tap, make: MakeGround, client: AsyncClient
) -> None:
    far = tap(waiting.clock.now(), waiting.ground.project.id, photos=NAMES, fixes=[fix(5_000)])
    refused = await send(waiting.ground.owner, far)
    assert (refused.json()["outcome"], await waiting.waits()) == ("refused", 0)
    assert [one["code"] for one in refused.json()["reasons"]] == ["decision.outside_fence"]
    # Another person's photo of the same bytes is not this person's.
    await send(waiting.ground.owner, tap(waiting.clock.now(), waiting.ground.project.id, photos=NAMES[:1]))
    other = Waiting(await make(), client, waiting.clock, waiting.tools)
    await other.upload(ONE)
    assert "pending" in await waiting.outcomes()


async def test_a_site_may_count_without_photos(
    make: MakeGround, client: AsyncClient, clock: ManualClock, send: Tap, tools: PhotoTools
) -> None:
    policy: dict[str, Any] = {"review_signals": ["mock_location"], "photo_wait_h": 2}
    waiting = Waiting(await make(policy=policy), client, clock, tools)
    await send(waiting.ground.owner, tap(clock.now(), waiting.ground.project.id, photos=NAMES[:1]))
    clock.advance(timedelta(hours=2))
    await settle_photo_waits(tools)
    assert await waiting.outcomes() == ["counted"]
    assert (await waiting.rulings())[1][1] == ["inside_fence", "photos_missing"]
