"""The figures of the real phone come from its fixes, and the rule judges fixes and figures alike."""

import csv
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest
from pyproj import Geod

from bench.verdict import HALF_WIDTH_M, POLICY, ours, real_errors
from geofences.choice import Fix, evaluate_fixes
from geofences.construction import build_corridor
from geofences.coordinates import to_wgs84
from geofences.shapes import WidthRange
from tests.support.fences import EAST_M, NORTH_M, PLANE, metres, prepared
from tools.house import ROOT

FIXES = ROOT.parent / "shared/data/geo/pixel6_walk_fixes.csv"

pytestmark = pytest.mark.skipif(
    not FIXES.exists(), reason="the walk itself lies outside the project; its figures are tested in test_verdict.py"
)


class Walked(NamedTuple):
    """A fix: provider, claimed accuracy, and how far it lies from the phone's own track (metres)."""

    provider: str
    accuracy_m: float
    east_m: float
    north_m: float


def walked() -> Iterator[Walked]:
    with FIXES.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    track = [row for row in rows if row["Provider"] == "GPS"]
    at = np.array([float(row["UnixTimeMillis"]) for row in track])
    lon = np.array([float(row["LongitudeDegrees"]) for row in track])
    lat = np.array([float(row["LatitudeDegrees"]) for row in track])
    geod = Geod(ellps="WGS84")
    for row in rows:
        when = float(row["UnixTimeMillis"])
        if row["Provider"] == "GPS" or not at[0] <= when <= at[-1]:
            continue
        there = float(np.interp(when, at, lon)), float(np.interp(when, at, lat))
        azimuth, _, away = geod.inv(*there, float(row["LongitudeDegrees"]), float(row["LatitudeDegrees"]))
        turn = np.radians(azimuth)
        yield Walked(
            row["Provider"], float(row["AccuracyMeters"]), float(away * np.sin(turn)), float(away * np.cos(turn))
        )


@pytest.mark.parametrize("provider", ["FLP", "NLP"])
def test_the_figures_are_those_of_the_fixes(provider: str) -> None:
    accuracy, north = real_errors(provider)
    mine = [one for one in walked() if one.provider == provider]
    assert abs(len(mine) - len(accuracy)) <= 2, "but for fixes at the ends of the track"
    errors = np.hypot([one.east_m for one in mine], [one.north_m for one in mine])
    assert np.median([one.accuracy_m for one in mine]) == pytest.approx(np.median(accuracy), rel=0.05)
    assert np.percentile(np.abs([one.north_m for one in mine]), 90) == pytest.approx(
        np.percentile(np.abs(north), 90), rel=0.1
    )
    assert np.median(errors) < (4.0 if provider == "FLP" else 40.0)


@pytest.mark.parametrize("place", [-HALF_WIDTH_M - 100.0, -8.0, 0.0, 8.0, HALF_WIDTH_M + 100.0])
def test_each_fix_is_judged_as_its_figures_are(place: float) -> None:
    fence = prepared(build_corridor(PLANE, metres([(-2000, 0), (2000, 0)]), [WidthRange(0.0, None, 10.0, 10.0)]))
    counted: dict[str, list[bool]] = {"FLP": [], "NLP": []}
    for one in walked():
        lon, lat = to_wgs84(PLANE, EAST_M + one.east_m, NORTH_M + place + one.north_m)
        chosen = evaluate_fixes([fence], [Fix(float(lon), float(lat), one.accuracy_m, "android")], POLICY)
        assert chosen is not None
        says = chosen.evaluation.side == "inside"
        assert says == bool(ours(np.array([[place + one.north_m]]), np.array([[one.accuracy_m]]))[0, 0])
        counted[one.provider].append(says)
    if abs(place) > HALF_WIDTH_M:
        assert not any(counted["FLP"] + counted["NLP"])
    else:
        assert np.mean(counted["FLP"]) >= 0.9
