"""Angles, parallax and alignment of a face from its landmarks (pure).

Landmarks are an array of 468 rows `x, y, z` in pixels of the picture (x to the right, y downwards, z away from the
camera), numbered as MediaPipe's face mesh numbers them. "Left" is the person's own; pictures are not mirrored.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
COUNT: Final = 468

_RIGHT_EYE, _LEFT_EYE, _CHIN, _FOREHEAD = 33, 263, 152, 10
_UPPER_LIP, _LOWER_LIP, _MOUTH_RIGHT, _MOUTH_LEFT = 13, 14, 78, 308
FIRM: Final = (
    *(1, 4, 5, 6, 168, 197, 195, 33, 133, 362, 263, 10, 109, 338, 67, 297, 127, 356, 234, 454),
    *(93, 323, 58, 288, 152, 148, 377, 205, 425, 50, 280, 123, 352, 70, 300, 55, 285, 2, 98, 327),
)
"""Landmarks that move with the head and little with the mimics."""

_CHIP_EYES_AND_NOSE: Final = (263, 362, 33, 133, 2)
CHIP_PX: Final = 150
# Where dlib's descriptor wants the corners of the eyes and the base of the nose, in its chip with a quarter padding.
_CHIP_PLACES: Final = (
    0.25
    + np.array(
        [
            [0.8595674595992, 0.2134981538014],
            [0.6460604764104, 0.2289674387677],
            [0.1205750620789, 0.2137274526848],
            [0.3340850613712, 0.2290642403242],
            [0.4901123135679, 0.6277975316475],
        ]
    )
) * (CHIP_PX / 1.5)


@dataclass(frozen=True, slots=True)
class Pose:
    """How a head is held, in degrees: `yaw` to the person's left, `pitch` upwards, `roll` to his right shoulder."""

    yaw: float
    pitch: float
    roll: float


def pose(points: Points) -> Pose:
    """Return a head's angles from the axes eye to eye and chin to forehead."""
    across, up = points[_LEFT_EYE] - points[_RIGHT_EYE], points[_FOREHEAD] - points[_CHIN]
    return Pose(
        yaw=float(np.degrees(np.arctan2(across[2], np.hypot(across[0], across[1])))),
        pitch=float(np.degrees(np.arctan2(up[2], np.hypot(up[0], up[1])))),
        roll=float(np.degrees(np.arctan2(-across[1], across[0]))),
    )


def mouth_opening(points: Points) -> float:
    """Return the height of the inner mouth over its width."""
    height = np.linalg.norm(points[_UPPER_LIP] - points[_LOWER_LIP])
    return float(height / max(np.linalg.norm(points[_MOUTH_RIGHT] - points[_MOUTH_LEFT]), 1e-6))


def _normal(points: Points) -> Points:
    """Return the firm landmarks' x and y about their centre, with a mean radius of one."""
    flat = points[list(FIRM), :2]
    flat = flat - flat.mean(axis=0)
    return flat / max(float(np.linalg.norm(flat, axis=1).mean()), 1e-9)


def motion(before: Points, after: Points) -> float:
    """Return how far the firm landmarks went, without shift and scale, in mean radii of the face."""
    return float(np.linalg.norm(_normal(after) - _normal(before), axis=1).mean())


def residual(before: Points, after: Points) -> float:
    """Return what the best homography leaves of the landmarks' way, in mean radii of the face.

    A flat picture moves by a homography, whichever way it is held (R. Hartley, A. Zisserman, Multiple View Geometry,
    §2.3); a head's nose and ears do not. Found by the direct linear transformation, which is exact enough in these
    normalised coordinates.
    """
    source, target = _normal(before), _normal(after)
    ones, none = np.ones((len(source), 1)), np.zeros((len(source), 3))
    homogeneous = np.hstack([source, ones])
    system = np.vstack(
        [
            np.hstack([homogeneous, none, -target[:, :1] * homogeneous]),
            np.hstack([none, homogeneous, -target[:, 1:] * homogeneous]),
        ]
    )
    homography = np.linalg.svd(system)[2][-1].reshape(3, 3)
    mapped = homogeneous @ homography.T
    depth = np.where(np.abs(mapped[:, 2:]) < 1e-9, 1e-9, mapped[:, 2:])  # noqa: PLR2004 - as good as zero
    return float(np.linalg.norm(mapped[:, :2] / depth - target, axis=1).mean())


def similarity(source: NDArray[Any], target: NDArray[Any]) -> NDArray[np.float64]:
    """Return the 2 x 3 map of rotation, scale and shift that takes points nearest to others in the least squares.

    S. Umeyama, Least-squares estimation of transformation parameters between two point patterns, 1991.
    """
    middle, goal = source.mean(axis=0), target.mean(axis=0)
    left, right = source - middle, target - goal
    first, scales, last = np.linalg.svd(right.T @ left)
    turn = np.array([1.0, np.sign(np.linalg.det(first @ last))])
    linear = (scales * turn).sum() / (left**2).sum() * first @ np.diag(turn) @ last
    return np.hstack([linear, (goal - linear @ middle)[:, None]])


def chip_map(points: Points) -> NDArray[np.float64]:
    """Return the 2 x 3 map from the picture to the chip that the face's vector is made of."""
    return similarity(points[list(_CHIP_EYES_AND_NOSE), :2], _CHIP_PLACES)


def inverse(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the 2 x 3 map that undoes one."""
    return np.linalg.inv(np.vstack([affine, [0.0, 0.0, 1.0]]))[:2]
