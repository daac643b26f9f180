"""Tables of examined photos; migration 0033 is the authority, `alembic check` keeps both equal."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base

_INSTANT = DateTime(timezone=True)


class PhotoRetention(Base):
    """How long photos of a class are kept, and their originals: the highest version counts."""

    __tablename__ = "photo_retention"

    photo_class: Mapped[str] = mapped_column("class", Text, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    keep_days: Mapped[int] = mapped_column(Integer)
    original_days: Mapped[int] = mapped_column(Integer)
    set_at: Mapped[datetime] = mapped_column(_INSTANT)
    set_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", name="fk_photo_retention_set_by"))
    reason: Mapped[str] = mapped_column(Text)


class PhotoFile(Base):
    """A photo of a phone or a gate: where it stands, and the wrapped key of what is kept of it.

    A phone's has the id of its upload. `tries` says how often somebody began with it: of two who hold it only the
    later one may finish. The row outlives the photo.
    """

    __tablename__ = "photo_file"
    __table_args__ = (
        Index("uq_photo_file_phone", "person_id", "sha256", unique=True, postgresql_where=text("source = 'phone'")),
        Index(
            "uq_photo_file_gate",
            "project_id",
            "device_id",
            "sha256",
            unique=True,
            postgresql_where=text("source = 'gate'"),
        ),
        Index("ix_photo_file_waiting", "try_after", postgresql_where=text("state = 'waiting'")),
        Index(
            "ix_photo_file_original",
            "class",
            "received_at",
            postgresql_where=text("has_original AND state <> 'waiting'"),
        ),
        Index("ix_photo_file_due", "class", "received_at", postgresql_where=text("state IN ('kept', 'refused')")),
        Index("ix_photo_file_deleting", "id", postgresql_where=text("state = 'deleting'")),
        Index("ix_photo_file_sha256", "sha256"),
        {"postgresql_with": {"fillfactor": 85}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(Text)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", name="fk_photo_file_person"))
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("project.id", name="fk_photo_file_project"))
    device_id: Mapped[UUID | None]
    sha256: Mapped[bytes]
    size_bytes: Mapped[int] = mapped_column(Integer)
    media_type: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(_INSTANT)
    photo_class: Mapped[str] = mapped_column("class", Text)
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    tries: Mapped[int] = mapped_column(Integer, server_default="0")
    try_after: Mapped[datetime] = mapped_column(_INSTANT)
    has_original: Mapped[bool] = mapped_column(server_default=text("true"))
    wrapped_key: Mapped[bytes | None]
    blob: Mapped[str | None] = mapped_column(Text)


class PhotoResult(Base):
    """What the examination of a photo found; stays when the photo is gone, but for its sealed facts."""

    __tablename__ = "photo_result"

    photo_id: Mapped[UUID] = mapped_column(ForeignKey("photo_file.id", name="fk_photo_result_photo"), primary_key=True)
    examined_at: Mapped[datetime] = mapped_column(_INSTANT)
    examination: Mapped[int] = mapped_column(Integer)
    outcome: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    format: Mapped[str | None] = mapped_column(Text)
    width: Mapped[int | None] = mapped_column(Integer)
    height: Mapped[int | None] = mapped_column(Integer)
    mode: Mapped[str | None] = mapped_column(Text)
    orientation: Mapped[int | None] = mapped_column(Integer)
    notes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    measures: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    face: Mapped[str] = mapped_column(Text)
    picture_sha256: Mapped[bytes | None]
    picture_bytes: Mapped[int | None] = mapped_column(Integer)
    picture_width: Mapped[int | None] = mapped_column(Integer)
    picture_height: Mapped[int | None] = mapped_column(Integer)
    sealed_facts: Mapped[bytes | None]


class PhotoHash(Base):
    """A photo's perceptual hashes, with the four bands by which near ones are found; goes with the photo."""

    __tablename__ = "photo_hash"
    __table_args__ = tuple(
        Index(f"ix_photo_hash_band_{band}", f"band_{band}", "frequencies", "differences", "photo_id")
        for band in (1, 2, 3, 4)
    )

    photo_id: Mapped[UUID] = mapped_column(ForeignKey("photo_file.id", name="fk_photo_hash_photo"), primary_key=True)
    frequencies: Mapped[int] = mapped_column(BigInteger)
    differences: Mapped[int] = mapped_column(BigInteger)
    band_1: Mapped[int] = mapped_column(Integer)
    band_2: Mapped[int] = mapped_column(Integer)
    band_3: Mapped[int] = mapped_column(Integer)
    band_4: Mapped[int] = mapped_column(Integer)


