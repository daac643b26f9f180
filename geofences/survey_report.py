"""The question and the answer of a survey of a file, as they pass between the server and the process that reads."""

from typing import Literal

import msgspec

from geofences.describing import Preview
from geofences.drawing import Drawing
from geofences.readers.content import FigureKind, Format
from geofences.readers.drawings import Wishes
from geofences.readers.extent import Box
from geofences.readers.tables import Rows
from geofences.shapes import Cap


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to know of a file, or made of it, and what the file cannot say."""

    crs: str | None = None
    format: Format | None = None
    layers: tuple[str, ...] = ()
    rows: Rows | None = None
    simplify: bool = True
    left_m: float | None = None
    right_m: float | None = None
    cap: Cap = "flat"
    start_m: float = 0.0
    radius_m: float | None = None
    point_kind: Literal["circle", "point"] = "point"
    buffer_m: float = 0.0
    strict: bool = False
    """Whether every chosen figure must become a fence."""

    @property
    def wishes(self) -> Wishes:
        """What the reader of drawings needs."""
        return Wishes(
            left_m=self.left_m,
            right_m=self.right_m,
            cap=self.cap,
            start_m=self.start_m,
            radius_m=self.radius_m,
            point_kind=self.point_kind,
        )


class Told(msgspec.Struct, frozen=True):
    """A code of the message catalogues with its numbers."""

    code: str
    numbers: dict[str, object]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says of its system, and what its numbers show.

    `order` is which of two numbers goes east in the file (`yx`: the second), `share` the part of the positions that
    show it, `eastings` and `northings` the least and greatest numbers of these.
    """

    named: str | None
    named_words: str | None
    order: Literal["xy", "yx"] | None
    unit: Literal["degrees", "metres"] | None
    zone_prefix: int | None
    share: float
    eastings: tuple[float, float]
    northings: tuple[float, float]
    candidates: tuple[str, ...]


class LayerSurvey(msgspec.Struct, frozen=True, kw_only=True):
    """A layer; lengths and areas in metres on the ground, None where the system is open or positions lie nowhere."""

    name: str
    areas: int
    lines: int
    points: int
    vertices: int
    length_m: float | None
    area_m2: float | None
    chosen: bool


class WidthSuggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A half-width for a walked line, and the numbers that speak for it (see `geofences.readers.walked`)."""

    half_width_m: float
    scatter_m: float
    phone_m: float
    length_m: float
    positions: int
    kept: int
    spikes: int
    came_back: bool


class FigureSurvey(msgspec.Struct, frozen=True, kw_only=True):
    """One figure: where it stands in the file, what it would become, or why it would not."""

    where: str
    name: str
    layer: str
    kind: FigureKind
    vertices: int
    bounds: Box | None
    length_m: float | None
    area_m2: float | None
    fence: Preview | None = None
    problem: Told | None = None
    suggestion: WidthSuggestion | None = None
    shape: Drawing | None = None


class Survey(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A file as it was understood. `sample` are some of its positions (x, y) in the system used."""

    format: Format
    digest: str
    size: int
    crs: str | None
    evidence: Evidence
    layers: tuple[LayerSurvey, ...]
    vertices: int
    figures_found: int
    figures: tuple[FigureSurvey, ...]
    raw_bounds: Box | None
    bounds: Box | None
    length_m: float | None
    area_m2: float | None
    notices: tuple[Told, ...]
    sample: tuple[tuple[float, float], ...]
