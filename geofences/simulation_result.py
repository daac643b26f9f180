"""What a simulation found, added up: outcomes before and after, people, margins, places along the alignment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from backend.decision.ruling import Outcome
from geofences.bulk_chainages import chainages_within
from geofences.evaluation import REACH_SIGMAS, Fence
from geofences.projection import Axis
from geofences.replay import OUTCOMES, Judged
from geofences.sections import stretches_on
from geofences.unsealing import LeftOut, Opened, add_up

Array: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.intp]

COUNTED: Final = OUTCOMES.index("counted")
MARGINS_M: Final = (-500.0, -200.0, -100.0, -50.0, -20.0, -10.0, 0.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
"""Bounds of the margin histogram: metres, positive inside."""
# Punches farther from the alignment than this say nothing about a place along it.
_REACH_M: Final = 1_000.0
_STEPS_M: Final = (10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0)
_MOST_BINS: Final = 60


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One run of punches: outcomes by number under both states, margins, chainages (NaN: none), people, left out."""

    recorded: NDArray[np.int8]
    before: NDArray[np.int8]
    after: NDArray[np.int8]
    margin_m: Array
    chainage_m: Array
    people: Sequence[bytes | None]
    left_out: Mapping[LeftOut, int]


@dataclass(frozen=True, slots=True)
class Bin:
    """Punches in one stretch of a histogram, `from_m` to before `to_m` (None: no bound)."""

    from_m: float | None
    to_m: float | None
    punches: int
    newly_counted: int
    no_longer_counted: int


@dataclass(frozen=True, slots=True)
class Tally:
    """How a person's punches would change, and his worst margin afterwards (metres, positive inside)."""

    newly_counted: int
    no_longer_counted: int
    otherwise: int
    worst_margin_m: float | None


@dataclass(frozen=True, slots=True)
class Simulated:
    """What would have become of the punches.

    `moves` counts them by (outcome before, outcome after), both computed alike; `differs_from_record` those whose
    stored outcome is another than the one computed for the fences in force.
    """

    simulated: int
    left_out: Mapping[LeftOut, int]
    moves: Mapping[tuple[Outcome, Outcome], int]
    newly_counted: int
    no_longer_counted: int
    differs_from_record: int
    margins: Sequence[Bin]
    chainages: Sequence[Bin]
    people: Mapping[UUID, Tally]
    unknown_people: int


def compare(opened: Opened, before: Judged, after: Judged, drawn: Fence) -> Piece:
    """Note what both states of knowledge say of a run, and where along the drawn fence's alignment."""
    chainage_m = np.full(len(after.outcome), np.nan)
    rows = np.flatnonzero(after.fix >= 0)
    if drawn.axis is not None and rows.size:
        fixes = opened.punches.fixes
        x, y = drawn.forward.transform(fixes.lon[after.fix[rows]], fixes.lat[after.fix[rows]])
        chainage_m[rows] = _chainages(opened, after, drawn, drawn.axis, rows, np.asarray(x), np.asarray(y))
    numbers = {outcome: number for number, outcome in enumerate(OUTCOMES)}
    return Piece(
        recorded=np.array([numbers.get(row.outcome, -1) for row in opened.rows], dtype=np.int8),
        before=before.outcome,
        after=after.outcome,
        margin_m=after.signed_distance_m,
        chainage_m=chainage_m,
        people=[row.person_id for row in opened.rows],
        left_out=opened.left_out,
    )


def _chainages(opened: Opened, after: Judged, drawn: Fence, axis: Axis, rows: Indices, x: Array, y: Array) -> Array:
    """Return chainages on the drawn line, in the person's sections where that can be meant; NaN far away from it."""
    found = np.empty(len(rows))
    situation = opened.punches.situation[rows]
    for number in np.unique(situation).tolist():
        mine = np.flatnonzero(situation == number)
        within = stretches_on(drawn.stationing, drawn.alignment_id, opened.punches.situations[number].within)
        reach_m = REACH_SIGMAS * after.sigma_m[rows[mine]]
        chainage_m, distance_m = chainages_within(axis, x[mine], y[mine], reach_m, within)
        found[mine] = np.where(distance_m <= _REACH_M, chainage_m, np.nan)
    return found


