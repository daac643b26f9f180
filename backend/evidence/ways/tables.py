"""Tables of proofs of presence; their migration is the authority, `alembic check` keeps both equal."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base

_INSTANT = DateTime(timezone=True)


class PresenceProof(Base):
    """What a way found about one person on one project; rows are never changed.

    `facts` are the way's own: scores, digests of models and frames, counters; never a face, a vector or a secret.
    """

    __tablename__ = "presence_proof"
    __table_args__ = (
        # A punch names a proof alone, so that one of another project can be told from none at all.
        Index("ix_presence_proof_id", "id"),
        Index("ix_presence_proof_person_id", "person_id", "made_at"),
    )

    project_id: Mapped[UUID] = mapped_column(
        ForeignKey("project.id", name="fk_presence_proof_project"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_presence_proof_person"))
    phone_id: Mapped[UUID] = mapped_column(ForeignKey("phone.id", name="fk_presence_proof_phone"))
    way: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(Text)
    trust: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(_INSTANT)
    expires_at: Mapped[datetime] = mapped_column(_INSTANT)
    recorded_at: Mapped[datetime] = mapped_column(_INSTANT)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)


class PresenceProofUse(Base):
    """That a punch has taken a proof, which nobody can take again; rows are never changed."""

    __tablename__ = "presence_proof_use"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "proof_id"],
            ["presence_proof.project_id", "presence_proof.id"],
            name="fk_presence_proof_use_proof",
        ),
        UniqueConstraint("project_id", "punch_id", name="uq_presence_proof_use_punch"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    proof_id: Mapped[UUID] = mapped_column(primary_key=True)
    punch_id: Mapped[UUID]
    used_at: Mapped[datetime] = mapped_column(_INSTANT)
