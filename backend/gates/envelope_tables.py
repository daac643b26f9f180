"""Tables of what terminals sent: raw envelopes, unread lines, remarks, photos' links, events of strangers.

Migration `gate_envelopes` is the authority, `alembic check` keeps both equal.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Identity, Index, Integer, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.gates.tables import Instant, of_device
from backend.kit.db import Base


class GateEnvelope(Base):
    """A body as it came, without templates, photos and passwords, sealed under the project's key of the month."""

    __tablename__ = "gate_envelope"
    __table_args__ = (
        of_device("gate_envelope"),
        UniqueConstraint("project_id", "device_id", "subject", "sha256", name="uq_gate_envelope_sha256"),
        Index("ix_gate_envelope_received_at", "received_at"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID]
    received_at: Mapped[datetime] = mapped_column(Instant)
    # What the request says that it holds: table and name of the table, or the dialect's one subject.
    subject: Mapped[str] = mapped_column(Text)
    # Of the body as it came, before anything was cut.
    sha256: Mapped[bytes]
    size: Mapped[int] = mapped_column(Integer)
    key_id: Mapped[UUID]
    sealed: Mapped[bytes]
    # How often the same bytes came, and when last.
    times: Mapped[int] = mapped_column(Integer, server_default="1")
    last_received_at: Mapped[datetime] = mapped_column(Instant)
    # Set when all of it is recorded; NULL after a fault of the translator.
    recorded_at: Mapped[datetime | None] = mapped_column(Instant)
    rows: Mapped[int | None] = mapped_column(Integer)
    unread: Mapped[int | None] = mapped_column(Integer)


class GateUnreadLine(Base):
    """A line that could not be read; the terminal was told that all is well."""

    __tablename__ = "gate_unread_line"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "envelope_id"],
            ["gate_envelope.project_id", "gate_envelope.id"],
            name="fk_gate_unread_line_envelope",
            ondelete="CASCADE",
        ),
        Index("ix_gate_unread_line_device", "project_id", "device_id", "envelope_id"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    envelope_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    device_id: Mapped[UUID]
    received_at: Mapped[datetime] = mapped_column(Instant)
    reason: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)


class GateRemark(Base):
    """A fact about a device that is no event of a person; never changed, followed by `id`."""

    __tablename__ = "gate_remark"
    __table_args__ = (
        of_device("gate_remark"),
        UniqueConstraint("id", name="uq_gate_remark_id"),
        Index("ix_gate_remark_kind", "project_id", "device_id", "kind", "at"),
        Index("ix_gate_remark_received_at", "received_at"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    kind: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime | None] = mapped_column(Instant)
    received_at: Mapped[datetime] = mapped_column(Instant)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)


class GatePhotoLink(Base):
    """A photo that a terminal took of a pass: its digest, and whether the photo itself is kept."""

    __tablename__ = "gate_photo_link"
    __table_args__ = (of_device("gate_photo_link"), Index("ix_gate_photo_link_received_at", "received_at"))

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(Text, primary_key=True)
    # Of the pass: its event key, or number and time where the protocol names no more.
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    size: Mapped[int] = mapped_column(Integer)
    received_at: Mapped[datetime] = mapped_column(Instant)
    kept: Mapped[bool]


class GateTerminalUser(Base):
    """Whom a terminal has enrolled by its own account: helps to bind its numbers, decides nothing."""

    __tablename__ = "gate_terminal_user"
    __table_args__ = (of_device("gate_terminal_user"),)

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    # Some bytes of the name were no text.
    replaced: Mapped[bool]
    told_at: Mapped[datetime] = mapped_column(Instant)


class GateStranger(Base):
    """An event of a number that meant nobody yet, to be attributed when it is bound."""

    __tablename__ = "gate_stranger"
    __table_args__ = (Index("ix_gate_stranger_received_at", "received_at"),)

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Text, primary_key=True)
    punch_id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID]
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    received_at: Mapped[datetime] = mapped_column(Instant)
