"""What the gates of the demo do on its day: passes, live batches, an outage, late and double batches (pure)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from backend.demo.people import PEOPLE, TOWER_PEOPLE
from backend.demo.phone_plan import ZONE, instant
from backend.demo.world import EAST, HEARTBEAT_S, SOUTH, Gate

Note = Literal["routine", "late", "again", "mended", "altered"]

ABSENT: Final = frozenset({"尹逢春", "孔令田"})
FORGOT_TO_LEAVE: Final = "毛立秋"
LEFT_EARLY: Final = "龙在野"
REFUSED_ONCE: Final = "邵大江"
UNKNOWN_CARD: Final = "C990999"
MISWRITTEN: Final = "丁长河"
WITHOUT_CLOCK: Final = "黎小满"

OUTAGE: Final = ("11:00", "16:05")
"""While the east gate's network is down; the device goes on recording."""
DELIVERY: Final = timedelta(minutes=4)
"""How long a device gathers before it sends; a live event must arrive within ten minutes."""


@dataclass(frozen=True, slots=True)
class GateItem:
    """One event as the device tells it; `device_time` is written as the device writes it."""

    event_id: str
    seq: int
    device_time: str
    card: str
    direction: Literal["in", "out"]
    granted: bool
    live: bool

    def wire(self) -> dict[str, Any]:
        """Return the item of a batch."""
        return {
            "device_event_id": self.event_id,
            "seq": self.seq,
            "occurred_at": self.device_time,
            "person": {"kind": "card", "value": self.card},
            "direction": self.direction,
            "granted": self.granted,
            "live": self.live,
            "method": "card",
        }


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request with a batch."""

    at: datetime
    gate: Gate
    items: tuple[GateItem, ...]
    note: Note = "routine"


@dataclass(frozen=True, slots=True)
class Beat:
    """One sign of life, with what the device still has to deliver."""

    at: datetime
    gate: Gate
    backlog: int = 0
    oldest_unsent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Pass:
    at: datetime
    gate: Gate
    card: str
    direction: Literal["in", "out"]
    granted: bool = True
    device_time: str | None = None


def gate_events(day: date) -> list[Delivery | Beat]:
    """Return all that the gates send that day, in the order in which it reaches the server."""
    passes = sorted(_passes(day), key=lambda one: one.at)
    begin, end = (instant(day, clock_time) for clock_time in OUTAGE)
    south = _items(SOUTH, [one for one in passes if one.gate is SOUTH])
    east = _items(EAST, [one for one in passes if one.gate is EAST])
    stored = [(at, replace(item, live=False)) for at, item in east if begin <= at < end]
    live = [(at, item) for at, item in east if not begin <= at < end]
    sent: list[Delivery | Beat] = [*_live_batches(SOUTH, south), *_live_batches(EAST, live)]
    sent += _twice(day, [one for one in sent if isinstance(one, Delivery) and one.gate is SOUTH])
    sent += _after_the_outage(end, [item for _, item in stored], live[2][1])
    sent += _beats(day, begin, end, backlog=len(stored), oldest=stored[0][0])
    return sorted(sent, key=lambda one: one.at)


def watches(day: date) -> list[datetime]:
    """Return when the worker looks at the gates; every minute would find the same, in more time."""
    first = instant(day, "6:05")
    return [first + timedelta(minutes=15 * count) for count in range(64)]


def _passes(day: date) -> Iterator[_Pass]:
    for place, person in enumerate(one for one in TOWER_PEOPLE if one.name not in ABSENT):
        who, gate = person.name, (SOUTH, EAST)[place % 2]
        seconds = timedelta(seconds=place * 7 % 60)
        yield _Pass(instant(day, f"6:{50 + 2 * place}") + seconds, gate, person.card, "in")
        if who == FORGOT_TO_LEAVE:
            continue
        if who == LEFT_EARLY:
            yield _Pass(instant(day, "9:58") + seconds, gate, person.card, "out")
            continue
        if person.post in {"worker", "team_leader"}:
            yield _Pass(instant(day, f"11:{32 + place}") + seconds, gate, person.card, "out")
            back = instant(day, f"12:{38 + place}") + seconds
            if who == REFUSED_ONCE:
                yield _Pass(back - timedelta(seconds=20), gate, person.card, "in", granted=False)
            yield _Pass(back, gate, person.card, "in")
        yield _Pass(instant(day, f"17:{25 + 2 * place}") + seconds, gate, person.card, "out")
    yield _Pass(instant(day, "9:12"), SOUTH, UNKNOWN_CARD, "in")
    # The gate lost power as well: until it heard a time server again it lived in the year 2000.
    power_on = _Pass(instant(day, "15:20"), EAST, PEOPLE[WITHOUT_CLOCK].card, "in")
    yield replace(power_on, device_time="2000-01-01T00:01:10+08:00")
    # A firmware that writes an instant without its offset from UTC.
    written = instant(day, "15:40")
    yield _Pass(written, EAST, PEOPLE[MISWRITTEN].card, "in", device_time=f"{written:%Y-%m-%d %H:%M:%S}")


def _items(gate: Gate, passes: Iterable[_Pass]) -> list[tuple[datetime, GateItem]]:
    prefix = gate.lane
    return [
        (
            one.at,
            GateItem(
                event_id=f"{prefix}-{seq:06d}",
                seq=seq,
                device_time=one.device_time or one.at.astimezone(ZONE).isoformat(),
                card=one.card,
                direction=one.direction,
                granted=one.granted,
                live=True,
            ),
        )
        for seq, one in enumerate(passes, start=1)
    ]


def _live_batches(gate: Gate, items: Iterable[tuple[datetime, GateItem]]) -> Iterator[Delivery]:
    waiting: list[GateItem] = []
    due: datetime | None = None
    for at, item in items:
        if due is not None and at > due:
            yield Delivery(due, gate, tuple(waiting))
            waiting, due = [], None
        due = due or at + DELIVERY
        waiting.append(item)
    if due is not None:
        yield Delivery(due, gate, tuple(waiting))


def _twice(day: date, deliveries: Iterable[Delivery]) -> Iterator[Delivery]:
    """Send the first batch after noon again: its answer got lost."""
    noon = instant(day, "12:30")
    first = next(one for one in deliveries if one.at > noon)
    yield replace(first, at=first.at + timedelta(seconds=30), note="again")


def _after_the_outage(end: datetime, stored: list[GateItem], early: GateItem) -> Iterator[Delivery]:
    """Deliver what was stored, twice since the first answer got lost; then what was miswritten, in the right form."""
    backlog = tuple(stored)
    yield Delivery(end + timedelta(seconds=20), EAST, backlog, "late")
    yield Delivery(end + timedelta(seconds=80), EAST, backlog, "again")
    wrong = next(item for item in stored if " " in item.device_time)
    right = replace(wrong, device_time=f"{wrong.device_time.replace(' ', 'T')}+08:00")
    yield Delivery(end + timedelta(minutes=15), EAST, (right,), "mended")
    # An old record comes again under its id, but now with somebody else's card.
    other = replace(early, card=PEOPLE["喻清和"].card, live=False)
    yield Delivery(end + timedelta(minutes=25), EAST, (other,), "altered")


def _beats(day: date, begin: datetime, end: datetime, *, backlog: int, oldest: datetime) -> Iterator[Beat]:
    for gate in (SOUTH, EAST):
        at = instant(day, "6:00") + timedelta(seconds=15)
        while at < instant(day, "20:00"):
            if gate is SOUTH or not begin <= at < end:
                yield Beat(at, gate)
            at += timedelta(seconds=HEARTBEAT_S)
    yield Beat(end, EAST, backlog, oldest)
