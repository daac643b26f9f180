"""Zipped Shapefiles: systems by their .prj, names by their tables, and sets that are broken or incomplete."""

import io
import struct
from typing import Any

import numpy as np
import pytest
import shapefile

from geofences.readers.archive import Archive
from geofences.readers.content import Content
from geofences.readers.errors import FileUnreadable, TooManyFigures
from geofences.readers.shapefiles import MAX_SETS, read_shapefiles
from tests.support import fence_files as files
from tests.support.fence_files import CGCS_114, HOLE, SITE, moved

WGS84 = (
    'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],'
    'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
)


def read(members: dict[str, bytes]) -> Content:
    return read_shapefiles(Archive(files.zipped(members)))


def written(kind: int, write: str, shape: object) -> dict[str, bytes]:
    part = io.BytesIO()
    opened: dict[str, Any] = {"shp": part, "shapeType": kind}
    writer: Any = shapefile.Writer(**opened)
    getattr(writer, write)(shape)
    writer.close()
    return {"a.shp": part.getvalue()}


def test_a_set_is_a_layer_with_names_and_a_system() -> None:
    content = read(files.shapes())
    area, line = content.figures
    assert (area.origin.layer, area.origin.name, area.kind) == ("场地", "料场", "area")
    assert (line.origin.layer, line.origin.name, line.kind) == ("线路", "主线", "line")
    assert content.named is not None
    assert content.named.code == "EPSG:4547"
    assert "CM 114E" in content.named.words
    outer, inner = area.parts[0]
    np.testing.assert_allclose(outer[::-1], moved(SITE, CGCS_114))
    np.testing.assert_allclose(inner, moved(HOLE, CGCS_114))


@pytest.mark.parametrize(("prj", "code"), [(WGS84, "EPSG:4326"), ("", None), ("nonsense", None), ("LOCAL_CS[", None)])
def test_the_system_is_what_the_prj_says_or_open(prj: str, code: str | None) -> None:
    named = read(files.shapes(prj=prj)).named
    assert (named.code if named else None) == code


def test_sets_of_different_systems_leave_it_open() -> None:
    members = files.shapes()
    del members["线路.prj"]
    content = read(members)
    assert content.named is None
    assert [(one.code, one.numbers) for one in content.notices] == [("geofences.systems_differ", {"count": 2})]


@pytest.mark.parametrize("missing", [".dbf", ".shx"])
def test_tables_and_indexes_may_be_missing(missing: str) -> None:
    content = read({name: part for name, part in files.shapes().items() if not name.endswith(missing)})
    assert [one.kind for one in content.figures] == ["area", "line"]
    assert [one.origin.name for one in content.figures] == (["", ""] if missing == ".dbf" else ["料场", "主线"])


def test_endings_in_capitals_belong_together() -> None:
    content = read({name.upper(): part for name, part in files.shapes().items()})
    assert content.named is not None
    assert len(content.figures) == 2


def test_islands_and_their_holes_find_each_other() -> None:
    def square(x: float, y: float, half: float) -> list[list[float]]:
        corners = [[x - half, y - half], [x - half, y + half], [x + half, y + half], [x + half, y - half]]
        return [*corners, corners[0]]

    rings = [square(0, 0, 10), square(100, 0, 10)[::1], square(100, 0, 3)[::-1], square(0, 0, 3)[::-1]]
    (area,) = read(written(shapefile.POLYGON, "poly", rings)).figures
    assert [len(part) for part in area.parts] == [2, 2]
    for part in area.parts:
        assert part[0].mean(axis=0)[0] == pytest.approx(part[1].mean(axis=0)[0], abs=3.0)


def test_points_are_points() -> None:
    (one,) = (
        read(written(shapefile.POINTZ, "pointz", (1.0))).figures
        if False
        else read(written(shapefile.MULTIPOINT, "multipoint", [[1.0, 2.0]])).figures
    )
    assert one.kind == "point"
    assert next(one.paths).tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize("keep", [0, 50, 99, 101, 130, -8])
def test_a_cut_off_shp_is_unreadable(keep: int) -> None:
    members = files.shapes()
    members["线路.shp"] = members["线路.shp"][:keep]
    with pytest.raises(FileUnreadable) as caught:
        read(members)
    assert caught.value.detail == {"format": "shapefile", "where": "线路.shp", "reason": "shp"}


@pytest.mark.parametrize(("offset", "number"), [(144, 2**31 - 1), (148, 2**31 - 1), (148, -5)])
def test_counts_that_lie_are_unreadable(offset: int, number: int) -> None:
    members = files.shapes()
    broken = bytearray(members["线路.shp"])
    broken[offset : offset + 4] = struct.pack("<i", number)
    members["线路.shp"] = bytes(broken)
    with pytest.raises(FileUnreadable):
        read(members)


def test_a_broken_table_costs_only_the_names() -> None:
    members = files.shapes()
    members["场地.dbf"] = members["场地.dbf"][:20]
    assert [one.origin.name for one in read(members).figures] == ["", "主线"]


def test_sets_are_counted() -> None:
    shp = files.shapes()["线路.shp"]
    with pytest.raises(TooManyFigures):
        read({f"{index}.shp": shp for index in range(MAX_SETS + 1)})
