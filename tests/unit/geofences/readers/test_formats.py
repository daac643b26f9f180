"""Files of every format with the same figures in them are read alike; wrong names and unknown kinds are told."""

import pytest

from geofences.readers.content import Content, Format
from geofences.readers.errors import ArchiveRefused, FormatContradicted, FormatUnknown
from geofences.readers.formats import format_of, read_file
from geofences.survey import survey_file
from geofences.survey_report import Order
from tests.support import fence_files as files
from tests.support.fence_files import CGCS_ZONE_38, LINE

GEOJSON = (
    b'{"type": "LineString", "coordinates": [[114.31, 30.6], [114.32, 30.605], [114.33, 30.605], [114.345, 30.61]]}'
)
SAMPLES: list[tuple[Format, bytes, str | None]] = [
    ("geojson", GEOJSON, "wgs84"),
    ("kml", files.kml(), "wgs84"),
    ("kml", files.zipped({"doc.kml": files.kml(), "images/a.png": b"x"}), "wgs84"),
    ("gpx", files.gpx(), "wgs84"),
    ("shapefile", files.zipped(files.shapes(folder="成果/")), None),
    ("dxf", files.dxf(), "EPSG:4547"),
    ("dxf", files.dxf(version="R12"), "EPSG:4547"),
    ("dxf", files.dxf(CGCS_ZONE_38, northing_first=True), "EPSG:4526"),
    ("csv", files.csv(), "EPSG:4526"),
    ("csv", files.zipped({"坐标.csv": files.csv()}), "EPSG:4526"),
]


@pytest.mark.parametrize(("format_", "content", "crs"), SAMPLES)
def test_the_same_line_is_the_same_in_every_format(format_: Format, content: bytes, crs: str | None) -> None:
    survey = survey_file(content, Order(crs=crs, left_m=20, right_m=20, radius_m=50, simplify=False))
    assert survey.format == format_
    line = next(one for one in survey.figures if one.kind == "line" and one.vertices == len(LINE))
    assert line.fence is not None
    assert line.fence.length_m == pytest.approx(3_608.2, abs=0.1)
    assert line.fence.area_m2 == pytest.approx(3_608.2 * 40, rel=0.001)
    assert (line.fence.west, line.fence.east) == (pytest.approx(114.31, abs=3e-4), pytest.approx(114.345, abs=3e-4))
    assert survey.bounds is not None
    assert survey.bounds.north == pytest.approx(30.61, abs=1e-6)
    assert all(figure.problem is None for figure in survey.figures)


@pytest.mark.parametrize(
    "content", [sample[1] for sample in SAMPLES if sample[0] in {"kml", "shapefile"}], ids=["kml", "kmz", "shapefile"]
)
def test_a_hole_is_a_hole(content: bytes) -> None:
    survey = survey_file(content, Order(crs=None if content.startswith(b"PK") and b".shp" in content else "wgs84"))
    site = next(one for one in survey.figures if one.kind == "area")
    assert site.fence is not None
    assert (site.name, site.layer) == ("料场", "场地")
    assert site.fence.area_m2 == pytest.approx(116_950, rel=0.001)


@pytest.mark.parametrize(("format_", "content", "crs"), SAMPLES)
def test_another_format_than_declared_is_refused(format_: Format, content: bytes, crs: str | None) -> None:
    del crs
    wrong: Format = "gpx" if format_ != "gpx" else "kml"
    with pytest.raises(FormatContradicted) as caught:
        read_file(content, wrong)
    assert caught.value.detail == {"declared": wrong, "found": format_}
    assert isinstance(read_file(content, format_), Content)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (b"%PDF-1.7 1 0 obj", "PDF"),
        (b"AC1032\0\0\0", "DWG"),
        (b"AutoCAD Binary DXF\r\n\x1a\0", "binary DXF"),
        (b"\x00\x00\x27\x0a" + bytes(96), "SHP"),
        (b"<html><body>404</body></html>", "XML"),
        (b"Rar!\x1a\x07\x00", "RAR"),
        (b"\x00\x01\x02\x03", "?"),
        (b"no numbers here", "?"),
    ],
)
def test_what_we_do_not_read_is_named(content: bytes, found: str) -> None:
    with pytest.raises(FormatUnknown) as caught:
        format_of(content)
    assert caught.value.detail == {"found": found}


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"a.csv": files.csv(), "b.csv": files.csv()}, "several"),
        ({"readme.md": b"hello 1"}, "empty"),
        ({"inner.zip": files.zipped({"doc.kml": files.kml()})}, "nested"),
        ({"doc.kml": files.zipped({"doc.kml": files.kml()})}, "nested"),
    ],
)
def test_a_zip_holds_one_file_to_read(members: dict[str, bytes], reason: str) -> None:
    with pytest.raises(ArchiveRefused) as caught:
        read_file(files.zipped(members))
    assert caught.value.detail == {"reason": reason}


def test_a_name_in_a_zip_cannot_hide_another_format() -> None:
    with pytest.raises(FormatContradicted) as caught:
        read_file(files.zipped({"line.gpx": files.kml()}))
    assert caught.value.detail == {"declared": "gpx", "found": "kml"}
