"""Calibration of a line at known stakes: continuous chainage becomes what the design says, piece by piece.

A traced line is some permille longer or shorter than the design's, and its first point is not where the design begins.
Stakes whose place and label are both known tie it down: at each of them the chainage is the label's, between two of
them it grows evenly with the ground distance, before the first and after the last as on the ground.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from geofences.alignment_errors import StakeFarOff, StakeOutOfOrder, StakeStrained, StartMissing
from geofences.projection import Axis, Candidate, candidates_on, nearest_on

Array: TypeAlias = NDArray[np.float64]

MAX_STAKE_OFFSET_M: Final = 30.0
"""A stake stands on the line, or on the edge of its carriageway; further off it belongs to another line or datum."""
_LEAST_GAP_M: Final = 1.0
# A line that was traced to a few metres and a design that was realigned a little differ by no more than this.
_STRAIN_M: Final = 10.0
_STRAIN: Final = 0.05
_FAR_M: Final = 1_000.0


class Stake(NamedTuple):
    """A known stake: its label as given, the continuous chainage that the label means, its place in the axis' plane."""

    label: str
    chainage_m: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Tied:
    """A stake that was found on the line.

    `ground_m`: ground distance from the line's first point. `offset_m`: how far it stands off the line (left positive).
    `shift_m`: its chainage less that of a line that grows as on the ground from the first tie. `residual_m`: its
    chainage less what its neighbours alone would have given; 0 without any. A mistyped label shows in the residual.
    """

    label: str
    chainage_m: float
    ground_m: float
    offset_m: float
    shift_m: float
    residual_m: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Continuous chainage by ground distance: `ground_m` and `chainage_m` of the ties, rising, and the stakes."""

    ground_m: tuple[float, ...]
    chainage_m: tuple[float, ...]
    stakes: tuple[Tied, ...]

    def chainages(self, ground_m: Array) -> Array:
        """Return the continuous chainage at ground distances from the line's first point, both in metres."""
        inside = np.interp(ground_m, self.ground_m, self.chainage_m)
        before = np.minimum(ground_m - self.ground_m[0], 0.0)
        after = np.maximum(ground_m - self.ground_m[-1], 0.0)
        return inside + before + after


def calibrate(axis: Axis, stakes: Sequence[Stake], start: tuple[str, float] | None = None) -> Calibration:
    """Tie a line to its stakes, in any order, and to its `start`, label and chainage of its first point, where known.

    `axis` is prepared with ground distances that begin at 0. Where legs run close, a stake is looked for ahead of the
    one before it, at the place that agrees best with the labels. Raises StartMissing, StakeFarOff (30 m),
    StakeOutOfOrder or StakeStrained (design and ground between two ties differ by more than 10 m and 5 %).
    """
    ties = [] if start is None else [_Tie(0.0, start[1], start[0])]
    found: list[tuple[Stake, Candidate]] = []
    for stake in sorted(stakes, key=lambda one: one.chainage_m):
        place = _place_of(axis, stake, ties[-1] if ties else None)
        found.append((stake, place))
        tie = _Tie(place.chainage_m, stake.chainage_m, stake.label)
        if ties and tie[:2] == ties[-1][:2]:
            continue  # a stake at the very beginning repeats the start
        if ties:
            _check(ties[-1], tie)
        ties.append(tie)
    if not ties:
        raise StartMissing
    ground_m, chainage_m = tuple(tie.ground_m for tie in ties), tuple(tie.chainage_m for tie in ties)
    grown_m = chainage_m[0] - ground_m[0]
    tied = tuple(
        Tied(
            stake.label,
            stake.chainage_m,
            place.chainage_m,
            place.offset_m,
            stake.chainage_m - (grown_m + place.chainage_m),
            _residual(ground_m, chainage_m, place.chainage_m),
        )
        for stake, place in found
    )
    return Calibration(ground_m, chainage_m, tied)


class _Tie(NamedTuple):
    ground_m: float
    chainage_m: float
    label: str


def _place_of(axis: Axis, stake: Stake, before: _Tie | None) -> Candidate:
    near = candidates_on(axis, stake.x, stake.y, MAX_STAKE_OFFSET_M)
    if not near:
        nearest = nearest_on(axis, stake.x, stake.y)
        off_m = None if nearest is None or nearest.distance_m > _FAR_M else round(nearest.distance_m, 1)
        raise StakeFarOff(label=stake.label, offset_m=off_m, limit_m=MAX_STAKE_OFFSET_M)
    if before is None:
        return near[0]
    expected_m = before.ground_m + stake.chainage_m - before.chainage_m
    return min(near, key=lambda one: abs(one.chainage_m - expected_m))


def _check(before: _Tie, tie: _Tie) -> None:
    design_m, ground_m = tie.chainage_m - before.chainage_m, tie.ground_m - before.ground_m
    if ground_m < _LEAST_GAP_M or design_m < _LEAST_GAP_M:
        raise StakeOutOfOrder(label=tie.label, before=before.label)
    if abs(design_m - ground_m) > _STRAIN_M + _STRAIN * ground_m:
        raise StakeStrained(
            label=tie.label, before=before.label, design_m=round(design_m, 1), ground_m=round(ground_m, 1)
        )


def _residual(ground_m: Sequence[float], chainage_m: Sequence[float], at_m: float) -> float:
    """Return a tie's chainage less what the others alone say there."""
    index = ground_m.index(at_m)
    others = [*range(index), *range(index + 1, len(ground_m))]
    if not others:
        return 0.0
    rest = Calibration(tuple(ground_m[one] for one in others), tuple(chainage_m[one] for one in others), ())
    return chainage_m[index] - float(rest.chainages(np.array([at_m]))[0])
