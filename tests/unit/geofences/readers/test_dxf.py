"""DXF: lines by layer, arcs with a stated sag, joined pieces, mirrored planes, and drawings that are broken."""

import math
from itertools import pairwise

import numpy as np
import pytest
from ezdxf.layouts.layout import Modelspace

from geofences.readers import content as bounds
from geofences.readers.chains import Chains
from geofences.readers.content import Array, Content
from geofences.readers.dxf import SAG_M, read_dxf
from geofences.readers.errors import FileUnreadable, FormatUnknown, TooManyPositions
from tests.support import fence_files as files
from tests.support.fence_files import CGCS_114, LINE, SITE, moved


def read(space: Modelspace) -> Content:
    return read_dxf(files.dxf_of(space))


def only_path(space: Modelspace) -> Array:
    (figure,) = read(space).figures
    return next(figure.paths)


@pytest.mark.parametrize("version", ["R12", "R2000", "R2010", "R2018"])
def test_layers_have_lines_and_areas(version: str) -> None:
    site, road = read_dxf(files.dxf(version=version)).figures
    assert (site.kind, site.origin.layer) == ("area", "SITE")
    assert (road.kind, road.origin.layer) == ("line", "ROAD")
    np.testing.assert_allclose(next(site.paths), moved(SITE[:-1], CGCS_114), atol=1e-6)
    path = next(road.paths)
    # The pieces come out as one line, in the direction of the first of them.
    np.testing.assert_allclose(path, moved(LINE, CGCS_114), atol=1e-6)


def test_what_is_no_line_is_counted_and_told() -> None:
    space = files.drawing()
    space.add_line((0, 0), (10, 0))
    space.add_text("K0+000")
    block = space.doc.blocks.new("FRAME")  # type: ignore[union-attr] - a document has it
    block.add_line((0, 0), (5, 5))
    space.add_blockref("FRAME", (0, 0))
    content = read(space)
    assert len(content.figures) == 1
    (notice,) = content.notices
    assert (notice.code, notice.numbers) == ("geofences.entities_skipped", {"count": 2, "kinds": "TEXT 1, INSERT 1"})


def test_paper_space_is_no_site() -> None:
    space = files.drawing()
    space.add_line((0, 0), (10, 0))
    space.doc.paperspace().add_line((0, 0), (297, 210))  # type: ignore[union-attr] - a document has it
    assert len(read(space).figures) == 1


def test_a_layer_s_name_may_be_chinese() -> None:
    space = files.drawing("R2010")
    space.add_line((0, 0), (10, 0), dxfattribs={"layer": "道路中线"})
    (figure,) = read(space).figures
    assert figure.origin.layer == "道路中线"


def test_units_other_than_metres_are_doubted() -> None:
    space = files.drawing()
    space.doc.units = 4  # type: ignore[union-attr] - millimetres, as new drawings have it whatever is drawn
    space.add_line((0, 0), (10, 0))
    assert [(one.code, one.numbers) for one in read(space).notices] == [("geofences.units_doubtful", {"units": 4})]


def off_circle(path: Array, centre: tuple[float, float], radius: float) -> tuple[float, float]:
    """Return how far the corners, and the middles of the chords, lie off a circle."""
    middles = (path[1:] + path[:-1]) / 2.0
    return tuple(float(np.abs(np.hypot(*(one - centre).T) - radius).max()) for one in (path, middles))  # type: ignore[return-value] - two of them


@pytest.mark.parametrize("radius", [0.5, 15.0, 300.0, 20_000.0])
def test_arcs_sag_at_most_a_centimetre(radius: float) -> None:
    space = files.drawing()
    space.add_arc((1_000, 2_000), radius, 30, 150)
    corners, middles = off_circle(only_path(space), (1_000, 2_000), radius)
    assert corners < 1e-6
    assert middles <= SAG_M * 1.001


@pytest.mark.parametrize("bulge", [0.1, 1.0, -0.4, -1.0, 2.5])
def test_a_bulge_is_its_arc(bulge: float) -> None:
    space = files.drawing()
    space.add_lwpolyline([(0, 0, bulge), (100, 0, 0), (100, 50, 0)], format="xyb")
    path = only_path(space)
    angle = 4.0 * math.atan(abs(bulge))
    radius = 50.0 / math.sin(angle / 2.0)
    arc = path[: len(path) - 1]
    assert arc[0].tolist() == [0.0, 0.0]
    np.testing.assert_allclose(arc[-1], [100.0, 0.0], atol=1e-9)
    height = 50.0 * bulge
    # A positive bulge runs counter-clockwise: from (0, 0) to (100, 0) it hangs below the chord.
    assert (-arc[:, 1] if bulge > 0 else arc[:, 1]).max() == pytest.approx(abs(height), abs=SAG_M)
    centre = (50.0, (-height + math.copysign(abs(radius), bulge)))
    corners, middles = off_circle(arc, centre, abs(radius))
    assert corners < 1e-6
    assert middles <= SAG_M * 1.001


