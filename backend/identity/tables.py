"""Tables of identity; migration 0002 is the authority (checks, grants, triggers), `alembic check` keeps both equal."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base

_INSTANT = DateTime(timezone=True)
_NOBODY = "'00000000-0000-0000-0000-000000000000'::uuid"


class Account(Base):
    """Who can log in: staff by user name and password, key personnel by phone number."""

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("username", name="uq_account_username"),
        UniqueConstraint("phone_blind", name="uq_account_phone_blind"),
        UniqueConstraint("person_id", name="uq_account_person_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    display_name: Mapped[str] = mapped_column(Text)
    username: Mapped[str | None] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", name="fk_account_person", use_alter=True))
    phone_cipher: Mapped[bytes | None]
    phone_blind: Mapped[bytes | None]
    state: Mapped[str] = mapped_column(Text, server_default="active")
    created_at: Mapped[datetime] = mapped_column(_INSTANT)
    disabled_at: Mapped[datetime | None] = mapped_column(_INSTANT)


class RoleGrant(Base):
    """One office of an account, over a district, a project, a party of a project, or the city."""

    __tablename__ = "role_grant"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "party_id"],
            ["project_party.project_id", "project_party.id"],
            name="fk_role_grant_party",
        ),
        Index(
            "ix_role_grant_account_id",
            "account_id",
            postgresql_where=text("revoked_at IS NULL"),
        ),
        Index(
            "uq_role_grant_live",
            "account_id",
            "role",
            text(f"COALESCE(district_id, {_NOBODY})"),
            text(f"COALESCE(project_id, {_NOBODY})"),
            text(f"COALESCE(party_id, {_NOBODY})"),
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_role_grant_account"))
    role: Mapped[str] = mapped_column(Text)
    district_id: Mapped[UUID | None] = mapped_column(ForeignKey("district.id", name="fk_role_grant_district"))
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("project.id", name="fk_role_grant_project"))
    party_id: Mapped[UUID | None]
    granted_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", name="fk_role_grant_granted_by"))
    granted_at: Mapped[datetime] = mapped_column(_INSTANT)
    revoked_at: Mapped[datetime | None] = mapped_column(_INSTANT)


class Phone(Base):
    """An installed phone app bound to an account.

    `install_secret_hash` is of the secret that the server set in its browser, by which it is known again when its own
    storage was cleared. `public_key` is what earlier versions took without a proof: nothing writes or reads it.
    """

    __tablename__ = "phone"
    __table_args__ = (
        UniqueConstraint("account_id", "install_id", name="uq_phone_install"),
        Index("ix_phone_install_id", "install_id"),
        Index("ix_phone_install_secret_hash", "install_secret_hash"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_phone_account"))
    install_id: Mapped[UUID]
    install_secret_hash: Mapped[bytes | None]
    public_key: Mapped[bytes | None]
    platform: Mapped[str] = mapped_column(Text)
    bound_at: Mapped[datetime] = mapped_column(_INSTANT)
    revoked_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    locked_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    locked_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", name="fk_phone_locked_by"))


class PhoneBinding(Base):
    """A time for which a phone is its person's; it may have to be confirmed by somebody else before it counts."""

    __tablename__ = "phone_binding"
    __table_args__ = (
        Index("ix_phone_binding_phone_id", "phone_id", "bound_at"),
        Index("uq_phone_binding_open", "phone_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    phone_id: Mapped[UUID] = mapped_column(ForeignKey("phone.id", name="fk_phone_binding_phone"))
    bound_at: Mapped[datetime] = mapped_column(_INSTANT)
    ended_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    end_reason: Mapped[str | None] = mapped_column(Text)
    awaits: Mapped[str | None] = mapped_column(Text)
    confirmed_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    confirmed_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", name="fk_phone_binding_confirmed_by"))
    confirmed_how: Mapped[str | None] = mapped_column(Text)


class PhoneKeyRow(Base):
    """A public key with which a phone signs, named by its thumbprint; old ones stay, since old queues come in late."""

    __tablename__ = "phone_key"
    __table_args__ = (
        Index("uq_phone_key_open", "phone_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_phone_key_phone_id", "phone_id"),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    phone_id: Mapped[UUID] = mapped_column(ForeignKey("phone.id", name="fk_phone_key_phone"))
    public_key: Mapped[bytes]
    registered_at: Mapped[datetime] = mapped_column(_INSTANT)
    ended_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    trust: Mapped[str] = mapped_column(Text)
    attestation: Mapped[str] = mapped_column(Text, server_default="unavailable")
    attestation_fault: Mapped[str | None] = mapped_column(Text)


class SessionFamily(Base):
    """A log-in and everything that was refreshed from it; revoking it ends them all.

    `key_attestation` repeats what is known of the phone's key, where a check-in reads it without looking further.
    """

    __tablename__ = "session_family"
    __table_args__ = (Index("ix_session_family_account_id", "account_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_session_family_account"))
    phone_id: Mapped[UUID | None] = mapped_column(ForeignKey("phone.id", name="fk_session_family_phone"))
    created_at: Mapped[datetime] = mapped_column(_INSTANT)
    expires_at: Mapped[datetime] = mapped_column(_INSTANT)
    revoked_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    revoke_reason: Mapped[str | None] = mapped_column(Text)
    key_attestation: Mapped[str | None] = mapped_column(Text)


class RefreshToken(Base):
    """One link of a family's chain; only a digest of the token is kept."""

    __tablename__ = "refresh_token"
    __table_args__ = (
        UniqueConstraint("secret_hash", name="uq_refresh_token_secret_hash"),
        Index("ix_refresh_token_family_id", "family_id"),
        Index("ix_refresh_token_parent_id", "parent_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    family_id: Mapped[UUID] = mapped_column(
        ForeignKey("session_family.id", name="fk_refresh_token_family", ondelete="CASCADE")
    )
    parent_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("refresh_token.id", name="fk_refresh_token_parent", ondelete="CASCADE")
    )
    secret_hash: Mapped[bytes]
    issued_at: Mapped[datetime] = mapped_column(_INSTANT)
    expires_at: Mapped[datetime] = mapped_column(_INSTANT)
    used_at: Mapped[datetime | None] = mapped_column(_INSTANT)


class SmsCode(Base):
    """A log-in code as issued, also for numbers that nobody has (those are never sent)."""

    __tablename__ = "sms_code"
    __table_args__ = (Index("ix_sms_code_phone_blind", "phone_blind", "issued_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    phone_blind: Mapped[bytes]
    code_hash: Mapped[bytes]
    issued_at: Mapped[datetime] = mapped_column(_INSTANT)
    expires_at: Mapped[datetime] = mapped_column(_INSTANT)
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    used_at: Mapped[datetime | None] = mapped_column(_INSTANT)


class RateCounter(Base):
    """How often something happened in one window of time."""

    __tablename__ = "rate_counter"

    bucket: Mapped[str] = mapped_column(Text, primary_key=True)
    window_start: Mapped[datetime] = mapped_column(_INSTANT, primary_key=True)
    hits: Mapped[int]


class AuditEvent(Base):
    """One administrative act; rows are never changed."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_at", "at"),
        Index("ix_audit_event_object", "object_type", "object_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(_INSTANT)
    actor_id: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(Text)
    object_type: Mapped[str] = mapped_column(Text)
    object_id: Mapped[str] = mapped_column(Text)
    project_id: Mapped[UUID | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    request_id: Mapped[str | None] = mapped_column(Text)


class DeliveryAddress(Base):
    """Where an account is told of alerts outside its inbox: an app or browser of a session, or what an operator set."""

    __tablename__ = "delivery_address"
    __table_args__ = (
        Index("ix_delivery_address_account_id", "account_id", postgresql_where=text("ended_at IS NULL")),
        Index(
            "uq_delivery_address_family",
            "family_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL AND family_id IS NOT NULL"),
        ),
        Index(
            "uq_delivery_address_push",
            "digest",
            unique=True,
            postgresql_where=text("ended_at IS NULL AND family_id IS NOT NULL"),
        ),
        Index(
            "uq_delivery_address_set",
            "account_id",
            "digest",
            unique=True,
            postgresql_where=text("ended_at IS NULL AND family_id IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_delivery_address_account"))
    kind: Mapped[str] = mapped_column(Text)
    target: Mapped[bytes | None]
    digest: Mapped[bytes]
    label: Mapped[str] = mapped_column(Text)
    family_id: Mapped[UUID | None] = mapped_column(ForeignKey("session_family.id", name="fk_delivery_address_family"))
    set_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_delivery_address_set_by"))
    set_at: Mapped[datetime] = mapped_column(_INSTANT)
    ended_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    end_reason: Mapped[str | None] = mapped_column(Text)
