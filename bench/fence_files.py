"""What a fence file of a million positions costs: seconds and peak memory of the process that reads it, per format.

    python bench/fence_files.py [positions [format …]]

The files are made here, and packed where they would be larger than an upload may be. The line winds through Wuhan with
a jitter of 2 m. No half-widths are given: what is measured is reading, measuring and simplifying, since a line of so
many positions may not become a fence.
"""

import io
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import shapefile

from geofences.coordinates import coordinate_system, from_wgs84
from geofences.readers.content import MAX_BYTES

POSITIONS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
# A process begins with the peak of the one that started it: a small one stands between.
WATCH = """
import json, resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1000, status]), file=sys.stderr)
"""
PLANE = coordinate_system("EPSG:4547")


def line() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Give (lon, lat) of a winding line with jitter."""
    along = np.arange(POSITIONS) / 1e6
    jitter = np.random.default_rng(7).normal(0.0, 2e-5, (POSITIONS, 2))
    return np.round(np.column_stack([113.8 + along, 30.5 + 0.1 * np.sin(along * 40.0)]) + jitter, 7)


LONLAT = line()
METRES = np.round(np.column_stack(from_wgs84(PLANE, LONLAT[:, 0], LONLAT[:, 1])), 3)


def joined(form: str, path: np.ndarray[tuple[int, int], np.dtype[np.float64]], between: str = "") -> str:
    """Write every position in one form."""
    return between.join(form % (x, y) for x, y in path.tolist())


def geojson() -> bytes:
    """One LineString."""
    coordinates = joined("[%.7f,%.7f]", LONLAT, ",")
    return f'{{"type":"Feature","geometry":{{"type":"LineString","coordinates":[{coordinates}]}}}}'.encode()


def kml() -> bytes:
    """One LineString."""
    text = joined("%.7f,%.7f", LONLAT, " ")
    return f"<kml><Placemark><LineString><coordinates>{text}</coordinates></LineString></Placemark></kml>".encode()


def gpx() -> bytes:
    """One track of one segment."""
    points = joined('<trkpt lat="%.7f" lon="%.7f"><ele>23.1</ele></trkpt>', LONLAT[:, ::-1], "\n")
    return f"<gpx><trk><name>a</name><trkseg>{points}</trkseg></trk></gpx>".encode()


def table() -> bytes:
    """Rows of a register, the northing first."""
    return ("X,Y\n" + joined("%.3f,%.3f", METRES[:, ::-1], "\n")).encode()


def shp() -> bytes:
    """One PolyLine."""
    part = io.BytesIO()
    options: dict[str, object] = {"shp": part, "shapeType": shapefile.POLYLINE}
    writer: Any = shapefile.Writer(**options)  # type: ignore[arg-type] - the library says less than it takes
    writer.line([METRES.tolist()])
    writer.close()
    return part.getvalue()


def drawing(entities: str) -> bytes:
    """Wrap entities as a DXF."""
    return f"0\nSECTION\n2\nENTITIES\n{entities}0\nENDSEC\n0\nEOF\n".encode()


def polyline() -> bytes:
    """One LWPOLYLINE."""
    return drawing(
        f"0\nLWPOLYLINE\n100\nAcDbEntity\n8\nA\n100\nAcDbPolyline\n90\n{POSITIONS}\n70\n0\n"
        + joined("10\n%.3f\n20\n%.3f\n", METRES)
    )


def old_polyline() -> bytes:
    """One POLYLINE, every vertex an entity of its own."""
    vertices = joined("0\nVERTEX\n8\nA\n10\n%.3f\n20\n%.3f\n", METRES)
    return drawing(f"0\nPOLYLINE\n8\nA\n66\n1\n70\n0\n{vertices}0\nSEQEND\n")


def lines() -> bytes:
    """Half as many single LINEs that meet."""
    pairs = np.hstack([METRES[: POSITIONS // 2], METRES[1 : POSITIONS // 2 + 1]]).tolist()
    return drawing("".join(f"0\nLINE\n8\nA\n10\n{a}\n20\n{b}\n11\n{c}\n21\n{d}\n" for a, b, c, d in pairs))


FILES: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "GeoJSON": ("a.geojson", geojson, "wgs84"),
    "KML": ("doc.kml", kml, "wgs84"),
    "GPX, simplified": ("a.gpx", gpx, "wgs84"),
    "Shapefile": ("a.shp", shp, "EPSG:4547"),
    "DXF, LWPOLYLINE": ("a.dxf", polyline, "EPSG:4547"),
    "DXF, LINEs": ("a.dxf", lines, "EPSG:4547"),
    "DXF, POLYLINE": ("a.dxf", old_polyline, "EPSG:4547"),
    "CSV": ("a.csv", table, "EPSG:4547"),
}


def packed(name: str, content: bytes) -> bytes:
    """Pack a file that must be, or is too large to be sent as it is."""
    if len(content) <= MAX_BYTES and not name.endswith(".shp"):
        return content
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return target.getvalue()


def measured(content: bytes, crs: str) -> tuple[float, float, float, str]:
    """Read a file as the server has it read; return seconds, seconds of processor, peak MB and what came of it."""
    command = [sys.executable, "-I", "-m", "geofences.reading_child", json.dumps({"crs": crs})]
    with tempfile.TemporaryFile() as spool:
        spool.write(content)
        spool.seek(0)
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-I", "-c", WATCH, *command], stdin=spool, check=True, capture_output=True
        )
        wall = time.perf_counter() - began
    cpu, peak, status = json.loads(done.stderr.splitlines()[-1])
    told = done.stdout
    answer: dict[str, Any] = json.loads(told) if told else {"code": f"ended by {status}"}
    result = answer.get("code") or f"{answer['vertices']} positions, {(answer['length_m'] or 0.0) / 1000:.1f} km"
    return wall, cpu, peak, result


def report() -> Iterator[str]:
    """Measure every format."""
    yield "| format | file | packed | seconds | processor | peak memory | result |"
    yield "|---|---|---|---|---|---|---|"
    for title, (name, make, crs) in FILES.items():
        if sys.argv[2:] and title not in sys.argv[2:]:
            continue
        plain = make()
        content = packed(name, plain)
        wall, cpu, peak, result = measured(content, crs)
        sizes = f"{len(plain) / 1e6:.0f} MB | {f'{len(content) / 1e6:.0f} MB' if content is not plain else '–'}"
        yield f"| {title} | {sizes} | {wall:.1f} s | {cpu:.1f} s | {peak:.0f} MB | {result} |"


if __name__ == "__main__":
    for row in report():
        print(row, flush=True)
