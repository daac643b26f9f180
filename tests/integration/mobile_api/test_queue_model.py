"""Any interleaving of punches, retries, lost answers and crashes: every punch is in the ledger exactly once."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar
from unittest.mock import patch
from uuid import uuid4

from httpx import AsyncClient, Response
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from litestar import Litestar
from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert

from backend.evidence.tables import Photo
from backend.identity.tables import PhoneKeyRow
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.errors import DatabaseAway
from backend.kit.keyring import MemoryKeyRing
from backend.ledger.append import Connection
from mobile_api.offline import sync
from mobile_api.photo_waits import PhotoTools, settle_photo_waits
from tests.support.evidence import note_examined
from tests.support.phones import Ground, make_ground, tap
from tests.support.queues import PATH, Item, QueuePhone, Signing, register

Result = TypeVar("Result")
PHONES = st.integers(0, 1)
KEPT = {"recorded", "duplicate"}

COUNT = """
SELECT p.event_key, count(*), min(p.punch_id::text) FROM punch p WHERE p.project_id = :project AND p.source = 'phone'
GROUP BY p.event_key
"""
WHOLE = """
SELECT (SELECT count(*) FROM punch WHERE project_id = :project),
  (SELECT count(DISTINCT punch_id) FROM ruling WHERE project_id = :project),
  (SELECT count(*) FROM punch_status WHERE project_id = :project),
  (SELECT count(*) FROM punch_private WHERE project_id = :project),
  (SELECT count(*) FROM punch_dedupe WHERE project_id = :project),
  (SELECT count(*) FROM ledger_outbox WHERE project_id = :project AND kind = 'punch'),
  (SELECT coalesce(sum(punches + in_review), 0) FROM person_day WHERE project_id = :project)
