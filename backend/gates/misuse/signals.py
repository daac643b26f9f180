"""Writes signals: further facts, each once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from backend.kit.db import Tx
from backend.kit.ids import new_id

WRITE = """
INSERT INTO gate_signal (project_id, id, device_id, person_id, kind, subject, from_at, to_at, found_at, evidence)
VALUES (:project_id, :id, :device_id, :person_id, :kind, :subject, :from_at, :to_at, :now, CAST(:evidence AS jsonb))
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A signal to write; `subject` says what it is about, so that it is written once."""

    project_id: UUID
    device_id: UUID
    person_id: UUID | None
    kind: str
    subject: str
    from_at: datetime
    to_at: datetime
    evidence: Mapping[str, Any]


async def write_signals(tx: Tx, signals: Sequence[Signal], now: datetime) -> None:
    """Write the signals that are not on record yet."""
    rows = [
        {
            "project_id": one.project_id,
            "id": new_id(now),
            "device_id": one.device_id,
            "person_id": one.person_id,
            "kind": one.kind,
            "subject": one.subject,
            "from_at": one.from_at,
            "to_at": one.to_at,
            "now": now,
            "evidence": msgspec.json.encode(one.evidence).decode(),
        }
        for one in signals
    ]
    if rows:
        await tx.execute(text(WRITE), rows)
