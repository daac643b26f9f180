"""The wire forms of alignments; positions are (x, y), longitude or easting first."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from backend.kit.wire import Instant, Lat, Lon, Wire
from backend.sites.schemas import Label
from geofences.alignment import MAX_STAKES, Alignment, AlignmentPlan, StakePlan, place_at
from geofences.alignment_queries import AlignmentListRow, Pinned
from geofences.alignments import Declared, Meant
from geofences.coordinates import coordinate_system
from geofences.drawing import ChainageLabel, Position
from geofences.projection import Candidate
from geofences.schemas import Coordinate, System
from geofences.stationing import MAX_EQUATIONS

Prefix = Annotated[str, Meta(pattern="^[A-Z]{0,4}K$", description="what its labels begin with: `K`, `ZK`, `YK` …")]
Carriageway = Literal["whole", "left", "right"]


class EquationBody(Wire, frozen=True, kw_only=True):
    """A station equation `back = ahead`: the label behind the break, which ends, and the one ahead, which goes on."""

    back: ChainageLabel
    ahead: ChainageLabel


class StakeBody(Wire, frozen=True, kw_only=True):
    """A known stake: its label, and its place (x, y) in the alignment's coordinate system."""

    label: ChainageLabel
    x: Coordinate
    y: Coordinate


class LineBody(Wire, frozen=True, kw_only=True):
    """A line in order of rising chainage with what is known of its labels.

    `start` is the label of its first point; it may be left out where stakes are known. Equations come in the order in
    which one meets them.
    """

    crs: System
    coordinates: Annotated[list[Position], Meta(description="(x, y), longitude or easting first")]
    start: ChainageLabel | None = None
    equations: Annotated[list[EquationBody], Meta(max_length=MAX_EQUATIONS)] = msgspec.field(
        default_factory=list[EquationBody]
    )
    stakes: Annotated[list[StakeBody], Meta(max_length=MAX_STAKES)] = msgspec.field(default_factory=list[StakeBody])

    def declared(self, prefix: str) -> Declared:
        """Return what the use cases take; raises SystemUnknown."""
        plan = AlignmentPlan(
            system=coordinate_system(self.crs),
            line=self.coordinates,
            prefix=prefix,
            start=self.start,
            equations=[(one.back, one.ahead) for one in self.equations],
            stakes=[StakePlan(one.label, one.x, one.y) for one in self.stakes],
        )
        names = ("coordinates", "start", "equations", "stakes")
        return Declared(plan, msgspec.to_builtins({name: getattr(self, name) for name in names}))


class AlignmentPreviewBody(LineBody, frozen=True, kw_only=True):
    """A line to look at before it is made."""

    prefix: Prefix


class AlignmentBody(AlignmentPreviewBody, frozen=True, kw_only=True):
    """An alignment to make, with its first version; `valid_from` is now if left out, and may be past."""

    name: Label
    carriageway: Carriageway = "whole"
    valid_from: Instant | None = None


class AlignmentVersionBody(LineBody, frozen=True, kw_only=True):
    """A realignment: a line that takes over from `valid_from` (now if left out)."""

    valid_from: Instant | None = None


class AlignmentAnswer(Wire, frozen=True, kw_only=True):
    """An alignment, the number of its latest version, and that of the one in force (null if none is)."""

    id: UUID
    name: str
    prefix: str
    carriageway: Carriageway
    created_at: datetime
    latest_number: int
    number_in_force: int | None


class AlignmentsAnswer(Wire, frozen=True, kw_only=True):
    """All alignments of a project."""

    alignments: list[AlignmentAnswer]


class BranchAnswer(Wire, frozen=True, kw_only=True):
    """A part of an alignment between two breaks: its mark, the labels of its ends, their continuous chainages."""

    mark: str
    begin: str
    end: str
    from_m: float
    to_m: float


class StakeAnswer(Wire, frozen=True, kw_only=True):
    """A stake as calibration found it.

    `offset_m`: how far it stands off the line (left positive). `shift_m`: its chainage less that of a line that is not
    calibrated. `residual_m`: its chainage less what its neighbours alone would have given.
    """

    label: str
    chainage_m: float
    ground_m: float
    offset_m: float
    shift_m: float
    residual_m: float


class LineAnswer(Wire, frozen=True, kw_only=True):
    """What an alignment's line is: ends as labels and continuous chainage, length by its chainages, its branches."""

    begin: str
    end: str
    from_m: float
    to_m: float
    vertices: int
    zone_epsg: int
    branches: list[BranchAnswer]
    stakes: list[StakeAnswer]


