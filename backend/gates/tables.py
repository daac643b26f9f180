"""Tables of the gates; migration 0007 is the authority, `alembic check` keeps both equal."""

from datetime import datetime
from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Text,
)
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base

Instant = DateTime(timezone=True)


def _of_device(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["project_id", "device_id"],
        ["gate_device.project_id", "gate_device.id"],
        name=f"fk_{table}_device",
    )


class GateDevice(Base):
    """A gate terminal, one lane of one entrance."""

    __tablename__ = "gate_device"

    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id", name="fk_gate_device_project"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    serial_no: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    entrance: Mapped[str] = mapped_column(Text)
    lane: Mapped[str] = mapped_column(Text)
    default_direction: Mapped[str] = mapped_column(Text)
    place: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=4326, spatial_index=False), nullable=False)
    state: Mapped[str] = mapped_column(Text)
    heartbeat_interval_s: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Instant)
    paired_at: Mapped[datetime | None] = mapped_column(Instant)


class GateState(Base):
    """What a device last told: the only gate row that changes often."""

    __tablename__ = "gate_state"
    __table_args__ = (_of_device("gate_state"), {"postgresql_with": {"fillfactor": 50}})

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    last_seen_at: Mapped[datetime] = mapped_column(Instant)
    last_event_at: Mapped[datetime | None] = mapped_column(Instant)
    next_expected_seq: Mapped[int] = mapped_column(BigInteger, server_default="1")
    # Sequence numbers that arrived since the device's counter last restarted; see backend/gates/sequence.py.
    seen_seqs: Mapped[MultiRange[int]] = mapped_column(INT8MULTIRANGE, server_default="{}")
    backlog: Mapped[int | None] = mapped_column(Integer)
    oldest_unsent_at: Mapped[datetime | None] = mapped_column(Instant)
    clock_skew_s: Mapped[float | None]
    firmware: Mapped[str | None] = mapped_column(Text)
    disk_free_mb: Mapped[int | None] = mapped_column(Integer)


class GateKey(Base):
    """A key that signs a device's requests; two live ones overlap in a rotation."""

    __tablename__ = "gate_key"
    __table_args__ = (
        _of_device("gate_key"),
        Index("ix_gate_key_device", "project_id", "device_id"),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    project_id: Mapped[UUID]
    device_id: Mapped[UUID]
    secret_cipher: Mapped[bytes]
    state: Mapped[str] = mapped_column(Text)
    issued_at: Mapped[datetime] = mapped_column(Instant)
    issued_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_gate_key_issued_by"))
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class GateNonce(Base):
    """A nonce that was used, kept as long as its signature would still be taken."""

    __tablename__ = "gate_nonce"
    __table_args__ = (Index("ix_gate_nonce_seen_at", "seen_at"),)

    key_id: Mapped[str] = mapped_column(Text, primary_key=True)
    nonce: Mapped[str] = mapped_column(Text, primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(Instant)


class GateHeartbeat(Base):
    """A sign of life: evidence that a gate worked, or since when it did not."""

    __tablename__ = "gate_heartbeat"
    __table_args__ = (_of_device("gate_heartbeat"),)

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    clock_now: Mapped[datetime] = mapped_column(Instant)
    backlog: Mapped[int] = mapped_column(Integer)
    oldest_unsent_at: Mapped[datetime | None] = mapped_column(Instant)


class PersonBinding(Base):
    """Which person a device's number means, and from when to when."""

    __tablename__ = "person_binding"
    __table_args__ = (
        # The database has no primary key here: the exclusion constraint is the key.
        PrimaryKeyConstraint("project_id", "kind", "value", "valid_during", name="pk_person_binding"),
        ExcludeConstraint(
            ("project_id", "="),
            ("kind", "="),
            ("value", "="),
            ("valid_during", "&&"),
            name="ex_person_binding_valid",
            using="gist",
        ),
        Index("ix_person_binding_person_id", "person_id"),
        Index("ix_person_binding_value", "project_id", "kind", "value"),
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id", name="fk_person_binding_project"))
    kind: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_person_binding_person"))
    valid_during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    bound_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_person_binding_bound_by"))
