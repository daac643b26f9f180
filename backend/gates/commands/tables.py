"""Tables of commands to terminals; migration 0030 is the authority, `alembic check` keeps both equal."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.gates.tables import Instant, of_device
from backend.kit.db import Base


def _of_command(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["project_id", "command_id"], ["gate_command.project_id", "gate_command.id"], name=f"fk_{table}_command"
    )


class GateCommand(Base):
    """A command that somebody asked for; the database knows no kinds but the four that only read."""

    __tablename__ = "gate_command"
    __table_args__ = (
        of_device("gate_command"),
        UniqueConstraint("project_id", "device_id", "number", name="uq_gate_command_number"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID]
    # By which the device answers; counts up per device.
    number: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Text)
    from_at: Mapped[datetime | None] = mapped_column(Instant)
    to_at: Mapped[datetime | None] = mapped_column(Instant)
    asked_at: Mapped[datetime] = mapped_column(Instant)
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("account.id", name="fk_gate_command_asked_by"))
    reason: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class GateCommandDelivery(Base):
    """That a command was sent in answer to a poll; several times where no answer came."""

    __tablename__ = "gate_command_delivery"
    __table_args__ = (_of_command("gate_command_delivery"),)

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    command_id: Mapped[UUID] = mapped_column(primary_key=True)
    nth: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sent_at: Mapped[datetime] = mapped_column(Instant)


class GateCommandAnswer(Base):
    """What the device said of a command: the first answer stays.

    `told` is how many passes the device counted in the period, `held` how many the ledger held then.
    """

    __tablename__ = "gate_command_answer"
    __table_args__ = (_of_command("gate_command_answer"),)

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    command_id: Mapped[UUID] = mapped_column(primary_key=True)
    answered_at: Mapped[datetime] = mapped_column(Instant)
    code: Mapped[int] = mapped_column(Integer)
    told: Mapped[int | None] = mapped_column(BigInteger)
    held: Mapped[int | None] = mapped_column(BigInteger)
