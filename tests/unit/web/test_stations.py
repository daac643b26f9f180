"""Labels and pieces of alignments as the desk shows them, against what the server stores."""

from typing import Any

import numpy as np
import pytest

from geofences.alignment import Alignment, part_of
from geofences.coordinates import zone_of
from geofences.projection import Stretch
from geofences.stationing import Equation, build_stationing
from tests.support.typescript import call_all

FROM_M, TO_M = 12_300.0, 15_421.337
# A long chain (labels stand twice) and a short one (labels stand nowhere).
EQUATIONS = (Equation(13_000.25, 12_900.5), Equation(13_500.0, 13_700.125))


@pytest.fixture(scope="module")
def alignment() -> Alignment:
    marks = np.linspace(FROM_M, TO_M, 60)
    lonlat = np.column_stack([114.3 + 0.03 * np.sin(marks / 2000.0), 30.5 + (marks - FROM_M) / 150_000.0])
    labels = build_stationing("ZK", FROM_M, TO_M, EQUATIONS)
    return Alignment(lonlat, marks, labels, zone_of(114.3))


@pytest.fixture(scope="module")
def line(alignment: Alignment) -> dict[str, Any]:
    """Give the alignment as the desk reads it out of the API's answer."""
    labels = alignment.stationing
    branches = [
        {"mark": one.mark, "begin": labels.speak(one.from_m), "end": "", "from_m": one.from_m, "to_m": one.to_m}
        for one in labels.branches
    ]
    points = np.column_stack([alignment.lonlat, alignment.chainage_m]).tolist()
    answer = {"version": {"number": 3, "line": {"branches": branches}}, "coordinates": points}
    return call_all("desk/fences/stations.ts", [("lineOf", ["a1", "left", "ZK", answer])])[0]


def test_labels_are_the_servers_own(alignment: Alignment, line: dict[str, Any]) -> None:
    labels = alignment.stationing
    breaks = [one.from_m for one in labels.branches] + [one.to_m for one in labels.branches]
    marks = [*np.round(np.linspace(FROM_M, TO_M, 400), 3).tolist(), *breaks]
    spoken = call_all(
        "desk/fences/stations.ts",
        [("labelOf", [line, mark]) for mark in marks] + [("labelOf", [line, mark, True]) for mark in breaks],
    )
    assert spoken == [labels.speak(mark) for mark in marks] + [labels.speak_end(mark) for mark in breaks]
    read = call_all("desk/fences/stations.ts", [("chainageOf", [line, label]) for label in spoken])
    assert read == pytest.approx([labels.read(label) for label in spoken], abs=1e-6)


def test_a_label_that_means_no_one_place_is_told_why(line: dict[str, Any]) -> None:
    asked = ["ZK12+950", "ZK12+950B", "zk 12＋950.000（A）", "ZK13+600", "ZK99+000", "K12+950", "12.95"]
    twice, second, first, gap, beyond, other, none = call_all(
        "desk/fences/stations.ts", [("chainageOf", [line, label]) for label in asked]
    )
    assert twice == {"why": "twice", "meant": ["ZK12+950A", "ZK12+950B"]}
    assert second - first == pytest.approx(99.75)
    assert gap == beyond == {"why": "nowhere"}
    assert other == none == {"why": "no_label"}


@pytest.mark.parametrize("ends", [(FROM_M, TO_M), (12_345.5, 12_345.75), (12_700.0, 14_990.125)])
def test_a_piece_is_the_one_that_the_server_cuts(
    alignment: Alignment, line: dict[str, Any], ends: tuple[float, float]
) -> None:
    found = call_all("desk/fences/stations.ts", [("cut", [line, *ends])])[0]
    lonlat, _ = part_of(alignment, Stretch(*ends))
    # A nanodegree is 0.1 mm.
    assert np.allclose(found, lonlat, rtol=0, atol=1e-10)


def test_a_place_beside_a_line_has_its_measure_and_side() -> None:
    line = [[114.3, 30.5], [114.31, 30.5], [114.31, 30.51]]
    left, right = call_all(
        "desk/fences/stations.ts",
        [("beside", [line, [0, 960, 2070], [114.305, 30.501]]), ("beside", [line, [0, 960, 2070], [114.311, 30.505]])],
    )
    assert left["along_m"] == pytest.approx(480, abs=1)
    assert left["left_m"] == pytest.approx(110.9, abs=0.5)
    assert right["left_m"] == pytest.approx(-95.9, abs=0.5)


def test_the_pointer_takes_corners_before_edges_and_nothing_out_of_reach() -> None:
    square = [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 0.0]]
    asked = [[9.5, 0.2], [5.0, 0.6], [5.0, 1.2], [10.4, 5.0]]
    assert call_all("desk/fences/snapping.ts", [("snapped", [at, [square], [1, 1]]) for at in asked]) == [
        [10.0, 0.0],
        [5.0, 0.0],
        None,
        [10.0, 5.0],
    ]
