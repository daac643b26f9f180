"""Makes the ledger's entry of a punch that was asked for (pure)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from backend.kit.canonical import digest
from backend.kit.ids import new_id
from backend.ledger.model import Entry, Receipt, dedupe_bucket

POLICY_VERSION = 0
"""No site's policy judged it: people did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A punch that is asked for by a request, a make-up or an appeal, with its reason."""

    project_id: UUID
    request_id: UUID
    person_id: UUID
    direction: Literal["in", "out"]
    at: datetime
    kind: str
    reason: str


def make_up_entry(wanted: Wanted, now: datetime) -> Entry:
    """Return the entry, in review until who approves it counts it by a ruling of his own.

    Source is the request's id and event its direction: the request is found from the punch, and one request never
    becomes two punches of one direction. The digest is plain: its facts are no position and no name.
    """
    reasons = (
        {"code": "attendance.made_up", "request_id": str(wanted.request_id), "kind": wanted.kind, "why": wanted.reason},
    )
    punch_id = new_id(now)
    facts = [wanted.request_id, wanted.person_id, wanted.direction, wanted.at.isoformat()]
    return Entry(
        project_id=wanted.project_id,
        punch_id=punch_id,
        received_at=now,
        source="make_up",
        source_id=wanted.request_id,
        event_key=wanted.direction,
        bucket=dedupe_bucket(wanted.at),
        person_id=wanted.person_id,
        occurred_at=wanted.at,
        device_time=wanted.at.isoformat(),
        time_quality="claimed",
        direction=wanted.direction,
        direction_source="person",
        trust="request",
        policy_version=POLICY_VERSION,
        signals=(),
        payload_digest=digest(facts).hex(),
        ruling_id=new_id(now),
        outcome="review",
        reasons=reasons,
        receipt=Receipt(
            punch_id=punch_id,
            project_id=wanted.project_id,
            received_at=now,
            occurred_at=wanted.at,
            outcome="review",
            reasons=reasons,
        ),
    )
