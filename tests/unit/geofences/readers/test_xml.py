"""KML and GPX: what is understood, and XML that wants to do more than be read."""

from importlib.resources import files as resources
from pathlib import Path

import gpxpy
import numpy as np
import pytest

from geofences.readers import content as bounds
from geofences.readers.errors import FileUnreadable, TooManyFigures, TooManyPositions, XmlRefused
from geofences.readers.geojson import read_geojson
from geofences.readers.gpx import read_gpx
from geofences.readers.kml import read_kml
from tests.support import fence_files as files
from tests.support.fence_files import HOLE, LINE, PLACE, SITE

KORITA = Path(__file__).parents[5] / "shared" / "data" / "geo" / "gpxpy_korita-zbevnica.gpx"
BOMB = """<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>"""
OUTSIDE = """<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]>"""


def test_a_kml_becomes_figures_on_its_folders() -> None:
    area, point, line = read_kml(files.kml()).figures
    assert [one.origin.layer for one in (area, point, line)] == ["场地", "场地", "线路"]
    assert [one.origin.name for one in (area, point, line)] == ["料场", "门卫", "主线"]
    assert [one.kind for one in (area, point, line)] == ["area", "point", "line"]
    outer, inner = area.parts[0]
    assert outer.tolist() == [list(position) for position in SITE]
    assert inner.tolist() == [list(position) for position in HOLE]
    assert next(line.paths).tolist() == [list(position) for position in LINE]
    assert next(point.paths).tolist() == [list(PLACE)]


def test_parts_of_one_placemark_stay_together() -> None:
    corners = "<coordinates>114,30 114.1,30 114,30.1</coordinates>"
    ring = f"<outerBoundaryIs><LinearRing>{corners}</LinearRing></outerBoundaryIs>"
    text = f"""<kml><Placemark><MultiGeometry><Polygon>{ring}</Polygon><Polygon>{ring}</Polygon>
      <LineString><coordinates>114,30 114,31</coordinates></LineString>
      <LineString><coordinates>114,31 114,32</coordinates></LineString></MultiGeometry></Placemark></kml>"""
    area, line = read_kml(text.encode()).figures
    assert (len(area.parts), area.single, len(line.parts[0])) == (2, False, 2)


def test_google_s_tracks_are_lines() -> None:
    text = """<kml xmlns:gx="http://www.google.com/kml/ext/2.2"><Placemark><gx:Track><when>2026-03-01T08:00:00Z</when>
      <gx:coord>114.1 30.1 20</gx:coord><gx:coord>114.2 30.2 21</gx:coord></gx:Track></Placemark></kml>"""
    (line,) = read_kml(text.encode()).figures
    assert next(line.paths).tolist() == [[114.1, 30.1], [114.2, 30.2]]


def test_links_are_told_and_not_followed() -> None:
    link = "<NetworkLink><Link><href>http://127.0.0.1:1/evil.kml</href></Link></NetworkLink>"
    (notice,) = read_kml(files.kml(extra=link)).notices
    assert (notice.code, notice.numbers) == ("geofences.links_not_followed", {"count": 1})


@pytest.mark.parametrize("comma", [",", ",\n  ", " ,", "\n,\n"])
@pytest.mark.parametrize("separator", ["\n", " ", "\t\n  ", "\t"])
def test_long_lists_of_coordinates_come_in_pieces(comma: str, separator: str) -> None:
    path = [(round(114.0 + index * 1e-6, 6), 30.5) for index in range(30_000)]
    words = separator.join(f"{lon}{comma}{lat}" for lon, lat in path)
    text = f"<kml><Placemark><LineString><coordinates>{words}</coordinates></LineString></Placemark></kml>"
    (line,) = read_kml(text.encode()).figures
    assert next(line.paths).tolist() == [list(position) for position in path]


def test_a_gpx_has_tracks_routes_and_places() -> None:
    place, route, track = read_gpx(files.gpx()).figures
    assert [(one.kind, one.origin.name, one.walked) for one in (place, route, track)] == [
        ("point", "门卫", False),
        ("line", "便道", False),
        ("line", "主线", True),
    ]
    assert next(track.paths).tolist() == [list(position) for position in LINE]


