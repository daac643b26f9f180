"""Decides a gate's event: who passed, when by the device's clock, and whether the gate let him in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from backend.decision.ruling import Reason, Ruling

GateTime = Literal["device", "suspect", "quarantined"]

FUTURE_LIMIT = timedelta(minutes=10)
SUSPECT_SKEW = timedelta(minutes=10)
BEFORE_PAIRING = timedelta(days=30)
FIRST_YEAR = 2020


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFacts:
    """All that the decision may look at; `granted` is None when the device does not say."""

    person_known: bool
    assignment_in_force: bool
    granted: bool | None
    time: GateTime


def judge_gate_time(
    occurred_at: datetime,
    received_at: datetime,
    *,
    live: bool,
    paired_at: datetime | None,
) -> GateTime:
    """Tell what a device's instant is worth: impossible times wait for a named person, nothing is corrected silently.

    Quarantined: more than ten minutes in the future, before 2020, or more than 30 days before the device was paired.
    Suspect: a live event whose clock is off by more than ten minutes.
    """
    if occurred_at > received_at + FUTURE_LIMIT or occurred_at.year < FIRST_YEAR:
        return "quarantined"
    if paired_at is not None and occurred_at < paired_at - BEFORE_PAIRING:
        return "quarantined"
    if live and abs(received_at - occurred_at) > SUSPECT_SKEW:
        return "suspect"
    return "device"


def decide_gate_pass(facts: GateFacts) -> Ruling:  # noqa: PLR0911 - one return per rule reads best
    """Rule on a gate event."""
    if facts.time == "quarantined":
        return Ruling("review", (Reason("decision.time_quarantined"),))
    if facts.granted is False:
        return Ruling("refused", (Reason("decision.gate_refused"),))
    if not facts.person_known:
        return Ruling("review", (Reason("decision.person_unknown"),))
    if facts.granted is None:
        return Ruling("review", (Reason("decision.gate_unclear"),))
    if not facts.assignment_in_force:
        return Ruling("review", (Reason("decision.assignment_not_in_force"),))
    if facts.time == "suspect":
        return Ruling("counted", (Reason("decision.gate_passed"), Reason("decision.clock_off")))
    return Ruling("counted", (Reason("decision.gate_passed"),))
