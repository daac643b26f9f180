"""Tables of alerts; migration 0029 is the authority (checks, grants, triggers), `alembic check` keeps both equal.

An `alert` is one fact that a rule found, on record once. People see groups: alerts of a kind that belong together, in
their inbox once; whoever reads sees those alerts of a group that his rights reach. Steps are never changed;
`alert_state` is what they come to and can be rebuilt. A row of `alert_outbox` asks the channels to tell one account of
one group.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    FetchedValue,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import XID8, Base

Instant = DateTime(timezone=True)
PLATFORM = UUID(int=0)
"""The project of an alert that concerns the platform itself."""


def _of_alert(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["project_id", "alert_id"], ["alert.project_id", "alert.id"], name=f"fk_{table}_alert")


class AlertRule(Base):
    """One setting of a rule for the city, a district or a project, from an instant on; rows are never changed."""

    __tablename__ = "alert_rule"
    __table_args__ = (Index("ix_alert_rule_kind", "kind", "valid_from"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    district_id: Mapped[UUID | None] = mapped_column(ForeignKey("district.id", name="fk_alert_rule_district"))
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("project.id", name="fk_alert_rule_project"))
    valid_from: Mapped[datetime] = mapped_column(Instant)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    set_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_alert_rule_set_by"))
    set_at: Mapped[datetime] = mapped_column(Instant)


class AlertGroup(Base):
    """Alerts of a kind that belong together: what an inbox shows and a channel tells as one."""

    __tablename__ = "alert_group"
    __table_args__ = (Index("ix_alert_group_key", "kind", "group_key", "last_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    district_id: Mapped[UUID | None] = mapped_column(ForeignKey("district.id", name="fk_alert_group_district"))
    group_key: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(Instant)
    last_at: Mapped[datetime] = mapped_column(Instant)


class Alert(Base):
    """One fact that a rule found, with its words and evidence; never changed."""

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("project_id", "kind", "fact_key", name="uq_alert_fact_key"),
        ForeignKeyConstraint(
            ["project_id", "party_id"], ["project_party.project_id", "project_party.id"], name="fk_alert_party"
        ),
        Index("ix_alert_group_id", "group_id"),
        Index("ix_alert_found_at", "found_at"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    group_id: Mapped[UUID] = mapped_column(ForeignKey("alert_group.id", name="fk_alert_group"))
    kind: Mapped[str] = mapped_column(Text)
    rule_id: Mapped[UUID | None] = mapped_column(ForeignKey("alert_rule.id", name="fk_alert_rule"))
    fact_key: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(Text)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", name="fk_alert_person"))
    party_id: Mapped[UUID | None]
    device_id: Mapped[UUID | None]
    words: Mapped[str] = mapped_column(Text)
    numbers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    found_at: Mapped[datetime] = mapped_column(Instant)


class AlertStep(Base):
    """What became of an alert, step by step; `account_id` None is the platform. Never changed."""

    __tablename__ = "alert_step"
    __table_args__ = (_of_alert("alert_step"),)

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    alert_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", name="fk_alert_step_account"))
    until_at: Mapped[datetime | None] = mapped_column(Instant)
    level: Mapped[int | None] = mapped_column(Integer)
    note: Mapped[str | None] = mapped_column(Text)
    cause: Mapped[str | None] = mapped_column(Text)


class AlertState(Base):
    """What the steps of an alert come to; `next_at` is when it is escalated or wakes from its snooze."""

    __tablename__ = "alert_state"
    __table_args__ = (
        _of_alert("alert_state"),
        Index("ix_alert_state_next_at", "next_at", postgresql_where=text("next_at IS NOT NULL")),
        Index("ix_alert_state_unresolved", "project_id", "alert_id", postgresql_where=text("state <> 'resolved'")),
        {"postgresql_with": {"fillfactor": 80}},
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    alert_id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(Text)
    seq: Mapped[int] = mapped_column(Integer)
    level: Mapped[int] = mapped_column(Integer)
    next_at: Mapped[datetime | None] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)


class AlertRecipient(Base):
    """Whom a rule told of an alert, from which level on; `for_account_id` is whom he stands in for."""

    __tablename__ = "alert_recipient"
    __table_args__ = (
        _of_alert("alert_recipient"),
        Index("ix_alert_recipient_group", "account_id", "group_id"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    alert_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(
        ForeignKey("account.id", name="fk_alert_recipient_account"), primary_key=True
    )
    group_id: Mapped[UUID] = mapped_column(ForeignKey("alert_group.id", name="fk_alert_recipient_group"))
    level: Mapped[int] = mapped_column(Integer)
    for_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", name="fk_alert_recipient_for_account"))
    added_at: Mapped[datetime] = mapped_column(Instant)


class AlertInbox(Base):
    """That a group lies in an account's inbox, once; when it last changed, was read, was acknowledged there."""

    __tablename__ = "alert_inbox"
    __table_args__ = (
        Index("ix_alert_inbox_added", "account_id", "added_at", "group_id"),
        {"postgresql_with": {"fillfactor": 80}},
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_alert_inbox_account"), primary_key=True)
    group_id: Mapped[UUID] = mapped_column(ForeignKey("alert_group.id", name="fk_alert_inbox_group"), primary_key=True)
    added_at: Mapped[datetime] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)
    read_at: Mapped[datetime | None] = mapped_column(Instant)
    acknowledged_at: Mapped[datetime | None] = mapped_column(Instant)