@pytest.mark.parametrize("source", ["made", "walked"])
def test_gpx_is_read_as_gpxpy_reads_it(source: str) -> None:
    if source == "walked" and not KORITA.is_file():
        pytest.skip("the sample of gpxpy's own tests is not part of the project")
    content = files.gpx() if source == "made" else KORITA.read_bytes()
    expected = [
        [[point.longitude, point.latitude] for point in segment.points]
        for track in gpxpy.parse(content.decode()).tracks
        for segment in track.segments
        if segment.points
    ]
    found = [next(figure.paths) for figure in read_gpx(content).figures if figure.walked]
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(mine, np.array(theirs))


def test_the_demo_s_line_is_the_same_as_kml() -> None:
    text = (resources("backend") / "demo_data" / "wuhan_metro_line11_osm_wgs84.geojson").read_text("utf-8")
    path = next(read_geojson(text.encode()).figures[0].paths)
    words = " ".join(f"{lon!r},{lat!r},0" for lon, lat in path.tolist())
    kml = f"<kml><Placemark><LineString><coordinates>{words}</coordinates></LineString></Placemark></kml>"
    np.testing.assert_array_equal(next(read_kml(kml.encode()).figures[0].paths), path)


@pytest.mark.parametrize(("head", "reason"), [(BOMB, "dtd"), (OUTSIDE, "dtd"), ("<!DOCTYPE kml>", "dtd")])
def test_no_dtd_and_no_entities(head: str, reason: str) -> None:
    with pytest.raises(XmlRefused) as caught:
        read_kml(files.kml(head=head))
    assert caught.value.detail["reason"] == reason
    with pytest.raises(XmlRefused):
        read_gpx(files.gpx(head=head))


def test_nesting_has_an_end() -> None:
    with pytest.raises(XmlRefused) as caught:
        read_kml(b"<kml>" + b"<Folder>" * 100_000)
    assert caught.value.detail == {"reason": "depth", "limit": 64}


@pytest.mark.parametrize(
    "content",
    [
        files.kml()[:-300],
        b"<kml><Placemark>&nbsp;</Placemark></kml>",
        b"<kml xmlns='x'><a b=1></a></kml>",
        b"<gpx></gpx>",
        b"<?xml version='1.0' encoding='nonsense-8'?><kml/>",
        b"<kml><Placemark><Point><coordinates>east,north</coordinates></Point></Placemark></kml>",
        b"<kml><Placemark><Point><coordinates>114.0</coordinates></Point></Placemark></kml>",
        b"\xff\xfe<kml/>",
    ],
)
def test_broken_kml_is_unreadable(content: bytes) -> None:
    with pytest.raises(FileUnreadable) as caught:
        read_kml(content)
    assert caught.value.detail["format"] == "kml"


@pytest.mark.parametrize(
    "content",
    [
        files.gpx()[:-60],
        b"<gpx><trk><trkseg><trkpt lat='30'/></trkseg></trk></gpx>",
        b"<gpx><wpt lat='x' lon='114'/></gpx>",
        b"<kml></kml>",
    ],
)
def test_broken_gpx_is_unreadable(content: bytes) -> None:
    with pytest.raises(FileUnreadable):
        read_gpx(content)


def test_positions_and_figures_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_POSITIONS", 12)
    with pytest.raises(TooManyPositions) as caught:
        read_kml(files.kml())
    assert caught.value.detail == {"limit": 12}
    with pytest.raises(TooManyPositions):
        read_gpx(files.gpx(LINE * 5))
    monkeypatch.setattr(bounds, "MAX_POSITIONS", 1_000)
    monkeypatch.setattr(bounds, "MAX_FIGURES", 2)
    with pytest.raises(TooManyFigures):
        read_kml(files.kml())
    monkeypatch.setattr(bounds, "MAX_FIGURES", 10)
    monkeypatch.setattr(bounds, "MAX_LAYERS", 1)
    with pytest.raises(TooManyFigures):
        read_kml(files.kml())
