"""Tables of gaps, counts and tasks; migration 0022 is the authority, `alembic check` keeps both equal."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.gates.tables import Instant, of_device
from backend.kit.db import Base


class GateGap(Base):
    """Numbers of a device's events that did not arrive."""

    __tablename__ = "gate_gap"
    __table_args__ = (of_device("gate_gap"), Index("ix_gate_gap_device", "project_id", "device_id", "found_at"))

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(Text)
    from_no: Mapped[int] = mapped_column(BigInteger)
    to_no: Mapped[int] = mapped_column(BigInteger)
    found_at: Mapped[datetime] = mapped_column(Instant)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)


class GateGapEnd(Base):
    """When a gap was none any more, and why."""

    __tablename__ = "gate_gap_end"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "gap_id"], ["gate_gap.project_id", "gate_gap.id"], name="fk_gate_gap_end_gap"
        ),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    gap_id: Mapped[UUID] = mapped_column(primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(Instant)
    cause: Mapped[str] = mapped_column(Text)


class GateCount(Base):
    """How many events a device said that it holds."""

    __tablename__ = "gate_count"
    __table_args__ = (of_device("gate_count"),)

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    reported_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    reported: Mapped[int] = mapped_column(BigInteger)


class GateDayCount(Base):
    """A device's day as it was counted at some instant; a later row counts it anew."""

    __tablename__ = "gate_day_count"
    __table_args__ = (
        of_device("gate_day_count"),
        Index("ix_gate_day_count_work_on", "project_id", "work_on"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    work_on: Mapped[date] = mapped_column(Date, primary_key=True)
    computed_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    events: Mapped[int] = mapped_column(Integer)
    refused: Mapped[int] = mapped_column(Integer)
    counted_from_at: Mapped[datetime | None] = mapped_column(Instant)
    counted_to_at: Mapped[datetime | None] = mapped_column(Instant)
    reported: Mapped[int | None] = mapped_column(BigInteger)
    held: Mapped[int | None] = mapped_column(Integer)
    missing: Mapped[int | None] = mapped_column(BigInteger)


class GateTask(Base):
    """Something about a gate that a person should look after."""

    __tablename__ = "gate_task"
    __table_args__ = (
        of_device("gate_task"),
        UniqueConstraint("project_id", "kind", "subject", name="uq_gate_task_subject"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(Instant)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)


class GateTaskEnd(Base):
    """Who did a task, when, and what came of it."""

    __tablename__ = "gate_task_end"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "task_id"], ["gate_task.project_id", "gate_task.id"], name="fk_gate_task_end_task"
        ),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    task_id: Mapped[UUID] = mapped_column(primary_key=True)
    done_at: Mapped[datetime] = mapped_column(Instant)
    done_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_gate_task_end_done_by"))
    note: Mapped[str] = mapped_column(Text)
