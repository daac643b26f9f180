"""Tables of photos and their uploads; their migration is the authority, `alembic check` keeps both equal."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base

_INSTANT = DateTime(timezone=True)


class PhotoUpload(Base):
    """A photo that is on its way, or arrived within the last days; `wrapped_key` is the photo's own data key."""

    __tablename__ = "photo_upload"
    __table_args__ = (
        Index("ix_photo_upload_person_id", "person_id", "created_at"),
        Index("ix_photo_upload_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_photo_upload_person"))
    sha256: Mapped[bytes]
    size_bytes: Mapped[int] = mapped_column(Integer)
    offset_bytes: Mapped[int] = mapped_column(Integer, server_default="0")
    media_type: Mapped[str] = mapped_column(Text)
    wrapped_key: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(_INSTANT)
    expires_at: Mapped[datetime] = mapped_column(_INSTANT)
    finished_at: Mapped[datetime | None] = mapped_column(_INSTANT)


class PhotoUploadPart(Base):
    """Bytes of an unfinished upload: sealed in a blob."""

    __tablename__ = "photo_upload_part"

    upload_id: Mapped[UUID] = mapped_column(
        ForeignKey("photo_upload.id", name="fk_photo_upload_part_upload", ondelete="CASCADE"), primary_key=True
    )
    offset_bytes: Mapped[int] = mapped_column(Integer, primary_key=True)
    size_bytes: Mapped[int] = mapped_column(Integer)
    blob: Mapped[str] = mapped_column(Text)


class Photo(Base):
    """A whole photo of a person as it was sent, sealed in a blob; `id` is that of its upload.

    Without its key nobody can read it: the row stays, so that the same photo is not asked for again.
    """

    __tablename__ = "photo"
    __table_args__ = (Index("uq_photo_id", "id", unique=True),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_photo_person"), primary_key=True)
    sha256: Mapped[bytes] = mapped_column(primary_key=True)
    id: Mapped[UUID]
    size_bytes: Mapped[int] = mapped_column(Integer)
    media_type: Mapped[str] = mapped_column(Text)
    wrapped_key: Mapped[bytes | None]
    stored_at: Mapped[datetime] = mapped_column(_INSTANT)
