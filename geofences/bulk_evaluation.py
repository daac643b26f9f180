"""Judges many fixes against one fence at once: the same rule and numbers as one by one, as whole-array operations.

Clear cases first. With the nearest edge d metres away, a disc of radius d lies wholly on the fix's side of the edge, so
that the probability of being on the other side is at most exp(-d^2 / 2 sigma^2) (the tail of a Rayleigh distribution).
Where that bound and the cover settle the side nothing else is computed. For the rest a search tree gives each fix the
edges within 6 sigma, and the formula of `evaluation.measure` is applied to all pairs of fix and edge together. The
winding number comes from the edges whose northings span the fix, found by sorting, with the same sign tests.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from backend.decision.nearness import error_sigmas
from geofences.choice import AS_GOOD
from geofences.edge_masses import edge_masses
from geofences.edge_search import edges_of
from geofences.evaluation import CUT_SIGMAS, FAR_M, ON_EDGE_M, EvaluationPolicy, Fence, measure

Array: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.intp]
Flags: TypeAlias = NDArray[np.bool_]

INSIDE, UNCERTAIN, OUTSIDE, NOWHERE = 0, 1, 2, 3
"""Sides as numbers, in the order of severity; NOWHERE: without a fence or a fix."""

# Pairs of fix and edge that are held at once: some 200 MB of arrays.
_PAIRS: Final = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class ManyFixes:
    """Fixes as arrays: degrees (EPSG:4326), accuracy in metres and sigma per metre of it, age in seconds, simulated."""

    lon: Array
    lat: Array
    accuracy_m: Array
    sigma_per_m: Array
    age_s: Array
    mock: Flags

    def take(self, rows: Indices) -> "ManyFixes":
        """Return the fixes of those indices, in their order."""
        return ManyFixes(
            self.lon[rows],
            self.lat[rows],
            self.accuracy_m[rows],
            self.sigma_per_m[rows],
            self.age_s[rows],
            self.mock[rows],
        )


@dataclass(frozen=True, slots=True, eq=False)
class ManyEvaluations:
    """What a fence says about many fixes; metres, positive inside. `x`, `y` in the plane of the fence's zone.

    `probability` is exact where `exact` says so; elsewhere it is the bound that settled the side (at least so much
    inside, at most so much outside).
    """

    side: NDArray[np.int8]
    covered: Flags
    signed_distance_m: Array
    probability: Array
    exact: Flags
    sigma_m: Array
    x: Array
    y: Array


def evaluate_many(
    fence: Fence, fixes: ManyFixes, policy: EvaluationPolicy, *, exact: bool = False, sides_only: bool = False
) -> ManyEvaluations:
    """Judge fixes as `evaluation.evaluate` judges each; accuracies must be finite and not negative.

    With `exact` the probability of every fix is computed, also where its side is clear without. With `sides_only` even
    distances are left out (0, and 0 for the probability) where the fence covers a fix that is good enough;
    `add_distances` finds them.
    """
    sigma_m = np.maximum(policy.sigma_floor_m, policy.sigma_inflation * fixes.sigma_per_m * fixes.accuracy_m)
    x, y = (np.asarray(one, dtype=np.float64) for one in fence.forward.transform(fixes.lon, fixes.lat))
    covered = _winding(fence, x, y) != 0
    fits = fixes.accuracy_m <= policy.accuracy_cap_m
    asked = np.flatnonzero(~(covered & fits)) if sides_only else np.arange(len(x))
    edge, distance2 = np.zeros(len(x), dtype=np.intp), np.zeros(len(x))
    edge[asked], distance2[asked] = edges_of(fence).nearest(x[asked], y[asked])
    distance = np.sqrt(distance2)
    signed_m = np.where(covered, distance, -distance)
    tail = np.exp(-0.5 * distance2 / (sigma_m * sigma_m))
    thrown_out, thrown_near = error_sigmas(policy.counted_tail, policy.far_probability)
    reach = np.minimum(thrown_out * sigma_m, policy.far_m - thrown_near * sigma_m)
    good = (covered | (distance <= reach)) & (fixes.accuracy_m <= policy.accuracy_cap_m)
    refusable = (tail < policy.refuse_probability) & ~good
    clear = np.where(covered, good | (1.0 - tail >= policy.count_probability), refusable)
    settled = distance >= CUT_SIGMAS * sigma_m
    probability = np.where(covered, np.where(settled, 1.0, 1.0 - tail), np.where(settled, 0.0, tail))
    far = np.flatnonzero(signed_m < -FAR_M)
    if far.size:
        signed_m[far] = -_ground_distances(fence, edge[far], x[far], y[far], fixes.lon[far], fixes.lat[far])
    side = np.where(covered | good, INSIDE, OUTSIDE).astype(np.int8)
    found = ManyEvaluations(side, covered, signed_m, probability, settled, sigma_m, x, y)
    for row in asked[distance[asked] <= ON_EDGE_M].tolist():
        covered[row], signed_m[row], probability[row] = measure(
            fence, float(x[row]), float(y[row]), float(sigma_m[row])
        )[:3]
        settled[row] = True
        good[row] = fits[row]
        clear[row] = False
    refine(fence, found, np.flatnonzero(~settled if exact else ~(settled | clear)))
    open_ = np.flatnonzero(~clear | settled)
    inside = (probability[open_] >= policy.count_probability) | good[open_]
    refused = probability[open_] < policy.refuse_probability
    side[open_] = np.where(inside, INSIDE, np.where(refused, OUTSIDE, UNCERTAIN))
    return found


def add_distances(fence: Fence, found: ManyEvaluations, rows: Indices) -> None:
    """Find the signed distances of fixes that the fence covers and that `sides_only` left out, in place."""
    if rows.size:
        found.signed_distance_m[rows] = np.sqrt(edges_of(fence).nearest(found.x[rows], found.y[rows])[1])


def refine(fence: Fence, found: ManyEvaluations, rows: Indices) -> None:
    """Compute the exact probability of the fixes of those indices, in place."""
    if not rows.size:
        return
    covered = found.covered[rows]
    probability = _probabilities(fence, found.x[rows], found.y[rows], found.sigma_m[rows], covered)
    found.probability[rows] = probability
    found.exact[rows] = True


def choose_many(
    fence: Fence, first: Indices, fixes: ManyFixes, found: ManyEvaluations, alike: Indices | None = None
) -> Indices:
    """Return for each punch the index of the fix to judge it by, as `choice.choose_fix` chooses.

    The fixes of punch i are those from `first[i]` to before `first[i + 1]`, of the last one all that are left; every
    punch has at least one. Where several fixes compete, their exact probabilities are computed. `alike` numbers the
    fixes by what else their choice decides: among those of the best side that are alike in it any may be returned, and
    nothing is computed to tell them apart.
    """
    count = np.diff(np.append(first, len(fixes.lon)))
    if (count == 1).all():
        return first
    punch = np.repeat(np.arange(len(first)), count)
    only_mock = np.bitwise_and.reduceat(fixes.mock, first)
    real = ~fixes.mock | only_mock[punch]
    best = np.minimum.reduceat(np.where(real, found.sigma_m, np.inf), first)
    equal = real & (found.sigma_m <= AS_GOOD * best[punch])
    inside = equal & (found.side == INSIDE)
    rivals = np.where(np.logical_or.reduceat(inside, first)[punch], inside, equal)
    if alike is not None:
        rivals &= found.side == np.minimum.reduceat(np.where(rivals, found.side, NOWHERE), first)[punch]
    several = np.add.reduceat(rivals.astype(np.int64), first) > 1
    if alike is not None:
        least = np.minimum.reduceat(np.where(rivals, alike, np.iinfo(np.intp).max), first)
        several &= least != np.maximum.reduceat(np.where(rivals, alike, -1), first)
    compared = rivals & several[punch]
    add_distances(fence, found, np.flatnonzero(compared & found.covered & (found.signed_distance_m == 0.0)))
    refine(fence, found, np.flatnonzero(compared & ~found.exact))
    # Sorted by what favours, least first: the last of each punch is the best. Of equals the first one given wins.
    order = np.lexsort(
        (-np.arange(len(punch)), -fixes.age_s, found.signed_distance_m, found.probability, rivals, punch)
    )
    return order[np.cumsum(count) - 1]


def _probabilities(fence: Fence, x: Array, y: Array, sigma_m: Array, covered: Flags) -> Array:
    """Return the probability of being inside; `covered` tells the winding is needed."""
    winding = _winding(fence, x, y) if covered.any() else np.zeros(len(x), dtype=np.int64)
    probability = winding.astype(np.float64)
    cut = CUT_SIGMAS * sigma_m
    for low, rows, fix, edge in edges_of(fence).near(x, y, cut, _PAIRS):
        dx, dy = x[fix] - fence.x[edge], y[fix] - fence.y[edge]
        ux, uy, length = fence.ux[edge], fence.uy[edge], fence.length[edge]
        along, across = dx * ux + dy * uy, dy * ux - dx * uy
        rest = along - np.minimum(np.maximum(along, 0.0), length)
        close = np.flatnonzero(across * across + rest * rest < cut[fix] * cut[fix])
        who = fix[close]
        turned = edge_masses(across[close], -along[close], length[close], sigma_m[who])
        probability[low : low + rows] -= np.bincount(who - low, weights=turned, minlength=rows)
    return np.clip(probability, 0.0, 1.0)


def _winding(fence: Fence, x: Array, y: Array) -> NDArray[np.int64]:
    """Count how often the fence winds round each position, with the same sign tests as `evaluation.measure`."""
    order = np.argsort(y)
    sorted_y = y[order]
    low = np.searchsorted(sorted_y, np.minimum(fence.y, fence.end_y), side="left")
    high = np.searchsorted(sorted_y, np.maximum(fence.y, fence.end_y), side="left")
    spans = high - low
    winding = np.zeros(len(x), dtype=np.int64)
    for begin, end in _batches(spans):
        count = spans[begin:end]
        edge = np.repeat(np.arange(begin, end), count)
        offset = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
        fix = order[low[edge] + offset]
        left = (y[fix] - fence.y[edge]) * fence.ux[edge] - (x[fix] - fence.x[edge]) * fence.uy[edge] >= 0.0
        upward = fence.y[edge] < fence.end_y[edge]
        winding += np.bincount(fix[upward & left], minlength=len(x))
        winding -= np.bincount(fix[~(upward | left)], minlength=len(x))
    return winding


def _batches(counts: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Cut a sequence of counts into runs of at most _PAIRS together (or of one)."""
    total = np.cumsum(counts)
    begin, done = 0, 0
    while begin < len(counts):
        end = max(int(np.searchsorted(total, done + _PAIRS, side="right")), begin + 1)
        yield begin, end
        begin, done = end, int(total[end - 1])


def _ground_distances(fence: Fence, edge: Indices, x: Array, y: Array, lon: Array, lat: Array) -> Array:
    foot = edges_of(fence).feet(edge, x, y)
    place = fence.x[edge] + foot * fence.ux[edge], fence.y[edge] + foot * fence.uy[edge]
    to_lon, to_lat = fence.backward.transform(*place)
    return np.asarray(_ellipsoid().inv(lon, lat, to_lon, to_lat)[2], dtype=np.float64)


@lru_cache(maxsize=1)
def _ellipsoid() -> Geod:
    return Geod(ellps="GRS80")
