"""Reads Shapefiles out of a zip: each set of .shp, .shx, .dbf is a layer, its .prj names the coordinate system."""

import io
import re
import struct
import warnings
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import PurePosixPath
from typing import Any, Final

import numpy as np
import shapefile
from pyproj import CRS
from pyproj.exceptions import CRSError

from geofences.coordinates import coordinate_system
from geofences.errors import SystemUnknown
from geofences.readers.archive import Archive
from geofences.readers.content import (
    Array,
    Collector,
    Content,
    Figure,
    Named,
    Notice,
    Origin,
    clean_name,
    path_of,
)
from geofences.readers.errors import FileUnreadable, TooManyFigures

MAX_SETS: Final = 50
_MAX_PRJ: Final = 20_000
_ENCODINGS: Final = {"UTF-8": "utf-8", "UTF8": "utf-8", "65001": "utf-8", "GBK": "gb18030", "936": "gb18030"}
_NAME_FIELDS: Final = re.compile(r"^(name|名称|mc|bz|标段|title)$", re.IGNORECASE)
_BROKEN: Final = (
    shapefile.ShapefileException,
    struct.error,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    OSError,
    EOFError,
    AssertionError,
    LookupError,
    ArithmeticError,
    # The library only warns of a file that is shorter than its head says; half a line is none.
    Warning,
)


def read_shapefiles(archive: Archive) -> Content:
    """Read all Shapefiles of a zip; raises ArchiveRefused, FileUnreadable, TooManyPositions or TooManyFigures.

    Layers without a .prj, or with one that we cannot tell, leave the system open. Layers that name different systems
    leave it open too, and a notice says so.
    """
    stems = [name for name in archive.names if PurePosixPath(name).suffix.lower() == ".shp"]
    if len(stems) > MAX_SETS:
        raise TooManyFigures(limit=MAX_SETS)
    collector, named = Collector(), list[Named | None]()
    for name in stems:
        layer = clean_name(PurePosixPath(name).stem)
        parts = _parts(archive, name)
        named.append(_named(parts.get(".prj", b"")))
        for figure in _figures(parts, layer):
            collector.count(figure.positions)
            collector.add(figure)
    alike = len({one.code if one else None for one in named}) == 1
    notices = () if alike else (Notice("geofences.systems_differ", {"count": len(stems)}),)
    return Content(
        format="shapefile", figures=tuple(collector.figures), named=named[0] if alike else None, notices=notices
    )


def _parts(archive: Archive, shp: str) -> dict[str, bytes]:
    """Return the files of one set by their endings, found whatever the case of their letters."""
    stem = shp[: -len(".shp")].lower()
    wanted = {stem + ending: ending for ending in (".shp", ".dbf", ".prj", ".cpg")}
    return {wanted[name.lower()]: archive.read(name) for name in archive.names if name.lower() in wanted}


def _named(prj: bytes) -> Named | None:
    """Tell the system of a .prj (ESRI's WKT), if it is one that we can turn into WGS-84."""
    words = prj[:_MAX_PRJ].decode("utf-8", "replace").strip()
    if not words:
        return None
    try:
        crs = CRS.from_wkt(words)
        number = crs.to_epsg(min_confidence=70)
        return None if number is None else Named(coordinate_system(f"EPSG:{number}").code, clean_name(crs.name))
    except (CRSError, SystemUnknown):
        return None


def _figures(parts: dict[str, bytes], layer: str) -> Iterator[Figure]:
    about = f"{layer}.shp"
    try:
        # Without the index the records are read one after the other, which a broken index cannot mislead.
        with _strictly(), closing(shapefile.Reader(shp=io.BytesIO(parts[".shp"]))) as reader:
            names = iter(_names(parts))
            for index, shape in enumerate(reader.iterShapes()):
                yield from _figure(shape, next(names, ""), layer, f"{layer}[{index}]")
    except _BROKEN as error:
        raise FileUnreadable(format="shapefile", where=about, reason="shp") from error


def _figure(shape: Any, name: str, layer: str, where: str) -> Iterator[Figure]:  # noqa: ANN401 - of one of many classes
    origin = Origin(where, where, name, layer)
    path = path_of(shape.points) if shape.shapeType else np.zeros((0, 2))
    if not len(path):
        return
    match shape.shapeTypeName.removesuffix("Z").removesuffix("M"):
        case "POLYGON":
            yield Figure(kind="area", parts=_polygons(_split(path, shape.parts)), single=False, origin=origin)
        case "POLYLINE":
            for index, piece in enumerate(_split(path, shape.parts)):
                part = f"{where}.part[{index}]"
                yield Figure(kind="line", parts=((piece,),), origin=Origin(part, part, name, layer))
        case "POINT" | "MULTIPOINT":
            for position in path:
                yield Figure(kind="point", parts=((position.reshape(1, 2),),), origin=origin)
        case other:
            raise FileUnreadable(format="shapefile", where=where, reason=f"type {other.lower()}")


def _split(path: Array, parts: Any) -> list[Array]:  # noqa: ANN401 - an array of the library's
    starts = [int(start) for start in parts] or [0]
    if starts != sorted(set(starts)) or starts[0] != 0 or starts[-1] >= len(path):
        raise ValueError(starts[:3])
    return np.split(path, starts[1:])


def _polygons(rings: list[Array]) -> tuple[tuple[Array, ...], ...]:
    """Give each hole to the outer ring round it: in a Shapefile outer rings run clockwise, holes the other way."""
    outer = [ring for ring in rings if _doubled_area(ring) <= 0.0] or rings[:1]
    holes = [ring for ring in rings if not any(ring is one for one in outer)]
    found: list[list[Array]] = [[ring] for ring in outer]
    boxes = np.array([[*ring.min(axis=0), *ring.max(axis=0)] for ring in outer])
    for hole in holes:
        x, y = hole[0]
        held = (boxes[:, 0] <= x) & (boxes[:, 1] <= y) & (boxes[:, 2] >= x) & (boxes[:, 3] >= y)
        inside = [index for index in np.flatnonzero(held).tolist() if _holds(outer[index], x, y)]
        # A hole outside of everything stays with the first ring, whose check will name it.
        found[inside[0] if inside else 0].append(hole)
    return tuple(tuple(rings) for rings in found)


def _doubled_area(ring: Array) -> float:
    x, y = (ring - ring[0]).T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


def _holds(ring: Array, x: float, y: float) -> bool:
    """Tell by the number of edges above it whether a position lies in a ring."""
    ax, ay = ring.T
    bx, by = np.roll(ring, -1, axis=0).T
    crosses = (ay > y) != (by > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = ax + (y - ay) * (bx - ax) / (by - ay)
    return bool(np.count_nonzero(crosses & (x < at)) % 2)


@contextmanager
def _strictly() -> Generator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def _names(parts: dict[str, bytes]) -> Iterator[str]:
    """Names out of the table beside the shapes, from the first column that is called so; none if it cannot be read."""
    if not parts.get(".dbf"):
        return
    said = parts.get(".cpg", b"")[:20].decode("ascii", "replace").strip().upper()
    try:
        encoding = _ENCODINGS.get(said, "gb18030")
        table = io.BytesIO(parts[".dbf"])
        with _strictly(), closing(shapefile.Reader(dbf=table, encoding=encoding, encodingErrors="replace")) as reader:
            column = next((field.name for field in reader.fields[1:] if _NAME_FIELDS.match(field.name)), None)
            if column is not None:
                for record in reader.iterRecords(fields=[column]):
                    yield clean_name(str((record or {column: ""})[column] or ""))
    except _BROKEN:
        return
