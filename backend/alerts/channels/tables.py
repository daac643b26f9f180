"""Tables of deliveries; migration 0037 is the authority (checks, grants, triggers), `alembic check` keeps both equal.

A delivery is one notice on its way to one address; its state changes. What was tried and what came of it are rows that
never change: an attempt without an outcome was cut off, and may have arrived.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, ForeignKeyConstraint, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base

Instant = DateTime(timezone=True)


class AlertDigest(Base):
    """A summary that was made for an account; never changed."""

    __tablename__ = "alert_digest"
    __table_args__ = (UniqueConstraint("account_id", "to_at", name="uq_alert_digest_to"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_alert_digest_account"))
    period: Mapped[str] = mapped_column(Text)
    from_at: Mapped[datetime] = mapped_column(Instant)
    to_at: Mapped[datetime] = mapped_column(Instant)
    made_at: Mapped[datetime] = mapped_column(Instant)


class AlertDelivery(Base):
    """A notice or a digest on its way to one address; while it waits, `next_at` says when it is tried."""

    __tablename__ = "alert_delivery"
    __table_args__ = (
        UniqueConstraint("outbox_id", "address_id", name="uq_alert_delivery_outbox"),
        UniqueConstraint("digest_id", "address_id", name="uq_alert_delivery_digest"),
        Index(
            "ix_alert_delivery_next_at",
            "channel",
            "next_at",
            "id",
            postgresql_where=text("state = 'waiting'"),
        ),
        {"postgresql_with": {"fillfactor": 70}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    outbox_id: Mapped[int | None] = mapped_column(ForeignKey("alert_outbox.id", name="fk_alert_delivery_outbox"))
    digest_id: Mapped[UUID | None] = mapped_column(ForeignKey("alert_digest.id", name="fk_alert_delivery_digest"))
    address_id: Mapped[UUID] = mapped_column(ForeignKey("delivery_address.id", name="fk_alert_delivery_address"))
    channel: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(Integer)
    next_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class AlertAttempt(Base):
    """One attempt, on record before the channel is asked; `repeat`: the one before may have arrived."""

    __tablename__ = "alert_attempt"

    delivery_id: Mapped[UUID] = mapped_column(
        ForeignKey("alert_delivery.id", name="fk_alert_attempt_delivery"), primary_key=True
    )
    n: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    begun_at: Mapped[datetime] = mapped_column(Instant)
    repeat: Mapped[bool]


class AlertAttemptOutcome(Base):
    """What the channel said of an attempt."""

    __tablename__ = "alert_attempt_outcome"
    __table_args__ = (
        ForeignKeyConstraint(
            ["delivery_id", "n"],
            ["alert_attempt.delivery_id", "alert_attempt.n"],
            name="fk_alert_attempt_outcome_attempt",
        ),
    )

    delivery_id: Mapped[UUID] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    outcome: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    uncertain: Mapped[bool]
    at: Mapped[datetime] = mapped_column(Instant)


class AlertChannel(Base):
    """How a channel is, as the drain last saw it."""

    __tablename__ = "alert_channel"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    looked_at: Mapped[datetime] = mapped_column(Instant)
    delivered_at: Mapped[datetime | None] = mapped_column(Instant)
    failing_since: Mapped[datetime | None] = mapped_column(Instant)
    reason: Mapped[str | None] = mapped_column(Text)
    told: Mapped[bool] = mapped_column(server_default=text("false"))
