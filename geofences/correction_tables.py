"""Tables of corrections; migration 0011 is the authority, `alembic check` keeps both equal."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, ForeignKeyConstraint, Index, Integer, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base

Instant = DateTime(timezone=True)


def _account(name: str) -> ForeignKey:
    return ForeignKey("account.id", name=f"fk_{name}")


class FenceCorrection(Base):
    """A shape for a past period that was judged by a wrong one: proposed, looked at, approved by another, applied."""

    __tablename__ = "fence_correction"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "fence_id"], ["fence.project_id", "fence.id"], name="fk_fence_correction_fence"
        ),
        ForeignKeyConstraint(
            ["project_id", "version_id"],
            ["fence_version.project_id", "fence_version.id"],
            name="fk_fence_correction_version",
        ),
        Index("uq_fence_correction_running", "project_id", unique=True, postgresql_where=sql("state = 'applying'")),
        Index("ix_fence_correction_open", "proposed_at", postgresql_where=sql("state IN ('looking', 'applying')")),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    fence_id: Mapped[UUID]
    version_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[datetime] = mapped_column(Instant)
    valid_until: Mapped[datetime | None] = mapped_column(Instant)
    reason: Mapped[str] = mapped_column(Text)
    proposed_by: Mapped[UUID] = mapped_column(_account("fence_correction_proposed_by"))
    proposed_at: Mapped[datetime] = mapped_column(Instant)
    look_until: Mapped[datetime] = mapped_column(Instant)
    cursor_at: Mapped[datetime] = mapped_column(Instant)
    cursor_id: Mapped[UUID]
    examined: Mapped[int] = mapped_column(Integer, server_default="0")
    left_out: Mapped[dict[str, int]] = mapped_column(JSONB, server_default="{}")
    approved_by: Mapped[UUID | None] = mapped_column(_account("fence_correction_approved_by"))
    approved_at: Mapped[datetime | None] = mapped_column(Instant)
    known_from: Mapped[datetime | None] = mapped_column(Instant)
    dropped_by: Mapped[UUID | None] = mapped_column(_account("fence_correction_dropped_by"))
    ended_at: Mapped[datetime | None] = mapped_column(Instant)


class FenceCorrectionChange(Base):
    """A ruling that a correction changes; settled once: by a new ruling, or without one where somebody ruled since."""

    __tablename__ = "fence_correction_change"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "correction_id"],
            ["fence_correction.project_id", "fence_correction.id"],
            name="fk_fence_correction_change_correction",
        ),
        Index(
            "ix_fence_correction_change_open",
            "project_id",
            "correction_id",
            "punch_id",
            postgresql_where=sql("settled_at IS NULL"),
        ),
        Index(
            "ix_fence_correction_change_ruling",
            "project_id",
            "punch_id",
            "ruling_id",
            postgresql_where=sql("ruling_id IS NOT NULL"),
        ),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    correction_id: Mapped[UUID] = mapped_column(primary_key=True)
    punch_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID | None]
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    received_at: Mapped[datetime] = mapped_column(Instant)
    seq: Mapped[int] = mapped_column(Integer)
    from_outcome: Mapped[str] = mapped_column(Text)
    to_outcome: Mapped[str] = mapped_column(Text)
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    policy_version: Mapped[int] = mapped_column(Integer)
    ruling_id: Mapped[UUID | None]
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