class AlignmentVersionAnswer(Wire, frozen=True, kw_only=True):
    """A version of an alignment."""

    id: UUID
    number: int
    crs: str
    valid_from: datetime
    valid_until: datetime | None
    created_by: UUID
    created_at: datetime
    line: LineAnswer


class AlignmentDetailAnswer(Wire, frozen=True, kw_only=True):
    """An alignment with all its versions, latest first."""

    id: UUID
    name: str
    prefix: str
    carriageway: Carriageway
    versions: list[AlignmentVersionAnswer]


class AlignmentGeometryAnswer(Wire, frozen=True, kw_only=True):
    """A version with its line: (longitude, latitude, continuous chainage) in WGS-84, and what was declared for it."""

    version: AlignmentVersionAnswer
    coordinates: list[tuple[float, float, float]]
    declared: dict[str, Any]


class ChainageAnswer(Wire, frozen=True, kw_only=True):
    """The place that a label means, in WGS-84."""

    alignment_id: UUID
    alignment_name: str
    version: int
    label: str
    chainage_m: float
    lon: Lon
    lat: Lat


class AlignmentPlaceAnswer(Wire, frozen=True, kw_only=True):
    """A place on the alignment that a position could mean; offset left positive, overrun beyond the line's end."""

    label: str
    chainage_m: float
    offset_m: float
    overrun_m: float
    distance_m: float


class AlignmentPlacesAnswer(Wire, frozen=True, kw_only=True):
    """Every place within reach that a position could mean, nearest first."""

    alignment_id: UUID
    version: int
    places: list[AlignmentPlaceAnswer]


def alignment_answer(row: AlignmentListRow) -> AlignmentAnswer:
    """Build the answer of an alignment in a list."""
    return msgspec.convert(row, AlignmentAnswer, from_attributes=True)


def line_answer(alignment: Alignment) -> LineAnswer:
    """Build the answer of a line."""
    labels = alignment.stationing
    return LineAnswer(
        begin=labels.speak(labels.from_m),
        end=labels.speak_end(labels.to_m),
        from_m=labels.from_m,
        to_m=labels.to_m,
        vertices=len(alignment.chainage_m),
        zone_epsg=alignment.zone,
        branches=[
            BranchAnswer(
                mark=one.mark,
                begin=labels.speak(one.from_m),
                end=labels.speak_end(one.to_m),
                from_m=one.from_m,
                to_m=one.to_m,
            )
            for one in labels.branches
        ],
        stakes=[msgspec.convert(one, StakeAnswer, from_attributes=True) for one in alignment.stakes],
    )


def alignment_version_answer(pinned: Pinned) -> AlignmentVersionAnswer:
    """Build the answer of a version."""
    row = pinned.version
    line = line_answer(row.alignment)
    return AlignmentVersionAnswer(
        id=row.id,
        number=row.number,
        crs=row.crs,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        created_by=row.created_by,
        created_at=row.created_at,
        line=msgspec.structs.replace(line, stakes=msgspec.convert(row.stakes, list[StakeAnswer])),
    )


def geometry_answer(pinned: Pinned, declared: dict[str, Any]) -> AlignmentGeometryAnswer:
    """Build the answer of a version with its line."""
    points = zip(*pinned.alignment.lonlat.T.tolist(), pinned.alignment.chainage_m.tolist(), strict=True)
    return AlignmentGeometryAnswer(
        version=alignment_version_answer(pinned),
        coordinates=[(lon, lat, chainage_m) for lon, lat, chainage_m in points],
        declared=declared,
    )


def chainage_answer(meant: Meant) -> ChainageAnswer:
    """Build the answer to a label."""
    pinned = meant.pinned
    lon, lat = place_at(pinned.alignment, meant.chainage_m)
    return ChainageAnswer(
        alignment_id=pinned.alignment_id,
        alignment_name=pinned.name,
        version=pinned.version.number,
        label=pinned.alignment.stationing.speak(meant.chainage_m),
        chainage_m=meant.chainage_m,
        lon=lon,
        lat=lat,
    )


def places_answer(pinned: Pinned, places: tuple[Candidate, ...]) -> AlignmentPlacesAnswer:
    """Build the answer to a position."""
    return AlignmentPlacesAnswer(
        alignment_id=pinned.alignment_id,
        version=pinned.version.number,
        places=[
            AlignmentPlaceAnswer(
                label=pinned.alignment.stationing.speak(one.chainage_m),
                chainage_m=one.chainage_m,
                offset_m=one.offset_m,
                overrun_m=one.overrun_m,
                distance_m=one.distance_m,
            )
            for one in places
        ],
    )
