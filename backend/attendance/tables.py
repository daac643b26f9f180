"""Tables of attendance; migration 0006 is the authority, `alembic check` keeps both equal."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Boolean, Date, DateTime, Index, Integer, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base

Instant = DateTime(timezone=True)


class PersonDay(Base):
    """One person's day on one project, derived from the ledger."""

    __tablename__ = "person_day"
    __table_args__ = (
        Index("ix_person_day_project", "project_id", "work_on"),
        Index("ix_person_day_person", "person_id", "work_on"),
        {"postgresql_with": {"fillfactor": 70}},
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    work_on: Mapped[date] = mapped_column(Date, primary_key=True)
    from_at: Mapped[datetime] = mapped_column(Instant)
    to_at: Mapped[datetime] = mapped_column(Instant)
    first_at: Mapped[datetime | None] = mapped_column(Instant)
    last_at: Mapped[datetime | None] = mapped_column(Instant)
    span_s: Mapped[int] = mapped_column(Integer)
    punches: Mapped[int] = mapped_column(Integer)
    in_review: Mapped[int] = mapped_column(Integer)
    sources: Mapped[list[str]] = mapped_column(ARRAY(Text))
    valid: Mapped[bool] = mapped_column(Boolean)
    provisional: Mapped[bool] = mapped_column(Boolean)
    entries: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    rule: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(Integer)
    computed_at: Mapped[datetime] = mapped_column(Instant)
