"""An alignment as a value: its line with a continuous chainage at every vertex, its labels, places on it, parts of it.

Positions are degrees (EPSG:4326, longitude first). Between two vertices, which lie at most 1 km apart, chainage grows
evenly; so it does in PostGIS, where the line is stored with the chainage as M.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from geofences.alignment_errors import LabelOfOtherAlignment
from geofences.calibration import Stake, Tied, calibrate
from geofences.chainage import END_M, parse_chainage
from geofences.construction import Position, build_line
from geofences.coordinates import CoordinateSystem, check_position, zone_of, zone_transformers
from geofences.errors import ChainageInvalid
from geofences.projection import Axis, Candidate, Stretch, candidates_on, prepare_axis, raw_distances
from geofences.stationing import Equation, Stationing, build_stationing

Array: TypeAlias = NDArray[np.float64]

MAX_STAKES = 500
_SAME_PLACE_M = 0.001
# ISO 13249-3: LineString is 2, with M 2000 more. Shapely makes lines with M only out of text.
_LINESTRING_M = 2002


@dataclass(frozen=True, slots=True)
class StakePlan:
    """A known stake as it was declared: its label and its place (x, y) in the alignment's coordinate system."""

    label: str
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignmentPlan:
    """An alignment as it was declared.

    `line` in order of rising chainage, (x, y) in `system`; `start` the label of its first point, None if stakes alone
    tell; `equations` as pairs of labels (back, ahead) in the order in which one meets them.
    """

    system: CoordinateSystem
    line: Sequence[Position]
    prefix: str
    start: str | None = None
    equations: Sequence[tuple[str, str]] = ()
    stakes: Sequence[StakePlan] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """A line with its chainages.

    `lonlat` has a row per vertex, degrees; `chainage_m` the continuous chainage there, rising; `zone` the EPSG code of
    the CGCS2000 3-degree zone in which it is measured; `stakes` what calibration found.
    """

    lonlat: Array
    chainage_m: Array
    stationing: Stationing
    zone: int
    stakes: tuple[Tied, ...] = ()

    @property
    def wkb(self) -> bytes:
        """The line as well-known binary with M, without SRID."""
        points = np.column_stack([self.lonlat, self.chainage_m])
        return struct.pack("<BII", 1, _LINESTRING_M, len(points)) + points.astype("<f8").tobytes()

    @property
    def length_m(self) -> float:
        """Length by its chainages, in metres."""
        return float(self.chainage_m[-1] - self.chainage_m[0])


def build_alignment(plan: AlignmentPlan, where: str = "coordinates") -> Alignment:
    """Check, convert and calibrate what was declared.

    Raises ShapeFault, ChainageInvalid, LabelOfOtherAlignment and the other faults of labels, EquationInvalid,
    BeforeOrigin, StartMissing, StakeFarOff, StakeOutOfOrder or StakeStrained.
    """
    lonlat = np.array(build_line(plan.system, plan.line, where), dtype=np.float64)
    zone = zone_of(float(lonlat[:, 0].min() + lonlat[:, 0].max()) / 2.0)
    axis = axis_of(lonlat, raw_distances(*lonlat.T), zone)
    equations = tuple(Equation(_number(back, plan), _number(ahead, plan)) for back, ahead in plan.equations)
    # Stakes are read before one knows where the labels begin and end: the branches are as long as can be.
    reach_m = float(raw_distances(*lonlat.T)[-1]) * 2.0 + 1_000.0
    found = calibrate(axis, _stakes(plan, equations, zone, reach_m), _start(plan))
    ground_m = raw_distances(*lonlat.T)
    lonlat, ground_m = _with_ties(lonlat, ground_m, found.ground_m)
    chainage_m = found.chainages(ground_m)
    stationing = build_stationing(plan.prefix, float(chainage_m[0]), float(chainage_m[-1]), equations)
    return Alignment(lonlat, chainage_m, stationing, zone, found.stakes)


def axis_of(lonlat: Array, chainage_m: Array, zone: int) -> Axis:
    """Prepare a line (degrees) with the continuous chainages of its vertices for projection in a zone's plane."""
    forward, _ = zone_transformers(zone)
    x, y = forward.transform(lonlat[:, 0], lonlat[:, 1])
    return prepare_axis(np.asarray(x), np.asarray(y), chainage_m - chainage_m[0], float(chainage_m[0]))


