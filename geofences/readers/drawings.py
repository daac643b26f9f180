"""Figures of a file become drawings in a declared system, with what the file cannot say: widths, radii, chainage."""

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from geofences.construction import build_polygon
from geofences.coordinates import CoordinateSystem
from geofences.drawing import (
    CircleDrawing,
    Drawing,
    PointDrawing,
    PolygonDrawing,
    Position,
    corridor_of,
    shape_from,
)
from geofences.errors import LinesApart, RadiusMissing, WidthMissing
from geofences.projection import ground_distance_m
from geofences.readers.content import Array, Figure
from geofences.readers.errors import TooManyFigures
from geofences.shapes import Cap, Shape

# Each piece is compared with all others: thousands of them keep a processor busy for minutes.
MAX_PIECES: Final = 500
# Ends of line pieces that are this near are one place: drawing programs round to the centimetre.
_JOIN_M: Final = 0.5
_POLE: Final = 90.0

PointKind: TypeAlias = Literal["circle", "point"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the file cannot say: half-widths of lines (metres), cap, start chainage, and what points become."""

    left_m: float | None = None
    right_m: float | None = None
    cap: Cap = "flat"
    start_m: float = 0.0
    radius_m: float | None = None
    point_kind: PointKind = "point"


def draw(figure: Figure, system: CoordinateSystem, wishes: Wishes) -> tuple[Drawing, Shape]:
    """Draw a figure whose numbers are (x, y) in `system`, and build its shape.

    Areas become polygons, lines corridors (their pieces are joined), points circles or fixed points. Raises
    WidthMissing, RadiusMissing, LinesApart, TooManyFigures or another ShapeFault; `where` names the place in the file.
    """
    place = figure.origin.place
    match figure.kind:
        case "area":
            polygons = [[_positions(ring) for ring in rings] for rings in figure.parts]
            drawing: Drawing = PolygonDrawing(coordinates=polygons)
            if figure.single:
                return drawing, build_polygon(system, polygons[0], place)
        case "line":
            if wishes.left_m is None or wishes.right_m is None:
                raise WidthMissing(where=place)
            line = joined([_positions(piece) for piece in figure.paths], place, system)
            drawing = corridor_of(line, wishes.left_m, wishes.right_m, wishes.cap, wishes.start_m)
        case "point":
            if wishes.radius_m is None:
                raise RadiusMissing(where=place)
            kind = CircleDrawing if wishes.point_kind == "circle" else PointDrawing
            (at,) = _positions(next(figure.paths))
            drawing = kind(coordinates=at, radius_m=wishes.radius_m)
    return drawing, shape_from(drawing, system, place)


def _positions(path: Array) -> list[Position]:
    return [(x, y) for x, y in path.tolist()]


def joined(pieces: list[list[Position]], where: str, system: CoordinateSystem) -> list[Position]:
    """Join the pieces of a line end to end, in the direction of the first.

    Raises LinesApart if they do not meet, TooManyFigures for more than 500 of them.
    """
    if len(pieces) > MAX_PIECES:
        raise TooManyFigures(where=where, limit=MAX_PIECES)
    waiting = [piece for piece in pieces if piece]
    if not waiting:
        return []
    line = waiting.pop(0)
    while waiting:
        gaps: list[tuple[float, int, bool, bool]] = []
        for index, piece in enumerate(waiting):
            for at_end in (True, False):
                here = line[-1] if at_end else line[0]
                # A piece joins with its near end; if that is the wrong one for our direction, it is turned.
                gaps.append((_gap_m(here, piece[0], system), index, at_end, not at_end))
                gaps.append((_gap_m(here, piece[-1], system), index, at_end, at_end))
        gap, index, at_end, turned = min(gaps)
        if gap > _JOIN_M:
            raise LinesApart(where=where, pieces=len(pieces), gap_m=round(gap, 2))
        piece = waiting.pop(index)
        piece = piece[::-1] if turned else piece
        line = line + piece[1:] if at_end else piece[:-1] + line
    return line


def _gap_m(a: Position, b: Position, system: CoordinateSystem) -> float:
    if system.kind == "projected":
        return math.hypot(a[0] - b[0], a[1] - b[1])
    if not all(abs(position[1]) <= _POLE for position in (a, b)):  # swapped axes are told later
        return 0.0
    return ground_distance_m(a[0], a[1], b[0], b[1])[0]
