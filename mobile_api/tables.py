"""Tables of what punches wait for; their migrations are the authority (checks, grants), `alembic check` agrees."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base


class PhotoWaitRow(Base):
    """A photo that a punch names and that is not here; `overdue`: the punch was ruled on without it."""

    __tablename__ = "photo_wait"
    __table_args__ = (
        Index("ix_photo_wait_photo", "person_id", "sha256"),
        Index("ix_photo_wait_deadline_at", "deadline_at"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    punch_id: Mapped[UUID] = mapped_column(primary_key=True)
    sha256: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    deadline_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    overdue: Mapped[bool] = mapped_column(server_default=text("false"))


class ProofWaitRow(Base):
    """A proof of presence that a queued punch names and that was not known; the punch was made between two instants."""

    __tablename__ = "proof_wait"
    __table_args__ = (
        CheckConstraint("latest_at >= earliest_at", name="bounds"),
        Index("ix_proof_wait_until_at", "until_at"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    punch_id: Mapped[UUID] = mapped_column(primary_key=True)
    proof_id: Mapped[UUID]
    person_id: Mapped[UUID]
    phone_id: Mapped[UUID]
    earliest_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    latest_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    until_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