class AlertOutbox(Base):
    """What the channels are to tell one account of one group, not before `due_at`; at most one update waits."""

    __tablename__ = "alert_outbox"
    __table_args__ = (
        UniqueConstraint("account_id", "group_id", "kind", "level", "seq", name="uq_alert_outbox_row"),
        Index("ix_alert_outbox_due", "due_at", "id", postgresql_where=text("done_at IS NULL")),
        Index(
            "uq_alert_outbox_waiting",
            "account_id",
            "group_id",
            unique=True,
            postgresql_where=text("kind = 'update' AND done_at IS NULL"),
        ),
        {"postgresql_with": {"fillfactor": 80}},
    )

    xid: Mapped[int] = mapped_column(XID8(), server_default=FetchedValue())
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_alert_outbox_account"))
    group_id: Mapped[UUID] = mapped_column(ForeignKey("alert_group.id", name="fk_alert_outbox_group"))
    kind: Mapped[str] = mapped_column(Text)
    level: Mapped[int] = mapped_column(Integer)
    seq: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant)
    done_at: Mapped[datetime | None] = mapped_column(Instant)
    outcome: Mapped[str | None] = mapped_column(Text)


class AlertFollower(Base):
    """How far a rule has followed its facts and the clock, and whether it fails."""

    __tablename__ = "alert_follower"
    __table_args__ = {"postgresql_with": {"fillfactor": 50}}  # noqa: RUF012 - SQLAlchemy reads it once

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    fact_id: Mapped[int] = mapped_column(BigInteger)
    fact_xid: Mapped[int] = mapped_column(BigInteger)
    looked_at: Mapped[datetime] = mapped_column(Instant)
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    retry_at: Mapped[datetime | None] = mapped_column(Instant)
    error: Mapped[str | None] = mapped_column(Text)
    told: Mapped[bool] = mapped_column(server_default=text("false"))


class AlertSetAside(Base):
    """A fact or a site on which a rule fails while others are judged; `settled_at` once it was judged after all."""

    __tablename__ = "alert_set_aside"
    __table_args__ = (Index("ix_alert_set_aside_retry_at", "retry_at", postgresql_where=text("settled_at IS NULL")),)

    rule: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    unit: Mapped[str] = mapped_column(Text, primary_key=True)
    looked_at: Mapped[datetime] = mapped_column(Instant)
    set_aside_at: Mapped[datetime] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(Integer)
    error: Mapped[str] = mapped_column(Text)
    retry_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)


class AlertPreference(Base):
    """How an account wants to be told."""

    __tablename__ = "alert_preference"

    account_id: Mapped[UUID] = mapped_column(
        ForeignKey("account.id", name="fk_alert_preference_account"), primary_key=True
    )
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    set_at: Mapped[datetime] = mapped_column(Instant)


class AlertDelegation(Base):
    """Who is told instead of an account while its holder is away."""

    __tablename__ = "alert_delegation"
    __table_args__ = (Index("ix_alert_delegation_account_id", "account_id", "until_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_alert_delegation_account"))
    delegate_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_alert_delegation_delegate"))
    from_at: Mapped[datetime] = mapped_column(Instant)
    until_at: Mapped[datetime] = mapped_column(Instant)
    note: Mapped[str | None] = mapped_column(Text)
    set_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_alert_delegation_set_by"))
    set_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
