"""Tells by its bytes what kind of file somebody brought, and has it read; names and declarations may only agree."""

import importlib
import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Final

from geofences.readers.archive import Archive
from geofences.readers.content import Content, Format
from geofences.readers.errors import ArchiveRefused, FormatContradicted, FormatUnknown
from geofences.readers.tables import Rows, read_table

_SNIFFED: Final = 65_536
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_MARKS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"AutoCAD Binary DXF", "binary DXF"),
    (b"\x00\x00\x27\x0a", "SHP"),
    (b"%PDF", "PDF"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"\xd0\xcf\x11\xe0", "Office"),
    (b"SQLite", "SQLite"),
)
_DWG: Final = re.compile(rb"AC1[0-9]{3}\x00")
_DXF: Final = re.compile(r"\s*(?:999[ \t]*\r?\n[^\n]*\n\s*)*0[ \t]*\r?\n\s*SECTION\b")
_ROOT: Final = re.compile(r"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)(?=[\s/>])")
_XML: Final[dict[str, Format]] = {"kml": "kml", "gpx": "gpx"}
_ENDINGS: Final[dict[str, Format]] = {
    ".kml": "kml",
    ".gpx": "gpx",
    ".dxf": "dxf",
    ".geojson": "geojson",
    ".json": "geojson",
    ".csv": "csv",
    ".txt": "csv",
}


def read_file(content: bytes, declared: Format | None = None, rows: Rows | None = None) -> Content:
    """Read a file of any format that we know, packed in a zip or not.

    A zip holds Shapefiles, a KML (then it is a KMZ) or exactly one other file. Raises FormatUnknown,
    FormatContradicted, ArchiveRefused, and what the reader of the format raises.
    """
    if content.startswith(_ZIP):
        return _read_zip(content, declared, rows)
    found = format_of(content)
    if declared is not None and declared != found:
        raise FormatContradicted(declared=declared, found=found)
    if found == "csv":
        return read_table(content, rows)
    return _reader(found)(content)


def format_of(content: bytes) -> Format:
    """Tell the format of a file that is no zip; raises FormatUnknown with a guess at what else it is."""
    _refuse_known(content)
    start = _text(content[:_SNIFFED]).lstrip("\ufeff \t\r\n")
    if start.startswith(("{", "[")):
        return "geojson"
    if start.startswith("<"):
        for root in _ROOT.finditer(start):
            if root[1].lower() in _XML:
                return _XML[root[1].lower()]
        raise FormatUnknown(found="XML")
    if _DXF.match(start):
        return "dxf"
    if "\0" in start or not any(char.isdigit() for char in start):
        raise FormatUnknown(found="?")
    return "csv"


def _refuse_known(content: bytes) -> None:
    """Name the formats that we know but do not read, so that people know what to save instead."""
    if not content.strip():
        raise FormatUnknown(found="empty")
    for mark, name in _MARKS:
        if content.startswith(mark):
            raise FormatUnknown(found=name)
    if _DWG.match(content):
        raise FormatUnknown(found="DWG")


def _text(start: bytes) -> str:
    wide = start[:2] in {b"\xff\xfe", b"\xfe\xff"}
    return start.decode("utf-16" if wide else "utf-8", "replace")


def _reader(found: Format) -> Callable[[bytes], Content]:
    """Import the reader when it is needed: the DXF library alone takes half a second."""
    module = importlib.import_module(f"geofences.readers.{found}")
    return getattr(module, f"read_{found}")


def _read_zip(content: bytes, declared: Format | None, rows: Rows | None) -> Content:
    archive = Archive(content)
    by_ending: dict[str, list[str]] = {}
    for name in archive.names:
        by_ending.setdefault(PurePosixPath(name).suffix.lower(), []).append(name)
    if ".shp" in by_ending:
        if declared not in {None, "shapefile"}:
            raise FormatContradicted(declared=declared, found="shapefile")
        return importlib.import_module("geofences.readers.shapefiles").read_shapefiles(archive)
    kmls = by_ending.get(".kml", [])
    known = [name for ending in _ENDINGS for name in by_ending.get(ending, [])]
    chosen = [name for name in kmls if PurePosixPath(name).name == "doc.kml"][:1] or kmls[:1] or known
    if len(chosen) != 1:
        raise ArchiveRefused(reason="several" if chosen else "nested" if ".zip" in by_ending else "empty")
    inner = archive.read(chosen[0])
    if inner.startswith(_ZIP):
        raise ArchiveRefused(reason="nested")
    promised = _ENDINGS[PurePosixPath(chosen[0]).suffix.lower()]
    if declared not in {None, promised}:
        raise FormatContradicted(declared=declared, found=promised)
    return read_file(inner, promised, rows)