def place_at(alignment: Alignment, chainage_m: float) -> tuple[float, float]:
    """Return (lon, lat) in degrees of a continuous chainage in metres, held between the ends."""
    lon, lat = (float(np.interp(chainage_m, alignment.chainage_m, column)) for column in alignment.lonlat.T)
    return lon, lat


def places_near(
    alignment: Alignment, lon: float, lat: float, reach_m: float, within: Sequence[Stretch] = ()
) -> tuple[Candidate, ...]:
    """Return every place of the alignment that is locally nearest to a position (degrees) and within reach (metres)."""
    axis = axis_of(alignment.lonlat, alignment.chainage_m, alignment.zone)
    forward, _ = zone_transformers(alignment.zone)
    x, y = forward.transform(lon, lat)
    return candidates_on(axis, x, y, reach_m, within)


def part_of(alignment: Alignment, stretch: Stretch) -> tuple[Array, Array]:
    """Return vertices (degrees) and chainages (metres) of the part between two chainages of the alignment."""
    inner = (alignment.chainage_m > stretch.from_m) & (alignment.chainage_m < stretch.to_m)
    chainage_m = np.concatenate([[stretch.from_m], alignment.chainage_m[inner], [stretch.to_m]])
    lonlat = np.column_stack([np.interp(chainage_m, alignment.chainage_m, column) for column in alignment.lonlat.T])
    return lonlat, chainage_m


def alignment_of(line_wkb: bytes, prefix: str, equations: tuple[Equation, ...], zone: int) -> Alignment:
    """Return a stored alignment from its line (well-known binary with M), its prefix and its breaks."""
    coordinates = shapely.get_coordinates(shapely.from_wkb(line_wkb), include_m=True)
    chainage_m = coordinates[:, 2]
    stationing = build_stationing(prefix, float(chainage_m[0]), float(chainage_m[-1]), equations)
    return Alignment(np.ascontiguousarray(coordinates[:, :2]), chainage_m, stationing, zone)


def _number(label: str, plan: AlignmentPlan) -> float:
    """Return what a label of an equation or the start says: here it names no place yet."""
    asked = parse_chainage(label)
    if asked.prefix != plan.prefix:
        raise LabelOfOtherAlignment(label=label[:40], prefix=plan.prefix)
    if asked.mark:
        raise ChainageInvalid(label=label[:40])
    return asked.metres


def _start(plan: AlignmentPlan) -> tuple[str, float] | None:
    return None if plan.start is None else (plan.start, _number(plan.start, plan))


def _stakes(plan: AlignmentPlan, equations: tuple[Equation, ...], zone: int, reach_m: float) -> list[Stake]:
    if not plan.stakes:
        return []
    forward, _ = zone_transformers(zone)
    labels = _open_stationing(plan, equations, reach_m)
    stakes: list[Stake] = []
    for index, one in enumerate(plan.stakes):
        x, y = forward.transform(*check_position(plan.system, one.x, one.y, f"stakes[{index}]"))
        stakes.append(Stake(one.label, labels.read(one.label), x, y))
    return stakes


def _open_stationing(plan: AlignmentPlan, equations: tuple[Equation, ...], reach_m: float) -> Stationing:
    """Lay the labels from 0 on, or from the start, to as far as the alignment could possibly reach."""
    start = _start(plan)
    begin_m = 0.0 if start is None else start[1]
    last_m = begin_m
    if start is None:
        # Without a start the stakes say where the labels are.
        last_m = max(parse_chainage(one.label).metres for one in plan.stakes)
    breaks_m = sum(abs(one.back_m - one.ahead_m) for one in equations)
    highest_m = max([last_m, *(one.back_m for one in equations)])
    return build_stationing(plan.prefix, begin_m, min(highest_m + breaks_m + reach_m, END_M - 1.0), equations)


def _with_ties(lonlat: Array, ground_m: Array, ties_m: Sequence[float]) -> tuple[Array, Array]:
    """Put a vertex at every tie, unless there is one within a millimetre, so that chainage bends nowhere between."""
    new = [tie for tie in ties_m if np.abs(ground_m - tie).min() > _SAME_PLACE_M]
    if not new:
        return lonlat, ground_m
    marks = np.union1d(ground_m, np.array(new))
    return np.column_stack([np.interp(marks, ground_m, column) for column in lonlat.T]), marks
