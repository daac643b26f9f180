"""Turns the events of a gate into ledger entries with their first rulings (pure; the decision itself is decision's)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from backend.decision.gate_pass import GateFacts, decide_gate_pass, judge_gate_time
from backend.decision.policy import DEFAULT_VERSION
from backend.decision.ruling import Outcome
from backend.gates.events import GateEvent, ReadEvent
from backend.gates.model import Gate, KnownPerson, People, Stay
from backend.kit.canonical import canonical_bytes
from backend.kit.crypto import DataKey
from backend.kit.ids import new_id
from backend.ledger.fingerprints import Fingerprints
from backend.ledger.model import DayKey, Direction, Entry, Receipt, dedupe_bucket
from backend.sites.model import day_bounds, work_on

Reasons = tuple[dict[str, Any], ...]


class Judged(Struct, frozen=True):
    """An entry to append, and the person-day that it touches if it turns out to be new."""

    entry: Entry
    day: DayKey | None


class _Facts(Struct, frozen=True, array_like=True):
    """What makes an event the same event: not its number in the queue, nor whether it was sent live or later."""

    occurred_at: datetime
    person_kind: str
    person_value: str
    direction: str | None
    granted: bool | None
    method: str | None
    photo_sha256: str | None


@dataclass(slots=True)
class Judge:
    """Judges the events of one batch; keeps the site's days and verdicts that it has met already."""

    gate: Gate
    people: People
    now: datetime
    key_id: UUID
    seal: DataKey
    fingerprints: Fingerprints
    draw_id: Callable[[datetime], UUID] = new_id
    _days: list[tuple[datetime, datetime, date]] = field(default_factory=list)
    _verdicts: dict[GateFacts, tuple[Outcome, Reasons]] = field(default_factory=dict)

    def judge(self, read: ReadEvent) -> Judged:
        """Return the entry of one event."""
        event, at, gate, now = read.event, read.at, self.gate, self.now
        person = self.people.named(event.person.kind, event.person.value, at)
        quality = judge_gate_time(at, now, live=event.live, paired_at=gate.paired_at)
        stay: Stay | None = None
        day: DayKey | None = None
        # A time that cannot be belongs to no day; the edges of the calendar have none to compute.
        if person is not None and quality != "quarantined":
            from_at, to_at, on = self._day(at)
            stay = person.stay_on(on)
            day = DayKey(gate.project_id, person.person_id, on, from_at, to_at)
        facts = GateFacts(
            person_known=person is not None, assignment_in_force=stay is not None, granted=event.granted, time=quality
        )
        outcome, reasons = self._verdict(facts)
        direction, direction_source = _direction(event, gate)
        punch_id = self.draw_id(now)
        payload_digest, *earlier_digests = self.fingerprints.of(_facts(event, at))
        sealed = self.seal.seal(_private(event, person), punch_id.bytes)
        entry = Entry(
            project_id=gate.project_id,
            punch_id=punch_id,
            received_at=now,
            source="gate",
            source_id=gate.device_id,
            event_key=event.device_event_id,
            bucket=dedupe_bucket(at),
            person_id=None if person is None else person.person_id,
            section_id=None if stay is None else stay.section_id,
            occurred_at=at,
            device_time=event.occurred_at,
            time_quality=quality,
            direction=direction,
            direction_source=direction_source,
            trust="signed",
            method=event.method,
            lane=gate.lane,
            granted=event.granted,
            policy_version=DEFAULT_VERSION if gate.policy_version is None else gate.policy_version,
            signals=() if event.live else ("stored",),
            payload_digest=payload_digest,
            earlier_digests=tuple(earlier_digests),
            private_digest=sealed.commitment.hex(),
            key_id=self.key_id,
            sealed=sealed.ciphertext.hex(),
            ruling_id=self.draw_id(now),
            outcome=outcome,
            reasons=reasons,
            receipt=Receipt(
                punch_id=punch_id,
                project_id=gate.project_id,
                received_at=now,
                occurred_at=at,
                outcome=outcome,
                reasons=reasons,
            ),
        )
        return Judged(entry, None if outcome == "refused" else day)

    def _verdict(self, facts: GateFacts) -> tuple[Outcome, Reasons]:
        known = self._verdicts.get(facts)
        if known is None:
            ruling = decide_gate_pass(facts)
            known = ruling.outcome, tuple(reason.wire() for reason in ruling.reasons)
            self._verdicts[facts] = known
        return known

    def _day(self, at: datetime) -> tuple[datetime, datetime, date]:
        for known in reversed(self._days):
            if known[0] <= at < known[1]:
                return known
        on = work_on(at, self.gate.time_zone, self.gate.cutover)
        found = (*day_bounds(on, self.gate.time_zone, self.gate.cutover), on)
        self._days.append(found)
        return found


def _direction(event: GateEvent, gate: Gate) -> tuple[Direction, str]:
    if event.direction is not None:
        return event.direction, "wire"
    if gate.default_direction == "in":
        return "in", "lane_default"
    return ("out", "lane_default") if gate.default_direction == "out" else ("unknown", "none")


def _facts(event: GateEvent, at: datetime) -> _Facts:
    person = event.person
    return _Facts(at, person.kind, person.value, event.direction, event.granted, event.method, event.photo_sha256)


def _private(event: GateEvent, person: KnownPerson | None) -> bytes:
    return canonical_bytes(
        {
            "person": None if person is None else person.name,
            "presented": [event.person.kind, event.person.value],
            "photo_sha256": event.photo_sha256,
        }
    )
