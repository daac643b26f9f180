"""The wire forms of fences: strict bodies and answers; positions are (x, y), longitude or easting first."""

from datetime import datetime, time
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from backend.decision.ruling import compass
from backend.kit import messages
from backend.kit.wire import Instant, Lat, Lon, Wire
from backend.sites.schemas import Label, LocalTime
from geofences.coordinates import coordinate_system
from geofences.datum_suspicion import DatumSuspicion
from geofences.describing import Draft, Preview
from geofences.drawing import Drawing
from geofences.errors import HoursInvalid
from geofences.importing import Imported
from geofences.judging import Judgement, Question
from geofences.projection import Candidate
from geofences.queries import FenceListRow, VersionRow
from geofences.shapes import Kind
from geofences.stationing import Stationing

System = Annotated[
    str,
    Meta(
        min_length=4,
        max_length=12,
        description="`wgs84`, `cgcs2000`, `gcj02`, `bd09` or `EPSG:<code>`; never guessed",
        examples=["wgs84", "EPSG:4547"],
    ),
]
Tolerance = Annotated[float, Meta(ge=0, le=500, description="metres by which the area is widened on all sides")]
Accuracy = Annotated[float, Meta(ge=0, le=100_000, description="metres, as the platform reports it")]
Coordinate = Annotated[float, Meta(ge=-100_000_000, le=100_000_000)]
State = Literal["draft", "submitted", "published", "superseded", "withdrawn"]


class DraftBody(Wire, frozen=True, kw_only=True):
    """What is drawn: a shape in a declared system, its tolerance, and its daily hours in the site's local time."""

    crs: System
    shape: Drawing
    buffer_m: Tolerance = 0.0
    opens_at: LocalTime | None = None
    closes_at: LocalTime | None = None

    def draft(self) -> Draft:
        """Return the use case's draft; raises SystemUnknown or HoursInvalid."""
        if (self.opens_at is None) is not (self.closes_at is None):
            raise HoursInvalid
        return Draft(
            drawing=self.shape,
            system=coordinate_system(self.crs),
            buffer_m=self.buffer_m,
            opens_at=self.opens_at,
            closes_at=self.closes_at,
        )


class FenceBody(DraftBody, frozen=True, kw_only=True):
    """A fence to make, with its first draft."""

    name: Label
    section_id: UUID | None = None


class PublishBody(Wire, frozen=True, kw_only=True):
    """From when on the version is in force; now if left out."""

    valid_from: Instant | None = None


class VersionChoice(Wire, frozen=True, kw_only=True):
    """One version of one fence."""

    fence_id: UUID
    number: Annotated[int, Meta(ge=1, le=1_000_000)]


class EvaluationBody(Wire, frozen=True, kw_only=True):
    """A position as a phone would report it; `version` asks one version, else all fences in force at `at` are asked.

    `known_at` asks what was in force by what was known at that instant; left out, by what is known now.
    """

    crs: System
    x: Coordinate
    y: Coordinate
    accuracy_m: Accuracy
    platform: Literal["android", "ios", "web"] = "web"
    at: Instant | None = None
    known_at: Instant | None = None
    version: VersionChoice | None = None

    def question(self) -> Question:
        """Return the use case's question; raises SystemUnknown."""
        return Question(
            system=coordinate_system(self.crs),
            x=self.x,
            y=self.y,
            accuracy_m=self.accuracy_m,
            platform=self.platform,
            at=self.at,
            known_at=self.known_at,
            version=None if self.version is None else (self.version.fence_id, self.version.number),
        )


class FenceAnswer(Wire, frozen=True, kw_only=True):
    """A fence, the number of its latest version, and that of the one in force (null if none is)."""

    id: UUID
    name: str
    section_id: UUID | None
    created_at: datetime
    latest_number: int
    latest_state: State
    number_in_force: int | None


class Bounds(Wire, frozen=True, kw_only=True):
    """A box in degrees, EPSG:4326."""

    west: Lon
    south: Lat
    east: Lon
    north: Lat


class VersionAnswer(Wire, frozen=True, kw_only=True):
    """A version of a fence; times of validity are null until it is published."""

    id: UUID
    fence_id: UUID
    number: int
    state: State
    kind: Kind
    crs: str
    buffer_m: float
    zone_epsg: int
    opens_at: time | None
    closes_at: time | None
    valid_from: datetime | None
    valid_until: datetime | None
    created_by: UUID
    created_at: datetime
    submitted_by: UUID | None
    submitted_at: datetime | None
    published_by: UUID | None
    published_at: datetime | None
    area_m2: float
    vertices: int
    bounds: Bounds
    axis_length_m: float | None


class FenceDetailAnswer(Wire, frozen=True, kw_only=True):
    """A fence with all its versions, latest first."""

    id: UUID
    name: str
    section_id: UUID | None
    versions: list[VersionAnswer]


class VersionDetailAnswer(Wire, frozen=True, kw_only=True):
    """A version with what was drawn for it, in the numbers and the system (`version.crs`) in which it came."""

    version: VersionAnswer
    shape: Drawing


class MadeAnswer(Wire, frozen=True, kw_only=True):
    """A version that was made."""

    fence_id: UUID
    version_id: UUID
    number: int


class WarningAnswer(Wire, frozen=True, kw_only=True):
    """What the author should know before he goes on."""

    code: str
    title: str
    advice: str


