"""The mass of a circular normal that an edge turns away from its middle, for many pairs of position and edge at once.

With d the distance of the position from the edge's line and t1, t2 those of the edge's ends from its foot there:

    T(h, t2 / d) - T(h, t1 / d) = 1 / (2 pi) * integral from t1 to t2 of d / r^2 * exp(-r^2 / 2 sigma^2) dt

where T is Owen's, h = d / sigma and r^2 = d^2 + t^2. An edge that is short against its distance and against sigma is
integrated by five Gauss-Legendre nodes: the integrand's poles at t = +-i d lie at least four half-lengths from the
middle, so that the rule is off by some 8^-10 = 1e-9 of the term (Trefethen, Approximation Theory and Approximation
Practice, theorem 19.3). Five exponentials cost a tenth of two values of Owen's T, which the rest gets.
"""

import math
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

_SHORT: Final = 0.5
"""Longest edge that is integrated by nodes, as part of the distance of its nearest place, and as part of sigma."""
_INNER: Final = math.sqrt(5.0 - 2.0 * math.sqrt(10.0 / 7.0)) / 3.0
_OUTER: Final = math.sqrt(5.0 + 2.0 * math.sqrt(10.0 / 7.0)) / 3.0
_AT_MIDDLE: Final = 128.0 / 225.0
_AT_INNER: Final = (322.0 + 13.0 * math.sqrt(70.0)) / 900.0
_AT_OUTER: Final = (322.0 - 13.0 * math.sqrt(70.0)) / 900.0


def edge_masses(d: Array, t1: Array, length: Array, sigma_m: Array) -> Array:
    """Return for each pair the mass by which the edge lowers the winding number, with the sign of `d`.

    Metres: `d` the signed distance from the edge's line (positive inside), `t1` the start of the edge along that line,
    counted from the foot of the position; `sigma_m` the standard deviation per axis.
    """
    low = np.maximum(np.maximum(t1, -(t1 + length)), 0.0)
    near2 = d * d + low * low
    short = (length * length <= _SHORT * _SHORT * near2) & (length <= _SHORT * sigma_m)
    masses = np.empty_like(d)
    few = np.flatnonzero(short)
    masses[few] = _by_nodes(d[few], t1[few], length[few], sigma_m[few])
    rest = np.flatnonzero(~short)
    masses[rest] = _by_owen(d[rest], t1[rest], length[rest], sigma_m[rest])
    return masses


def _by_nodes(d: Array, t1: Array, length: Array, sigma_m: Array) -> Array:
    half = 0.5 * length
    middle, scale, d2 = t1 + half, -0.5 / (sigma_m * sigma_m), d * d

    def at(t: Array) -> Array:
        r2 = d2 + t * t
        return np.exp(scale * r2) / r2

    inner, outer = _INNER * half, _OUTER * half
    weighed = _AT_MIDDLE * at(middle)
    weighed += _AT_INNER * (at(middle - inner) + at(middle + inner))
    weighed += _AT_OUTER * (at(middle - outer) + at(middle + outer))
    return half * d * weighed / (2.0 * math.pi)


def _by_owen(d: Array, t1: Array, length: Array, sigma_m: Array) -> Array:
    from scipy.special import owens_t  # noqa: PLC0415 - see geofences.evaluation.warm_up

    size = np.abs(d)
    height, hair = size / sigma_m, np.maximum(size, 1e-12)
    masses = np.asarray(owens_t(height, (t1 + length) / hair) - owens_t(height, t1 / hair), dtype=np.float64)
    masses[d < 0.0] *= -1.0
    return masses
