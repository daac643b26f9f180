"""GeoJSON in and out: what is understood, what is refused and where the fault lies."""

import json
from typing import Any, NamedTuple

import pytest
import shapely

from geofences.coordinates import BD09, GCJ02, WGS84, CoordinateSystem, coordinate_system, to_wgs84
from geofences.drawing import CorridorDrawing, Drawing, PointDrawing, PolygonDrawing
from geofences.errors import (
    AxesSwapped,
    GeoJsonInvalid,
    GeometryUnsupported,
    LinesApart,
    NotFinite,
    RadiusMissing,
    SelfCrossing,
    TooManyVertices,
    WidthMissing,
)
from geofences.geojson_writing import write_geojson
from geofences.materialise import materialise
from geofences.readers.drawings import Wishes, draw
from geofences.readers.errors import TooManyFigures
from geofences.readers.geojson import read_geojson
from geofences.shapes import Circle, Corridor, FixedPoint, MultiPolygon, Polygon, Shape
from tests.support.fences import metro_coordinates

RING = [[114.0, 30.0], [114.01, 30.0], [114.01, 30.01], [114.0, 30.01], [114.0, 30.0]]
BOW = [[114.0, 30.0], [114.01, 30.01], [114.01, 30.0], [114.0, 30.01], [114.0, 30.0]]
NOTHING = Wishes()
WIDE = Wishes(left_m=20.0, right_m=30.0, cap="round", start_m=1_000.0)


class Found(NamedTuple):
    name: str
    where: str
    drawing: Drawing
    shape: Shape


def read(document: object, wishes: Wishes = NOTHING, system: str = "wgs84") -> tuple[Found, ...]:
    return drawn(json.dumps(document).encode(), coordinate_system(system), wishes)


def drawn(content: bytes, system: CoordinateSystem, wishes: Wishes = NOTHING) -> tuple[Found, ...]:
    figures = read_geojson(content).figures
    return tuple(Found(one.origin.name, one.origin.where, *draw(one, system, wishes)) for one in figures)


def feature(kind: str, coordinates: object, **properties: object) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": kind, "coordinates": coordinates},
    }


def collection(*features: object) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def test_all_kinds_become_shapes_with_their_names() -> None:
    document = collection(
        feature("Polygon", [RING], name="料场"),
        feature("MultiPolygon", [[RING], [[[x + 1.0, y] for x, y in RING]]]),
        feature("LineString", RING[:3], name="主线"),
        feature("MultiLineString", [RING[:2], RING[1:4]]),
        feature("Point", RING[0]),
        {"type": "Feature", "properties": None, "geometry": None},
    )
    found = read(document, Wishes(left_m=20.0, right_m=30.0, radius_m=50.0))
    assert [one.name for one in found] == ["料场", "", "主线", "", ""]
    assert [one.where for one in found] == [f"features[{index}]" for index in range(5)]
    kinds = [Polygon, MultiPolygon, Corridor, Corridor, FixedPoint]
    assert all(isinstance(one.shape, kind) for one, kind in zip(found, kinds, strict=True))
    assert isinstance(found[0].drawing, PolygonDrawing)
    assert isinstance(found[2].drawing, CorridorDrawing)
    assert isinstance(found[4].drawing, PointDrawing)
    (circle,) = read(feature("Point", RING[0]), Wishes(radius_m=50.0, point_kind="circle"))
    assert isinstance(circle.shape, Circle)


def test_a_feature_and_a_bare_geometry_are_files_too() -> None:
    assert isinstance(read(feature("Polygon", [RING]))[0].shape, Polygon)
    assert isinstance(read({"type": "Polygon", "coordinates": [RING]})[0].shape, Polygon)


def test_what_was_drawn_is_kept_as_it_came() -> None:
    (found,) = read(feature("LineString", metro_coordinates(GCJ02)), WIDE, "gcj02")
    assert isinstance(found.drawing, CorridorDrawing)
    assert [list(position) for position in found.drawing.coordinates] == metro_coordinates(GCJ02)
    assert (found.drawing.cap, found.drawing.start_m) == ("round", 1_000.0)
    assert isinstance(found.shape, Corridor)
    assert found.shape.centreline[0] == pytest.approx(metro_coordinates(WGS84)[0], abs=1.1e-7)


def test_pieces_of_a_line_are_joined_whatever_their_order_and_direction() -> None:
    line = [[114.0, 30.0], [114.01, 30.0], [114.02, 30.01], [114.03, 30.0], [114.04, 30.02]]
    pieces = [line[1:3], line[3:5][::-1], line[0:2][::-1], line[2:4]]
    (found,) = read(feature("MultiLineString", pieces), WIDE)
    assert isinstance(found.drawing, CorridorDrawing)
    assert [list(position) for position in found.drawing.coordinates] == line


def test_pieces_that_do_not_meet_are_refused_with_the_gap() -> None:
    with pytest.raises(LinesApart) as caught:
        read(feature("MultiLineString", [RING[:2], RING[2:4]]), WIDE)
    assert caught.value.detail["pieces"] == 2
    # From 114.01 E, 30 N to the corner 0.01 degrees north of it.
    assert caught.value.detail["gap_m"] == pytest.approx(1_108.5, abs=1.0)


def test_a_line_in_thousands_of_pieces_is_refused_before_they_are_compared() -> None:
    pieces = [[[114.0 + index / 1e5, 30.0], [114.0 + (index + 1) / 1e5, 30.0]] for index in range(501)]
    with pytest.raises(TooManyFigures) as caught:
        read(feature("MultiLineString", pieces), WIDE)
    assert caught.value.detail == {"where": "geometry.coordinates", "limit": 500}


