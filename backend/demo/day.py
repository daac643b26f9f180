"""Plays the demo's day in order: log-ins, taps, batches and heartbeats, each at its instant by the manual clock."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from backend.demo.clients import Answer, Connection, Phone
from backend.demo.gate_plan import Beat, Delivery, gate_events, watches
from backend.demo.loading import Loaded
from backend.demo.people import PEOPLE
from backend.demo.phone_plan import FixPlan, Tap, phone_owners, phone_taps, platform_of
from backend.kit.ids import new_id

# From the tap to the server: what the network takes.
_TRAVEL = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class TapPlayed:
    """A tap and what was answered."""

    tap: Tap
    answer: Answer


@dataclass(frozen=True, slots=True)
class BatchPlayed:
    """A batch and what was answered: one result per item, and the number that the server waits for."""

    delivery: Delivery
    results: list[dict[str, Any]]
    next_expected_seq: int


@dataclass(slots=True)
class DayPlayed:
    """All that was sent and answered."""

    day: date
    taps: list[TapPlayed] = field(default_factory=list)
    batches: list[BatchPlayed] = field(default_factory=list)
    beats: int = 0
    log_ins: int = 0
    fences_fetched: int = 0
    fences_unchanged: int = 0


Watch = Callable[[], Awaitable[None]]
"""What the worker does about gates: it looks at them, and rules anew on what outages explain."""


async def play_day(connection: Connection, loaded: Loaded, day: date, watch: Watch) -> DayPlayed:
    """Play the day; the clock stands shortly after its last request then."""
    return await _Player(connection, loaded, day, watch).play()


class _Player:
    def __init__(self, connection: Connection, loaded: Loaded, day: date, watch: Watch) -> None:
        self._connection = connection
        self._loaded = loaded
        self._watch = watch
        self._played = DayPlayed(day)
        self._bodies: dict[str, dict[str, Any]] = {}
        self._phones = {
            who: Phone(connection, who, PEOPLE[who].phone_number, platform_of(who)) for who in phone_owners()
        }

    async def play(self) -> DayPlayed:
        for at, act in sorted(self._schedule(), key=lambda item: item[0]):
            self._connection.clock.set(at)
            await act()
        return self._played

    def _schedule(self) -> list[tuple[datetime, Callable[[], Awaitable[None]]]]:
        acts: list[tuple[datetime, Callable[[], Awaitable[None]]]] = []
        known: set[str] = set()
        for tap in phone_taps(self._played.day):
            if tap.who not in known:
                known.add(tap.who)
                acts.append((tap.at - timedelta(minutes=2), _bound(self._begin, tap.who)))
            elif tap.event.endswith("noon"):
                acts.append((tap.at - timedelta(minutes=1), _bound(self._look, tap.who)))
            acts.append((tap.at + _TRAVEL, _bound(self._tap, tap)))
        for event in gate_events(self._played.day):
            if isinstance(event, Delivery):
                acts.append((event.at, _bound(self._deliver, event)))
            else:
                acts.append((event.at, _bound(self._beat, event)))
        acts += [(at, self._watch) for at in watches(self._played.day)]
        return acts

    async def _begin(self, who: str) -> None:
        await self._phones[who].log_in()
        self._played.log_ins += 1
        await self._look(who)

    async def _look(self, who: str) -> None:
        status = await self._phones[who].fetch()
        if status == 304:  # noqa: PLR2004 - HTTP's Not Modified
            self._played.fences_unchanged += 1
        else:
            self._played.fences_fetched += 1

    async def _tap(self, tap: Tap) -> None:
        body = self._bodies.get(tap.event)
        if body is None:
            body = self._bodies[tap.event] = _body(tap)
            if tap.project is not None:
                body["project_id"] = self._loaded.projects[tap.project]
        elif tap.lesson == "changed":
            body = {**body, "direction": tap.direction}
        answer = await self._phones[tap.who].check_in(body)
        self._played.taps.append(TapPlayed(tap, answer))

    async def _deliver(self, delivery: Delivery) -> None:
        device = self._loaded.devices[delivery.gate.serial_no]
        body = {"clock_now": self._now(), "items": [item.wire() for item in delivery.items]}
        answer = await device.post("/events", body)
        self._played.batches.append(BatchPlayed(delivery, answer["results"], answer["next_expected_seq"]))

    async def _beat(self, beat: Beat) -> None:
        body: dict[str, Any] = {"clock_now": self._now(), "backlog": beat.backlog, "firmware": "demo-1.4"}
        if beat.oldest_unsent_at is not None:
            body["oldest_unsent_at"] = beat.oldest_unsent_at.isoformat()
        await self._loaded.devices[beat.gate.serial_no].post("/heartbeat", body)
        self._played.beats += 1

    def _now(self) -> str:
        return self._connection.clock.now().isoformat()


def _bound(act: Callable[[Any], Awaitable[None]], what: Any) -> Callable[[], Awaitable[None]]:  # noqa: ANN401 - whatever `act` takes
    return lambda: act(what)


def _body(tap: Tap) -> dict[str, Any]:
    body: dict[str, Any] = {
        "event_id": str(new_id(tap.at)),
        "claimed_at": tap.at.isoformat(),
        "direction": tap.direction,
        "fixes": [_fix(tap, fix) for fix in tap.fixes],
    }
    if tap.no_fix_reason is not None:
        body["no_fix_reason"] = tap.no_fix_reason
    return body


def _fix(tap: Tap, fix: FixPlan) -> dict[str, Any]:
    return {
        "lon": fix.lon,
        "lat": fix.lat,
        "crs": tap.crs,
        "accuracy_m": fix.accuracy_m,
        "platform": tap.platform,
        "provider": fix.provider,
        "age_s": fix.age_s,
        "mock": fix.mock,
    }
