"""Reads the lines of DXF drawings by layer: LINE, ARC, CIRCLE, LWPOLYLINE and POLYLINE of the model space.

Entities are read one at a time and dropped again, so that a drawing of any size takes little memory. Arcs and the
bulges of polylines become chords that sag at most 1 cm. A drawing does not say in which system it is, nor whether X
goes east: see `geofences.readers.detection`.
"""

import io
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from ezdxf.addons.iterdxf import single_pass_modelspace
from ezdxf.entities.dxfgfx import DXFGraphic
from ezdxf.entities.lwpolyline import LWPolyline
from ezdxf.entities.polyline import Polyline
from ezdxf.lldxf.const import DXFError
from ezdxf.math import OCS

from geofences.readers.chains import Chains, is_closed
from geofences.readers.content import (
    Array,
    Collector,
    Content,
    Figure,
    FigureKind,
    Notice,
    Origin,
    clean_name,
    path_of,
)
from geofences.readers.errors import FileUnreadable, FormatUnknown

SAG_M: Final = 0.01
"""How far a chord may lie off its arc, in the drawing's units, which are taken as metres."""
MAX_RADIUS: Final = 100_000.0
"""An arc of a larger radius is a straight line on any worksite."""
# The library leaves out the last entity of the section (1.4.5); this one may be left out.
_GUARD: Final = b"0\nENDGUARD\n"
_READ: Final = ("LINE", "ARC", "CIRCLE", "LWPOLYLINE", "POLYLINE", "VERTEX", "SEQEND")
# A pair of group code 0 and a name in capitals begins an entity; nothing else has letters after a line with a 0.
_ENTITY: Final = re.compile(rb"^[ \t]*0[ \t]*\r?\n[ \t]*([A-Z][A-Z0-9_]{1,30})[ \t]*\r?$", re.MULTILINE)
_SECTION: Final = re.compile(rb"^[ \t]*2[ \t]*\r?\n[ \t]*ENTITIES[ \t]*\r?$", re.MULTILINE)
_UNITS: Final = re.compile(rb"\$INSUNITS[ \t]*\r?\n[ \t]*70[ \t]*\r?\n[ \t]*(\d{1,3})")
_METRES: Final = frozenset({0, 6})
_BROKEN: Final = (
    DXFError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    LookupError,
    ArithmeticError,
    EOFError,
)


def read_dxf(content: bytes) -> Content:
    """Read an ASCII DXF of any version; raises FormatUnknown for a binary one, FileUnreadable for a broken one.

    Single lines and arcs of a layer that meet end to end become one line each. Closed polylines are areas. What else
    the drawing has is counted and told.
    """
    if content.startswith(b"AutoCAD Binary DXF"):
        raise FormatUnknown(found="binary DXF")
    section = _SECTION.search(content)
    if section is None:
        raise FileUnreadable(format="dxf", where="ENTITIES", reason="section")
    kinds, end = _counted(content, section.end())
    collector, chains = Collector(), dict[str, Chains]()
    for entity in _entities(content[:end] + _GUARD + content[end:]):
        try:
            _take(entity, collector, chains)
        except _BROKEN as error:
            raise FileUnreadable(format="dxf", where=_handle(entity), reason="entity") from error
    for layer, pieces in chains.items():
        for index, path in enumerate(pieces.joined()):
            where = f"{layer}.chain[{index}]"
            _add(collector, path, Origin(where, where, "", layer), closed=is_closed(path))
    return Content(format="dxf", figures=tuple(collector.figures), ordered=False, notices=_notices(content, kinds))


def _counted(content: bytes, begin: int) -> tuple[Counter[str], int]:
    """Count the entities of the section that begins there, by kind, and find its end; raises FileUnreadable."""
    kinds: Counter[str] = Counter()
    for match in _ENTITY.finditer(content, begin):
        if match[1] == b"ENDSEC":
            return kinds, match.start()
        kinds[match[1].decode()] += 1
    raise FileUnreadable(format="dxf", where="ENTITIES", reason="truncated")


def _entities(content: bytes) -> Iterator[DXFGraphic]:
    source = iter(single_pass_modelspace(io.BytesIO(content), types=_READ))
    while True:
        try:
            entity = next(source)
        except StopIteration:
            return
        except _BROKEN as error:
            raise FileUnreadable(format="dxf", where="ENTITIES", reason="tags") from error
        yield entity


