"""Tables of rule sets and stops of work; migrations are the authority, `alembic check` keeps both equal."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, ForeignKeyConstraint, Identity, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base

_INSTANT = DateTime(timezone=True)


class RuleSet(Base):
    """A named line of versions for the city, one district or one project."""

    __tablename__ = "rule_set"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    district_id: Mapped[UUID | None] = mapped_column(ForeignKey("district.id", name="fk_rule_set_district"))
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("project.id", name="fk_rule_set_project"))
    created_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_rule_set_created_by"))
    created_at: Mapped[datetime] = mapped_column(_INSTANT)


class RuleSetVersion(Base):
    """One version of a rule set, a draft until it is published; rows are never changed."""

    __tablename__ = "rule_set_version"

    rule_set_id: Mapped[UUID] = mapped_column(
        ForeignKey("rule_set.id", name="fk_rule_set_version_rule_set"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    digest: Mapped[bytes]
    preset: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    drafted_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_rule_set_version_drafted_by"))
    drafted_at: Mapped[datetime] = mapped_column(_INSTANT)


class RuleSetPublication(Base):
    """That a version was published, by whom and when; `rank` rises with each."""

    __tablename__ = "rule_set_publication"
    __table_args__ = (
        ForeignKeyConstraint(
            ["rule_set_id", "version"],
            ["rule_set_version.rule_set_id", "rule_set_version.version"],
            name="fk_rule_set_publication_version",
        ),
    )

    rule_set_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    rank: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    published_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_rule_set_publication_published_by"))
    published_at: Mapped[datetime] = mapped_column(_INSTANT)


class StopWork(Base):
    """Days on which a project does not build, as filed; they count once they are approved."""

    __tablename__ = "stop_work"
    __table_args__ = (Index("ix_stop_work_from_on", "project_id", "from_on"),)

    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id", name="fk_stop_work_project"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    from_on: Mapped[date]
    to_on: Mapped[date | None]
    cause: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    filed_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_stop_work_filed_by"))
    filed_at: Mapped[datetime] = mapped_column(_INSTANT)


class StopWorkStep(Base):
    """What became of a filed stop: approved, refused, ended on a day by the order to resume; never changed."""

    __tablename__ = "stop_work_step"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "stop_work_id"], ["stop_work.project_id", "stop_work.id"], name="fk_stop_work_step_stop"
        ),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    stop_work_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    last_on: Mapped[date | None]
    note: Mapped[str | None] = mapped_column(Text)
    taken_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_stop_work_step_taken_by"))
    taken_at: Mapped[datetime] = mapped_column(_INSTANT)


class RateComputation(Base):
    """A month reckoned anew for the city, a district or a project, perhaps by a version that nobody published yet."""

    __tablename__ = "rate_computation"
    __table_args__ = (
        ForeignKeyConstraint(
            ["rule_set_id", "rule_version"],
            ["rule_set_version.rule_set_id", "rule_set_version.version"],
            name="fk_rate_computation_version",
        ),
        Index("ix_rate_computation_month", "month"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    no: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    month: Mapped[date]
    district_id: Mapped[UUID | None] = mapped_column(ForeignKey("district.id", name="fk_rate_computation_district"))
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("project.id", name="fk_rate_computation_project"))
    rule_set_id: Mapped[UUID | None]
    rule_version: Mapped[int | None]
    reason: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_rate_computation_asked_by"))
    asked_at: Mapped[datetime] = mapped_column(_INSTANT)


class RateFigure(Base):
    """One person's figure on one post in a computation; credits in thousandths of a day."""

    __tablename__ = "rate_figure"
    __table_args__ = (Index("ix_rate_figure_computation_id", "computation_id"),)

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    computation_id: Mapped[UUID] = mapped_column(
        ForeignKey("rate_computation.id", name="fk_rate_figure_computation"), primary_key=True
    )
    post_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    post_kind: Mapped[str] = mapped_column(Text)
    rule_set_id: Mapped[UUID | None]
    rule_version: Mapped[int]
    due: Mapped[int]
    valid: Mapped[int]
    own: Mapped[int]
    likely: Mapped[int]
    covered: Mapped[int]
    rate: Mapped[int | None]
    verdict: Mapped[str] = mapped_column(Text)


class RateComputationEnd(Base):
    """That a computation is done: its figures' number and digest, and the versions that they were reckoned by."""

    __tablename__ = "rate_computation_end"

    computation_id: Mapped[UUID] = mapped_column(
        ForeignKey("rate_computation.id", name="fk_rate_computation_end_computation"), primary_key=True
    )
    ended_at: Mapped[datetime] = mapped_column(_INSTANT)
    figures: Mapped[int]
    rules: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    digest: Mapped[bytes]


class RatePublication(Base):
    """That a computation's figures were published, in place of which."""

    __tablename__ = "rate_publication"
    __table_args__ = (UniqueConstraint("replaces", name="uq_rate_publication_replaces"),)

    computation_id: Mapped[UUID] = mapped_column(
        ForeignKey("rate_computation_end.computation_id", name="fk_rate_publication_end"), primary_key=True
    )
    replaces: Mapped[UUID | None] = mapped_column(
        ForeignKey("rate_publication.computation_id", name="fk_rate_publication_replaces")
    )
    note: Mapped[str | None] = mapped_column(Text)
    published_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_rate_publication_published_by"))
    published_at: Mapped[datetime] = mapped_column(_INSTANT)
