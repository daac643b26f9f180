"""Records and lists evidence that a way may be misused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from backend.evidence.ways.way_tables import PresenceSignal
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites.person_rights import sees_person

SignalKind = Literal["witnesses_in_turn", "one_witness_only", "passkey_cloned"]
READ = "ledger.read"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSignal:
    """What was noticed about a person; of one kind and subject it is recorded once."""

    project_id: UUID
    person_id: UUID
    kind: SignalKind
    subject: str
    evidence: Mapping[str, Any]


async def record_signal(tx: Tx, signal: NewSignal, *, now: datetime) -> None:
    """Record a signal unless it is on record."""
    await tx.execute(
        insert(PresenceSignal)
        .values(
            project_id=signal.project_id,
            id=new_id(now),
            person_id=signal.person_id,
            kind=signal.kind,
            subject=signal.subject,
            found_at=now,
            evidence=dict(signal.evidence),
        )
        .on_conflict_do_nothing()
    )


async def list_signals(tx: Tx, actor: Actor, project_id: UUID, *, after: UUID | None, limit: int) -> Sequence[AnyRow]:
    """Return a project's signals about people whom the actor may see, latest first."""
    query = (
        select(
            PresenceSignal.id,
            PresenceSignal.person_id,
            PresenceSignal.kind,
            PresenceSignal.found_at,
            PresenceSignal.evidence,
        )
        .where(
            PresenceSignal.project_id == project_id,
            sees_person(actor, READ, PresenceSignal.project_id, PresenceSignal.person_id),
        )
        .order_by(PresenceSignal.id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(PresenceSignal.id < after)
    return (await tx.execute(query)).all()
