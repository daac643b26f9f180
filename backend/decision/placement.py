"""Where a punch was made, as far as it can be known: what fences tell the decision."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """The best fix of a punch against the fences in force at its instant.

    Distances in metres. `signed_distance_m` is positive inside the nearest fence. `bearing_deg` is the direction to
    walk to reach it, clockwise from north, None when inside. `chainage_m` is the raw distance along the corridor's
    axis, `offset_m` the distance from it, positive to the left of the direction of rising chainage; `chainage` is its
    label on the alignment. `face` names the nearest active work face of the corridor, `face_distance_m` how far off it
    is along the line, when the person is at none. `suspected_crs` names a coordinate system under which the fix would
    lie inside, when under the declared one it does not.
    """

    fence_version_id: UUID
    covered: bool
    probability: float
    signed_distance_m: float
    accuracy_m: float
    sigma_m: float
    bearing_deg: float | None = None
    chainage_m: float | None = None
    offset_m: float | None = None
    chainage: str | None = None
    face: str | None = None
    face_distance_m: float | None = None
    suspected_crs: str | None = None
    suspected_shift_m: float | None = None
