"""Tables of queues; migration 0018 is the authority (checks, grants, triggers), `alembic check` keeps both equal."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, INT8MULTIRANGE, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base

Instant = DateTime(timezone=True)


class PhoneQueue(Base):
    """Which counters of a key came in."""

    __tablename__ = "phone_queue"
    __table_args__ = {"postgresql_with": {"fillfactor": 50}}  # noqa: RUF012 - SQLAlchemy reads it once

    key_id: Mapped[str] = mapped_column(Text, ForeignKey("phone_key.id", name="fk_phone_queue_key"), primary_key=True)
    seen: Mapped[str] = mapped_column(INT8MULTIRANGE, server_default=text("'{}'"))


class PhoneItem(Base):
    """One item of a queue as it came in: its place in the chain, its clocks, and the punch that it became.

    `status` is `online` where the same tap had come in by a check-in before, `conflict` where another item had taken
    the event id: then the punch is that other one's. `clocks` is what its time was told by where the item before it was
    missing: once that comes in, it is told again.
    """

    __tablename__ = "phone_item"
    __table_args__ = (
        Index("ix_phone_item_event_id", "event_id"),
        Index("ix_phone_item_with_photos", "received_at", postgresql_where=text("photos <> '{}'")),
    )

    key_id: Mapped[str] = mapped_column(Text, primary_key=True)
    counter: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    digest: Mapped[str] = mapped_column(Text, primary_key=True)
    prev: Mapped[str] = mapped_column(Text)
    event_id: Mapped[UUID]
    project_id: Mapped[UUID]
    punch_id: Mapped[UUID]
    status: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(Instant)
    wall_at: Mapped[datetime] = mapped_column(Instant)
    mono_ms: Mapped[int] = mapped_column(BigInteger)
    boot: Mapped[UUID]
    earliest_at: Mapped[datetime] = mapped_column(Instant)
    latest_at: Mapped[datetime] = mapped_column(Instant)
    clocks: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    photos: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))


class PhoneKeyAlarm(Base):
    """A key that was seen doing what one phone cannot do: somebody else may have it."""

    __tablename__ = "phone_key_alarm"
    __table_args__ = (UniqueConstraint("key_id", "counter", "digest", name="uq_phone_key_alarm_item"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key_id: Mapped[str] = mapped_column(Text, ForeignKey("phone_key.id", name="fk_phone_key_alarm_key"))
    kind: Mapped[str] = mapped_column(Text)
    counter: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(Text)
    raised_at: Mapped[datetime] = mapped_column(Instant)


class PhoneRefusal(Base):
    """How often something in a key's name was refused on a day (UTC), by reason."""

    __tablename__ = "phone_refusal"
    __table_args__ = {"postgresql_with": {"fillfactor": 50}}  # noqa: RUF012 - SQLAlchemy reads it once

    key_id: Mapped[str] = mapped_column(Text, ForeignKey("phone_key.id", name="fk_phone_refusal_key"), primary_key=True)
    refused_on: Mapped[date] = mapped_column(Date, primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    times: Mapped[int] = mapped_column(BigInteger)
    last_at: Mapped[datetime] = mapped_column(Instant)