def test_old_polylines_have_bulges_too() -> None:
    new, old = files.drawing(), files.drawing("R2000")
    corners = [(0.0, 0.0, 0.5), (100.0, 0.0, -0.2), (150.0, 80.0, 0.0)]
    new.add_lwpolyline(corners, format="xyb", close=True)
    old.add_polyline2d(corners, format="xyb", close=True)
    np.testing.assert_allclose(only_path(new), only_path(old), atol=1e-9)
    assert read(old).figures[0].kind == "area"


def test_three_dimensional_polylines_lose_their_height() -> None:
    space = files.drawing()
    space.add_polyline3d([(0, 0, 5), (10, 0, 6), (10, 10, 7)])
    assert only_path(space).tolist() == [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]]


def test_a_mirrored_plane_is_turned_back() -> None:
    space = files.drawing()
    space.add_lwpolyline([(-5, 0), (-20, 3)], dxfattribs={"extrusion": (0, 0, -1)})
    np.testing.assert_allclose(only_path(space), [[5.0, 0.0], [20.0, 3.0]], atol=1e-9)


def test_circles_are_areas() -> None:
    space = files.drawing()
    space.add_circle((10, 20), 5)
    (figure,) = read(space).figures
    assert figure.kind == "area"
    assert off_circle(next(figure.paths), (10, 20), 5.0)[1] <= SAG_M * 1.001


def test_a_loop_of_lines_is_an_area() -> None:
    space = files.drawing()
    corners = [(0, 0), (10, 0), (10, 10), (0, 10), (0, 0)]
    for begin, end in pairwise(corners):
        space.add_line(begin, end)
    (figure,) = read(space).figures
    assert figure.kind == "area"


def test_lines_end_at_forks() -> None:
    chains = Chains()
    for begin, end in (((0, 0), (1, 0)), ((1, 0), (2, 0)), ((2, 0), (3, 1)), ((2, 0), (3, -1))):
        chains.add(np.array([begin, end], dtype=np.float64))
    assert sorted(len(path) for path in chains.joined()) == [2, 2, 3]


def test_a_hundred_thousand_pieces_are_joined() -> None:
    at = np.column_stack([np.arange(20_001.0), np.zeros(20_001)])
    chains = Chains()
    order = np.random.default_rng(5).permutation(20_000)
    for index in order.tolist():
        chains.add(at[index : index + 2] if index % 2 else at[index : index + 2][::-1])
    (path,) = chains.joined()
    assert len(path) == 20_001
    assert np.abs(np.diff(path[:, 0])).max() == 1.0


@pytest.mark.parametrize(
    ("radius", "bulge"), [(1e12, 0.0), (0.0, 0.0), (-5.0, 0.0), (float("inf"), 0.0), (5.0, 1e300), (5.0, 1e-300)]
)
def test_arcs_without_measure_cost_nothing(radius: float, bulge: float) -> None:
    space = files.drawing()
    if bulge:
        space.add_lwpolyline([(0, 0, bulge), (100, 0, 0)], format="xyb")
        assert len(only_path(space)) == 2
    else:
        space.add_circle((0, 0), radius)
        with pytest.raises(FileUnreadable):
            read(space)


@pytest.mark.parametrize(
    ("content", "where", "reason"),
    [
        (b"0\nSECTION\n2\nHEADER\n0\nENDSEC\n0\nEOF\n", "ENTITIES", "section"),
        (b"0\nSECTION\n2\nENTITIES\n0\nLINE\n10\n1\n", "ENTITIES", "truncated"),
        (b"0\nSECTION\n2\nENTITIES\n0\nLINE\n10\nx\n20\n1\n0\nENDSEC\n0\nEOF\n", "ENTITIES", "tags"),
        (b"0\nSECTION\n2\nENTITIES\nLINE\n0\nLINE\n10\n0\nENDSEC\n", "ENTITIES", "tags"),
    ],
)
def test_broken_drawings_are_unreadable(content: bytes, where: str, reason: str) -> None:
    with pytest.raises(FileUnreadable) as caught:
        read_dxf(content)
    assert caught.value.detail == {"format": "dxf", "where": where, "reason": reason}


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_drawing_that_is_cut_off_is_unreadable(share: float) -> None:
    content = files.dxf(version="R12")
    with pytest.raises(FileUnreadable):
        read_dxf(content[: int(len(content) * share)])


def test_binary_drawings_are_named() -> None:
    with pytest.raises(FormatUnknown):
        read_dxf(b"AutoCAD Binary DXF\r\n\x1a\0")


def test_positions_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_POSITIONS", 8)
    with pytest.raises(TooManyPositions):
        read_dxf(files.dxf())
