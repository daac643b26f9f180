"""Tables of outages; migration 0017 is the authority, `alembic check` keeps both equal."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    FetchedValue,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.gates.tables import Instant, of_device
from backend.kit.db import XID8, Base


class GateOutage(Base):
    """A time in which a gate could not record, as it was found or declared; rows are never changed."""

    __tablename__ = "gate_outage"
    __table_args__ = (
        of_device("gate_outage"),
        UniqueConstraint("project_id", "device_id", "kind", "last_sign_at", name="uq_gate_outage_sign"),
        UniqueConstraint("project_id", "declaration_id", "device_id", name="uq_gate_outage_declaration"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(Text)
    last_sign_at: Mapped[datetime | None] = mapped_column(Instant)
    from_at: Mapped[datetime] = mapped_column(Instant)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
    declaration_id: Mapped[UUID | None]
    declared_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", name="fk_gate_outage_declared_by"))
    reason: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)


class GateOutageEnd(Base):
    """How and when an outage ended: one row for each, never changed."""

    __tablename__ = "gate_outage_end"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "outage_id"], ["gate_outage.project_id", "gate_outage.id"], name="fk_gate_outage_end_outage"
        ),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    outage_id: Mapped[UUID] = mapped_column(primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(Instant)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    cause: Mapped[str] = mapped_column(Text)
    backlog: Mapped[int | None] = mapped_column(Integer)
    oldest_event_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", name="fk_gate_outage_end_ended_by"))
    reason: Mapped[str | None] = mapped_column(Text)


class GateFact(Base):
    """One row per happening at a gate, for those who follow by cursor; never changed."""

    __tablename__ = "gate_fact"
    __table_args__ = (Index("ix_gate_fact_project", "project_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    xid: Mapped[int] = mapped_column(XID8(), server_default=FetchedValue())
    project_id: Mapped[UUID]
    device_id: Mapped[UUID | None]
    kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID]
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)


class GateWatch(Base):
    """How far the watch over a gate has come: the last sign of life and the last pass that it saw."""

    __tablename__ = "gate_watch"
    __table_args__ = (
        of_device("gate_watch"),
        {"postgresql_with": {"fillfactor": 50}},
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    sign_at: Mapped[datetime] = mapped_column(Instant)
    pass_at: Mapped[datetime] = mapped_column(Instant)
    clock_off: Mapped[bool]
    looked_at: Mapped[datetime | None] = mapped_column(Instant)


class GateOutagePhoto(Base):
    """A photo of a declared outage; its bytes lie among the blobs, sealed under the data key `key_id`."""

    __tablename__ = "gate_outage_photo"

    project_id: Mapped[UUID] = mapped_column(
        ForeignKey("project.id", name="fk_gate_outage_photo_project"), primary_key=True
    )
    declaration_id: Mapped[UUID] = mapped_column(primary_key=True)
    sha256: Mapped[bytes] = mapped_column(primary_key=True)
    added_at: Mapped[datetime] = mapped_column(Instant)
    added_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_gate_outage_photo_added_by"))
    key_id: Mapped[UUID]
    size_bytes: Mapped[int] = mapped_column(Integer)


class PhonePath(Base):
    """When phones might check in at a site of gates, derived from its outages; also how far its punches are ruled anew.

    `known_at` is when the path was found, `shut_at` when its end was; `settled_at` when the last punch made before it
    was known has been ruled anew, `ruled` how many were.
    """

    __tablename__ = "phone_path"
    __table_args__ = (
        Index("ix_phone_path_until", "project_id", "until_at"),
        Index("ix_phone_path_unsettled", "known_at", postgresql_where=sql("settled_at IS NULL")),
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id", name="fk_phone_path_project"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    entrance: Mapped[str] = mapped_column(Text)
    from_at: Mapped[datetime] = mapped_column(Instant)
    until_at: Mapped[datetime | None] = mapped_column(Instant)
    known_at: Mapped[datetime] = mapped_column(Instant)
    outage_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    shut_at: Mapped[datetime | None] = mapped_column(Instant)
    cursor_at: Mapped[datetime] = mapped_column(Instant)
    cursor_id: Mapped[UUID]
    ruled: Mapped[int] = mapped_column(Integer, server_default="0")
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
