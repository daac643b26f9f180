"""The SELECT of proofs for staff: whose they are, what they showed, which punch took them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping, and_, select

from backend.evidence.ways.signals import READ
from backend.evidence.ways.tables import PresenceProof, PresenceProofUse
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.person_rights import sees_person


async def list_proofs(
    tx: Tx, actor: Actor, project_id: UUID, *, person_id: UUID | None, after: UUID | None, limit: int
) -> Sequence[RowMapping]:
    """Return a project's proofs of people whom the actor may see, latest recorded first by their ids."""
    query = (
        select(
            PresenceProof.id.label("proof_id"),
            PresenceProof.person_id,
            PresenceProof.way,
            PresenceProof.outcome,
            PresenceProof.trust,
            PresenceProof.made_at,
            PresenceProof.expires_at,
            PresenceProof.facts,
            PresenceProofUse.punch_id,
        )
        .outerjoin(
            PresenceProofUse,
            and_(
                PresenceProofUse.project_id == PresenceProof.project_id,
                PresenceProofUse.proof_id == PresenceProof.id,
            ),
        )
        .where(
            PresenceProof.project_id == project_id,
            sees_person(actor, READ, PresenceProof.project_id, PresenceProof.person_id),
        )
        .order_by(PresenceProof.id.desc())
        .limit(limit)
    )
    if person_id is not None:
        query = query.where(PresenceProof.person_id == person_id)
    if after is not None:
        query = query.where(PresenceProof.id < after)
    return (await tx.execute(query)).mappings().all()
