"""Whatever bytes come, a survey answers or refuses with a code of ours; nothing else leaves a reader."""

import json

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.kit.errors import DaogangError
from geofences.reading_child import answer
from geofences.reading_limits import Refusal
from geofences.survey import survey_file
from geofences.survey_report import Order, Survey
from tests.support import fence_files as files

SAMPLES = {
    "geojson": b'{"type":"Feature","properties":{"name":"a"},"geometry":{"type":"Polygon","coordinates":'
    b"[[[114.3,30.6],[114.31,30.6],[114.31,30.61],[114.3,30.6]]]}}",
    "kml": files.kml(),
    "gpx": files.gpx(),
    "dxf": files.dxf(version="R12"),
    "new dxf": files.dxf(),
    "csv": files.csv(),
    "kmz": files.zipped({"doc.kml": files.kml()}),
    "shapefile": files.zipped(files.shapes()),
}
ORDERS = st.builds(
    Order,
    crs=st.sampled_from([None, "wgs84", "gcj02", "EPSG:4547", "EPSG:4526"]),
    rows=st.sampled_from([None, "line", "area", "points"]),
    simplify=st.booleans(),
    left_m=st.sampled_from([None, 20.0, 600.0]),
    right_m=st.just(15.0),
    radius_m=st.sampled_from([None, 50.0]),
    buffer_m=st.sampled_from([0.0, 5.0]),
    strict=st.booleans(),
)
NUMBERS = st.one_of(
    st.floats(width=64), st.sampled_from([0.0, 114.3, 30.6, 38_500_000.0, 3_386_000.0, 1e308, float("inf")])
)
FUZZ = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def check(content: bytes, order: Order) -> None:
    """Survey, and hold that what comes out can be sent."""
    told = outcome(content, order)
    sent = msgspec.json.encode(Refusal(told.code, told.detail) if isinstance(told, DaogangError) else told)
    if isinstance(told, DaogangError):
        assert 400 <= told.status < 500
    else:
        assert msgspec.json.decode(sent, type=Survey) == told


def outcome(content: bytes, order: Order) -> Survey | DaogangError:
    """Survey, or give the refusal; everything else leaves."""
    try:
        return survey_file(content, order)
    except DaogangError as fault:
        return fault


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    content = bytearray(SAMPLES[draw(st.sampled_from(sorted(SAMPLES)))])
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        match draw(st.sampled_from(["flip", "cut", "drop", "insert", "repeat"])):
            case "flip" if content:
                content[at] ^= draw(st.integers(1, 255))
            case "cut":
                del content[at:]
            case "drop":
                del content[at : at + draw(st.integers(1, 40))]
            case "repeat":
                content[at:at] = content[at : at + draw(st.integers(1, 200))] * draw(st.integers(1, 20))
            case _:
                content[at:at] = draw(st.one_of(st.binary(max_size=20), NUMBERS.map(lambda one: repr(one).encode())))
    return bytes(content)


@FUZZ
@given(mutations(), ORDERS)
def test_changed_files_are_surveyed_or_refused(content: bytes, order: Order) -> None:
    check(content, order)


@FUZZ
@given(st.binary(max_size=400), ORDERS)
def test_any_bytes_are_surveyed_or_refused(content: bytes, order: Order) -> None:
    check(content, order)


@FUZZ
@given(st.sampled_from(["SITE", "0", "道路"]), st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=12), ORDERS)
def test_any_numbers_in_a_drawing(layer: str, corners: list[tuple[float, float, float]], order: Order) -> None:
    tags: list[tuple[int, object]] = [(0, "SECTION"), (2, "ENTITIES"), (0, "LWPOLYLINE"), (100, "AcDbEntity")]
    tags += [(8, layer), (100, "AcDbPolyline"), (90, len(corners)), (70, 1)]
    for x, y, bulge in corners:
        tags += [(10, x), (20, y), (42, bulge)]
    for x, y, radius in corners[:3]:
        tags += [(0, "ARC"), (8, layer), (10, x), (20, y), (40, radius), (50, y), (51, x)]
    tags += [(0, "LINE"), (8, layer), (10, 0.0), (20, 0.0), (11, 1.0), (21, 1.0), (0, "ENDSEC"), (0, "EOF")]
    check("".join(f"{code}\n{value}\n" for code, value in tags).encode(), order)


@FUZZ
@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=12), ORDERS)
def test_any_numbers_in_a_table(rows: list[tuple[float, float]], order: Order) -> None:
    check("\n".join(f"{x!r},{y!r}" for x, y in rows).encode(), order)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(allow_nan=False), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=12,
)
KINDS = st.sampled_from(["Point", "LineString", "Polygon", "MultiPolygon", "MultiLineString", "GeometryCollection"])


@FUZZ
@given(KINDS, st.one_of(JSON, st.lists(st.lists(NUMBERS, min_size=2, max_size=3), max_size=8)), JSON, ORDERS)
def test_any_geojson(kind: str, coordinates: object, properties: object, order: Order) -> None:
    feature = {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}
    check(json.dumps({"type": "FeatureCollection", "features": [feature]}).encode(), order)


def test_infinite_numbers_warn_nobody() -> None:
    tags = "0\nSECTION\n2\nENTITIES\n0\nLWPOLYLINE\n100\nAcDbEntity\n8\nA\n100\nAcDbPolyline\n90\n3\n70\n1\n"
    corners = "".join(f"10\n{x}\n20\n{y}\n42\n0.5\n" for x, y in (("inf", "inf"), ("inf", "0"), ("1e308", "-1e308")))
    check(f"{tags}{corners}0\nENDSEC\n0\nEOF\n".encode(), Order(crs="EPSG:4547", left_m=5, right_m=5))


def test_what_no_reader_foresaw_is_a_refusal_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("geofences.reading_child.survey_file", lambda *_: 1 / 0)
    told = answer(b"1,2", Order())
    assert isinstance(told, Refusal)
    assert (told.code, told.numbers["reason"]) == ("geofences.file_unreadable", "unforeseen")
    assert "ZeroDivisionError" in capsys.readouterr().err
    monkeypatch.setattr("geofences.reading_child.survey_file", lambda *_: [0] * 10**15)
    told = answer(b"1,2", Order())
    assert isinstance(told, Refusal)
    assert told.code == "geofences.file_exhausting"