@pytest.mark.parametrize(
    ("document", "wishes", "fault", "where"),
    [
        (collection(feature("Polygon", [RING]), feature("Polygon", [BOW])), NOTHING, SelfCrossing,
         "features[1].geometry.coordinates[0]"),
        (feature("Polygon", [[[y, x] for x, y in RING]]), NOTHING, AxesSwapped, "geometry.coordinates[0][0]"),
        ({"type": "Polygon", "coordinates": [BOW]}, NOTHING, SelfCrossing, "coordinates[0]"),
        (feature("LineString", RING[:3]), NOTHING, WidthMissing, "geometry.coordinates"),
        (feature("Point", RING[0]), NOTHING, RadiusMissing, "geometry.coordinates"),
        (feature("MultiPoint", RING), NOTHING, GeometryUnsupported, "geometry"),
        (feature("Polygon", [[*RING[:3], ["114", 30.0]]]), NOTHING, GeoJsonInvalid, "geometry.coordinates[0][3]"),
        (feature("Polygon", [[*RING[:3], [114.0]]]), NOTHING, GeoJsonInvalid, "geometry.coordinates[0][3]"),
        (feature("Polygon", [[*RING[:3], [True, False]]]), NOTHING, GeoJsonInvalid, "geometry.coordinates[0][3]"),
        (feature("Polygon", [[*RING[:3], [10**400, 30]]]), NOTHING, GeoJsonInvalid, "geometry.coordinates[0][3]"),
        (feature("Polygon", RING), NOTHING, GeoJsonInvalid, "geometry.coordinates[0][0]"),
        (feature("Polygon", None), NOTHING, GeoJsonInvalid, "geometry.coordinates"),
        (collection({"type": "Polygon", "coordinates": [RING]}), NOTHING, GeoJsonInvalid, "features[0].type"),
        (collection(1), NOTHING, GeoJsonInvalid, "features[0]"),
        ({"type": "FeatureCollection"}, NOTHING, GeoJsonInvalid, "features"),
        (collection(), NOTHING, GeoJsonInvalid, "$"),
        ({"type": "Topology"}, NOTHING, GeometryUnsupported, "$"),
        ([], NOTHING, GeoJsonInvalid, "$"),
    ],
)  # fmt: skip
def test_a_fault_names_its_place_in_the_file(
    document: object, wishes: Wishes, fault: type[Exception], where: str
) -> None:
    with pytest.raises(fault) as caught:
        read(document, wishes)
    assert caught.value.detail["where"] == where  # type: ignore[attr-defined] - an error of the tree


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe{}", b'{"type": "Point", "coordinates": [NaN, 1]}', b"[" * 100_000, b'{"a":' * 50_000],
)
def test_what_is_no_json_is_refused(content: bytes) -> None:
    with pytest.raises(GeoJsonInvalid):
        drawn(content, WGS84)


def test_numbers_beyond_all_bounds_are_refused() -> None:
    with pytest.raises((NotFinite, GeoJsonInvalid)):
        drawn(b'{"type": "Point", "coordinates": [1e999, 30]}', WGS84, Wishes(radius_m=50.0))


def test_size_is_bounded() -> None:
    many = [[114.0 + index * 1e-9, 30.0] for index in range(20_001)]
    with pytest.raises(TooManyVertices):
        read(feature("LineString", many), WIDE)


def test_a_byte_order_mark_does_no_harm() -> None:
    content = b"\xef\xbb\xbf" + json.dumps(feature("Polygon", [RING])).encode()
    assert len(drawn(content, WGS84)) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "wgs84"),
        ("EPSG:4326", "EPSG:4326"),
        ("urn:ogc:def:crs:EPSG::4490", "EPSG:4490"),
        ("urn:ogc:def:crs:EPSG::4547", "EPSG:4547"),
        ("gcj02", "gcj02"),
        ("local grid", "local grid"),
    ],
)
def test_a_system_named_in_the_file_is_told(words: str, code: str) -> None:
    document = feature("Point", [114.0, 30.0]) | {"crs": {"type": "name", "properties": {"name": words}}}
    named = read_geojson(json.dumps(document).encode()).named
    assert named is not None
    assert (named.code, named.words) == (code, words)


@pytest.mark.parametrize("declared", ["wgs84", "gcj02", "bd09", "EPSG:4547", "EPSG:4526"])
def test_what_is_written_is_read_again(declared: str) -> None:
    system = coordinate_system(declared)
    area = materialise(read(feature("Polygon", [RING]))[0].shape).area
    content = write_geojson(area, system, {"name": "料场"})
    (back,) = drawn(content, system)
    assert back.name == "料场"
    assert isinstance(back.shape, Polygon)
    there = shapely.Polygon(back.shape.shell)
    # The edges of 1 km are straight in another plane now; the corners are the same to the millimetre.
    assert there.hausdorff_distance(area) < (1e-8 if declared == "wgs84" else 1e-6)
    document = json.loads(content)
    assert ("crs" in document) is (declared != "wgs84")
    assert document["features"][0]["properties"]["coordinate_system"] == declared


def test_the_alignment_is_written_beside_the_area() -> None:
    (found,) = read(feature("LineString", RING[:3]), WIDE)
    assert isinstance(found.shape, Corridor)
    content = write_geojson(materialise(found.shape).area, BD09, {}, found.shape.centreline)
    area, line = json.loads(content)["features"]
    assert (area["properties"]["role"], line["properties"]["role"]) == ("area", "alignment")
    lon, lat = to_wgs84(BD09, *line["geometry"]["coordinates"][0])
    assert (float(lon), float(lat)) == (pytest.approx(114.0, abs=1e-8), pytest.approx(30.0, abs=1e-8))
