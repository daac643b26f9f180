"""Tables of the fences; migrations 0004, 0009, 0010 and 0013 are the authority, `alembic check` keeps both equal."""

from datetime import datetime, time
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import DateTime, Double, ForeignKey, ForeignKeyConstraint, Index, Integer, Text, Time, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from backend.kit.db import Base

Instant = DateTime(timezone=True)


def _account(name: str) -> ForeignKey:
    return ForeignKey("account.id", name=f"fk_{name}")


class FenceRow(Base):
    """A fence by name; its shape lies in its versions."""

    __tablename__ = "fence"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "section_id"], ["section.project_id", "section.id"], name="fk_fence_section"
        ),
        UniqueConstraint("project_id", "name", name="uq_fence_name"),
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id", name="fk_fence_project"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    section_id: Mapped[UUID | None]
    name: Mapped[str] = mapped_column(Text)
    created_by: Mapped[UUID] = mapped_column(_account("fence_created_by"))
    created_at: Mapped[datetime] = mapped_column(Instant)


class FenceVersion(Base):
    """One shape of a fence; once out of draft the shape never changes."""

    __tablename__ = "fence_version"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "fence_id"], ["fence.project_id", "fence.id"], name="fk_fence_version_fence"
        ),
        UniqueConstraint("project_id", "fence_id", "number", name="uq_fence_version_number"),
        ForeignKeyConstraint(
            ["project_id", "alignment_version_id"],
            ["alignment_version.project_id", "alignment_version.id"],
            name="fk_fence_version_alignment_version",
        ),
        Index("ix_fence_version_area", "area", postgresql_using="gist"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    fence_id: Mapped[UUID]
    number: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    crs: Mapped[str] = mapped_column(Text)
    shape: Mapped[dict[str, Any]] = mapped_column(JSONB)
    shape_digest: Mapped[bytes]
    zone_srid: Mapped[int] = mapped_column(Integer)
    buffer_m: Mapped[float]
    area: Mapped[WKBElement] = mapped_column(Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=False)
    axis: Mapped[WKBElement | None] = mapped_column(Geometry("LINESTRING", srid=4326, spatial_index=False))
    axis_start_m: Mapped[float | None]
    axis_chainage_m: Mapped[list[float] | None] = mapped_column(ARRAY(Double))
    alignment_version_id: Mapped[UUID | None]
    extra_area: Mapped[WKBElement | None] = mapped_column(Geometry("MULTIPOLYGON", srid=4326, spatial_index=False))
    opens_at: Mapped[time | None] = mapped_column(Time)
    closes_at: Mapped[time | None] = mapped_column(Time)
    created_by: Mapped[UUID] = mapped_column(_account("fence_version_created_by"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    submitted_by: Mapped[UUID | None] = mapped_column(_account("fence_version_submitted_by"))
    submitted_at: Mapped[datetime | None] = mapped_column(Instant)
    published_by: Mapped[UUID | None] = mapped_column(_account("fence_version_published_by"))
    published_at: Mapped[datetime | None] = mapped_column(Instant)


class FencePeriod(Base):
    """A time for which a version is in force, and the time for which that was believed; only ever added to."""

    __tablename__ = "fence_period"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "fence_id"], ["fence.project_id", "fence.id"], name="fk_fence_period_fence"
        ),
        ForeignKeyConstraint(
            ["project_id", "version_id"],
            ["fence_version.project_id", "fence_version.id"],
            name="fk_fence_period_version",
        ),
        ExcludeConstraint(
            ("project_id", "="),
            ("fence_id", "="),
            ("valid_during", "&&"),
            ("known_during", "&&"),
            name="ex_fence_period",
            using="gist",
        ),
        Index(
            "ix_fence_period_current",
            "project_id",
            postgresql_include=["version_id", "valid_during"],
            postgresql_where=sql("upper_inf(known_during)"),
        ),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    fence_id: Mapped[UUID]
    version_id: Mapped[UUID]
    valid_during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    known_during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    recorded_by: Mapped[UUID] = mapped_column(_account("fence_period_recorded_by"))


class FencePart(Base):
    """A small piece of a published area, for searching over all fences."""

    __tablename__ = "fence_part"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "version_id"],
            ["fence_version.project_id", "fence_version.id"],
            name="fk_fence_part_version",
        ),
        Index("ix_fence_part_area", "area", postgresql_using="gist"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    area: Mapped[WKBElement] = mapped_column(Geometry("POLYGON", srid=4326, spatial_index=False), nullable=False)


class FenceCopy(Base):
    """The copy of a published version that phones keep; `form` numbers the way in which copies are made and written."""

    __tablename__ = "fence_copy"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "version_id"],
            ["fence_version.project_id", "fence_version.id"],
            name="fk_fence_copy_version",
        ),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column(primary_key=True)
    form: Mapped[int] = mapped_column(Integer, primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    fits: Mapped[bool]
    vertices: Mapped[int] = mapped_column(Integer)
    published_vertices: Mapped[int] = mapped_column(Integer)
    made_at: Mapped[datetime] = mapped_column(Instant)
