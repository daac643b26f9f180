"""Tables of liveness; their migration is the authority, `alembic check` keeps both equal."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, ForeignKeyConstraint, Index, Integer, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base

_INSTANT = DateTime(timezone=True)
_CHALLENGE = ("liveness_challenge.project_id", "liveness_challenge.id")


class LivenessChallenge(Base):
    """What was asked of a person on a project with one phone; rows are never changed. Its use is an attempt."""

    __tablename__ = "liveness_challenge"
    __table_args__ = (
        Index("ix_liveness_challenge_id", "id"),
        Index("ix_liveness_challenge_person_id", "person_id", "issued_at"),
    )

    project_id: Mapped[UUID] = mapped_column(
        ForeignKey("project.id", name="fk_liveness_challenge_project"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_liveness_challenge_person"))
    phone_id: Mapped[UUID] = mapped_column(ForeignKey("phone.id", name="fk_liveness_challenge_phone"))
    kind: Mapped[str] = mapped_column(Text)
    nonce: Mapped[bytes]
    steps: Mapped[list[str]] = mapped_column(ARRAY(Text))
    issued_at: Mapped[datetime] = mapped_column(_INSTANT)
    expires_at: Mapped[datetime] = mapped_column(_INSTANT)


class LivenessAttempt(Base):
    """What came of a challenge, which is used up by it; rows are never changed.

    `scores` are all numbers that were judged, `models` the SHA-256 of what measured them, `thresholds` the version of
    what they were compared with.
    """

    __tablename__ = "liveness_attempt"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "challenge_id"], _CHALLENGE, name="fk_liveness_attempt_challenge"),
        Index("ix_liveness_attempt_person_id", "person_id", "received_at"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    challenge_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_liveness_attempt_person"))
    received_at: Mapped[datetime] = mapped_column(_INSTANT)
    made_at: Mapped[datetime] = mapped_column(_INSTANT)
    frames_digest: Mapped[bytes]
    outcome: Mapped[str] = mapped_column(Text)
    reasons: Mapped[list[str]] = mapped_column(ARRAY(Text))
    again: Mapped[bool]
    scores: Mapped[dict[str, Any]] = mapped_column(JSONB)
    models: Mapped[dict[str, Any]] = mapped_column(JSONB)
    thresholds: Mapped[str] = mapped_column(Text)
    reference_id: Mapped[UUID | None]


class LivenessFrame(Base):
    """What is remembered of a frame, so that it is known when it comes again; rows are never changed.

    `trace` has hash, angles, mouth and width of the face: nothing that shows or names anybody.
    """

    __tablename__ = "liveness_frame"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "challenge_id"], _CHALLENGE, name="fk_liveness_frame_challenge"),
        Index("ix_liveness_frame_person_id", "person_id", "received_at"),
        Index("ix_liveness_frame_sha256", "sha256"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    challenge_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_liveness_frame_person"))
    step: Mapped[str] = mapped_column(Text)
    at_ms: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes]
    size_bytes: Mapped[int] = mapped_column(Integer)
    trace: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    received_at: Mapped[datetime] = mapped_column(_INSTANT)


class LivenessFrames(Base):
    """The sealed pictures of an attempt: their key, and their blobs. Without this row nobody can read them."""

    __tablename__ = "liveness_frames"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "challenge_id"], _CHALLENGE, name="fk_liveness_frames_challenge"),
        Index("ix_liveness_frames_delete_after", "delete_after"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    challenge_id: Mapped[UUID] = mapped_column(primary_key=True)
    wrapped_key: Mapped[bytes]
    blobs: Mapped[list[str]] = mapped_column(ARRAY(Text))
    delete_after: Mapped[datetime] = mapped_column(_INSTANT)


class LivenessDeletion(Base):
    """That the pictures of an attempt were deleted, and when; what was concluded from them stays."""

    __tablename__ = "liveness_deletion"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "challenge_id"], _CHALLENGE, name="fk_liveness_deletion_challenge"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    challenge_id: Mapped[UUID] = mapped_column(primary_key=True)
    deleted_at: Mapped[datetime] = mapped_column(_INSTANT)
