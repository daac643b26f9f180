"""A survey tells what a file is, where it lies, and what it would become; and when it cannot, why."""

import json

import pytest

from geofences import survey as surveys
from geofences.drawing import CorridorDrawing, PolygonDrawing
from geofences.errors import SelfCrossing, SystemContradicted, SystemUnknown, TooManyVertices, WidthMissing
from geofences.readers.errors import LayerUnknown, SystemMissing, TooManyFigures, ZonePrefixWrong
from geofences.survey import survey_file
from geofences.survey_report import Order
from tests.support import fence_files as files

BOW = [[114.0, 30.0], [114.01, 30.01], [114.01, 30.0], [114.0, 30.01], [114.0, 30.0]]
WIDE = Order(crs="wgs84", left_m=20, right_m=30, radius_m=50)


def test_a_preview_has_what_one_looks_for() -> None:
    survey = survey_file(files.kml(), WIDE)
    assert (survey.format, survey.crs, survey.size) == ("kml", "wgs84", len(files.kml()))
    assert (survey.vertices, survey.figures_found) == (15, 3)
    assert survey.length_m == pytest.approx(3_608.2, abs=0.1)
    assert survey.area_m2 == pytest.approx(116_950, rel=0.001)
    site, gate, line = survey.figures
    assert isinstance(site.shape, PolygonDrawing)
    assert isinstance(line.shape, CorridorDrawing)
    assert [one.where for one in (site, gate, line)] == ["Placemark[0]", "Placemark[1]", "Placemark[2]"]
    assert survey.notices == ()


def test_without_a_system_nothing_is_drawn_and_the_evidence_told() -> None:
    survey = survey_file(files.csv(), Order(left_m=20, right_m=20))
    assert (survey.crs, survey.bounds, survey.length_m) == (None, None, None)
    assert survey.raw_bounds is not None
    assert 38_500_000 < survey.raw_bounds.west < survey.raw_bounds.east < 38_600_000
    (line,) = survey.figures
    assert (line.fence, line.shape, line.problem) == (None, None, None)
    evidence = survey.evidence
    assert (evidence.order, evidence.zone_prefix, evidence.share, evidence.unit) == ("yx", 38, 1.0, "metres")
    assert evidence.candidates == ("EPSG:4526", "EPSG:2362", "EPSG:2414")
    assert evidence.northings[0] < evidence.northings[1] < 4e6 < evidence.eastings[0]
    assert [one.code for one in survey.notices] == ["geofences.system_open"]
    with pytest.raises(SystemMissing):
        survey_file(files.csv(), Order(left_m=20, right_m=20, strict=True))


@pytest.mark.parametrize("content", [files.kml(), files.gpx()])
def test_a_format_that_says_wgs84_is_not_believed(content: bytes) -> None:
    survey = survey_file(content, Order())
    assert survey.crs is None
    assert survey.evidence.candidates == ("wgs84", "cgcs2000", "gcj02", "bd09")


def test_a_prj_is_evidence_and_a_declaration_may_only_agree() -> None:
    content = files.zipped(files.shapes())
    survey = survey_file(content, Order(left_m=20, right_m=20))
    assert survey.crs == "EPSG:4547"
    assert survey.evidence.named == "EPSG:4547"
    assert survey_file(content, Order(crs="EPSG:4547")).crs == "EPSG:4547"
    for other in ("wgs84", "gcj02", "EPSG:4526", "EPSG:2383"):
        with pytest.raises(SystemContradicted) as caught:
            survey_file(content, Order(crs=other))
        assert caught.value.detail == {"declared": other, "found": "EPSG:4547"}


@pytest.mark.parametrize(
    ("named", "declared", "agrees"),
    [
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "wgs84", True),
        ("EPSG:4326", "wgs84", True),
        ("urn:ogc:def:crs:EPSG::4490", "cgcs2000", True),
        ("urn:ogc:def:crs:EPSG::4547", "EPSG:4547", True),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "gcj02", False),
        ("urn:ogc:def:crs:EPSG::4547", "wgs84", False),
        ("EPSG:4526", "EPSG:4547", False),
        ("local grid", "wgs84", False),
    ],
)
def test_a_system_named_in_geojson_may_only_agree(named: str, declared: str, *, agrees: bool) -> None:
    x, y = (500_000.0, 3_386_000.0) if declared == "EPSG:4547" else (114.0, 30.0)
    content = json.dumps(
        {"type": "Point", "coordinates": [x, y], "crs": {"type": "name", "properties": {"name": named}}}
    ).encode()
    if agrees:
        assert survey_file(content, Order(crs=declared, radius_m=50)).crs == declared
    else:
        with pytest.raises(SystemContradicted) as caught:
            survey_file(content, Order(crs=declared, radius_m=50))
        assert caught.value.detail["declared"] == declared


