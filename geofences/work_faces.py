"""Active work faces (作业面): dated ranges of a corridor in which people are expected, and who is not at one."""

from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray

from geofences.evaluation import REACH_SIGMAS, Evaluation, Fence, chainage_candidates
from geofences.projection import Stretch
from geofences.sections import read_or_none

Array: TypeAlias = NDArray[np.float64]

_SLACK_SIGMAS: Final = 2.0
"""Along the line a fix must be off by so many sigmas before one says it: 97.7 of 100 who are at the face are spared."""


class WorkFace(NamedTuple):
    """A face that is active on the day in question: its fence, its name, the labels of its ends."""

    fence_id: UUID
    name: str
    begin: str
    end: str

    @property
    def range(self) -> str:
        """Name and range as people say it: `2号掌子面 K3+200.000–K3+800.000`."""
        return f"{self.name} {self.begin}–{self.end}"


class FaceMissed(NamedTuple):
    """The nearest active face of a corridor to somebody who is at none: how far off along the line, in metres."""

    face: WorkFace
    distance_m: float


def missed_face(
    fence: Fence, evaluation: Evaluation, lon: float, lat: float, faces: Iterable[WorkFace]
) -> FaceMissed | None:
    """Tell how far a fix (degrees) is from every active face of its corridor; None if it may well be at one.

    A corridor without a face on the day says nothing: whoever does not keep faces is not held to them. Neither does a
    fix outside, which has a reason of its own, one in the areas beside the strip (camps, portals), nor one that could
    lie on a leg of the line where a face is.
    """
    if fence.stationing is None or evaluation.chainage_m is None or evaluation.side == "outside":
        return None
    read = [(face, read_or_none(fence.stationing, face.begin, face.end)) for face in faces if _is_of(face, fence)]
    active = [(face, stretch) for face, stretch in read if stretch is not None]
    if not active:
        return None
    slack_m = _SLACK_SIGMAS * evaluation.sigma_m
    off_m, nearest = _nearest(active, evaluation.chainage_m)
    if off_m <= slack_m or _in_extra(fence, lon, lat, slack_m):
        return None
    half_width_m = 0.0 if fence.axis is None else fence.axis.half_width_m
    reach_m = abs(evaluation.offset_m or 0.0) + half_width_m + REACH_SIGMAS * evaluation.sigma_m
    places = chainage_candidates(fence, lon, lat, reach_m)
    if any(_nearest(active, place.chainage_m)[0] <= slack_m for place in places):
        return None
    return FaceMissed(nearest, off_m)


def least_distance_m(fence: Fence, faces: Iterable[WorkFace], chainage_m: Array) -> Array:
    """Return how far many chainages (metres) are from the nearest of a corridor's faces; infinite without one."""
    least = np.full(len(chainage_m), np.inf)
    for face in faces:
        span = (
            read_or_none(fence.stationing, face.begin, face.end) if _is_of(face, fence) and fence.stationing else None
        )
        if span is not None:
            off_m = np.maximum(np.maximum(span.from_m - chainage_m, chainage_m - span.to_m), 0.0)
            least = np.minimum(least, off_m)
    return least


def _is_of(face: WorkFace, fence: Fence) -> bool:
    return face.fence_id == fence.fence_id


def _nearest(active: list[tuple[WorkFace, Stretch]], chainage_m: float) -> tuple[float, WorkFace]:
    distances = [(max(span.from_m - chainage_m, chainage_m - span.to_m, 0.0), face) for face, span in active]
    return min(distances, key=lambda one: one[0])


def _in_extra(fence: Fence, lon: float, lat: float, slack_m: float) -> bool:
    if fence.extra is None:
        return False
    here = shapely.Point(*fence.forward.transform(lon, lat))
    return bool(shapely.dwithin(fence.extra, here, slack_m))