def _take(entity: DXFGraphic, collector: Collector, chains: dict[str, Chains]) -> None:
    layer = clean_name(entity.dxf.get("layer", "0")) or "0"
    kind, dxf = entity.dxftype(), entity.dxf
    if kind == "LINE":
        collector.count(2)
        chains.setdefault(layer, Chains()).add(path_of([tuple(dxf.start), tuple(dxf.end)]))
    elif kind == "ARC":
        turn = math.radians((dxf.end_angle - dxf.start_angle) % 360.0) or 2.0 * math.pi
        path = _arc(_xy(dxf.center), dxf.radius, math.radians(dxf.start_angle), turn)
        collector.count(len(path))
        chains.setdefault(layer, Chains()).add(_in_world(entity, path))
    elif kind == "CIRCLE":
        path = _arc(_xy(dxf.center), dxf.radius, 0.0, 2.0 * math.pi)
        collector.count(len(path))
        _add(collector, _in_world(entity, path), _origin(entity, layer), closed=True)
    elif isinstance(entity, LWPolyline):
        path = _flattened(np.array(entity.get_points("xyb"), dtype=np.float64).reshape(-1, 3), closed=entity.closed)
        collector.count(len(path))
        _add(collector, _in_world(entity, path), _origin(entity, layer), closed=entity.closed)
    elif isinstance(entity, Polyline) and (entity.is_2d_polyline or entity.is_3d_polyline):
        corners: list[tuple[float, float, float]] = []
        for vertex in entity.vertices:
            at = vertex.dxf.location
            corners.append((at.x, at.y, vertex.dxf.get("bulge", 0.0) if entity.is_2d_polyline else 0.0))
        path = _flattened(np.array(corners, dtype=np.float64).reshape(-1, 3), closed=entity.is_closed)
        collector.count(len(path))
        _add(collector, _in_world(entity, path), _origin(entity, layer), closed=entity.is_closed)


def _add(collector: Collector, path: Array, origin: Origin, *, closed: bool) -> None:
    if len(path) > 1:
        kind: FigureKind = "area" if closed else "line"
        collector.add(Figure(kind=kind, parts=((path,),), origin=origin))


def _origin(entity: DXFGraphic, layer: str) -> Origin:
    where = _handle(entity)
    return Origin(where, where, "", layer)


def _handle(entity: DXFGraphic) -> str:
    return clean_name(f"{entity.dxftype()} {entity.dxf.get('handle') or ''}")


def _xy(point: Any) -> Array:  # noqa: ANN401 - the library's vector
    return np.array([point.x, point.y], dtype=np.float64)


def _in_world(entity: DXFGraphic, path: Array) -> Array:
    """Turn the coordinates of a drawing's object plane into the world's: a mirrored object has an extrusion of -Z."""
    extrusion = entity.dxf.get("extrusion")
    if extrusion is None or (extrusion.x == 0.0 and extrusion.y == 0.0 and extrusion.z > 0.0) or not len(path):
        return path
    ocs = OCS(extrusion)
    return path_of([tuple(point) for point in ocs.points_to_wcs((x, y, 0.0) for x, y in path.tolist())])


def _arc(centre: Array, radius: float, begin: float, turn: float) -> Array:
    """Draw an arc over `turn` radians (both signs) with chords that sag at most SAG_M."""
    if not 0.0 < radius <= MAX_RADIUS:
        raise ValueError(radius)
    step = math.pi / 2.0 if radius <= SAG_M else 2.0 * math.acos(1.0 - SAG_M / radius)
    angles = begin + np.linspace(0.0, turn, max(math.ceil(abs(turn) / min(step, math.pi / 4.0)), 1) + 1)
    return centre + radius * np.column_stack([np.cos(angles), np.sin(angles)])


def _flattened(corners: Array, *, closed: bool) -> Array:
    """Draw a polyline whose corners are (x, y, bulge): the bulge is the tangent of a quarter of the arc's angle."""
    if not np.any(corners[:, 2]):
        return np.ascontiguousarray(corners[:, :2])
    nexts = np.roll(corners, -1, axis=0)
    pieces: list[Array] = []
    last = len(corners) if closed else len(corners) - 1
    for index, (corner, after) in enumerate(zip(corners, nexts, strict=True)):
        bulge = float(corner[2])
        chord = after[:2] - corner[:2]
        length = float(np.hypot(*chord))
        radius = length * (1.0 + bulge * bulge) / (4.0 * abs(bulge)) if bulge else math.inf
        if index >= last or not bulge or not length or not radius <= MAX_RADIUS:
            pieces.append(corner[np.newaxis, :2])
            continue
        # The centre lies beside the middle of the chord, to its left for a positive bulge below 1.
        normal = np.array([-chord[1], chord[0]]) / length
        centre = (corner[:2] + after[:2]) / 2.0 + normal * length * (1.0 - bulge * bulge) / (4.0 * bulge)
        begin = math.atan2(corner[1] - centre[1], corner[0] - centre[0])
        arc = _arc(centre, radius, begin, 4.0 * math.atan(bulge))
        pieces.append(np.vstack([corner[:2], arc[1:-1]]))
    return np.vstack(pieces)


def _notices(content: bytes, kinds: Counter[str]) -> tuple[Notice, ...]:
    found: list[Notice] = []
    others = {kind: count for kind, count in kinds.most_common() if kind not in _READ}
    if others:
        listed = ", ".join(f"{kind} {count}" for kind, count in list(others.items())[:8])
        found.append(Notice("geofences.entities_skipped", {"count": sum(others.values()), "kinds": listed}))
    units = _UNITS.search(content)
    if units is not None and int(units[1]) not in _METRES:
        found.append(Notice("geofences.units_doubtful", {"units": int(units[1])}))
    return tuple(found)
