"""Tables of consents; their migration is the authority, `alembic check` keeps both equal."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, Integer, LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base

_INSTANT = DateTime(timezone=True)


class ConsentAct(Base):
    """That a person gave or withdrew a consent, with which phone, to which words; rows are never changed.

    A person's acts take turns, so that `no` is their order, also within one instant.
    """

    __tablename__ = "consent_act"
    __table_args__ = (Index("ix_consent_act_person_id", "person_id", "purpose", "no"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    no: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_consent_act_person"))
    phone_id: Mapped[UUID] = mapped_column(ForeignKey("phone.id", name="fk_consent_act_phone"))
    purpose: Mapped[str] = mapped_column(Text)
    step: Mapped[str] = mapped_column(Text)
    text_version: Mapped[int] = mapped_column(SmallInteger)
    text_digest: Mapped[bytes]
    language: Mapped[str] = mapped_column(Text)
    acted_at: Mapped[datetime] = mapped_column(_INSTANT)


class ConsentErasure(Base):
    """That what a consent allowed to be kept is to be deleted, since when; rows are never changed."""

    __tablename__ = "consent_erasure"

    act_id: Mapped[UUID] = mapped_column(ForeignKey("consent_act.id", name="fk_consent_erasure_act"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_consent_erasure_person"))
    purpose: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(_INSTANT)


class ConsentErasureEnd(Base):
    """That it was deleted: how many things, and their SHA-256 for proof; rows are never changed."""

    __tablename__ = "consent_erasure_end"

    act_id: Mapped[UUID] = mapped_column(
        ForeignKey("consent_erasure.act_id", name="fk_consent_erasure_end_erasure"), primary_key=True
    )
    erased_at: Mapped[datetime] = mapped_column(_INSTANT)
    erased: Mapped[int] = mapped_column(Integer)
    digests: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary))


class FaceStockCount(Base):
    """Of how many people photos of the face were kept at an instant; rows are never changed."""

    __tablename__ = "face_stock_count"

    counted_at: Mapped[datetime] = mapped_column(_INSTANT, primary_key=True)
    people: Mapped[int] = mapped_column(Integer)
    alarm: Mapped[bool]
