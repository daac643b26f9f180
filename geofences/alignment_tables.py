"""Tables of alignments and what hangs on them; migrations 0013 and 0015 are the authority, a check proves it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import DateTime, Double, ForeignKey, ForeignKeyConstraint, Index, Integer, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base

_INSTANT = DateTime(timezone=True)


def _account(name: str) -> ForeignKey:
    return ForeignKey("account.id", name=f"fk_{name}")


class AlignmentRow(Base):
    """An alignment by name and prefix; its line lies in its versions."""

    __tablename__ = "alignment"
    __table_args__ = (UniqueConstraint("project_id", "name", name="uq_alignment_name"),)

    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id", name="fk_alignment_project"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    prefix: Mapped[str] = mapped_column(Text)
    carriageway: Mapped[str] = mapped_column(Text)
    created_by: Mapped[UUID] = mapped_column(_account("alignment_created_by"))
    created_at: Mapped[datetime] = mapped_column(_INSTANT)


class AlignmentVersion(Base):
    """One line of an alignment, M its continuous chainage, with its breaks and validity; it never changes."""

    __tablename__ = "alignment_version"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "alignment_id"],
            ["alignment.project_id", "alignment.id"],
            name="fk_alignment_version_alignment",
        ),
        UniqueConstraint("project_id", "alignment_id", "number", name="uq_alignment_version_number"),
        ExcludeConstraint(
            ("project_id", "="),
            ("alignment_id", "="),
            ("valid_during", "&&"),
            name="ex_alignment_version_valid",
            using="gist",
        ),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    alignment_id: Mapped[UUID]
    number: Mapped[int] = mapped_column(Integer)
    crs: Mapped[str] = mapped_column(Text)
    drawing: Mapped[dict[str, Any]] = mapped_column(JSONB)
    drawing_digest: Mapped[bytes]
    zone_srid: Mapped[int] = mapped_column(Integer)
    line: Mapped[WKBElement] = mapped_column(
        Geometry("LINESTRINGM", srid=4326, dimension=3, spatial_index=False), nullable=False
    )
    from_m: Mapped[float]
    to_m: Mapped[float]
    equation_back_m: Mapped[list[float]] = mapped_column(ARRAY(Double))
    equation_ahead_m: Mapped[list[float]] = mapped_column(ARRAY(Double))
    stakes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    valid_during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    created_by: Mapped[UUID] = mapped_column(_account("alignment_version_created_by"))
    created_at: Mapped[datetime] = mapped_column(_INSTANT)


class SectionRangeRow(Base):
    """A range of an alignment that belongs to a section, by its labels, as contracts name it."""

    __tablename__ = "section_range"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "section_id"], ["section.project_id", "section.id"], name="fk_section_range_section"
        ),
        ForeignKeyConstraint(
            ["project_id", "alignment_id"],
            ["alignment.project_id", "alignment.id"],
            name="fk_section_range_alignment",
        ),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    section_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    alignment_id: Mapped[UUID]
    begin_label: Mapped[str] = mapped_column(Text)
    end_label: Mapped[str] = mapped_column(Text)
    set_by: Mapped[UUID] = mapped_column(_account("section_range_set_by"))
    set_at: Mapped[datetime] = mapped_column(_INSTANT)


class WorkFaceRow(Base):
    """A dated range of a corridor in which people are expected, days inclusive, by its labels."""

    __tablename__ = "work_face"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "fence_id"], ["fence.project_id", "fence.id"], name="fk_work_face_fence"),
        Index("ix_work_face_fence", "project_id", "fence_id"),
        Index("ix_work_face_to_on", "project_id", "to_on"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    fence_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(Text)
    begin_label: Mapped[str] = mapped_column(Text)
    end_label: Mapped[str] = mapped_column(Text)
    from_on: Mapped[date]
    to_on: Mapped[date | None]
    created_by: Mapped[UUID] = mapped_column(_account("work_face_created_by"))
    created_at: Mapped[datetime] = mapped_column(_INSTANT)
