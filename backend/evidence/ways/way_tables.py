"""Tables of the single ways; their migration is the authority, `alembic check` keeps both equal."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base

_INSTANT = DateTime(timezone=True)


class PresenceChoice(Base):
    """The way that a person wants to go from then on; rows are never changed."""

    __tablename__ = "presence_choice"
    __table_args__ = (Index("ix_presence_choice_person_id", "person_id", "chosen_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_presence_choice_person"))
    phone_id: Mapped[UUID | None] = mapped_column(ForeignKey("phone.id", name="fk_presence_choice_phone"))
    way: Mapped[str] = mapped_column(Text)
    cause: Mapped[str] = mapped_column(Text)
    chosen_at: Mapped[datetime] = mapped_column(_INSTANT)


class Passkey(Base):
    """A credential of a person, made while logged in on a bound phone; the private part never leaves the person's."""

    __tablename__ = "passkey"
    __table_args__ = (
        UniqueConstraint("credential_id", name="uq_passkey_credential_id"),
        Index("ix_passkey_person_id", "person_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_passkey_person"))
    phone_id: Mapped[UUID] = mapped_column(ForeignKey("phone.id", name="fk_passkey_phone"))
    credential_id: Mapped[bytes]
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    synced: Mapped[bool]
    aaguid: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(_INSTANT)
    last_used_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    ended_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    end_reason: Mapped[str | None] = mapped_column(Text)


class PasskeyChallenge(Base):
    """What a passkey has to sign, once, within two minutes."""

    __tablename__ = "passkey_challenge"
    __table_args__ = (Index("ix_passkey_challenge_expires_at", "expires_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(Text)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_passkey_challenge_person"))
    phone_id: Mapped[UUID] = mapped_column(ForeignKey("phone.id", name="fk_passkey_challenge_phone"))
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("project.id", name="fk_passkey_challenge_project"))
    challenge: Mapped[bytes]
    issued_at: Mapped[datetime] = mapped_column(_INSTANT)
    expires_at: Mapped[datetime] = mapped_column(_INSTANT)
    used_at: Mapped[datetime | None] = mapped_column(_INSTANT)


class SiteCode(Base):
    """A rotating QR code of a site, one for each gate or screen; rows are never changed."""

    __tablename__ = "site_code"
    __table_args__ = (
        UniqueConstraint("screen_hash", name="uq_site_code_screen_hash"),
        Index("uq_site_code_id", "id", unique=True),
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id", name="fk_site_code_project"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    secret_cipher: Mapped[bytes]
    screen_hash: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(_INSTANT)
    created_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_site_code_created_by"))


class SiteCodeEnd(Base):
    """That a site code is shown and taken no more; rows are never changed."""

    __tablename__ = "site_code_end"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "code_id"], ["site_code.project_id", "site_code.id"], name="fk_site_code_end_code"
        ),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    code_id: Mapped[UUID] = mapped_column(primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(_INSTANT)
    ended_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_site_code_end_ended_by"))


class SiteCodeScan(Base):
    """That a person has handed in the code of one step, which he cannot do again; rows are never changed."""

    __tablename__ = "site_code_scan"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "code_id"], ["site_code.project_id", "site_code.id"], name="fk_site_code_scan_code"
        ),
        ForeignKeyConstraint(
            ["project_id", "proof_id"],
            ["presence_proof.project_id", "presence_proof.id"],
            name="fk_site_code_scan_proof",
        ),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    code_id: Mapped[UUID] = mapped_column(primary_key=True)
    step: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_site_code_scan_person"), primary_key=True)
    proof_id: Mapped[UUID]
    scanned_at: Mapped[datetime] = mapped_column(_INSTANT)


class WitnessRequest(Base):
    """That somebody asks a colleague to see him; `place` is what his own fix said. Rows are never changed."""

    __tablename__ = "witness_request"
    __table_args__ = (
        UniqueConstraint("code_hash", name="uq_witness_request_code_hash"),
        Index("ix_witness_request_person_id", "person_id", "asked_at"),
    )

    project_id: Mapped[UUID] = mapped_column(
        ForeignKey("project.id", name="fk_witness_request_project"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_witness_request_person"))
    phone_id: Mapped[UUID] = mapped_column(ForeignKey("phone.id", name="fk_witness_request_phone"))
    code_hash: Mapped[bytes]
    place: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(_INSTANT)
    expires_at: Mapped[datetime] = mapped_column(_INSTANT)


class WitnessStatement(Base):
    """That a witness has seen somebody, and where the witness was then; rows are never changed."""

    __tablename__ = "witness_statement"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "request_id"],
            ["witness_request.project_id", "witness_request.id"],
            name="fk_witness_statement_request",
        ),
        ForeignKeyConstraint(
            ["project_id", "proof_id"],
            ["presence_proof.project_id", "presence_proof.id"],
            name="fk_witness_statement_proof",
        ),
        Index("ix_witness_statement_witness_id", "witness_id", "stated_at"),
        Index("ix_witness_statement_person_id", "person_id", "stated_at"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_witness_statement_person"))
    witness_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_witness_statement_witness"))
    witness_phone_id: Mapped[UUID] = mapped_column(ForeignKey("phone.id", name="fk_witness_statement_phone"))
    place: Mapped[str] = mapped_column(Text)
    proof_id: Mapped[UUID]
    stated_at: Mapped[datetime] = mapped_column(_INSTANT)


class PresenceSignal(Base):
    """Evidence that a way may be misused, and no verdict; rows are never changed."""

    __tablename__ = "presence_signal"
    __table_args__ = (UniqueConstraint("project_id", "kind", "subject", name="uq_presence_signal_subject"),)

    project_id: Mapped[UUID] = mapped_column(
        ForeignKey("project.id", name="fk_presence_signal_project"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_presence_signal_person"))
    kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    found_at: Mapped[datetime] = mapped_column(_INSTANT)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