def test_a_system_that_nobody_knows_is_refused() -> None:
    content = b'{"type": "Point", "coordinates": [1, 2], "crs": {"properties": {"name": "local grid"}}}'
    with pytest.raises(SystemUnknown):
        survey_file(content, Order())


@pytest.mark.parametrize("content", [files.csv(), files.dxf(files.CGCS_ZONE_38, northing_first=True)])
def test_a_wrong_zone_prefix_is_told(content: bytes) -> None:
    with pytest.raises(ZonePrefixWrong) as caught:
        survey_file(content, Order(crs="EPSG:4547", left_m=20, right_m=20))
    assert caught.value.detail == {"declared": "EPSG:4547", "prefix": 0, "found": 38, "suggested": "EPSG:4526"}


def test_layers_are_chosen() -> None:
    survey = survey_file(files.dxf(), Order(crs="EPSG:4547", layers=("ROAD",), left_m=20, right_m=20))
    assert [(one.name, one.chosen) for one in survey.layers] == [("SITE", False), ("ROAD", True)]
    assert [one.layer for one in survey.figures] == ["ROAD"]
    assert survey.area_m2 == 0.0
    with pytest.raises(LayerUnknown) as caught:
        survey_file(files.dxf(), Order(layers=("RAOD",)))
    assert caught.value.detail == {"layer": "RAOD"}


def test_one_bad_figure_does_not_hide_the_others() -> None:
    feature = {"type": "Feature", "properties": {}}
    geometries = [{"type": "Polygon", "coordinates": [BOW]}, {"type": "LineString", "coordinates": BOW[:2]}]
    content = json.dumps(
        {"type": "FeatureCollection", "features": [feature | {"geometry": one} for one in geometries]}
    ).encode()
    bow, line = survey_file(content, Order(crs="wgs84", left_m=20, right_m=20)).figures
    assert bow.problem is not None
    assert (bow.problem.code, bow.problem.numbers["where"]) == (
        "geofences.self_crossing",
        "features[0].geometry.coordinates[0]",
    )
    assert line.fence is not None
    with pytest.raises(SelfCrossing):
        survey_file(content, Order(crs="wgs84", left_m=20, right_m=20, strict=True))


def test_a_line_without_a_width_is_measured_all_the_same() -> None:
    (*_, line) = survey_file(files.kml(), Order(crs="wgs84")).figures
    assert line.problem is not None
    assert line.problem.code == "geofences.width_missing"
    assert line.length_m == pytest.approx(3_608.2, abs=0.1)
    with pytest.raises(WidthMissing):
        survey_file(files.kml(), Order(crs="wgs84", radius_m=50, strict=True))


def test_a_walked_line_comes_with_a_width_and_its_reason() -> None:
    track = [(114.3 + index * 1e-5, 30.6 + 2e-5 * (index % 2)) for index in range(1_000)]
    *_, walked = survey_file(files.gpx(track), WIDE).figures
    assert walked.suggestion is not None
    assert walked.suggestion.half_width_m == 15.0
    assert isinstance(walked.shape, CorridorDrawing)
    assert len(walked.shape.coordinates) < 10 < walked.vertices == 1_000
    *_, whole = survey_file(files.gpx(track), Order(crs="wgs84", left_m=20, right_m=20, simplify=False)).figures
    assert isinstance(whole.shape, CorridorDrawing)
    assert len(whole.shape.coordinates) == 1_000


def test_many_figures_are_left_out_of_the_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveys, "MAX_SHOWN", 2)
    survey = survey_file(files.kml(), WIDE)
    assert (len(survey.figures), survey.figures_found) == (2, 3)
    assert [(one.code, one.numbers["count"]) for one in survey.notices] == [("geofences.figures_left_out", 1)]


def test_an_import_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    strict = Order(crs="wgs84", left_m=20, right_m=20, radius_m=50, strict=True)
    monkeypatch.setattr(surveys, "MAX_IMPORTED", 2)
    with pytest.raises(TooManyFigures):
        survey_file(files.kml(), strict)
    monkeypatch.setattr(surveys, "MAX_IMPORTED", 3)
    monkeypatch.setattr(surveys, "MAX_VERTICES", 12)
    with pytest.raises(TooManyVertices):
        survey_file(files.kml(), strict)


def test_files_out_of_china_have_no_bounds_and_say_why() -> None:
    content = b'{"type": "LineString", "coordinates": [[14.1, 45.3], [14.2, 45.4]]}'
    survey = survey_file(content, WIDE)
    assert (survey.bounds, survey.length_m) == (None, None)
    (line,) = survey.figures
    assert line.problem is not None
    assert line.problem.code == "geofences.out_of_china"
