"""Tables of coordinates: which columns, which order, which zone, as surveyors and spreadsheets write them."""

import codecs

import numpy as np
import pytest
from pyproj import CRS

from geofences.coordinates import coordinate_system
from geofences.readers import tables
from geofences.readers.detection import candidates, check_prefix, look_at
from geofences.readers.errors import ColumnsUnclear, FileUnreadable, TooManyPositions, ZonePrefixWrong
from geofences.readers.tables import read_table
from tests.support import fence_files as files
from tests.support.fence_files import CGCS_114, CGCS_ZONE_38, LINE, moved


def path_of(content: bytes) -> list[list[float]]:
    (figure,) = read_table(content).figures
    return next(figure.paths).tolist()


def test_a_register_with_northings_first_is_turned() -> None:
    content = read_table(files.csv())
    assert content.turned
    np.testing.assert_allclose(next(content.figures[0].paths), moved(LINE, CGCS_ZONE_38), atol=1e-4)


@pytest.mark.parametrize("head", ["点号,X,Y,高程", "no,N,E,H", "序号,北坐标,东坐标,高程", "a,b,c,d"])
def test_heads_do_not_decide_the_order(head: str) -> None:
    np.testing.assert_allclose(path_of(files.csv(head=head)), moved(LINE, CGCS_ZONE_38), atol=1e-4)


@pytest.mark.parametrize(
    "text",
    [
        "lon,lat\n114.1,30.1\n114.2,30.2\n",
        "lat,lon\n30.1,114.1\n30.2,114.2\n",
        "纬度\t经度\n30.1\t114.1\n30.2\t114.2\n",
        "1 114.1 30.1 22.5\n2 114.2 30.2 22.7\n",
        "a;30.1;114.1\r\nb;30.2;114.2",
        "点，30.1，114.1\n点，30.2，114.2\n",
        '"P1","114.1","30.1"\n"P2","114.2","30.2"\n',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_separators_and_encodings_are_found(text: str, encoding: str) -> None:
    assert path_of(text.encode(encoding)) == [[114.1, 30.1], [114.2, 30.2]]


def test_utf_16_of_the_other_order_is_read_too() -> None:
    text = codecs.BOM_UTF16_BE + "114.1,30.1\n114.2,30.2".encode("utf-16-be")
    assert path_of(text) == [[114.1, 30.1], [114.2, 30.2]]


@pytest.mark.parametrize("words", ["# EPSG:4547", "坐标系：EPSG：4547", "CGCS2000, 3度带, epsg: 4547"])
def test_a_system_named_above_the_numbers_is_told(words: str) -> None:
    rows = "\n".join(f"{y},{x}" for x, y in moved(LINE, CGCS_114))
    named = read_table(f"{words}\nX,Y\n{rows}".encode()).named
    assert named is not None
    assert named.code == "EPSG:4547"


def test_rows_without_numbers_are_told() -> None:
    content = read_table("X,Y\n30.1,114.1\n合计,\n30.2,114.2\n,\n30.3,-\n".encode())
    assert next(content.figures[0].paths).tolist() == [[114.1, 30.1], [114.2, 30.2]]
    assert [(one.code, one.numbers) for one in content.notices] == [("geofences.rows_skipped", {"count": 2})]


def test_rows_are_a_line_an_area_or_points() -> None:
    ring = b"114.1,30.1\n114.2,30.1\n114.2,30.2\n114.1,30.1\n"
    assert [one.kind for one in read_table(ring).figures] == ["area"]
    assert [one.kind for one in read_table(ring, "line").figures] == ["line"]
    assert [one.kind for one in read_table(ring[:22]).figures] == ["line"]
    assert [one.kind for one in read_table(ring[:33], "area").figures] == ["area"]
    assert [one.kind for one in read_table(ring, "points").figures] == ["point"] * 4


@pytest.mark.parametrize(
    "text",
    [
        "1,2,3\n4,5,6\n",
        "114.1\n114.2\n",
        "500,600\n501,601\n",
        "30.1,114.1,500123,3386000\n30.2,114.2,500124,3386001\n",
        "30.1,114.1,30.2\n30.3,114.2,30.4\n",
    ],
    ids=["small", "one column", "local grid", "two pairs", "two latitudes"],
)
def test_columns_that_cannot_be_told_are_refused(text: str) -> None:
    with pytest.raises((ColumnsUnclear, FileUnreadable)):
        read_table(text.encode())


@pytest.mark.parametrize(
    "content", [b"only words\nand more 1", b"\x00\x01,\x02", b"\xff\xff\xff,1", b'"' + b"a" * 200_000]
)
def test_what_is_no_table_is_unreadable(content: bytes) -> None:
    with pytest.raises(FileUnreadable):
        read_table(content)


def test_rows_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_POSITIONS", 3)
    with pytest.raises(TooManyPositions):
        read_table(files.csv())


@pytest.mark.parametrize(
    ("code", "first", "second"),
    [
        ("EPSG:4547", "xy", None),
        ("EPSG:4526", "xy", 38),
        ("EPSG:4497", "xy", 19),
        ("EPSG:2362", "xy", 38),
        ("EPSG:2435", "xy", None),
        ("EPSG:21420", "xy", 20),
        ("wgs84", "xy", None),
    ],
)
def test_numbers_tell_order_and_prefix(code: str, first: str, second: int | None) -> None:
    x, y = np.array(moved(LINE, coordinate_system(code))).T
    straight, turned = look_at(x, y), look_at(y, x)
    assert (straight.order, straight.prefix, straight.share) == (first, second, 1.0)
    assert (turned.order, turned.prefix) == ("yx", second)
    assert (turned.second, turned.first) == (straight.first, straight.second)


def test_a_few_strays_do_not_hide_the_rest() -> None:
    x, y = np.array(moved(LINE * 10, CGCS_ZONE_38)).T
    found = look_at(np.append(x, 0.0), np.append(y, 0.0))
    assert (found.order, found.prefix) == ("xy", 38)
    assert found.share == pytest.approx(40 / 41)
    assert look_at(np.append(x, np.zeros(5)), np.append(y, np.zeros(5))).order is None


@pytest.mark.parametrize(
    ("declared", "actual", "suggested"),
    [
        ("EPSG:4547", "EPSG:4526", "EPSG:4526"),
        ("EPSG:4526", "EPSG:4547", "EPSG:4547"),
        ("EPSG:4526", "EPSG:4527", "EPSG:4527"),
        ("EPSG:2383", "EPSG:4526", "EPSG:2362"),
        ("EPSG:2435", "EPSG:21420", "EPSG:21420"),
    ],
)
def test_a_wrong_prefix_is_told_with_the_right_code(declared: str, actual: str, suggested: str) -> None:
    x, y = np.array(moved(LINE, coordinate_system(actual))).T
    check_prefix(coordinate_system(actual), look_at(x, y))
    with pytest.raises(ZonePrefixWrong) as caught:
        check_prefix(coordinate_system(declared), look_at(x, y))
    assert caught.value.detail["suggested"] == suggested


def test_every_zone_of_the_series_is_the_register_s() -> None:
    for zone in [*range(13, 24), *range(25, 46)]:
        x = np.array([zone * 1e6 + 500_000.0])
        for code in candidates(look_at(x, np.array([3_386_000.0]))):
            crs = CRS.from_epsg(int(code[5:]))
            assert crs.name.endswith(f"zone {zone}"), (zone, code, crs.name)
            assert ("3-degree" in crs.name) is (zone > 24)
