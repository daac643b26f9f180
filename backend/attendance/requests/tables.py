"""Tables of requests; migrations 0041 and 0051 are the authority, `alembic check` keeps both equal."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base

Instant = DateTime(timezone=True)
_OPEN = text("state IN ('deputy', 'endorsing', 'deciding')")


def _account(name: str) -> ForeignKey:
    return ForeignKey("account.id", name=name)


class RequestRule(Base):
    """Dated data by which requests of a kind are taken and decided; of those for a place the last set one holds."""

    __tablename__ = "request_rule"
    __table_args__ = (Index("ix_request_rule_kind", "kind", "valid_from"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    district_id: Mapped[UUID | None] = mapped_column(ForeignKey("district.id", name="fk_request_rule_district"))
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("project.id", name="fk_request_rule_project"))
    valid_from: Mapped[date] = mapped_column(Date)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    set_by: Mapped[UUID] = mapped_column(_account("fk_request_rule_set_by"))
    set_at: Mapped[datetime] = mapped_column(Instant)


class LeaveBlackOut(Base):
    """Days in which nobody, or nobody on certain posts, takes leave; those of city, district and project add up."""

    __tablename__ = "leave_black_out"
    __table_args__ = (Index("ix_leave_black_out_last_on", "last_on"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    district_id: Mapped[UUID | None] = mapped_column(ForeignKey("district.id", name="fk_leave_black_out_district"))
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("project.id", name="fk_leave_black_out_project"))
    first_on: Mapped[date] = mapped_column(Date)
    last_on: Mapped[date] = mapped_column(Date)
    name: Mapped[str] = mapped_column(Text)
    posts: Mapped[list[str]] = mapped_column(ARRAY(Text))
    set_by: Mapped[UUID] = mapped_column(_account("fk_leave_black_out_set_by"))
    set_at: Mapped[datetime] = mapped_column(Instant)
    lifted_by: Mapped[UUID | None] = mapped_column(_account("fk_leave_black_out_lifted_by"))
    lifted_at: Mapped[datetime | None] = mapped_column(Instant)


class RequestFiling(Base):
    """What somebody asked for, as he asked for it; never changed."""

    __tablename__ = "request_filing"
    __table_args__ = (
        UniqueConstraint("id", name="uq_request_filing_id"),
        ForeignKeyConstraint(
            ["project_id", "party_id"], ["project_party.project_id", "project_party.id"], name="fk_request_filing_party"
        ),
        ForeignKeyConstraint(
            ["project_id", "decision_id"],
            ["request_filing.project_id", "request_filing.id"],
            name="fk_request_filing_decision",
        ),
        Index("ix_request_filing_person_id", "person_id", "filed_at"),
    )

    project_id: Mapped[UUID] = mapped_column(
        ForeignKey("project.id", name="fk_request_filing_project"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_request_filing_person"))
    party_id: Mapped[UUID]
    post_kind: Mapped[str] = mapped_column(Text)
    first_on: Mapped[date] = mapped_column(Date)
    last_on: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(Text)
    statement: Mapped[str] = mapped_column(Text)
    photos: Mapped[list[bytes]] = mapped_column(ARRAY(BYTEA))
    against: Mapped[str | None] = mapped_column(Text)
    punch_id: Mapped[UUID | None]
    decision_id: Mapped[UUID | None]
    deputy_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", name="fk_request_filing_deputy"))
    counted_days: Mapped[int | None] = mapped_column(SmallInteger)
    rule_id: Mapped[UUID | None] = mapped_column(ForeignKey("request_rule.id", name="fk_request_filing_rule"))
    filed_at: Mapped[datetime] = mapped_column(Instant)
    filed_by: Mapped[UUID] = mapped_column(_account("fk_request_filing_filed_by"))
    digest: Mapped[bytes]


class RequestClaim(Base):
    """A punch that is asked for; one that stands is alone for its person, day and direction."""

    __tablename__ = "request_claim"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "request_id"],
            ["request_filing.project_id", "request_filing.id"],
            name="fk_request_claim_filing",
        ),
        Index(
            "uq_request_claim_standing",
            "project_id",
            "person_id",
            "work_on",
            "direction",
            unique=True,
            postgresql_where=text("stands"),
        ),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    direction: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", name="fk_request_claim_person"))
    work_on: Mapped[date] = mapped_column(Date)
    at: Mapped[datetime] = mapped_column(Instant)
    stands: Mapped[bool]
    punch_id: Mapped[UUID | None]


class RequestStep(Base):
    """One step of a request: who did what, when and why; never changed."""

    __tablename__ = "request_step"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "request_id"],
            ["request_filing.project_id", "request_filing.id"],
            name="fk_request_step_filing",
        ),
        ForeignKeyConstraint(
            ["project_id", "appeal_id"],
            ["request_filing.project_id", "request_filing.id"],
            name="fk_request_step_appeal",
        ),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)
    account_id: Mapped[UUID | None] = mapped_column(_account("fk_request_step_account"))
    note: Mapped[str | None] = mapped_column(Text)
    appeal_id: Mapped[UUID | None]
    last_on: Mapped[date | None] = mapped_column(Date)


class RequestState(Base):
    """Where a request stands, moved by compare-and-set on `seq`; can be rebuilt from filing and steps.

    `last_on` is the last day of leave that still stands, earlier than filed when it was shortened.

    Leave that is asked for or approved never overlaps other leave of the person on the project.
    """

    __tablename__ = "request_state"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "request_id"],
            ["request_filing.project_id", "request_filing.id"],
            name="fk_request_state_filing",
        ),
        ExcludeConstraint(
            ("project_id", "="),
            ("person_id", "="),
            (text("daterange(first_on, last_on, '[]')"), "&&"),
            name="ex_request_state_leave",
            using="gist",
            where=text("kind = 'leave' AND state NOT IN ('rejected', 'withdrawn')"),
        ),
        Index(
            "uq_request_state_subject",
            "project_id",
            "person_id",
            "subject",
            unique=True,
            postgresql_where=text("subject IS NOT NULL AND state <> 'withdrawn'"),
        ),
        Index("ix_request_state_person_id", "person_id", "kind", "first_on"),
        Index("ix_request_state_open", "due_on", postgresql_where=_OPEN),
        Index("ix_request_state_project", "project_id", "kind", "first_on"),
        {"postgresql_with": {"fillfactor": 80}},
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    person_id: Mapped[UUID]
    first_on: Mapped[date] = mapped_column(Date)
    last_on: Mapped[date] = mapped_column(Date)
    subject: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    seq: Mapped[int] = mapped_column(Integer)
    level: Mapped[int] = mapped_column(SmallInteger)
    due_on: Mapped[date] = mapped_column(Date)
    changed_at: Mapped[datetime] = mapped_column(Instant)
