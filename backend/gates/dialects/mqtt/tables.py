"""The table of the broker's logins; migration 0022 is the authority, `alembic check` keeps both equal."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, ForeignKeyConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base


class GateBrokerLogin(Base):
    """A password of a terminal as the broker keeps it; the newest one holds."""

    __tablename__ = "gate_broker_login"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "device_id"],
            ["gate_device.project_id", "gate_device.id"],
            name="fk_gate_broker_login_device",
        ),
        Index("ix_gate_broker_login_device", "project_id", "device_id"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID]
    issued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    password_hash: Mapped[str] = mapped_column(Text)
    issued_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_gate_broker_login_issued_by"))
