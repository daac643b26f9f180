"""Tables of sites; migration 0003 is the authority (checks, grants, triggers), `alembic check` keeps both equal."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, ForeignKeyConstraint, Index, SmallInteger, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base

_INSTANT = DateTime(timezone=True)


class District(Base):
    """A district of the city, by which supervision is divided."""

    __tablename__ = "district"
    __table_args__ = (UniqueConstraint("code", name="uq_district_code"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(_INSTANT)


class Company(Base):
    """A company, whatever its part in a project."""

    __tablename__ = "company"
    __table_args__ = (
        UniqueConstraint("uscc", name="uq_company_uscc"),
        UniqueConstraint("name", name="uq_company_name"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    uscc: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(_INSTANT)


class Project(Base):
    """A construction project under supervision; its time zone and cut-over decide what a day is."""

    __tablename__ = "project"
    __table_args__ = (
        UniqueConstraint("registration_no", name="uq_project_registration_no"),
        Index("ix_project_district_id", "district_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    registration_no: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    district_id: Mapped[UUID] = mapped_column(ForeignKey("district.id", name="fk_project_district"))
    category: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    site_mode: Mapped[str] = mapped_column(Text)
    time_zone: Mapped[str] = mapped_column(Text)
    cutover: Mapped[time]
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(_INSTANT)


class Section(Base):
    """A part of a long project, with the chainages it owns in metres."""

    __tablename__ = "section"
    __table_args__ = (UniqueConstraint("project_id", "code", name="uq_section_code"),)

    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id", name="fk_section_project"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    from_chainage_m: Mapped[float | None]
    to_chainage_m: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(_INSTANT)


class ProjectParty(Base):
    """A company's part in a project, by national code."""

    __tablename__ = "project_party"
    __table_args__ = (UniqueConstraint("project_id", "company_id", "kind", name="uq_project_party_company"),)

    project_id: Mapped[UUID] = mapped_column(
        ForeignKey("project.id", name="fk_project_party_project"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("company.id", name="fk_project_party_company"))
    kind: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(_INSTANT)


class Person(Base):
    """A person; document and phone number are encrypted, found by keyed digests."""

    __tablename__ = "person"
    __table_args__ = (
        UniqueConstraint("document_type", "document_blind", name="uq_person_document"),
        Index("ix_person_name", "name"),
        Index("ix_person_document_last4_blind", "document_last4_blind"),
        Index("ix_person_phone_blind", "phone_blind"),
        Index("ix_person_phone_last4_blind", "phone_last4_blind"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    document_type: Mapped[str] = mapped_column(Text)
    document_cipher: Mapped[bytes]
    document_blind: Mapped[bytes]
    document_last4_blind: Mapped[bytes]
    phone_cipher: Mapped[bytes | None]
    phone_blind: Mapped[bytes | None]
    phone_last4_blind: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(_INSTANT)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", name="fk_person_created_by"))


class PersonRenaming(Base):
    """That a person was given another name, by whom and when; rows are never changed."""

    __tablename__ = "person_renaming"
    __table_args__ = (Index("ix_person_renaming_person_id", "person_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_person_renaming_person"))
    name_before: Mapped[str] = mapped_column(Text)
    name_after: Mapped[str] = mapped_column(Text)
    renamed_at: Mapped[datetime] = mapped_column(_INSTANT)
    renamed_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_person_renaming_renamed_by"))


class Post(Base):
    """A kind of post of a party, with as many seats as people should hold it at once."""

    __tablename__ = "post"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "party_id"], ["project_party.project_id", "project_party.id"], name="fk_post_party"
        ),
        UniqueConstraint("project_id", "party_id", "kind", name="uq_post_kind"),
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id", name="fk_post_project"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(Text)
    seats: Mapped[int] = mapped_column(SmallInteger)
    created_at: Mapped[datetime] = mapped_column(_INSTANT)


class Assignment(Base):
    """A person on a post from day to day, both inclusive; duty lasts until the exit is confirmed."""

    __tablename__ = "assignment"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "post_id"], ["post.project_id", "post.id"], name="fk_assignment_post"),
        ForeignKeyConstraint(
            ["project_id", "section_id"], ["section.project_id", "section.id"], name="fk_assignment_section"
        ),
        UniqueConstraint("project_id", "post_id", "person_id", "from_on", name="uq_assignment_start"),
        Index("ix_assignment_person_id", "person_id", "from_on"),
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id", name="fk_assignment_project"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    post_id: Mapped[UUID]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_assignment_person"))
    section_id: Mapped[UUID | None]
    from_on: Mapped[date]
    to_on: Mapped[date | None]
    exit_confirmed_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    created_at: Mapped[datetime] = mapped_column(_INSTANT)


class SitePolicyVersion(Base):
    """One version of a site's policy; rows are never changed."""

    __tablename__ = "site_policy"

    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id", name="fk_site_policy_project"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(_INSTANT)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    set_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_site_policy_set_by"))
    set_at: Mapped[datetime] = mapped_column(_INSTANT)


class CalendarDay(Base):
    """That a day is worked or not, by notice of the city; the last row of a day holds, rows are never changed."""

    __tablename__ = "calendar_day"

    on_day: Mapped[date] = mapped_column(primary_key=True)
    set_at: Mapped[datetime] = mapped_column(_INSTANT, primary_key=True)
    working: Mapped[bool]
    name: Mapped[str] = mapped_column(Text)
    set_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_calendar_day_set_by"))
