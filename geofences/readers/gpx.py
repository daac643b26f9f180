"""Reads GPX 1.0 and 1.1: tracks (walked), routes and way points, by the name of the track.

A GPX file's numbers are latitude and longitude by name, and WGS-84 by its standard; some apps write GCJ-02 into it, so
that the system is declared by the one who brings the file.
"""

from array import array
from typing import Final
from xml.sax.xmlreader import AttributesImpl

import numpy as np

from geofences.readers.content import Array, Collector, Content, Figure, FigureKind, Origin, clean_name
from geofences.readers.errors import FileUnreadable
from geofences.readers.xml_events import Events, parse_xml

_POINTS: Final = frozenset({"trkpt", "rtept", "wpt"})


def read_gpx(content: bytes) -> Content:
    """Read a GPX document; raises XmlRefused, FileUnreadable, TooManyPositions or TooManyFigures.

    A track's segments are the pieces of one line each to be walked on its own; a track without a name takes its number.
    """
    reader = _Reader()
    parse_xml(content, reader, "gpx")
    if not reader.is_gpx:
        raise FileUnreadable(format="gpx", where="line 1", reason="root")
    return Content(format="gpx", figures=tuple(reader.collector.figures))


class _Reader(Events):
    def __init__(self) -> None:
        super().__init__()
        self.is_gpx = False
        self.collector = Collector()
        self._path: list[str] = []
        self._counts: dict[str, int] = {"trk": 0, "rte": 0, "wpt": 0}
        self._segments = 0
        self._name = ""
        self._numbers = array("d")
        self._waiting: list[tuple[str, Array]] = []

    def opened(self, name: str, attributes: AttributesImpl) -> None:
        if not self._path:
            self.is_gpx = name == "gpx"
        self._path.append(name)
        if name in self._counts:
            self._counts[name] += 1
            self._name, self._segments, self._waiting = "", 0, []
            self._numbers = array("d")
        if name == "trkseg":
            self._segments += 1
            self._numbers = array("d")
        elif name in _POINTS:
            self._take_position(name, attributes)
        elif name == "name":
            self.listening = self._path[-2:-1] in (["trk"], ["rte"], ["wpt"])

    def closed(self, name: str) -> None:
        self._path.pop()
        match name:
            case "name" if self.listening:
                self._name = clean_name(self.text)
            case "trkseg":
                self._waiting.append((f"{self._where('trk')}.trkseg[{self._segments - 1}]", self._taken()))
            case "trk":
                for where, path in self._waiting:
                    self._add("line", where, path, "trk", walked=True)
            case "rte":
                self._add("line", self._where("rte"), self._taken(), "rte")
            case "wpt":
                self._add("point", self._where("wpt"), self._taken(), "wpt")
            case _:
                pass

    def _take_position(self, name: str, attributes: AttributesImpl) -> None:
        self.collector.count(1)
        try:
            lat, lon = float(attributes["lat"]), float(attributes["lon"])
        except (KeyError, ValueError) as error:
            raise FileUnreadable(format="gpx", where=name, reason="coordinates") from error
        self._numbers.append(lon)
        self._numbers.append(lat)

    def _taken(self) -> Array:
        path = np.array(self._numbers, dtype=np.float64).reshape(-1, 2)
        self._numbers = array("d")
        return path

    def _where(self, kind: str) -> str:
        return f"{kind}[{self._counts[kind] - 1}]"

    def _add(self, kind: FigureKind, where: str, path: Array, layer: str, *, walked: bool = False) -> None:
        if not len(path):
            return
        title = self._name or self._where(layer)
        origin = Origin(where, where, self._name, "wpt" if kind == "point" else title)
        self.collector.add(Figure(kind=kind, parts=((path,),), origin=origin, walked=walked))
