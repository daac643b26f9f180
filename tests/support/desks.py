"""What journeys at the desk need of the demo's house besides pages: staff at the API, and a gate of their own."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

import httpx
import msgspec

from backend.alerts.following import Following, follow_once
from backend.alerts.watching import RULES
from backend.demo.people import PEOPLE
from backend.demo.world import SOUTH
from backend.gates.signature import signed_headers
from backend.kit.clock import SystemClock
from backend.kit.db import Database
from backend.sites.model import day_bounds, work_on
from tests.support.browsers import DemoHouse
from tests.support.factories import draw_code

ZONE, CUTOVER = "Asia/Shanghai", time(4)
LOOK_EVERY_S = 0.2
TOWER = "光谷东研发楼演示工地"


@dataclass(frozen=True)
class DeskGate:
    """A gate at an entrance of its own, with a key; `name` and `entrance` are nobody else's."""

    id: str
    project_id: str
    name: str
    entrance: str
    key_id: str
    secret: str

    def signed(self, path: str, body: dict[str, Any], at: datetime) -> dict[str, Any]:
        """Sign a request of the gate now, for somebody else to send within 300 s."""
        content = msgspec.json.encode(body)
        headers = signed_headers(self.key_id, self.secret, method="POST", path=path, body=content, at=at)
        return {"path": path, "body": content.decode(), "headers": {**headers, "Content-Type": "application/json"}}

    def late_event(self, who: str, occurred_at: datetime, now: datetime) -> dict[str, Any]:
        """Return a signed batch with one pass that the gate had stored while it was down."""
        item = {
            "device_event_id": f"{self.name}-1",
            "seq": 1,
            "occurred_at": occurred_at.isoformat(),
            "person": {"kind": "card", "value": PEOPLE[who].card},
            "direction": "in",
            "granted": True,
            "method": "card",
            "live": False,
        }
        return self.signed("/gates/v1/events", {"clock_now": now.isoformat(), "items": [item]}, now)


class StaffAt:
    """Staff of the demo at the admin API."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        """Ask in the name of whom the token is of."""
        self._http, self._token = http, token

    async def call(self, method: str, path: str, body: object = None) -> Any:
        """Ask, and return the answer's body; AssertionError unless it succeeds."""
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = await self._http.request(method, f"/admin/v1{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    async def send(self, signed: dict[str, Any]) -> None:
        """Send what a gate signed."""
        answer = await self._http.post(signed["path"], content=signed["body"], headers=signed["headers"])
        assert answer.is_success, answer.text


@asynccontextmanager
async def staff_at(house: DemoHouse, *usernames: str) -> AsyncGenerator[list[StaffAt]]:
    """Log staff in at the API."""
    async with httpx.AsyncClient(base_url=house.base_url, trust_env=False, timeout=60) as http:
        found: list[StaffAt] = []
        for username in usernames:
            about = house.staff(username)
            log_in = {"username": about["username"], "password": about["password"]}
            answer = await http.post("/admin/v1/session", json=log_in)
            assert answer.is_success, answer.text
            found.append(StaffAt(http, answer.json()["access_token"]))
        yield found


async def make_desk_gate(admin: StaffAt, district: StaffAt) -> DeskGate:
    """Set up a gate at the demo's building site, with a key that the district approved, in use."""
    projects = (await admin.call("GET", "/projects"))["items"]
    project_id = next(one["id"] for one in projects if TOWER in one["name"])
    mark = draw_code(6)
    gates = f"/projects/{project_id}/gates"
    made = await admin.call(
        "POST",
        gates,
        {
            "serial_no": f"DESK-{mark}",
            "name": f"北门{mark}",
            "entrance": f"北入口{mark}",
            "lane": "1",
            "place": {"lon": SOUTH.place[0], "lat": SOUTH.place[1], "crs": "gcj02"},
            "heartbeat_interval_s": 60,
        },
    )
    applied = await admin.call("POST", f"{gates}/{made['id']}/key-applications", {"reason": "新装闸机"})
    application = f"/projects/{project_id}/key-applications/{applied['id']}"
    await district.call("POST", f"{application}/approval", {"reason": "现场核对无误"})
    key = await admin.call("POST", f"{application}/issue", {"reason": "项目管理员领取"})
    await admin.call("PATCH", f"{gates}/{made['id']}", {"state": "active"})
    gate = DeskGate(made["id"], project_id, made["name"], made["entrance"], key["id"], key["secret"])
    now = datetime.now(UTC)
    await admin.send(gate.signed("/gates/v1/heartbeat", {"clock_now": now.isoformat(), "backlog": 0}, now))
    return gate


def declaration_of(gate: DeskGate, reason: str, from_at: datetime) -> dict[str, Any]:
    """Return what declares the gate down since an instant, for an hour at most."""
    expires_at = from_at + timedelta(hours=1)
    return {
        "gate_ids": [gate.id],
        "reason": reason,
        "from_at": from_at.isoformat(),
        "expires_at": expires_at.isoformat(),
    }


def this_day(now: datetime) -> tuple[datetime, datetime]:
    """Return an instant shortly before `now` on the building site's day, and `now`.

    On the first minute of a day that is the day's beginning: what happens then is of this day too.
    """
    begin, _ = day_bounds(work_on(now, ZONE, CUTOVER), ZONE, CUTOVER)
    return max(now - timedelta(minutes=1), begin), now


@asynccontextmanager
async def rule_at_work(house: DemoHouse, kind: str) -> AsyncGenerator[None]:
    """Let one rule of alerts follow the house's facts, as the worker lets all of them.

    The others stay still: what they find depends on the hour, and other journeys would meet it.
    """
    rules = [rule for rule in RULES if rule.kind == kind]
    assert rules, kind
    database = Database(house.url, min_size=1, max_size=2)
    async with database.opened():
        state, clock = Following(), SystemClock()
        await follow_once(database, clock, state, rules)

        async def keep_on() -> None:
            while True:
                await follow_once(database, clock, state, rules)
                await asyncio.sleep(LOOK_EVERY_S)

        async with _kept_on(keep_on):
            yield


@asynccontextmanager
async def job_at_work(house: DemoHouse, job: Callable[[Database], Awaitable[object]]) -> AsyncGenerator[None]:
    """Let one job of the worker go on in the house; the others stay still, so that other journeys meet nothing."""
    database = Database(house.url, min_size=1, max_size=2)

    async def keep_on() -> None:
        while True:
            await job(database)
            await asyncio.sleep(LOOK_EVERY_S)

    async with database.opened(), _kept_on(keep_on):
        yield


@asynccontextmanager
async def _kept_on(keep_on: Callable[[], Coroutine[Any, Any, None]]) -> AsyncGenerator[None]:
    going = asyncio.create_task(keep_on())
    try:
        yield
    finally:
        going.cancel()
        with suppress(asyncio.CancelledError):
            await going
