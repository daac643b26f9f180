"""Reads KML (OGC 2.3 and Google's tracks): placemarks become figures, folders layers; KMZ is unpacked before.

KML's coordinates are longitude, latitude and perhaps a height. The standard says WGS-84; files out of Chinese maps are
often GCJ-02 all the same, so that the system is declared by the one who brings the file.
"""

import re
from array import array
from typing import Final
from xml.sax.xmlreader import AttributesImpl

import numpy as np

from geofences.readers.content import Array, Collector, Content, Figure, FigureKind, Notice, Origin, clean_name
from geofences.readers.errors import FileUnreadable
from geofences.readers.xml_events import Events, parse_xml

_FOLDERS: Final = frozenset({"Folder", "Document"})
_GEOMETRIES: Final = frozenset({"Point", "LineString", "LinearRing", "Polygon", "Track"})
_TAGS: Final[dict[FigureKind, str]] = {"area": "Polygon", "line": "LineString", "point": "Point"}
_TUPLES: Final = frozenset({"coordinates", "coord"})
_AFTER_COMMA: Final = re.compile(r"\s*,\s*")
_STEP: Final = 100_000
"""Characters of a list of coordinates that are kept before they become numbers."""
_LONGEST: Final = 500
"""Characters of one position."""


def read_kml(content: bytes) -> Content:
    """Read a KML document; raises XmlRefused, FileUnreadable, TooManyPositions or TooManyFigures.

    Polygons of one placemark are one area, its lines one line of several pieces. Links to other files are not followed.
    """
    reader = _Reader()
    parse_xml(content, reader, "kml")
    if not reader.is_kml:
        raise FileUnreadable(format="kml", where="line 1", reason="root")
    notices = (Notice("geofences.links_not_followed", {"count": reader.links}),) if reader.links else ()
    return Content(format="kml", figures=tuple(reader.collector.figures), notices=notices)


class _Reader(Events):
    def __init__(self) -> None:
        super().__init__()
        self.is_kml = False
        self.links = 0
        self.collector = Collector()
        self._folders: list[str] = []
        self._path: list[str] = []
        self._placemarks = 0
        self._in_placemark = False
        self._name = ""
        self._areas: list[tuple[Array, ...]] = []
        self._lines: list[Array] = []
        self._points: list[Array] = []
        self._rings: list[Array] = []
        self._gathering = False
        self._chunks: list[str] = []
        self._length = 0
        self._numbers = array("d")

    def opened(self, name: str, attributes: AttributesImpl) -> None:
        del attributes
        if not self._path:
            self.is_kml = name == "kml"
        self._path.append(name)
        if name in _FOLDERS:
            self._folders.append("")
        elif name == "Placemark":
            self._placemarks += 1
            self._in_placemark = True
            self._name = ""
            self._areas, self._lines, self._points = [], [], []
        elif name == "NetworkLink":
            self.links += 1
        elif name == "name":
            self.listening = self._path[-2:-1] in (["Placemark"], ["Folder"], ["Document"])
        elif name == "Polygon":
            self._rings = []
        elif name == "Track":
            self._numbers = array("d")
        elif name in _TUPLES and self._in_placemark:
            self._gathering = True
            self._chunks, self._length = [], 0
            if name == "coordinates":
                self._numbers = array("d")

    def characters(self, content: str) -> None:
        if not self._gathering:
            super().characters(content)
            return
        self._chunks.append(content)
        self._length += len(content)
        if self._length > _STEP:
            text = "".join(self._chunks)
            tuples = _AFTER_COMMA.sub(",", text).split()
            # The last one may go on in the next piece of text, also behind a comma and white space.
            rest = tuples.pop() if tuples else ""
            if len(rest) > _LONGEST:
                raise FileUnreadable(format="kml", where=self._where, reason="coordinates")
            self._take_tuples([one.split(",") for one in tuples])
            self._chunks, self._length = [rest, text[-1:] if text[-1:].isspace() else ""], len(rest)

    def closed(self, name: str) -> None:
        self._path.pop()
        if name == "name" and self.listening:
            self._take_name(clean_name(self.text))
        elif name in _TUPLES and self._gathering:
            self._take_text(track=name == "coord")
            self._gathering = False
        elif name in _GEOMETRIES and self._in_placemark:
            self._take_geometry(name)
        elif name == "Placemark":
            self._take_placemark()
        elif name in _FOLDERS:
            self._folders.pop()

    def _take_name(self, name: str) -> None:
        if self._path[-1] == "Placemark":
            self._name = name
        elif self._folders:
            self._folders[-1] = name

    def _take_text(self, *, track: bool) -> None:
        text = "".join(self._chunks)
        self._chunks, self._length = [], 0
        tuples = [text.split()] if track else [one.split(",") for one in _AFTER_COMMA.sub(",", text).split()]
        self._take_tuples([one for one in tuples if one])

    def _take_tuples(self, tuples: list[list[str]]) -> None:
        self.collector.count(len(tuples))
        try:
            self._numbers.extend(float(number) for one in tuples for number in (one[0], one[1]))
        except (ValueError, IndexError) as error:
            raise FileUnreadable(format="kml", where=self._where, reason="coordinates") from error

    def _take_geometry(self, name: str) -> None:
        path = np.array(self._numbers, dtype=np.float64).reshape(-1, 2)
        match name:
            case "Polygon":
                if self._rings:
                    self._areas.append(tuple(self._rings))
            case "LinearRing" if self._within("Polygon"):
                # The outer ring comes first whatever the order in the file.
                self._rings.insert(0, path) if self._within("outerBoundaryIs") else self._rings.append(path)
            case "LinearRing":
                self._areas.append((path,))
            case "Point":
                self._points.append(path[:1])
            case _:
                self._lines.append(path)
        self._numbers = array("d")

    def _within(self, name: str) -> bool:
        return name in self._path

    def _take_placemark(self) -> None:
        self._in_placemark = False
        layer = next((folder for folder in reversed(self._folders) if folder), "")
        if self._areas:
            self._add("area", tuple(self._areas), layer)
        lines = [line for line in self._lines if len(line)]
        if lines:
            self._add("line", (tuple(lines),), layer)
        for point in self._points:
            if len(point):
                self._add("point", ((point,),), layer)

    def _add(self, kind: FigureKind, parts: tuple[tuple[Array, ...], ...], layer: str) -> None:
        origin = Origin(self._where, f"{self._where}.{_TAGS[kind]}", self._name, layer)
        self.collector.add(Figure(kind=kind, parts=parts, origin=origin, single=len(parts) == 1))

    @property
    def _where(self) -> str:
        return f"Placemark[{self._placemarks - 1}]"