def conclude(pieces: Sequence[Piece]) -> Simulated:
    """Add the runs up."""
    before, after = _outcomes([one.before for one in pieces]), _outcomes([one.after for one in pieces])
    margin_m = _metres([one.margin_m for one in pieces])
    chainage_m = _metres([one.chainage_m for one in pieces])
    gained, lost = (before != COUNTED) & (after == COUNTED), (before == COUNTED) & (after != COUNTED)
    pairs, counts = np.unique(np.stack((before, after)).astype(np.int64), axis=1, return_counts=True)
    people, unknown = _people([person for one in pieces for person in one.people], before, after, margin_m)
    return Simulated(
        simulated=len(before),
        left_out=add_up(one.left_out for one in pieces),
        moves={
            (OUTCOMES[earlier], OUTCOMES[later]): count
            for earlier, later, count in zip(*pairs.tolist(), counts.tolist(), strict=True)
        },
        newly_counted=int(gained.sum()),
        no_longer_counted=int(lost.sum()),
        differs_from_record=int((_outcomes([one.recorded for one in pieces]) != before).sum()),
        margins=_bins(margin_m, np.array(MARGINS_M), gained, lost, open_ends=True),
        chainages=_bins(chainage_m, _chainage_bounds(chainage_m), gained, lost, open_ends=False),
        people=people,
        unknown_people=unknown,
    )


def _outcomes(pieces: Sequence[NDArray[np.int8]]) -> NDArray[np.int8]:
    return np.concatenate([np.zeros(0, dtype=np.int8), *pieces])


def _metres(pieces: Sequence[Array]) -> Array:
    return np.concatenate([np.zeros(0), *pieces])


def _people(
    people: Sequence[bytes | None], before: NDArray[np.int8], after: NDArray[np.int8], margin_m: Array
) -> tuple[dict[UUID, Tally], int]:
    """Tally the changed punches by person; those of nobody known are counted."""
    found: dict[UUID, Tally] = {}
    unknown = 0
    for row in np.flatnonzero(before != after).tolist():
        person = people[row]
        if person is None:
            unknown += 1
            continue
        key = UUID(bytes=person)
        old = found.get(key) or Tally(0, 0, 0, None)
        gained, lost = int(after[row] == COUNTED), int(before[row] == COUNTED)
        margin = None if np.isnan(margin_m[row]) else float(margin_m[row])
        worst = old.worst_margin_m if margin is None else min(margin, old.worst_margin_m or margin)
        found[key] = Tally(
            old.newly_counted + gained, old.no_longer_counted + lost, old.otherwise + 1 - gained - lost, worst
        )
    return found, unknown


def _chainage_bounds(chainage_m: Array) -> Array:
    """Return round bounds that make at most 60 bins of the chainages that occur."""
    known = chainage_m[~np.isnan(chainage_m)]
    if not known.size:
        return np.zeros(0)
    low, high = float(known.min()), float(known.max())
    fitting = (step for step in _STEPS_M if (high - low) / step <= _MOST_BINS - 2)
    step = next(fitting, max(_STEPS_M[-1], (high - low) / (_MOST_BINS - 2)))
    first, last = np.floor(low / step), np.floor(high / step) + 1
    return np.arange(first, last + 1) * step


def _bins(
    values: Array, bounds: Array, gained: NDArray[np.bool_], lost: NDArray[np.bool_], *, open_ends: bool
) -> list[Bin]:
    if not bounds.size:
        return []
    known = ~np.isnan(values)
    place = np.searchsorted(bounds, values[known], side="right")
    size = len(bounds) + 1
    all_, new, old = (
        np.bincount(place[chosen], minlength=size).tolist()
        for chosen in (np.ones(len(place), dtype=np.bool_), gained[known], lost[known])
    )
    edges = [None, *bounds.tolist(), None]
    numbers = range(size) if open_ends else range(1, size - 1)
    return [Bin(edges[one], edges[one + 1], all_[one], new[one], old[one]) for one in numbers]
