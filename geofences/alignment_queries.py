"""Every SELECT of alignments, sections' ranges on them and work faces, with typed rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import TIMESTAMP

from backend.kit.db import AnyRow, Tx
from geofences.alignment import Alignment, alignment_of
from geofences.alignment_errors import AlignmentNotInForce, AlignmentUnknown, AlignmentVersionUnknown
from geofences.alignment_tables import AlignmentRow, AlignmentVersion, SectionRangeRow, WorkFaceRow
from geofences.stationing import Equation

MOST_ALIGNMENTS = 500
"""Alignments of one project: lists have them all, on one page."""


@dataclass(frozen=True, slots=True)
class AlignmentListRow:
    """An alignment with the numbers of its latest version and of the one in force, if any."""

    id: UUID
    name: str
    prefix: str
    carriageway: str
    created_at: datetime
    latest_number: int
    number_in_force: int | None


@dataclass(frozen=True, slots=True)
class AlignmentVersionRow:
    """A version with its line: chainages in metres, `stakes` as calibration found them."""

    id: UUID
    number: int
    crs: str
    created_by: UUID
    created_at: datetime
    valid_from: datetime
    valid_until: datetime | None
    stakes: list[dict[str, Any]]
    alignment: Alignment


@dataclass(frozen=True, slots=True)
class Pinned:
    """An alignment in one of its versions."""

    alignment_id: UUID
    name: str
    version: AlignmentVersionRow

    @property
    def alignment(self) -> Alignment:
        """The line with its labels."""
        return self.version.alignment


@dataclass(frozen=True, slots=True)
class RangeRow:
    """A range of an alignment that belongs to a section, by its labels."""

    section_id: UUID
    number: int
    alignment_id: UUID
    begin_label: str
    end_label: str


@dataclass(frozen=True, slots=True)
class FaceRow:
    """A work face, days inclusive (`to_on` None: until further notice)."""

    id: UUID
    fence_id: UUID
    name: str
    begin_label: str
    end_label: str
    from_on: date
    to_on: date | None
    created_at: datetime


_VERSION = (
    AlignmentRow.id,
    AlignmentRow.name,
    AlignmentRow.prefix,
    AlignmentVersion.id,
    AlignmentVersion.number,
    AlignmentVersion.crs,
    AlignmentVersion.created_by,
    AlignmentVersion.created_at,
    func.lower(AlignmentVersion.valid_during),
    func.upper(AlignmentVersion.valid_during),
    AlignmentVersion.stakes,
    func.ST_AsBinary(AlignmentVersion.line),
    AlignmentVersion.equation_back_m,
    AlignmentVersion.equation_ahead_m,
    AlignmentVersion.zone_srid,
)


def in_force_at(at: datetime) -> Any:  # noqa: ANN401 - a SQL condition
    """Tell in SQL which versions are valid at an instant."""
    return AlignmentVersion.valid_during.op("@>")(literal(at, TIMESTAMP(timezone=True)))


async def list_alignments(tx: Tx, project_id: UUID, at: datetime) -> list[AlignmentListRow]:
    """Return the alignments of a project by prefix and name, as they stand at an instant."""
    of_this = and_(AlignmentVersion.project_id == project_id, AlignmentVersion.alignment_id == AlignmentRow.id)
    latest = select(func.max(AlignmentVersion.number)).where(of_this).scalar_subquery()
    in_force = select(AlignmentVersion.number).where(of_this, in_force_at(at)).scalar_subquery()
    statement = (
        select(
            AlignmentRow.id,
            AlignmentRow.name,
            AlignmentRow.prefix,
            AlignmentRow.carriageway,
            AlignmentRow.created_at,
            latest,
            in_force,
        )
        .where(AlignmentRow.project_id == project_id)
        .order_by(AlignmentRow.prefix, AlignmentRow.name)
        .limit(MOST_ALIGNMENTS)
    )
    return [AlignmentListRow(*row) for row in await tx.execute(statement)]


async def find_alignment(tx: Tx, project_id: UUID, alignment_id: UUID, *, lock: bool = False) -> AnyRow | None:
    """Return name, prefix and carriageway of an alignment; `lock` makes its new versions queue up."""
    statement = select(AlignmentRow.name, AlignmentRow.prefix, AlignmentRow.carriageway).where(
        AlignmentRow.project_id == project_id, AlignmentRow.id == alignment_id
    )
    return (await tx.execute(statement.with_for_update() if lock else statement)).one_or_none()


async def list_versions(tx: Tx, project_id: UUID, alignment_id: UUID) -> list[Pinned]:
    """Return all versions of an alignment, latest first."""
    statement = _versions(project_id).where(AlignmentRow.id == alignment_id).order_by(AlignmentVersion.number.desc())
    return [_pinned(row) for row in await tx.execute(statement)]


async def require_version(
    tx: Tx, project_id: UUID, alignment_id: UUID, *, number: int | None = None, at: datetime
) -> Pinned:
    """Return a version by its number, or the one in force at an instant.

    Raises AlignmentUnknown, AlignmentVersionUnknown or AlignmentNotInForce.
    """
    statement = _versions(project_id).where(AlignmentRow.id == alignment_id)
    wanted = in_force_at(at) if number is None else AlignmentVersion.number == number
    row = (await tx.execute(statement.where(wanted))).one_or_none()
    if row is not None:
        return _pinned(row)
    if await find_alignment(tx, project_id, alignment_id) is None:
        raise AlignmentUnknown
    if number is not None:
        raise AlignmentVersionUnknown
    raise AlignmentNotInForce(at=at.isoformat())


async def find_pinned(tx: Tx, project_id: UUID, version_id: UUID) -> Pinned | None:
    """Return a version by its id."""
    row = (await tx.execute(_versions(project_id).where(AlignmentVersion.id == version_id))).one_or_none()
    return None if row is None else _pinned(row)


async def list_in_force(
    tx: Tx, project_id: UUID, at: datetime, *, prefix: str | None = None, ids: Sequence[UUID] | None = None
) -> list[Pinned]:
    """Return the versions in force at an instant, of one prefix or of these alignments, by prefix and name."""
    statement = _versions(project_id).where(in_force_at(at)).order_by(AlignmentRow.prefix, AlignmentRow.name)
    if prefix is not None:
        statement = statement.where(AlignmentRow.prefix == prefix)
    if ids is not None:
        statement = statement.where(AlignmentRow.id.in_(ids))
    return [_pinned(row) for row in await tx.execute(statement.limit(MOST_ALIGNMENTS))]


async def find_drawing(tx: Tx, project_id: UUID, version_id: UUID) -> dict[str, Any] | None:
    """Return what was declared for a version, as it was stored."""
    return await tx.scalar(
        select(AlignmentVersion.drawing).where(
            AlignmentVersion.project_id == project_id, AlignmentVersion.id == version_id
        )
    )


async def list_ranges(tx: Tx, project_id: UUID, section_ids: Sequence[UUID]) -> list[RangeRow]:
    """Return the ranges of sections in their order."""
    statement = (
        select(
            SectionRangeRow.section_id,
            SectionRangeRow.number,
            SectionRangeRow.alignment_id,
            SectionRangeRow.begin_label,
            SectionRangeRow.end_label,
        )
        .where(SectionRangeRow.project_id == project_id, SectionRangeRow.section_id.in_(section_ids))
        .order_by(SectionRangeRow.section_id, SectionRangeRow.number)
    )
    return [RangeRow(*row) for row in await tx.execute(statement)]


async def list_faces(
    tx: Tx, project_id: UUID, fence_id: UUID, *, on: date | None, limit: int, after: UUID | None
) -> list[FaceRow]:
    """Return up to `limit` work faces of a fence in the order of their making; `on` only those active on that day."""
    statement = _faces(project_id, fence_id).order_by(WorkFaceRow.id).limit(limit)
    if on is not None:
        statement = statement.where(
            WorkFaceRow.from_on <= on, or_(WorkFaceRow.to_on.is_(None), WorkFaceRow.to_on >= on)
        )
    if after is not None:
        statement = statement.where(WorkFaceRow.id > after)
    return [FaceRow(*row) for row in await tx.execute(statement)]


async def find_face(tx: Tx, project_id: UUID, fence_id: UUID, face_id: UUID, *, lock: bool = False) -> FaceRow | None:
    """Return a work face of a fence."""
    statement = _faces(project_id, fence_id).where(WorkFaceRow.id == face_id)
    row = (await tx.execute(statement.with_for_update() if lock else statement)).one_or_none()
    return None if row is None else FaceRow(*row)


def _faces(project_id: UUID, fence_id: UUID) -> Select[*tuple[Any, ...]]:
    return select(
        WorkFaceRow.id,
        WorkFaceRow.fence_id,
        WorkFaceRow.name,
        WorkFaceRow.begin_label,
        WorkFaceRow.end_label,
        WorkFaceRow.from_on,
        WorkFaceRow.to_on,
        WorkFaceRow.created_at,
    ).where(WorkFaceRow.project_id == project_id, WorkFaceRow.fence_id == fence_id)


def _versions(project_id: UUID) -> Select[*tuple[Any, ...]]:
    return (
        select(*_VERSION)
        .join(
            AlignmentRow,
            and_(
                AlignmentRow.project_id == AlignmentVersion.project_id,
                AlignmentRow.id == AlignmentVersion.alignment_id,
            ),
        )
        .where(AlignmentVersion.project_id == project_id)
    )


def _pinned(row: Any) -> Pinned:  # noqa: ANN401 - a row of _VERSION
    alignment_id, name, prefix, version_id, number, crs, by, made_at, since, until, stakes, line, back, ahead, zone = (
        row
    )
    equations = tuple(Equation(*pair) for pair in zip(back, ahead, strict=True))
    alignment = alignment_of(bytes(line), prefix, equations, zone)
    version = AlignmentVersionRow(version_id, number, crs, by, made_at, since, until, stakes, alignment)
    return Pinned(alignment_id, name, version)
