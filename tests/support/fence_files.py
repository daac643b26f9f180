"""Small files of every format with the same figures in them, a site, a line and a place; and ways to break them."""

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import ezdxf
import numpy as np
import shapefile
from ezdxf.layouts.layout import Modelspace

from geofences.coordinates import CoordinateSystem, coordinate_system, from_wgs84

Path = Sequence[tuple[float, float]]

SITE = [(114.300, 30.600), (114.304, 30.600), (114.304, 30.603), (114.300, 30.603), (114.300, 30.600)]
HOLE = [(114.301, 30.601), (114.302, 30.601), (114.302, 30.602), (114.301, 30.602), (114.301, 30.601)]
LINE = [(114.310, 30.600), (114.320, 30.605), (114.330, 30.605), (114.345, 30.610)]
PLACE = (114.350, 30.600)
PRJ_4547 = (
    'PROJCS["CGCS2000_3_Degree_GK_CM_114E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",'
    'SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
    'PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],'
    'PARAMETER["Central_Meridian",114.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],'
    'UNIT["Meter",1.0]]'
)
CGCS_114 = coordinate_system("EPSG:4547")
CGCS_ZONE_38 = coordinate_system("EPSG:4526")


def moved(path: Path, system: CoordinateSystem) -> list[tuple[float, float]]:
    """Write a path of (lon, lat) in a system."""
    x, y = from_wgs84(system, *np.array(path, dtype=np.float64).T)
    return list(zip(x.tolist(), y.tolist(), strict=True))


def kml(*, head: str = '<?xml version="1.0" encoding="UTF-8"?>', extra: str = "") -> bytes:
    """Write a KML of two folders, with a hole, heights, and untidy white space."""

    def tuples(path: Path) -> str:
        return "\n   ".join(f"{lon},{lat},12.5" for lon, lat in path)

    def ring(kind: str, path: Path) -> str:
        return f"<{kind}><LinearRing><coordinates>{tuples(path)}</coordinates></LinearRing></{kind}>"

    return f"""{head}
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>示例工程</name>{extra}
 <Folder><name>场地</name>
  <Placemark><name>料场</name>
   <Polygon>{ring("innerBoundaryIs", HOLE)}{ring("outerBoundaryIs", SITE)}</Polygon></Placemark>
  <Placemark><name>门卫</name><Point><coordinates> {PLACE[0]}, {PLACE[1]} </coordinates></Point></Placemark>
 </Folder>
 <Folder><name>线路</name>
  <Placemark><name>主线</name><LineString><coordinates>{tuples(LINE)}</coordinates></LineString></Placemark>
 </Folder>
</Document></kml>""".encode()


def gpx(track: Path = LINE, *, head: str = '<?xml version="1.0"?>') -> bytes:
    """Write a GPX 1.1 with a way point, a route and a track of one segment."""
    points = "".join(f'<trkpt lat="{lat}" lon="{lon}"><ele>23.1</ele></trkpt>' for lon, lat in track)
    route = "".join(f'<rtept lat="{lat}" lon="{lon}"/>' for lon, lat in LINE[:2])
    return f"""{head}
<gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1">
<wpt lat="{PLACE[1]}" lon="{PLACE[0]}"><name>门卫</name></wpt>
<rte><name>便道</name>{route}</rte>
<trk><name>主线</name><trkseg>{points}</trkseg><trkseg></trkseg></trk></gpx>""".encode()


def shapes(*, system: CoordinateSystem = CGCS_114, prj: str = PRJ_4547, folder: str = "") -> dict[str, bytes]:
    """Write two Shapefiles: areas with names in GBK, and lines with M values."""
    files: dict[str, bytes] = {}
    for name, kind in (("场地", shapefile.POLYGON), ("线路", shapefile.POLYLINEM)):
        parts = {ending: io.BytesIO() for ending in ("shp", "shx", "dbf")}
        opened: dict[str, Any] = {**parts, "shapeType": kind, "encoding": "gb18030"}
        writer: Any = shapefile.Writer(**opened)
        writer.field("NAME", "C", 40)
        if kind == shapefile.POLYGON:
            writer.poly([moved(SITE, system)[::-1], moved(HOLE, system)])
            writer.record("料场")
        else:
            writer.linem([[[x, y, 0.0] for x, y in moved(LINE, system)]])
            writer.record("主线")
        writer.close()
        files |= {f"{folder}{name}.{ending}": part.getvalue() for ending, part in parts.items()}
        if prj:
            files[f"{folder}{name}.prj"] = prj.encode()
    return files


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Pack files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def dxf_of(space: Modelspace) -> bytes:
    """Write a drawing as an ASCII DXF."""
    assert space.doc is not None
    written = io.StringIO()
    space.doc.write(written)
    return written.getvalue().encode(space.doc.output_encoding, "dxfreplace")


def drawing(version: str = "R2010") -> Modelspace:
    """Begin an empty drawing in metres."""
    document = ezdxf.new(version, units=6)  # type: ignore[attr-defined] - exported without saying so
    return document.modelspace()


def dxf(system: CoordinateSystem = CGCS_114, version: str = "R2010", *, northing_first: bool = False) -> bytes:
    """Draw a DXF with the site as a closed polyline, the line as single lines, and a text that is no figure."""

    def at(path: Path) -> list[tuple[float, float]]:
        return [(y, x) if northing_first else (x, y) for x, y in moved(path, system)]

    space = drawing(version)
    site, line = at(SITE[:-1]), at(LINE)
    if version == "R12":
        space.add_polyline2d(site, close=True, dxfattribs={"layer": "SITE"})
    else:
        space.add_lwpolyline(site, close=True, dxfattribs={"layer": "SITE"})
    # Out of order, and one of them drawn the other way round.
    for begin, end in ((line[2], line[3]), (line[1], line[0]), (line[1], line[2])):
        space.add_line(begin, end, dxfattribs={"layer": "ROAD"})
    space.add_text("K0+000", dxfattribs={"layer": "ROAD"})
    return dxf_of(space)


def csv(system: CoordinateSystem = CGCS_ZONE_38, path: Path = LINE, *, head: str = "点号,X,Y,高程") -> bytes:
    """Write a register as surveyors in China do: X is the northing, Y the easting with its zone."""
    rows = [f"P{index},{y:.4f},{x:.4f},23.5" for index, (x, y) in enumerate(moved(path, system), 1)]
    return "\r\n".join([head, *rows]).encode("gb18030")


def zip_bomb(inner: str = "doc.kml", size: int = 300_000_000) -> bytes:
    """Pack some 300 kB whose one file is as long as one likes, and says so."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(inner, "w") as target:
        block = b" " * 1_000_000
        for _ in range(size // len(block)):
            target.write(block)
    return packed.getvalue()


def lying_zip(content: bytes, claimed: int, name: str = "doc.kml") -> bytes:
    """Pack a zip that claims another unpacked size than it has."""
    packed = bytearray(zipped({name: content}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = packed.index(mark) + offset
        packed[at : at + 4] = struct.pack("<I", claimed)
    return bytes(packed)