class PhotoUse(Base):
    """That a punch names a photo, known before or after the photo is here; `device_id` is a gate's."""

    __tablename__ = "photo_use"
    __table_args__ = (
        Index("ix_photo_use_waiting", "noted_at", postgresql_where=text("compared_at IS NULL")),
        Index("ix_photo_use_photo_id", "photo_id"),
        Index("ix_photo_use_sha256", "sha256"),
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id", name="fk_photo_use_project"), primary_key=True)
    punch_id: Mapped[UUID] = mapped_column(primary_key=True)
    sha256: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", name="fk_photo_use_person"))
    device_id: Mapped[UUID | None]
    occurred_at: Mapped[datetime] = mapped_column(_INSTANT)
    work_on: Mapped[date] = mapped_column(Date)
    chainage: Mapped[str | None] = mapped_column(Text)
    noted_at: Mapped[datetime] = mapped_column(_INSTANT)
    photo_id: Mapped[UUID | None] = mapped_column(ForeignKey("photo_file.id", name="fk_photo_use_photo"))
    compared_at: Mapped[datetime | None] = mapped_column(_INSTANT)


class PhotoSignal(Base):
    """What speaks against a photo of a punch, with the numbers that say so; never changed, and no verdict."""

    __tablename__ = "photo_signal"
    __table_args__ = (
        UniqueConstraint("project_id", "punch_id", "kind", "subject", name="uq_photo_signal_subject"),
        Index("ix_photo_signal_found_at", "found_at"),
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id", name="fk_photo_signal_project"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    punch_id: Mapped[UUID]
    photo_id: Mapped[UUID] = mapped_column(ForeignKey("photo_file.id", name="fk_photo_signal_photo"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", name="fk_photo_signal_person"))
    kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    found_at: Mapped[datetime] = mapped_column(_INSTANT)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)


class PhotoHold(Base):
    """That the photos of a project, or of one person on it, are not deleted; placed by one, lifted by another."""

    __tablename__ = "photo_hold"
    __table_args__ = (CheckConstraint("lifted_by <> placed_by", name="two_people"),)

    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id", name="fk_photo_hold_project"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", name="fk_photo_hold_person"))
    reason: Mapped[str] = mapped_column(Text)
    placed_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_photo_hold_placed_by"))
    placed_at: Mapped[datetime] = mapped_column(_INSTANT)
    lifted_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", name="fk_photo_hold_lifted_by"))
    lifted_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    lift_reason: Mapped[str | None] = mapped_column(Text)


class PhotoDeletion(Base):
    """That a photo's keys were destroyed, by which rule and when; `digest` is over all of it, canonically written."""

    __tablename__ = "photo_deletion"
    __table_args__ = (
        ForeignKeyConstraint(
            ["class", "version"],
            ["photo_retention.class", "photo_retention.version"],
            name="fk_photo_deletion_retention",
        ),
    )

    photo_id: Mapped[UUID] = mapped_column(
        ForeignKey("photo_file.id", name="fk_photo_deletion_photo"), primary_key=True
    )
    photo_class: Mapped[str] = mapped_column("class", Text)
    version: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[datetime] = mapped_column(_INSTANT)
    destroyed_at: Mapped[datetime] = mapped_column(_INSTANT)
    sha256: Mapped[bytes]
    picture_sha256: Mapped[bytes | None]
    key_digests: Mapped[list[bytes]] = mapped_column(ARRAY(BYTEA))
    blobs: Mapped[list[str]] = mapped_column(ARRAY(Text))
    digest: Mapped[bytes]


class PhotoDeletionEnd(Base):
    """That the store was asked afterwards and had none of the photo's blobs."""

    __tablename__ = "photo_deletion_end"

    photo_id: Mapped[UUID] = mapped_column(
        ForeignKey("photo_deletion.photo_id", name="fk_photo_deletion_end_deletion"), primary_key=True
    )
    confirmed_at: Mapped[datetime] = mapped_column(_INSTANT)


class PhotoFollower(Base):
    """Until when somebody has looked for what names photos, by its time of receipt."""

    __tablename__ = "photo_follower"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    seen_until: Mapped[datetime] = mapped_column(_INSTANT)
