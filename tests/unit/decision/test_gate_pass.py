from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backend.decision.gate_pass import GateFacts, decide_gate_pass, judge_gate_time

NOW = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)
PAIRED = datetime(2026, 1, 1, tzinfo=UTC)
FACTS = GateFacts(person_known=True, assignment_in_force=True, granted=True, time="device")
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("facts", "outcome", "codes"),
    [
        (FACTS, "counted", ["decision.gate_passed"]),
        (replace(FACTS, time="suspect"), "counted", ["decision.gate_passed", "decision.clock_off"]),
        (replace(FACTS, assignment_in_force=False), "review", ["decision.assignment_not_in_force"]),
        (replace(FACTS, granted=None), "review", ["decision.gate_unclear"]),
        (replace(FACTS, granted=None, assignment_in_force=False), "review", ["decision.gate_unclear"]),
        (replace(FACTS, person_known=False), "review", ["decision.person_unknown"]),
        (replace(FACTS, granted=False), "refused", ["decision.gate_refused"]),
        (replace(FACTS, granted=False, person_known=False), "refused", ["decision.gate_refused"]),
        # An impossible time comes before everything else: nobody knows which day it would be.
        (replace(FACTS, granted=False, time="quarantined"), "review", ["decision.time_quarantined"]),
        (replace(FACTS, person_known=False, time="quarantined"), "review", ["decision.time_quarantined"]),
    ],
)
def test_a_pass_is_ruled_on(facts: GateFacts, outcome: str, codes: list[str]) -> None:
    ruling = decide_gate_pass(facts)
    assert (ruling.outcome, [reason.code for reason in ruling.reasons]) == (outcome, codes)


@pytest.mark.parametrize(
    ("occurred_at", "live", "quality"),
    [
        (NOW, True, "device"),
        (NOW + timedelta(minutes=10), True, "device"),
        (NOW + timedelta(minutes=10) + SECOND, True, "quarantined"),
        (NOW + timedelta(minutes=10) + SECOND, False, "quarantined"),
        (NOW - timedelta(minutes=10), True, "device"),
        (NOW - timedelta(minutes=10) - SECOND, True, "suspect"),
        (NOW - timedelta(days=60), False, "device"),
        (PAIRED - timedelta(days=30), False, "device"),
        (PAIRED - timedelta(days=30) - SECOND, False, "quarantined"),
        (datetime(2019, 12, 31, 23, 59, tzinfo=UTC), False, "quarantined"),
        (datetime(1970, 1, 1, tzinfo=UTC), False, "quarantined"),
    ],
)
def test_a_device_s_time_is_weighed(occurred_at: datetime, live: bool, quality: str) -> None:
    assert judge_gate_time(occurred_at, NOW, live=live, paired_at=PAIRED) == quality


def test_a_device_that_was_never_paired_has_no_earliest_day() -> None:
    assert judge_gate_time(datetime(2020, 1, 1, tzinfo=UTC), NOW, live=False, paired_at=None) == "device"
