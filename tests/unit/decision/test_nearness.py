"""How far outside a fix is within its error: both tests, as probabilities."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.decision.nearness import reach_m


def upper_tail(value: float) -> float:
    return 0.5 * math.erfc(value / math.sqrt(2.0))


@given(
    sigma_m=st.floats(0.5, 500.0),
    tail=st.floats(0.001, 0.499),
    far_m=st.floats(1.0, 1_000.0),
    far_probability=st.floats(1e-6, 0.1),
    outside_m=st.floats(0.0, 600.0),
)
def test_up_to_there_both_tests_hold_and_beyond_one_fails(
    sigma_m: float, tail: float, far_m: float, far_probability: float, outside_m: float
) -> None:
    reach = reach_m(sigma_m, counted_tail=tail, far_m=far_m, far_probability=far_probability)
    if math.isclose(outside_m, reach, rel_tol=1e-6, abs_tol=1e-6):
        return
    thrown_out = upper_tail(outside_m / sigma_m)
    thrown_near = upper_tail((far_m - outside_m) / sigma_m)
    assert (outside_m < reach) == (thrown_out >= tail and thrown_near <= far_probability)


def test_half_reaches_nowhere_and_vague_fixes_reach_less() -> None:
    policy = {"far_m": 100.0, "far_probability": 0.001}
    assert reach_m(10.0, counted_tail=0.5, **policy) == pytest.approx(0.0)
    assert reach_m(6.9, counted_tail=0.3, **policy) == pytest.approx(3.6, abs=0.05)
    assert reach_m(25.8, counted_tail=0.3, **policy) == pytest.approx(13.5, abs=0.05)
    assert reach_m(31.0, counted_tail=0.3, **policy) == pytest.approx(4.2, abs=0.05)
    assert reach_m(33.0, counted_tail=0.3, **policy) < 0.0