"""


RULED = """
SELECT count(*) FILTER (WHERE r.seq = s.seq AND r.outcome = s.outcome), count(DISTINCT (r.punch_id, r.seq)), count(*)
FROM ruling r JOIN punch_status s USING (project_id, punch_id) WHERE r.project_id = :project
"""
PHOTO = bytes([7]) * 32
FATES = ["answered", "lost", "crashed", "late crash", "last crash"]


class World:
    """The application, its database, and the loop that they live on, for a machine that runs in a thread."""

    def __init__(  # the fixtures
        self,
        loop: asyncio.AbstractEventLoop,
        app: Litestar,
        client: AsyncClient,
        database: Database,
        keys: MemoryKeyRing,
        clock: ManualClock,
    ) -> None:
        self.loop, self.app, self.client = loop, app, client
        self.database, self.keys, self.clock = database, keys, clock

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()


class Queues(RuleBasedStateMachine):
    """Two phones of two people whose storage gets lost, a server that crashes, and a network that loses answers."""

    world: World

    @initialize()
    def begin(self) -> None:
        self.ground, self.phones = self.world.run(self._make())
        self.made: dict[str, Item | None] = {}
        self.receipts: dict[str, dict[str, Any]] = {}
        self.all: list[list[Item]] = [[], []]
        self.under_way: set[str] = set()
        self.tapped: dict[str, str] = {}

    async def _make(self) -> tuple[Ground, list[QueuePhone]]:
        world = self.world
        ground = await make_ground(world.database, world.keys, world.clock.now(), people=2)
        phones = [QueuePhone(owner.phone_id, world.clock.now()) for owner in ground.owners]
        for phone in phones:
            async with world.database.transaction() as tx:
                await register(tx, phone)
            phone.fetches_pack(world.app.state.wiring.anchors)
        return ground, phones

    def pass_time(self, minutes: int) -> None:
        self.world.clock.advance(timedelta(minutes=minutes))
        for phone in self.phones:
            phone.passes(timedelta(minutes=minutes))

    @rule(which=PHONES, minutes=st.integers(1, 90), photos=st.sampled_from([None, [PHOTO.hex()]]))
    def punch(self, which: int, minutes: int, photos: list[str] | None) -> None:
        self.pass_time(minutes)
        item = self.phones[which].punches(self.ground.project.id, photos=photos)
        self.made[item.value["event_id"]] = item
        self.all[which].append(item)

    @rule(which=PHONES, arrives=st.booleans())
    def tap_without_an_answer_then_queue(self, which: int, arrives: bool) -> None:
        self.pass_time(1)
        body = tap(self.world.clock.now(), self.ground.project.id)
        if arrives:
            owner = self.ground.owners[which]
            answer = self.world.run(
                self.world.client.post("/mobile/v1/check-ins", json=body, headers=owner.headers(self.world.clock.now()))
            )
            assert answer.status_code == 201
            self.tapped[body["event_id"]] = answer.json()["punch_id"]
        item = self.phones[which].punches(self.ground.project.id, event_id=body["event_id"])
        self.made[body["event_id"]] = item
        self.all[which].append(item)

    @rule(which=PHONES)
    def page_is_closed(self, which: int) -> None:
        self.pass_time(1)
        self.phones[which].restarts()

    @rule(which=PHONES)
    def storage_is_cleared(self, which: int) -> None:
        """Key, chain and queue are gone: what never left the phone is lost, what may have left it is not."""
        self.pass_time(1)
        phone = self.phones[which]
        for item in phone.queue:
            if item.text not in self.under_way:
                self.all[which].remove(item)
                if item.value["event_id"] not in self.tapped:
                    del self.made[item.value["event_id"]]
        phone.queue.clear()
        phone.signing, phone.counter = Signing(), 0
        phone.prev = phone.signing.id
        self.world.run(self._rekey(phone))
        phone.fetches_pack(self.world.app.state.wiring.anchors)

    async def _rekey(self, phone: QueuePhone) -> None:
        async with self.world.database.transaction() as tx:
            ended = update(PhoneKeyRow).where(PhoneKeyRow.phone_id == phone.phone_id, PhoneKeyRow.ended_at.is_(None))
            await tx.execute(ended.values(ended_at=phone.at))
            await register(tx, phone)

    @rule(which=PHONES)
    def photo_comes(self, which: int) -> None:
        self.pass_time(1)
        self.world.run(self._photo(which))

    async def _photo(self, which: int) -> None:
        person_id, now = self.ground.owners[which].person_id, self.world.clock.now()
        async with self.world.database.transaction() as tx:
            values = {"person_id": person_id, "sha256": PHOTO, "id": uuid4(), "size_bytes": 1, "stored_at": now}
            row = insert(Photo).values(media_type="image/jpeg", wrapped_key=b"-", **values)
            await tx.execute(row.on_conflict_do_nothing())
            await note_examined(tx, person_id, PHOTO, now)
        await settle_photo_waits(
            PhotoTools(self.world.database, self.world.app.state.wiring.fold_days, self.world.clock)
        )

    @precondition(lambda self: any(self.all))
    @rule(which=PHONES, data=st.data(), fate=st.sampled_from(FATES))
    def send_some(self, which: int, data: st.DataObject, fate: str) -> None:
        if not self.all[which]:
            return
        items = data.draw(st.lists(st.sampled_from(range(len(self.all[which]))), min_size=1, max_size=8))
        self.send(which, [self.all[which][place] for place in items], fate)

    @precondition(lambda self: any(phone.queue for phone in self.phones))
    @rule(which=PHONES, fate=st.sampled_from(["answered", "lost", "crashed"]))
    def send_queue(self, which: int, fate: str) -> None:
        self.send(which, list(self.phones[which].queue), fate)

    @precondition(lambda self: any(self.all))
    @rule(which=PHONES)
    def send_the_same_at_once(self, which: int) -> None:
        self.under_way |= {item.text for item in self.all[which]}
        answers = self.world.run(self._both(which))
        for answer in answers:
            self.note(which, self.all[which], answer)

    async def _both(self, which: int) -> list[Response]:
        return list(await asyncio.gather(*(self._post(which, self.all[which]) for _ in range(2))))

    def send(self, which: int, items: list[Item], fate: str) -> None:
        self.pass_time(1)
        if fate in {"answered", "lost"}:
            self.under_way |= {item.text for item in items}
        answer = self.world.run(self._fated(which, items, fate))
        if fate == "answered":
            self.note(which, items, answer)
        elif fate != "lost":
            assert answer.status_code == 503, answer.text

    async def _fated(self, which: int, items: list[Item], fate: str) -> Response:
        if fate in {"answered", "lost"}:
            return await self._post(which, items)
        name = "close_gaps" if fate == "last crash" else "write"
        real = getattr(sync, name)

        async def crashing(connection: Connection, *given: Any) -> Any:
            if fate != "crashed":
                await real(connection, *given)
            # What was written so far is rolled back, as when the server or its database dies.
            raise DatabaseAway

        with patch.object(sync, name, crashing):
            return await self._post(which, items)

    async def _post(self, which: int, items: list[Item]) -> Response:
        phone = self.phones[which]
        body = phone.body(items)
        return await self.world.client.post(PATH, content=body, headers=phone.headers(body))

    def note(self, which: int, items: list[Item], answer: Response) -> None:
        assert answer.status_code == 200, answer.text
        results = answer.json()["results"]
        assert len(results) == len(items)
        for item, result in zip(items, results, strict=True):
            assert result["status"] in KEPT, result
            assert result["counter"] == item.value["counter"]
            event_id = item.value["event_id"]
            assert self.receipts.setdefault(event_id, result["punch"]) == result["punch"]
            self.phones[which].queue = [one for one in self.phones[which].queue if one is not item]

    def teardown(self) -> None:
        if not hasattr(self, "phones"):
            return
        for which, phone in enumerate(self.phones):
            if phone.queue:
                self.send(which, list(phone.queue), "answered")
            if self.all[which]:
                self.send(which, self.all[which], "answered")
        counted, whole, ruled = self.world.run(self._read())
        assert {key: times for key, times, _ in counted} == dict.fromkeys(self.made, 1)
        told = {key: receipt["punch_id"] for key, receipt in self.receipts.items()}
        assert {key: punch_id for key, _, punch_id in counted} == {**told, **self.tapped}
        assert all(self.tapped.get(key, punch_id) == punch_id for key, punch_id in told.items())
        assert set(whole) <= {len(self.made)}
        # Each punch stands where its last ruling put it, and none was ruled on twice at once.
        current, numbers, rulings = ruled
        assert (current, numbers) == (len(self.made), rulings)

    async def _read(self) -> tuple[list[Any], tuple[Any, ...], tuple[Any, ...]]:
        async with self.world.database.transaction() as tx:
            values = {"project": self.ground.project.id}
            counted = [tuple(row) for row in await tx.execute(text(COUNT), values)]
            whole = tuple((await tx.execute(text(WHOLE), values)).one())
            return counted, whole, tuple((await tx.execute(text(RULED), values)).one())


async def test_every_punch_exactly_once(
    app: Litestar, client: AsyncClient, database: Database, keys: MemoryKeyRing, clock: ManualClock
) -> None:
    world = World(asyncio.get_running_loop(), app, client, database, keys, clock)
    machine = type("Machine", (Queues,), {"world": world})
    chosen = settings(
        max_examples=12,
        stateful_step_count=15,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=chosen)