class PreviewAnswer(Wire, frozen=True, kw_only=True):
    """What a drawing becomes."""

    kind: Kind
    bounds: Bounds
    area_m2: float
    vertices: int
    parts: int
    length_m: float | None
    warnings: list[WarningAnswer]


class ImportedAnswer(Wire, frozen=True, kw_only=True):
    """One fence found in a file; `made` is null in a dry run."""

    name: str | None
    where: str
    preview: PreviewAnswer
    made: MadeAnswer | None


class ImportAnswer(Wire, frozen=True, kw_only=True):
    """All fences found in a file, in its order."""

    dry_run: bool
    fences: list[ImportedAnswer]


class PlaceAnswer(Wire, frozen=True, kw_only=True):
    """A place on an alignment: chainage in metres and as a label, offset (left positive), distance beyond its end."""

    chainage_m: float
    chainage: str | None
    offset_m: float
    overrun_m: float
    distance_m: float


class DatumSuspicionAnswer(Wire, frozen=True, kw_only=True):
    """A mistake of datum that would explain why the position lies outside; nothing is accepted on it."""

    culprit: Literal["fix", "fence"]
    declared: str
    suspected: str
    moved_m: float
    declared_distance_m: float
    suspected_distance_m: float
    suspected_probability: float


class EvaluationAnswer(Wire, frozen=True, kw_only=True):
    """What the fences say about a position.

    `signed_distance_m` is positive inside; `bearing_deg` and `direction` (N, NE, E …) lead to the nearest place of the
    edge. `places` are all places on the alignment that could be meant, nearest first.
    """

    side: Literal["inside", "uncertain", "outside"]
    covered: bool
    probability: float
    signed_distance_m: float
    sigma_m: float
    lon: Lon
    lat: Lat
    bearing_deg: float
    direction: str
    nearest_lon: Lon
    nearest_lat: Lat
    fence_id: UUID
    fence_name: str
    version_id: UUID
    number: int
    chainage_m: float | None
    chainage: str | None
    offset_m: float | None
    places: list[PlaceAnswer]
    datum_suspicion: DatumSuspicionAnswer | None


def fence_answer(row: FenceListRow) -> FenceAnswer:
    """Build the answer of a fence in a list."""
    return msgspec.convert(row, FenceAnswer, from_attributes=True)


def version_answer(row: VersionRow) -> VersionAnswer:
    """Build the answer of a version."""
    values = {name: getattr(row, name) for name in VersionAnswer.__struct_fields__ if hasattr(row, name)}
    bounds = Bounds(west=row.west, south=row.south, east=row.east, north=row.north)
    return VersionAnswer(**values, zone_epsg=row.zone_srid, bounds=bounds)


def preview_answer(preview: Preview, language: str) -> PreviewAnswer:
    """Build the answer of a preview, warnings in the caller's language."""
    words = [(code, messages.text(language, code)) for code in preview.warnings]
    return PreviewAnswer(
        kind=preview.kind,
        bounds=Bounds(west=preview.west, south=preview.south, east=preview.east, north=preview.north),
        area_m2=preview.area_m2,
        vertices=preview.vertices,
        parts=preview.parts,
        length_m=preview.length_m,
        warnings=[WarningAnswer(code=code, title=word.title, advice=word.advice) for code, word in words],
    )


def imported_answer(one: Imported, language: str) -> ImportedAnswer:
    """Build the answer of one fence of a file."""
    made = None if one.made is None else msgspec.convert(one.made, MadeAnswer, from_attributes=True)
    return ImportedAnswer(name=one.name, where=one.where, preview=preview_answer(one.preview, language), made=made)


def evaluation_answer(judged: Judgement) -> EvaluationAnswer:
    """Build the answer of an evaluation."""
    found = judged.evaluation
    return EvaluationAnswer(
        side=found.side,
        covered=found.covered,
        probability=found.probability,
        signed_distance_m=found.signed_distance_m,
        sigma_m=found.sigma_m,
        lon=judged.lon,
        lat=judged.lat,
        bearing_deg=found.bearing_deg,
        direction=compass(found.bearing_deg),
        nearest_lon=found.nearest_lon,
        nearest_lat=found.nearest_lat,
        fence_id=judged.fence.fence_id,
        fence_name=judged.fence.fence_name,
        version_id=judged.fence.version_id,
        number=judged.fence.number,
        chainage_m=found.chainage_m,
        chainage=_label(judged.stationing, found.chainage_m),
        offset_m=found.offset_m,
        places=[_place(judged.stationing, one) for one in judged.candidates],
        datum_suspicion=None if judged.suspicion is None else _suspicion(judged.suspicion),
    )


def _place(stationing: Stationing | None, one: Candidate) -> PlaceAnswer:
    return PlaceAnswer(
        chainage_m=one.chainage_m,
        chainage=_label(stationing, one.chainage_m),
        offset_m=one.offset_m,
        overrun_m=one.overrun_m,
        distance_m=one.distance_m,
    )


def _label(stationing: Stationing | None, chainage_m: float | None) -> str | None:
    return None if stationing is None or chainage_m is None else stationing.speak(chainage_m)


def _suspicion(found: DatumSuspicion) -> DatumSuspicionAnswer:
    return msgspec.convert(found, DatumSuspicionAnswer, from_attributes=True)
