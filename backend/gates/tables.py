"""Tables of the gates; migration 0007 is the authority, `alembic check` keeps both equal."""

from datetime import date, datetime
from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, CIDR, INET, INT8MULTIRANGE, REAL, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base

Instant = DateTime(timezone=True)


def of_device(table: str) -> ForeignKeyConstraint:
    """Return the reference of a table's (project_id, device_id) to the device."""
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
    # Entrance, lane and place are unknown of a device that announced itself, until somebody completes it.
    entrance: Mapped[str | None] = mapped_column(Text)
    lane: Mapped[str | None] = mapped_column(Text)
    default_direction: Mapped[str] = mapped_column(Text)
    place: Mapped[WKBElement | None] = mapped_column(Geometry("POINT", srid=4326, spatial_index=False))
    state: Mapped[str] = mapped_column(Text)
    heartbeat_interval_s: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Instant)
    paired_at: Mapped[datetime | None] = mapped_column(Instant)
    vendor: Mapped[str] = mapped_column(Text, server_default="native")
    mac: Mapped[str | None] = mapped_column(Text, unique=True)
    place_radius_m: Mapped[int] = mapped_column(Integer, server_default="50")
    # The zone of the times that the device writes without offset; NULL: the project's.
    time_zone: Mapped[str | None] = mapped_column(Text)
    zone_form: Mapped[str | None] = mapped_column(Text)
    networks: Mapped[list[str]] = mapped_column(ARRAY(CIDR), server_default="{}")
    access_token_digest: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    # Goes up with every change of what the device should know; told in each answer to a heartbeat.
    config_rev: Mapped[int] = mapped_column(Integer, server_default="1")
    # Whether a terminal that sends photos of passes only where it is told to is told to.
    wants_photos: Mapped[bool] = mapped_column(server_default="false")


class GateState(Base):
    """What a device last told: the only gate row that changes often."""

    __tablename__ = "gate_state"
    __table_args__ = (of_device("gate_state"), {"postgresql_with": {"fillfactor": 50}})

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
    # By how many seconds its clock was behind ours when it last spoke live, newest last, at most 20.
    recent_skews_s: Mapped[list[float]] = mapped_column(ARRAY(REAL), server_default="{}")
    # How many events the device says that it stores.
    reported_count: Mapped[int | None] = mapped_column(BigInteger)
    reported_at: Mapped[datetime | None] = mapped_column(Instant)
    # The network cards of a terminal that names them: the first that was seen, and the one whose numbers are followed.
    home_mac: Mapped[str | None] = mapped_column(Text)
    counting_mac: Mapped[str | None] = mapped_column(Text)
    # From where a handshake with the right token came last.
    token_address: Mapped[str | None] = mapped_column(INET)


class GateKey(Base):
    """A key that signs a device's requests; two live ones overlap in a rotation."""

    __tablename__ = "gate_key"
    __table_args__ = (
        of_device("gate_key"),
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
    __table_args__ = (of_device("gate_heartbeat"),)

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    clock_now: Mapped[datetime] = mapped_column(Instant)
    backlog: Mapped[int] = mapped_column(Integer)
    oldest_unsent_at: Mapped[datetime | None] = mapped_column(Instant)


class GateSign(Base):
    """That a terminal without heartbeats of ours was alive in a half minute; kept as long as outages are looked for."""

    __tablename__ = "gate_sign"
    __table_args__ = (of_device("gate_sign"), Index("ix_gate_sign_at", "at"))

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, primary_key=True)


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


class GatePairingWindow(Base):
    """When devices of a make that nobody registered may announce themselves to a project."""

    __tablename__ = "gate_pairing_window"
    __table_args__ = (Index("ix_gate_pairing_window_to_at", "to_at"),)

    project_id: Mapped[UUID] = mapped_column(
        ForeignKey("project.id", name="fk_gate_pairing_window_project"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    vendor: Mapped[str] = mapped_column(Text)
    serial_no: Mapped[str | None] = mapped_column(Text)
    from_at: Mapped[datetime] = mapped_column(Instant)
    to_at: Mapped[datetime] = mapped_column(Instant)
    reason: Mapped[str] = mapped_column(Text)
    opened_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_gate_pairing_window_opened_by"))
    met: Mapped[int] = mapped_column(Integer, server_default="0")
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", name="fk_gate_pairing_window_closed_by"))


class GateUnknownSeen(Base):
    """How often a serial number called that no device has; nothing of what it sent."""

    __tablename__ = "gate_unknown_seen"
    __table_args__ = (Index("ix_gate_unknown_seen_last_seen_at", "last_seen_at"),)

    vendor: Mapped[str] = mapped_column(Text, primary_key=True)
    serial: Mapped[str] = mapped_column(Text, primary_key=True)
    counter: Mapped[int] = mapped_column(BigInteger, server_default="1")
    first_seen_at: Mapped[datetime] = mapped_column(Instant)
    last_seen_at: Mapped[datetime] = mapped_column(Instant)
    last_address: Mapped[str | None] = mapped_column(INET)


class GateRefusal(Base):
    """How often on a day (UTC) a device was sent away for where its requests came from, or what they carried."""

    __tablename__ = "gate_refusal"
    __table_args__ = (of_device("gate_refusal"),)

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    on_utc: Mapped[date] = mapped_column(Date, primary_key=True)
    reason: Mapped[str] = mapped_column(Text, primary_key=True)
    address: Mapped[str] = mapped_column(Text, primary_key=True)
    counter: Mapped[int] = mapped_column(BigInteger, server_default="1")
    first_at: Mapped[datetime] = mapped_column(Instant)
    last_at: Mapped[datetime] = mapped_column(Instant)


class GatePhoto(Base):
    """A photo that a device uploaded; its bytes lie among the blobs, sealed under a key of its own.

    The key is gone when the photo was examined. Before photos were, they were sealed under the data key `key_id`.
    """

    __tablename__ = "gate_photo"
    __table_args__ = (of_device("gate_photo"),)

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    sha256: Mapped[bytes] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(Instant)
    key_id: Mapped[UUID | None]
    wrapped_key: Mapped[bytes | None]
    size_bytes: Mapped[int] = mapped_column(Integer)
