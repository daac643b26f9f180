"""Surveys a file before anything is stored: what is in it, where it lies, and what each figure would become.

Pure: bytes and wishes in, a report out. The coordinate system is the one declared, or the one that the file names;
where there is neither, the report says what the numbers allow, and draws nothing.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec
import numpy as np

from geofences.coordinates import CoordinateSystem, coordinate_system, in_china, to_wgs84
from geofences.describing import Draft, build_area, describe
from geofences.errors import RadiusMissing, ShapeFault, SystemContradicted, TooManyVertices, WidthMissing
from geofences.readers.content import Array, Content, Figure, Notice, stacked
from geofences.readers.detection import Numbers, candidates, check_prefix, look_at
from geofences.readers.drawings import draw
from geofences.readers.errors import LayerUnknown, SystemMissing, TooManyFigures
from geofences.readers.extent import Box, box_of, measured
from geofences.readers.formats import read_file
from geofences.readers.walked import Walked, centreline_of
from geofences.shapes import MAX_VERTICES
from geofences.survey_report import Evidence, FigureSurvey, LayerSurvey, Order, Survey, Told, WidthSuggestion

MAX_SHOWN: Final = 200
"""Figures that are drawn in one survey, and"""
MAX_DRAWN: Final = 100_000
"""positions in them; whoever has more chooses layers."""
MAX_IMPORTED: Final = 1_000
"""Figures that are imported at once; together they have no more positions than one fence may have."""
# What is wrong with one figure does not keep the others from being seen.
_NO_FENCE: Final = (ShapeFault, WidthMissing, RadiusMissing, TooManyFigures)
_SAMPLE: Final = 400
_ALIKE: Final = {"EPSG:4326": "wgs84", "EPSG:4490": "cgcs2000"}


def survey_file(content: bytes, order: Order) -> Survey:
    """Read a file and say what it would become.

    Raises whatever the reader raises, SystemUnknown, SystemContradicted, ZonePrefixWrong and LayerUnknown; with
    `order.strict` also SystemMissing, TooManyFigures, TooManyVertices, and the first fault of a figure.
    """
    # Numbers without measure are found where they become shapes; on the way there they may become NaN in silence.
    with np.errstate(all="ignore"):
        return _survey(content, order)


def _survey(content: bytes, order: Order) -> Survey:
    declared = None if order.crs is None else coordinate_system(order.crs)
    read = read_file(content, order.format, order.rows)
    chosen = _chosen(read, order.layers)
    numbers = look_at(*stacked(chosen).T)
    if not read.ordered and numbers.order == "yx":
        read = replace(read, figures=tuple(_turned(figure) for figure in read.figures))
        chosen = _chosen(read, order.layers)
    system = _system(read, declared)
    if system is None and order.strict:
        raise SystemMissing
    if system is not None:
        check_prefix(system, numbers)
    notices = [*read.notices]
    if system is None:
        allowed = ", ".join(candidates(numbers)) or "EPSG:…"
        notices.append(Notice("geofences.system_open", {"candidates": allowed}))
    figures = _figures(chosen, system, order, notices)
    path = stacked(chosen)
    layers = _layers(read.figures, frozenset(order.layers), system)
    return Survey(
        format=read.format,
        digest=hashlib.sha256(content).hexdigest(),
        size=len(content),
        crs=system.code if system else None,
        evidence=_evidence(read, numbers),
        layers=layers,
        vertices=len(path),
        figures_found=len(chosen),
        figures=figures,
        raw_bounds=box_of(path),
        bounds=None if system is None else _bounds(path, system),
        length_m=_total([layer.length_m for layer in layers if layer.chosen]),
        area_m2=_total([layer.area_m2 for layer in layers if layer.chosen]),
        notices=tuple(Told(one.code, dict(one.numbers)) for one in notices),
        sample=_sample(path),
    )


def _chosen(read: Content, layers: Sequence[str]) -> tuple[Figure, ...]:
    if not layers:
        return read.figures
    known = {figure.origin.layer for figure in read.figures}
    for layer in layers:
        if layer not in known:
            raise LayerUnknown(layer=layer[:60])
    return tuple(figure for figure in read.figures if figure.origin.layer in layers)


def _turned(figure: Figure) -> Figure:
    parts = tuple(tuple(np.ascontiguousarray(path[:, ::-1]) for path in part) for part in figure.parts)
    return replace(figure, parts=parts)


def _system(read: Content, declared: CoordinateSystem | None) -> CoordinateSystem | None:
    """Return the system declared, or else named; raises SystemContradicted where both are and differ."""
    if read.named is None:
        return declared
    if declared is None:
        return coordinate_system(read.named.code)
    if _ALIKE.get(read.named.code, read.named.code) != _ALIKE.get(declared.code, declared.code):
        raise SystemContradicted(declared=declared.code, found=read.named.code)
    return declared


def _evidence(read: Content, numbers: Numbers) -> Evidence:
    swapped = numbers.order == "yx"
    return Evidence(
        named=read.named.code if read.named else None,
        named_words=read.named.words if read.named else None,
        order="yx" if read.turned else numbers.order,
        unit=numbers.unit,
        zone_prefix=numbers.prefix,
        share=round(numbers.share, 4),
        eastings=numbers.second if swapped else numbers.first,
        northings=numbers.first if swapped else numbers.second,
        candidates=() if read.named else candidates(numbers),
    )


def _figures(
    chosen: Sequence[Figure], system: CoordinateSystem | None, order: Order, notices: list[Notice]
) -> tuple[FigureSurvey, ...]:
    if order.strict and len(chosen) > MAX_IMPORTED:
        raise TooManyFigures(limit=MAX_IMPORTED)
    shown: list[FigureSurvey] = []
    drawn = 0
    for figure in chosen:
        walked = _walked(figure, system, order)
        if walked is not None:
            figure = replace(figure, parts=((walked.centreline,),))  # noqa: PLW2901 - what is drawn of it
        drawn += figure.positions
        if order.strict and drawn > MAX_VERTICES:
            raise TooManyVertices(where=figure.origin.where, limit=MAX_VERTICES, found=drawn)
        if not order.strict and (drawn > MAX_DRAWN or len(shown) == MAX_SHOWN):
            notices.append(
                Notice("geofences.figures_left_out", {"count": len(chosen) - len(shown), "limit": MAX_SHOWN})
            )
            break
        if walked is not None and walked.came_back:
            notices.append(Notice("geofences.walked_back", {"where": figure.origin.where}))
        shown.append(_surveyed(figure, system, order, walked))
    return tuple(shown)


def _walked(figure: Figure, system: CoordinateSystem | None, order: Order) -> Walked | None:
    if not (figure.walked and order.simplify and system):
        return None
    return centreline_of(figure.parts[0][0], system)


def _surveyed(figure: Figure, system: CoordinateSystem | None, order: Order, walked: Walked | None) -> FigureSurvey:
    about = {name: getattr(figure.origin, name) for name in ("where", "name", "layer")}
    vertices = figure.positions if walked is None else walked.positions
    size = None if system is None else measured([figure], system)
    plain = FigureSurvey(
        kind=figure.kind,
        vertices=vertices,
        bounds=None if system is None else _bounds(stacked([figure]), system),
        length_m=size[0] if size else None,
        area_m2=size[1] if size else None,
        suggestion=_suggestion(walked),
        **about,
    )
    if system is None:
        return plain
    try:
        drawing, shape = draw(figure, system, order.wishes)
        draft = Draft(drawing=drawing, system=system, buffer_m=order.buffer_m)
        fence = describe(draft, build_area(draft, shape))
    except _NO_FENCE as fault:
        if order.strict:
            raise
        return msgspec.structs.replace(plain, problem=Told(fault.code, fault.detail))
    return msgspec.structs.replace(plain, fence=fence, shape=drawing)


def _suggestion(walked: Walked | None) -> WidthSuggestion | None:
    return None if walked is None else msgspec.convert(walked, WidthSuggestion, from_attributes=True)


def _layers(
    figures: Sequence[Figure], chosen: frozenset[str], system: CoordinateSystem | None
) -> tuple[LayerSurvey, ...]:
    by_name: dict[str, list[Figure]] = {}
    for figure in figures:
        by_name.setdefault(figure.origin.layer, []).append(figure)
    return tuple(_layer(name, own, chosen, system) for name, own in by_name.items())


def _layer(
    name: str, figures: Sequence[Figure], chosen: frozenset[str], system: CoordinateSystem | None
) -> LayerSurvey:
    counts = {kind: sum(figure.kind == kind for figure in figures) for kind in ("area", "line", "point")}
    size = None if system is None else measured(figures, system)
    return LayerSurvey(
        name=name,
        areas=counts["area"],
        lines=counts["line"],
        points=counts["point"],
        vertices=sum(figure.positions for figure in figures),
        length_m=size[0] if size else None,
        area_m2=size[1] if size else None,
        chosen=not chosen or name in chosen,
    )


def _bounds(path: Array, system: CoordinateSystem) -> Box | None:
    """Bounds in degrees, EPSG:4326; None unless all of it lies in China."""
    lon, lat = to_wgs84(system, path[:, 0], path[:, 1])
    return box_of(np.column_stack([lon, lat])) if in_china(lon, lat).all() else None


def _sample(path: Array) -> tuple[tuple[float, float], ...]:
    finite = path[np.isfinite(path).all(axis=1)]
    return tuple((x, y) for x, y in finite[:: len(finite) // _SAMPLE + 1].tolist())


def _total(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) and known else None
