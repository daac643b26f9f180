"""Announces facts of modules that have no fact table of their own, for those who follow by cursor.

A kind is `module.what_happened`: `fences.tolerance_raised`, `push.failed`, `seals.failed`. Whoever announces says what
happened and knows nothing of those who follow. `subject` tells two facts of a kind apart and is what an end of the
trouble (`push.restored`) names again. No personal data: rows are never changed.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, DateTime, FetchedValue, ForeignKey, Identity, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import XID8, Base, Tx

Instant = DateTime(timezone=True)

ANNOUNCE = """
INSERT INTO announced_fact (kind, project_id, subject, occurred_at, recorded_at, detail)
VALUES (:kind, :project_id, :subject, :occurred_at, :recorded_at, CAST(:detail AS jsonb))
"""


class AnnouncedFact(Base):
    """One happening that was announced; never changed."""

    __tablename__ = "announced_fact"

    xid: Mapped[int] = mapped_column(XID8(), server_default=FetchedValue())
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("project.id", name="fk_announced_fact_project"))
    subject: Mapped[str] = mapped_column(Text)
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)


async def announce(
    tx: Tx,
    kind: str,
    subject: str,
    *,
    occurred_at: datetime,
    now: datetime,
    project_id: UUID | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Record in the caller's transaction that something happened; `project_id` None is the platform itself."""
    values = {
        "kind": kind,
        "project_id": project_id,
        "subject": subject,
        "occurred_at": occurred_at,
        "recorded_at": now,
        "detail": msgspec.json.encode(detail or {}).decode(),
    }
    await tx.execute(text(ANNOUNCE), values)
