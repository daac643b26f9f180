"""How probable it is that a person stands inside a fence, how far from its edge, and where along it; the hot path.

A fence is prepared once per version: its edges in metres in the CGCS2000 3-degree zone of its middle, as arrays. One
evaluation then is some forty array operations and no geometry object.

Probability. A phone says a radius in which the true position lies with some confidence, so the true position is taken
as circular normal about the fix with a standard deviation sigma. The mass of that normal over a polygon is a sum over
its edges of Owen's T (after DiDonato & Hageman 1980, normal distribution over polygons, DTIC ADA102466):

    P = winding - sum over edges of sgn(d) (T(h, t2 / |d|) - T(h, t1 / |d|)),    h = |d| / sigma

where d is the distance of the fix from the edge's line (positive to its left, where the inside is) and t1, t2 are the
distances along that line from the foot of the fix to the edge's ends. Edges beyond 6 sigma weigh less than 2e-8.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from backend.decision.nearness import reach_m
from backend.decision.policy import DEFAULT_POLICY
from geofences.coordinates import zone_meridian
from geofences.errors import AccuracyInvalid
from geofences.projection import Axis, Candidate, Stretch, candidates_on, ground_distance_m, place_on
from geofences.stationing import Stationing

Array: TypeAlias = NDArray[np.float64]
Platform: TypeAlias = Literal["android", "ios", "web"]
Side: TypeAlias = Literal["inside", "uncertain", "outside"]

# Sigma per metre of reported accuracy. Android: radius of 68 % of a circular normal, r68 = 1.510 sigma. iOS: root mean
# square of the 2-D error, sqrt(2) sigma. A browser passes on what the system says; it is read as Android's, since the
# 95 % that the W3C asks for would make sigma 0.409 and trust it too much.
SIGMA_PER_ACCURACY: Final[dict[Platform, float]] = {"android": 0.662, "ios": 0.707, "web": 0.662}

CUT_SIGMAS: Final = 6.0
# A place of the alignment that lies so many sigmas beyond the corridor's edge could still be the true one.
REACH_SIGMAS: Final = 3.0
ON_EDGE_M: Final = 1e-6
# Beyond this the plane of the zone is no measure any more: the distance is taken on the ellipsoid.
FAR_M: Final = 20_000.0


def warm_up() -> None:
    """Import what the first evaluation would otherwise wait for: scipy takes a quarter of a server's start."""
    from scipy import special  # noqa: PLC0415 - see above

    special.owens_t(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class EvaluationPolicy:
    """What turns numbers into inside, uncertain and outside: a part of a site's policy, whose defaults are these.

    `count_probability` and `refuse_probability` are the probabilities from which a fix is inside, and below which it is
    outside; `accuracy_cap_m` is the accuracy up to which a covered fix is inside whatever its probability;
    `counted_tail`, `far_m` and `far_probability` say how far outside a fix is within its error;
    `sigma_floor_m` and `sigma_inflation` keep sigma honest: errors have heavier tails than they claim.
    """

    count_probability: float = DEFAULT_POLICY.counted_probability
    refuse_probability: float = DEFAULT_POLICY.refused_probability
    accuracy_cap_m: float = DEFAULT_POLICY.accuracy_cap_m
    sigma_floor_m: float = DEFAULT_POLICY.sigma_floor_m
    sigma_inflation: float = DEFAULT_POLICY.sigma_inflation
    counted_tail: float = DEFAULT_POLICY.counted_tail
    far_m: float = DEFAULT_POLICY.far_m
    far_probability: float = DEFAULT_POLICY.far_probability

    def sigma_m(self, accuracy_m: float, platform: Platform) -> float:
        """Return a fix's standard deviation per axis in metres; raises AccuracyInvalid for negative or infinite."""
        if not 0.0 <= accuracy_m < math.inf:
            raise AccuracyInvalid
        return max(self.sigma_floor_m, self.sigma_inflation * SIGMA_PER_ACCURACY[platform] * accuracy_m)

    def reach_m(self, sigma_m: float) -> float:
        """Return the metres outside a fence up to which a fix of that standard deviation is within its error."""
        return reach_m(sigma_m, counted_tail=self.counted_tail, far_m=self.far_m, far_probability=self.far_probability)


@dataclass(frozen=True, slots=True, eq=False)
class Fence:
    """One fence version, or the union of several, prepared for evaluation.

    Arrays have one entry per edge: its start point in the plane of `zone` (metres), unit direction and length, the
    northing of its end. The inside lies left of every edge. `area_wkb` is the area it came from, in EPSG:4326.
    `fence_id` names the fence of the version. A corridor has an `axis` and the labels of its chainages (`stationing`);
    `alignment_id` says whose they are, None for a centreline of its own. `extra` are the areas beside its strip, in the
    plane of `zone`. None of these exist for a union.
    """

    version_ids: tuple[UUID, ...]
    zone: int
    x: Array
    y: Array
    end_y: Array
    ux: Array
    uy: Array
    length: Array
    axis: Axis | None
    forward: Transformer
    backward: Transformer
    area_wkb: bytes
    fence_id: UUID | None = None
    alignment_id: UUID | None = None
    stationing: Stationing | None = None
    extra: shapely.Geometry | None = None

    @property
    def edges(self) -> int:
        """Number of edges, the measure of its memory."""
        return len(self.x)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a fence says about one fix.

    `covered`: the fix itself lies in the fence or on its edge. `signed_distance_m`: metres to the nearest edge,
    positive inside. `probability` that the true position lies inside. `nearest_lon`, `nearest_lat`: the nearest place
    of the edge (degrees), and `bearing_deg` the way to it (0 north, 90 east). `chainage_m`, `offset_m` (left
    positive): position on the alignment, None without one. `sigma_m`: the standard deviation that was used.
    """

    side: Side
    covered: bool
    signed_distance_m: float
    probability: float
    bearing_deg: float
    nearest_lon: float
    nearest_lat: float
    chainage_m: float | None
    offset_m: float | None
    sigma_m: float
    version_ids: tuple[UUID, ...]


class Weighed(NamedTuple):
    """What decides about one fix: the part of an evaluation by which fixes are compared.

    `x`, `y` and the nearest place of the edge are metres in the fence's plane; the rest as in Evaluation.
    """

    lon: float
    lat: float
    x: float
    y: float
    near_x: float
    near_y: float
    side: Side
    covered: bool
    signed_distance_m: float
    probability: float
    sigma_m: float


def evaluate(
    fence: Fence,
    lon: float,
    lat: float,
    accuracy_m: float,
    platform: Platform,
    policy: EvaluationPolicy,
    within: Sequence[Stretch] = (),
) -> Evaluation:
    """Judge one fix, longitude and latitude in degrees (EPSG:4326), accuracy in metres as the platform reports it.

    `within` are the chainage ranges of the person's sections: chainage and offset are those of the place there if the
    fix could be meant to be it, else of the nearest place of the alignment. Raises AccuracyInvalid.
    """
    return describe(fence, weigh(fence, lon, lat, accuracy_m, platform, policy), within)


def weigh(
    fence: Fence, lon: float, lat: float, accuracy_m: float, platform: Platform, policy: EvaluationPolicy
) -> Weighed:
    """Judge one fix as `evaluate` does, without what is only told of the fix that is chosen. Raises AccuracyInvalid."""
    sigma_m = policy.sigma_m(accuracy_m, platform)
    x, y = fence.forward.transform(lon, lat)
    covered, signed_m, probability, near_x, near_y = measure(fence, x, y, sigma_m)
    side = side_of(probability, accuracy_m, policy, covered=covered, signed_distance_m=signed_m, sigma_m=sigma_m)
    return Weighed(lon, lat, x, y, near_x, near_y, side, covered, signed_m, probability, sigma_m)


def describe(fence: Fence, weighed: Weighed, within: Sequence[Stretch] = ()) -> Evaluation:
    """Add direction, nearest place, chainage and offset (see `evaluate`)."""
    lon, lat, signed_m = weighed.lon, weighed.lat, weighed.signed_distance_m
    near_lon, near_lat = fence.backward.transform(weighed.near_x, weighed.near_y)
    east, north = weighed.near_x - weighed.x, weighed.near_y - weighed.y
    bearing = _grid_bearing(east, north, lon - zone_meridian(fence.zone), lat)
    if signed_m < -FAR_M:
        distance, bearing = ground_distance_m(lon, lat, near_lon, near_lat)
        signed_m = -distance
    spot = None
    if fence.axis is not None:
        spot = place_on(fence.axis, weighed.x, weighed.y, REACH_SIGMAS * weighed.sigma_m, within)
    return Evaluation(
        weighed.side,
        weighed.covered,
        signed_m,
        weighed.probability,
        bearing,
        near_lon,
        near_lat,
        None if spot is None else spot.chainage_m,
        None if spot is None else spot.offset_m,
        weighed.sigma_m,
        fence.version_ids,
    )


def side_of(
    probability: float,
    accuracy_m: float,
    policy: EvaluationPolicy,
    *,
    covered: bool,
    signed_distance_m: float,
    sigma_m: float,
) -> Side:
    """Apply the rule, which is that of the ruling on a check-in.

    Inside if at least as probable as the policy asks, or if the fix is good enough and the fence covers it or misses it
    by no more than its error (`reach_m`).
    """
    if probability >= policy.count_probability:
        return "inside"
    if accuracy_m <= policy.accuracy_cap_m and (covered or -signed_distance_m <= policy.reach_m(sigma_m)):
        return "inside"
    return "outside" if probability < policy.refuse_probability else "uncertain"


def chainage_candidates(
    fence: Fence, lon: float, lat: float, reach_m: float, within: Sequence[Stretch] = ()
) -> tuple[Candidate, ...]:
    """Return all places of the fence's alignment that are locally nearest to a position (degrees) and within reach."""
    if fence.axis is None:
        return ()
    return candidates_on(fence.axis, *fence.forward.transform(lon, lat), reach_m, within)


def measure(fence: Fence, x: float, y: float, sigma_m: float) -> tuple[bool, float, float, float, float]:
    """Return covered, signed distance (m), probability and nearest edge place (x, y) of a position in its plane.

    The winding number and the sign of each d come from the same number, so that they agree also next to an edge.
    """
    dx, dy = x - fence.x, y - fence.y
    along = dx * fence.ux + dy * fence.uy
    across = dy * fence.ux - dx * fence.uy
    rest = along - np.minimum(np.maximum(along, 0.0), fence.length)
    distance2 = across * across + rest * rest
    nearest = int(distance2.argmin())
    distance = math.sqrt(distance2[nearest])

    begun = dy >= 0.0
    crossing = np.flatnonzero(begun != (y >= fence.end_y))
    upward, left = begun[crossing], across[crossing] >= 0.0
    winding = int(np.count_nonzero(upward & left)) - int(np.count_nonzero(~(upward | left)))

    if distance <= ON_EDGE_M:
        # On the edge itself the formula has no sign to go by: take the value a hair inside, which differs by nothing.
        inward = 2.0 * ON_EDGE_M
        near_x, near_y = x - float(fence.uy[nearest]) * inward, y + float(fence.ux[nearest]) * inward
        return True, 0.0, measure(fence, near_x, near_y, sigma_m)[2], x, y

    from scipy.special import owens_t  # noqa: PLC0415 - see warm_up; once imported, a look into a table

    cut = CUT_SIGMAS * sigma_m
    probability = float(winding)
    if distance < cut:
        close = np.flatnonzero(distance2 < cut * cut)
        d, t1 = across[close], along[close]
        size = np.abs(d)
        t1 = -t1
        t2 = t1 + fence.length[close]
        size_or_hair = np.maximum(size, 1e-12)
        ends = owens_t(size / sigma_m, np.stack((t2, t1)) / size_or_hair)
        turned = ends[0] - ends[1]
        probability -= float(turned.sum() - 2.0 * turned[d < 0.0].sum())
        probability = min(max(probability, 0.0), 1.0)
    foot = float(along[nearest] - rest[nearest])
    near_x = float(fence.x[nearest]) + foot * float(fence.ux[nearest])
    near_y = float(fence.y[nearest]) + foot * float(fence.uy[nearest])
    return winding != 0, distance if winding else -distance, probability, near_x, near_y


def _grid_bearing(east: float, north: float, from_meridian: float, lat: float) -> float:
    """Azimuth in degrees of a vector in the zone's plane; the convergence of the meridians (up to 1.2 deg) is added."""
    if east == 0.0 and north == 0.0:
        return 0.0
    convergence = from_meridian * math.sin(math.radians(lat))
    return (math.degrees(math.atan2(east, north)) + convergence) % 360.0
