"""Tables of bulletins; their migration is the authority, `alembic check` keeps both equal.

A bulletin is of one period and of the city or one district; its editions are what was published. Rows never change.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, Integer, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base

Instant = DateTime(timezone=True)


class Bulletin(Base):
    """A period of which something was published, for the city (no district) or a district."""

    __tablename__ = "bulletin"
    __table_args__ = (
        UniqueConstraint(
            "kind", "from_on", "district_id", name="uq_bulletin_period", postgresql_nulls_not_distinct=True
        ),
        Index("ix_bulletin_district_id", "district_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    district_id: Mapped[UUID | None] = mapped_column(ForeignKey("district.id", name="fk_bulletin_district"))
    from_on: Mapped[date]
    to_on: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(Instant)


class BulletinEdition(Base):
    """What was published, to the byte; `issued_by` None is the schedule."""

    __tablename__ = "bulletin_edition"

    bulletin_id: Mapped[UUID] = mapped_column(
        ForeignKey("bulletin.id", name="fk_bulletin_edition_bulletin"), primary_key=True
    )
    edition: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content: Mapped[bytes]
    digest: Mapped[bytes]
    ledger_entry: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str | None] = mapped_column(Text)
    issuer: Mapped[str | None] = mapped_column(Text)
    issued_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", name="fk_bulletin_edition_issued_by"))
    issued_at: Mapped[datetime] = mapped_column(Instant)


class BulletinSetting(Base):
    """What of bulletins the city, or a district for its own, wants; the last row of a scope holds."""

    __tablename__ = "bulletin_setting"
    __table_args__ = (Index("ix_bulletin_setting_scope", "district_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    district_id: Mapped[UUID | None] = mapped_column(ForeignKey("district.id", name="fk_bulletin_setting_district"))
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    set_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_bulletin_setting_set_by"))
    set_at: Mapped[datetime] = mapped_column(Instant)
