"""Tables of signals and of how far the ledger was followed; migration 0022 is the authority."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.gates.tables import Instant, of_device
from backend.kit.db import Base


class GateSignal(Base):
    """What speaks of a gate's misuse, with the numbers that say so; never changed, and no verdict."""

    __tablename__ = "gate_signal"
    __table_args__ = (
        of_device("gate_signal"),
        UniqueConstraint("project_id", "device_id", "kind", "subject", name="uq_gate_signal_subject"),
        Index("ix_gate_signal_found_at", "project_id", "found_at", "id"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", name="fk_gate_signal_person"))
    kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    from_at: Mapped[datetime] = mapped_column(Instant)
    to_at: Mapped[datetime] = mapped_column(Instant)
    found_at: Mapped[datetime] = mapped_column(Instant)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)


class GateFollower(Base):
    """Up to which row of the ledger's outbox a follower has looked."""

    __tablename__ = "gate_follower"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    outbox_id: Mapped[int] = mapped_column(BigInteger)
