"""Tables of reference photos; their migration is the authority, `alembic check` keeps both equal."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base

_INSTANT = DateTime(timezone=True)
_REFERENCE = ("face_reference.project_id", "face_reference.id")


class FaceReference(Base):
    """One to three photos of a person, taken at once; rows are never changed.

    `digests` are the SHA-256 of the photos as they are kept; `facts` what was measured when they were taken.
    """

    __tablename__ = "face_reference"
    __table_args__ = (Index("ix_face_reference_person_id", "person_id", "taken_at"),)

    project_id: Mapped[UUID] = mapped_column(
        ForeignKey("project.id", name="fk_face_reference_project"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_face_reference_person"))
    digests: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    taken_at: Mapped[datetime] = mapped_column(_INSTANT)
    taken_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_face_reference_taken_by"))


class FaceReferenceStep(Base):
    """A step in the life of reference photos; rows are never changed. `made_by` None: the installation itself."""

    __tablename__ = "face_reference_step"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "reference_id"], _REFERENCE, name="fk_face_reference_step_reference"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    reference_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    step: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(_INSTANT)
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", name="fk_face_reference_step_made_by"))


class FaceReferencePhotos(Base):
    """The sealed photos: their key, and their blobs. Without this row nobody can read them."""

    __tablename__ = "face_reference_photos"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "reference_id"], _REFERENCE, name="fk_face_reference_photos_reference"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    reference_id: Mapped[UUID] = mapped_column(primary_key=True)
    wrapped_key: Mapped[bytes]
    blobs: Mapped[list[str]] = mapped_column(ARRAY(Text))
