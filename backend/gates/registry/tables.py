"""Tables of the key register and of self-tests; migration 0023 is the authority, `alembic check` keeps both equal."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.gates.tables import Instant, of_device
from backend.kit.db import Base


class GateKeyStep(Base):
    """One step in the life of a key: who did what, when and why; rows are added, never changed."""

    __tablename__ = "gate_key_step"
    __table_args__ = (
        of_device("gate_key_step"),
        UniqueConstraint("application_id", "step", name="uq_gate_key_step_once"),
        Index("ix_gate_key_step_made_at", "made_at"),
        Index("ix_gate_key_step_device", "project_id", "device_id"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID | None]
    step: Mapped[str] = mapped_column(Text)
    credential: Mapped[str] = mapped_column(Text)
    device_id: Mapped[UUID]
    key_id: Mapped[str | None] = mapped_column(Text)
    replaces_key_id: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    made_at: Mapped[datetime] = mapped_column(Instant)
    made_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_gate_key_step_made_by"))
    reason: Mapped[str] = mapped_column(Text)


class GateSelfTest(Base):
    """A time in which somebody presented himself at a device to see whether its event arrives."""

    __tablename__ = "gate_self_test"
    __table_args__ = (of_device("gate_self_test"), Index("ix_gate_self_test_device", "project_id", "device_id"))

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID]
    started_at: Mapped[datetime] = mapped_column(Instant)
    until_at: Mapped[datetime] = mapped_column(Instant)
    started_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_gate_self_test_started_by"))
