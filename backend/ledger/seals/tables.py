"""Tables of the ledger's log; migration 0044 is the authority, `alembic check` keeps both equal."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    SmallInteger,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import XID8, Base

Instant = DateTime(timezone=True)


class SealLog(Base):
    """One growing log; `origin` is its name for ever, which heads are signed with."""

    __tablename__ = "seal_log"

    log_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    origin: Mapped[str] = mapped_column(Text, unique=True)
    begun_at: Mapped[datetime] = mapped_column(Instant)


class SealKey(Base):
    """A public key that heads were signed with."""

    __tablename__ = "seal_key"

    key_id: Mapped[str] = mapped_column(Text, primary_key=True)
    public_key: Mapped[bytes] = mapped_column(unique=True)
    first_used_at: Mapped[datetime] = mapped_column(Instant)


class SealLeaf(Base):
    """Which ledger entry is which leaf; `marks` only help to name the column that was changed."""

    __tablename__ = "seal_leaf"
    __table_args__ = (UniqueConstraint("log_id", "entry_id", "kind", name="uq_seal_leaf_entry"),)

    leaf_index: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    log_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("seal_log.log_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    project_id: Mapped[UUID]
    entry_at: Mapped[datetime] = mapped_column(Instant)
    entry_id: Mapped[UUID]
    leaf_hash: Mapped[bytes]
    marks: Mapped[bytes]


class SealNode(Base):
    """A perfect node of every eighth level, from which proofs are made without reading all leaves."""

    __tablename__ = "seal_node"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    log_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("seal_log.log_id"), primary_key=True)
    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    node_hash: Mapped[bytes]


class SealHead(Base):
    """A signed head, and how far into the outbox of which cluster it reaches."""

    __tablename__ = "seal_head"
    __table_args__ = (CheckConstraint("octet_length(signature) = 64", name="signature"),)

    tree_size: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    upto_id: Mapped[int] = mapped_column(BigInteger)
    upto_xid: Mapped[int] = mapped_column(XID8())
    signed_at: Mapped[datetime] = mapped_column(Instant)
    log_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("seal_log.log_id"), primary_key=True)
    cluster: Mapped[str] = mapped_column(Text)
    key_id: Mapped[str] = mapped_column(Text, ForeignKey("seal_key.key_id"))
    root_hash: Mapped[bytes]
    signature: Mapped[bytes]


class SealPublication(Base):
    """The head that an outside party was given for a day."""

    __tablename__ = "seal_publication"
    __table_args__ = (
        ForeignKeyConstraint(
            ["log_id", "tree_size"], ["seal_head.log_id", "seal_head.tree_size"], name="fk_seal_publication_head"
        ),
    )

    log_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("seal_log.log_id"), primary_key=True)
    party: Mapped[str] = mapped_column(Text, primary_key=True)
    on_day: Mapped[date] = mapped_column(Date, primary_key=True)
    tree_size: Mapped[int] = mapped_column(BigInteger)
    published_at: Mapped[datetime] = mapped_column(Instant)
