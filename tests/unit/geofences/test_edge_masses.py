"""The mass that an edge turns away is that of Owen's T, whether it is integrated by nodes or not."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import owens_t

from geofences.edge_masses import edge_masses


def by_owen(d: float, t1: float, length: float, sigma_m: float) -> float:
    size = abs(d)
    difference = owens_t(size / sigma_m, (t1 + length) / size) - owens_t(size / sigma_m, t1 / size)
    return math.copysign(1.0, d) * float(difference)


@given(
    d=st.floats(0.001, 300.0),
    side=st.sampled_from([-1.0, 1.0]),
    t1=st.floats(-300.0, 300.0),
    length=st.floats(0.001, 600.0),
    sigma_m=st.floats(5.0, 60.0),
)
def test_any_edge(d: float, side: float, t1: float, length: float, sigma_m: float) -> None:
    found = edge_masses(np.array([side * d]), np.array([t1]), np.array([length]), np.array([sigma_m]))
    assert found[0] == pytest.approx(by_owen(side * d, t1, length, sigma_m), abs=1e-10)


@pytest.mark.parametrize("length", [0.1, 2.4, 2.6, 4.9, 5.1, 40.0])
def test_on_both_sides_of_the_limits(length: float) -> None:
    d, t1, sigma_m = 10.0, -1.0, 5.0

    def density(t: float) -> float:
        r2 = d * d + t * t
        return d / r2 * math.exp(-r2 / (2 * sigma_m * sigma_m)) / (2 * math.pi)

    found = edge_masses(np.array([d]), np.array([t1]), np.array([length]), np.array([sigma_m]))
    assert found[0] == pytest.approx(quad(density, t1, t1 + length, epsabs=1e-14)[0], abs=1e-10)


def test_many_short_edges_are_one_long_edge() -> None:
    ends = np.linspace(-80.0, 90.0, 1_001)
    d, sigma_m = np.full(1_000, 7.0), np.full(1_000, 12.0)
    found = edge_masses(d, ends[:-1], np.diff(ends), sigma_m).sum()
    assert found == pytest.approx(by_owen(7.0, -80.0, 170.0, 12.0), abs=1e-9)


def test_a_position_on_the_edge_counts_as_a_hair_inside_and_one_on_its_line_turns_nothing_away() -> None:
    d, t1, length, sigma_m = np.zeros(3), np.array([-50.0, 4.0, 1.0]), np.array([100.0, 1.0, 60.0]), np.full(3, 8.0)
    assert edge_masses(d, t1, length, sigma_m) == pytest.approx([0.5, 0.0, 0.0], abs=1e-9)
