"""Proofs of presence as a way would record them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from backend.evidence.ways.recording import NewProof, record_proof
from backend.evidence.ways.tables import PresenceProofUse
from backend.kit.db import Database
from tests.support.phones import Ground, Owner


async def prove(database: Database, ground: Ground, at: datetime, **changes: Any) -> UUID:
    """Record a passed proof of the ground's first person (or `owner`), made at the instant `at`."""
    owner: Owner = changes.pop("owner", ground.owner)
    fields: dict[str, Any] = {
        "project_id": ground.project.id,
        "person_id": owner.person_id,
        "phone_id": owner.phone_id,
        "way": "passkey",
        "outcome": "passed",
        "made_at": at,
        **changes,
    }
    async with database.transaction() as tx:
        return await record_proof(tx, NewProof(**fields), now=at)


async def uses_of(database: Database, proof_id: UUID) -> list[UUID]:
    """Return the punches that have taken a proof."""
    async with database.transaction() as tx:
        rows = await tx.scalars(select(PresenceProofUse.punch_id).where(PresenceProofUse.proof_id == proof_id))
        return list(rows)
