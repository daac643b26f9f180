"""The wire forms of a survey of a file: what is in it, the evidence of its system, what each figure would become."""

from typing import Literal

import msgspec

from backend.kit import messages
from backend.kit.wire import Wire
from geofences.drawing import Drawing
from geofences.readers.content import FigureKind, Format
from geofences.readers.extent import Box
from geofences.schemas import Bounds, PreviewAnswer, WarningAnswer, preview_answer
from geofences.survey_report import FigureSurvey, Survey, Told, WidthSuggestion


class RawBounds(Wire, frozen=True, kw_only=True):
    """Least and greatest numbers of a file, as they stand there (x goes east)."""

    west: float
    south: float
    east: float
    north: float


class EvidenceAnswer(Wire, frozen=True, kw_only=True):
    """What speaks for a coordinate system.

    `named` is the system that the file itself names, in `named_words`; `order` is `yx` where the file has the northing
    first, null where the numbers do not tell; `share` of them tell it; `eastings` and `northings` are their least and
    greatest. `zone_prefix` stands in front of the eastings. `candidates` are systems that the numbers allow, no more.
    """

    named: str | None
    named_words: str | None
    order: Literal["xy", "yx"] | None
    unit: Literal["degrees", "metres"] | None
    zone_prefix: int | None
    share: float
    eastings: list[float]
    northings: list[float]
    candidates: list[str]


class LayerAnswer(Wire, frozen=True, kw_only=True):
    """A layer to choose from: its figures by kind, lengths of lines and sizes of areas (null without a system)."""

    name: str
    areas: int
    lines: int
    points: int
    vertices: int
    length_m: float | None
    area_m2: float | None
    chosen: bool


class WidthSuggestionAnswer(Wire, frozen=True, kw_only=True):
    """A half-width for a walked line, with its numbers and the reason in words."""

    half_width_m: float
    scatter_m: float
    phone_m: float
    length_m: float
    positions: int
    kept: int
    spikes: int
    came_back: bool
    reason: str


class ProblemAnswer(Wire, frozen=True, kw_only=True):
    """Why a figure would not become a fence, with the values that the error itself would have."""

    code: str
    title: str
    advice: str
    where: str | None


class FigureAnswer(Wire, frozen=True, kw_only=True):
    """One figure: `fence` and `shape` are what would be stored, `problem` says why nothing would.

    `shape` can be sent as it is, with `crs`, to draw a fence or a further version of one.
    """

    where: str
    name: str
    layer: str
    kind: FigureKind
    vertices: int
    bounds: Bounds | None
    length_m: float | None
    area_m2: float | None
    fence: PreviewAnswer | None
    problem: ProblemAnswer | None
    suggestion: WidthSuggestionAnswer | None
    shape: Drawing | None


class SurveyAnswer(Wire, frozen=True, kw_only=True):
    """A file as it was understood; nothing of it is stored.

    `crs` is the system used: the one declared, or the one that the file names; null if there is neither. Numbers are of
    the chosen layers, `bounds` in degrees (EPSG:4326; null without a system or out of China). `digest` is the SHA-256.
    """

    format: Format
    digest: str
    size: int
    crs: str | None
    evidence: EvidenceAnswer
    layers: list[LayerAnswer]
    vertices: int
    figures_found: int
    figures: list[FigureAnswer]
    raw_bounds: RawBounds | None
    bounds: Bounds | None
    length_m: float | None
    area_m2: float | None
    warnings: list[WarningAnswer]


def survey_answer(survey: Survey, language: str) -> SurveyAnswer:
    """Build the answer of a survey, words in the caller's language."""
    return SurveyAnswer(
        format=survey.format,
        digest=survey.digest,
        size=survey.size,
        crs=survey.crs,
        evidence=msgspec.convert(survey.evidence, EvidenceAnswer, from_attributes=True),
        layers=[msgspec.convert(layer, LayerAnswer, from_attributes=True) for layer in survey.layers],
        vertices=survey.vertices,
        figures_found=survey.figures_found,
        figures=[_figure(figure, language) for figure in survey.figures],
        raw_bounds=_raw(survey.raw_bounds),
        bounds=_degrees(survey.bounds),
        length_m=survey.length_m,
        area_m2=survey.area_m2,
        warnings=[_warning(told, language) for told in survey.notices],
    )


def _figure(figure: FigureSurvey, language: str) -> FigureAnswer:
    return FigureAnswer(
        where=figure.where,
        name=figure.name,
        layer=figure.layer,
        kind=figure.kind,
        vertices=figure.vertices,
        bounds=_degrees(figure.bounds),
        length_m=figure.length_m,
        area_m2=figure.area_m2,
        fence=None if figure.fence is None else preview_answer(figure.fence, language),
        problem=None if figure.problem is None else _problem(figure.problem, language),
        suggestion=None if figure.suggestion is None else _suggestion(figure.suggestion, language),
        shape=figure.shape,
    )


def _raw(box: Box | None) -> RawBounds | None:
    return None if box is None else RawBounds(west=box.west, south=box.south, east=box.east, north=box.north)


def _degrees(box: Box | None) -> Bounds | None:
    return None if box is None else Bounds(west=box.west, south=box.south, east=box.east, north=box.north)


def _warning(told: Told, language: str) -> WarningAnswer:
    words = messages.text(language, told.code, told.numbers)
    return WarningAnswer(code=told.code, title=words.title, advice=words.advice)


def _problem(told: Told, language: str) -> ProblemAnswer:
    words = messages.text(language, told.code, told.numbers)
    where = told.numbers.get("where")
    return ProblemAnswer(
        code=told.code, title=words.title, advice=words.advice, where=where if isinstance(where, str) else None
    )


def _suggestion(found: WidthSuggestion, language: str) -> WidthSuggestionAnswer:
    numbers = msgspec.structs.asdict(found)
    reason = messages.text(language, "geofences.width_suggested", numbers)
    return WidthSuggestionAnswer(**numbers, reason=f"{reason.title} {reason.advice}".strip())
