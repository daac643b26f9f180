"""Records what a way of showing presence found, whichever way it was."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from backend.evidence.ways.model import LIFE, ProofOutcome, ProofTrust, Way
from backend.evidence.ways.tables import PresenceProof
from backend.kit.db import Tx
from backend.kit.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProof:
    """What is to be recorded.

    `made_at` is when it was shown, as far as it is known; `expires_at` until when a punch may use it (None: LIFE from
    then on). `proof_id` names it where an id was given out before, as with a challenge (None: a new one).
    """

    project_id: UUID
    person_id: UUID
    phone_id: UUID
    way: Way
    outcome: ProofOutcome
    made_at: datetime
    trust: ProofTrust = "online"
    expires_at: datetime | None = None
    proof_id: UUID | None = None
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class RecordedProof:
    """A proof as its owner is told of it."""

    id: UUID
    way: Way
    outcome: ProofOutcome
    made_at: datetime
    expires_at: datetime


async def record_proof(tx: Tx, proof: NewProof, *, now: datetime) -> UUID:
    """Record a proof for good and return its id, which one punch may name.

    Who calls this has judged the way and made sure whose phone it was. A `proof_id` that is taken already violates
    `pk_presence_proof`.
    """
    proof_id = proof.proof_id or new_id(now)
    await tx.execute(
        insert(PresenceProof).values(
            project_id=proof.project_id,
            id=proof_id,
            person_id=proof.person_id,
            phone_id=proof.phone_id,
            way=proof.way,
            outcome=proof.outcome,
            trust=proof.trust,
            made_at=proof.made_at,
            expires_at=proof.expires_at or proof.made_at + LIFE,
            recorded_at=now,
            facts=dict(proof.facts),
        )
    )
    return proof_id
