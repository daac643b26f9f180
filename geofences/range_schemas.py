"""The wire forms of sections' ranges on alignments and of work faces, by the labels of their ends."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from backend.kit.wire import Wire
from backend.sites.schemas import Label
from geofences.alignment_queries import FaceRow, RangeRow
from geofences.drawing import ChainageLabel
from geofences.range_keeping import FacePlan, WishedRange


class RangeBody(Wire, frozen=True, kw_only=True):
    """A range of an alignment, by the labels of its ends."""

    alignment_id: UUID
    begin: ChainageLabel
    end: ChainageLabel


class RangesBody(Wire, frozen=True, kw_only=True):
    """All ranges of a section; they replace those it had."""

    ranges: Annotated[list[RangeBody], Meta(max_length=50)]

    def wished(self) -> list[WishedRange]:
        """Return what the use case takes."""
        return [WishedRange(one.alignment_id, one.begin, one.end) for one in self.ranges]


class WorkFaceBody(Wire, frozen=True, kw_only=True):
    """A work face: where people are expected from the first to the last day, both inclusive (null: no end yet)."""

    name: Label
    begin: ChainageLabel
    end: ChainageLabel
    from_on: date
    to_on: date | None = None

    def plan(self) -> FacePlan:
        """Return what the use cases take."""
        return FacePlan(name=self.name, begin=self.begin, end=self.end, from_on=self.from_on, to_on=self.to_on)


class RangeAnswer(Wire, frozen=True, kw_only=True):
    """A range of a section on an alignment."""

    alignment_id: UUID
    begin: str
    end: str


class RangesAnswer(Wire, frozen=True, kw_only=True):
    """All ranges of a section, in order."""

    section_id: UUID
    ranges: list[RangeAnswer]


class WorkFaceAnswer(Wire, frozen=True, kw_only=True):
    """A work face."""

    id: UUID
    fence_id: UUID
    name: str
    begin: str
    end: str
    from_on: date
    to_on: date | None
    created_at: datetime


def ranges_answer(section_id: UUID, rows: list[RangeRow]) -> RangesAnswer:
    """Build the answer of a section's ranges."""
    ranges = [RangeAnswer(alignment_id=row.alignment_id, begin=row.begin_label, end=row.end_label) for row in rows]
    return RangesAnswer(section_id=section_id, ranges=ranges)


def work_face_answer(row: FaceRow) -> WorkFaceAnswer:
    """Build the answer of a work face."""
    return WorkFaceAnswer(
        id=row.id,
        fence_id=row.fence_id,
        name=row.name,
        begin=row.begin_label,
        end=row.end_label,
        from_on=row.from_on,
        to_on=row.to_on,
        created_at=row.created_at,
    )
