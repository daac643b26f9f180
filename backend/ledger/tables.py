"""Tables of the ledger; migration 0005 is the authority, `alembic check` keeps both equal."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    FetchedValue,
    Identity,
    Index,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import XID8, Base

Instant = DateTime(timezone=True)


class Punch(Base):
    """One claim of presence: facts and their evaluation, never changed."""

    __tablename__ = "punch"
    __table_args__ = {"postgresql_partition_by": "RANGE (received_at)"}  # noqa: RUF012 - SQLAlchemy reads it once

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    punch_id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(Text)
    source_id: Mapped[UUID]
    event_key: Mapped[str] = mapped_column(Text)
    person_id: Mapped[UUID | None]
    section_id: Mapped[UUID | None]
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    device_time: Mapped[str] = mapped_column(Text)
    time_quality: Mapped[str] = mapped_column(Text)
    direction: Mapped[str] = mapped_column(Text)
    direction_source: Mapped[str] = mapped_column(Text)
    trust: Mapped[str] = mapped_column(Text)
    method: Mapped[str | None] = mapped_column(Text)
    lane: Mapped[str | None] = mapped_column(Text)
    granted: Mapped[bool | None]
    fence_version_id: Mapped[UUID | None]
    policy_version: Mapped[int]
    covered: Mapped[bool | None]
    signed_distance_m: Mapped[float | None]
    probability: Mapped[float | None]
    accuracy_m: Mapped[float | None]
    sigma_m: Mapped[float | None]
    chainage_m: Mapped[float | None]
    offset_m: Mapped[float | None]
    signals: Mapped[list[str]] = mapped_column(ARRAY(Text))
    payload_digest: Mapped[bytes]
    private_digest: Mapped[bytes | None]


class PunchPrivate(Base):
    """Precise and personal data of a punch, sealed under the project's key of the month."""

    __tablename__ = "punch_private"
    __table_args__ = {"postgresql_partition_by": "RANGE (received_at)"}  # noqa: RUF012 - SQLAlchemy reads it once

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    punch_id: Mapped[UUID] = mapped_column(primary_key=True)
    key_id: Mapped[UUID]
    sealed: Mapped[bytes]


class DataKey(Base):
    """The wrapped data key of a project and month; destroying it erases what it sealed."""

    __tablename__ = "data_key"
    __table_args__ = (
        CheckConstraint("extract(day FROM month) = 1", name="month"),
        CheckConstraint("(wrapped IS NULL) = (destroyed_at IS NOT NULL)", name="destroyed"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(Date, primary_key=True)
    key_id: Mapped[UUID]
    wrapped: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(Instant)
    destroyed_at: Mapped[datetime | None] = mapped_column(Instant)


class Ruling(Base):
    """What was decided about a punch, by policy or by a named person; the first one too is its own row."""

    __tablename__ = "ruling"
    __table_args__ = (
        Index("ix_ruling_punch_id", "project_id", "punch_id"),
        {"postgresql_partition_by": "RANGE (ruled_at)"},
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    ruled_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    ruling_id: Mapped[UUID] = mapped_column(primary_key=True)
    punch_id: Mapped[UUID]
    seq: Mapped[int]
    outcome: Mapped[str] = mapped_column(Text)
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    policy_version: Mapped[int]
    ruled_by: Mapped[UUID | None]
    note: Mapped[str | None] = mapped_column(Text)
    deadline_at: Mapped[datetime | None] = mapped_column(Instant)


class Attribution(Base):
    """Who a punch belongs to or when it happened, found out later by a named person."""

    __tablename__ = "attribution"
    __table_args__ = (
        Index("ix_attribution_punch_id", "project_id", "punch_id"),
        {"postgresql_partition_by": "RANGE (made_at)"},
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    made_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    attribution_id: Mapped[UUID] = mapped_column(primary_key=True)
    punch_id: Mapped[UUID]
    person_id: Mapped[UUID | None]
    occurred_at: Mapped[datetime | None] = mapped_column(Instant)
    made_by: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(Text)


class Erasure(Base):
    """That the keys of something were destroyed: of what, why, by whom; `digests` holds SHA-256 of each key."""

    __tablename__ = "erasure"
    __table_args__ = (
        CheckConstraint("octet_length(digests) % 32 = 0", name="digests"),
        Index("ix_erasure_subject_id", "subject_id", "subject"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    made_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    erasure_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID]
    digests: Mapped[bytes]
    reason: Mapped[str] = mapped_column(Text)
    made_by: Mapped[UUID | None]


class PunchDedupe(Base):
    """The event ids already taken, each with its payload's digest and its receipt."""

    __tablename__ = "punch_dedupe"
    __table_args__ = {"postgresql_partition_by": "RANGE (bucket)"}  # noqa: RUF012 - SQLAlchemy reads it once

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    source_id: Mapped[UUID] = mapped_column(primary_key=True)
    bucket: Mapped[date] = mapped_column(Date, primary_key=True)
    event_key: Mapped[str] = mapped_column(Text, primary_key=True)
    payload_digest: Mapped[bytes]
    punch_id: Mapped[UUID]
    receipt: Mapped[dict[str, Any]] = mapped_column(JSONB)


class PunchStatus(Base):
    """The current state of a punch; can be rebuilt from punch, ruling and attribution."""

    __tablename__ = "punch_status"
    __table_args__ = (
        Index("ix_punch_status_person", "person_id", "occurred_at"),
        Index(
            "ix_punch_status_refused",
            "person_id",
            "occurred_at",
            postgresql_where=text("outcome = 'refused' AND source = 'phone'"),
        ),
        Index("ix_punch_status_quarantined", "project_id", "punch_id", postgresql_where=text("quarantined")),
        Index(
            "ix_punch_status_review",
            "project_id",
            "received_at",
            "punch_id",
            postgresql_where=text("outcome = 'review'"),
        ),
        {"postgresql_with": {"fillfactor": 90}},
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    punch_id: Mapped[UUID] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(Instant)
    ruling_id: Mapped[UUID]
    seq: Mapped[int]
    outcome: Mapped[str] = mapped_column(Text)
    person_id: Mapped[UUID | None]
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    direction: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    quarantined: Mapped[bool] = mapped_column(server_default=text("false"))


class LedgerOutbox(Base):
    """One plain row per entry, for those who follow the ledger by cursor."""

    __tablename__ = "ledger_outbox"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    xid: Mapped[int] = mapped_column(XID8(), server_default=FetchedValue())
    project_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(Text)
    entry_id: Mapped[UUID]
    recorded_at: Mapped[datetime] = mapped_column(Instant)
