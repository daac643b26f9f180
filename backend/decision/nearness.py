"""How far outside a fence a fix may lie and still say no more than that somebody stands at its edge."""

from functools import lru_cache
from statistics import NormalDist


@lru_cache(maxsize=64)
def error_sigmas(counted_tail: float, far_probability: float) -> tuple[float, float]:
    """Return both probabilities of `reach_m` as multiples of the standard deviation of a normal error."""
    normal = NormalDist()
    return -normal.inv_cdf(counted_tail), -normal.inv_cdf(far_probability)


def reach_m(sigma_m: float, *, counted_tail: float, far_m: float, far_probability: float) -> float:
    """Return the metres outside a fence up to which a fix is within its own error; negative if nowhere.

    Two tests of a normal error of standard deviation `sigma_m` (metres), both have to hold. Somebody at the nearest
    place of the fence would be thrown this far out, or farther, in at least `counted_tail` of all cases (0.5: reaches
    nowhere). Somebody `far_m` outside would be thrown this near, or nearer, in at most `far_probability` of them.
    """
    thrown_out, thrown_near = error_sigmas(counted_tail, far_probability)
    return min(thrown_out * sigma_m, far_m - thrown_near * sigma_m)
