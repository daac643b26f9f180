"""Angles and parallax on a made-up head: solid, so that its parallax is known, or pressed flat."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.evidence.faces import geometry
from backend.evidence.faces.geometry import COUNT, FIRM, Points
from tests.support.faces import projected, rotation

angles = st.floats(-30, 30)


def head(seed: int = 7) -> Points:
    """Return an egg of landmarks with a nose, 160 pixels wide, with the axes of eyes and face where they belong."""
    draw = np.random.default_rng(seed)
    x, y = draw.uniform(-0.45, 0.45, COUNT), draw.uniform(-0.55, 0.55, COUNT)
    for one, (px, py) in {33: (-0.3, -0.15), 263: (0.3, -0.15), 10: (0, -0.55), 152: (0, 0.55), 1: (0, 0.1)}.items():
        x[one], y[one] = px, py
    z = 1.3 * (x**2 + 0.6 * y**2)
    z[[1, 4, 5, 195, 2, 98, 327]] -= 0.25
    z[152] = z[10]
    return np.column_stack([300 + 160 * x, 250 + 160 * y, 160 * z])


def seen(points: Points, yaw: float, pitch: float) -> Points:
    centre = np.array([*points[:, :2].mean(axis=0), 50.0])
    return projected(points, centre, rotation(yaw, pitch), 900.0)


def pressed_flat(points: Points) -> Points:
    return np.hstack([points[:, :2], np.zeros((len(points), 1))])


@pytest.mark.parametrize(("yaw", "pitch"), [(20, 0), (-20, 0), (0, 15), (0, -15), (25, 10)])
def test_a_pose_has_the_signs_of_the_person(yaw: float, pitch: float) -> None:
    before, after = geometry.pose(seen(head(), 0, 0)), geometry.pose(seen(head(), yaw, pitch))
    assert after.yaw - before.yaw == pytest.approx(yaw, abs=5)
    assert after.pitch - before.pitch == pytest.approx(pitch, abs=5)


def test_a_head_that_leans_to_the_right_shoulder_rolls_positively() -> None:
    points = head()
    turn = np.radians(-10)  # the picture turns counter-clockwise as it is seen: his right shoulder is on its left
    leaning = points.copy()
    leaning[:, 0] = points[:, 0] * np.cos(turn) - points[:, 1] * np.sin(turn)
    leaning[:, 1] = points[:, 0] * np.sin(turn) + points[:, 1] * np.cos(turn)
    assert geometry.pose(leaning).roll - geometry.pose(points).roll == pytest.approx(10, abs=0.5)


@given(angles, angles)
def test_no_turn_of_a_flat_picture_leaves_a_residual(yaw: float, pitch: float) -> None:
    flat = pressed_flat(head())
    assert geometry.residual(flat, seen(flat, yaw, pitch)) < 1e-6


@pytest.mark.parametrize("yaw", [20, 25, 30, -20, -25, -30])
def test_a_solid_head_that_turns_leaves_one(yaw: float) -> None:
    assert geometry.residual(seen(head(), 0, 0), seen(head(), yaw, 0)) > 0.08


@given(st.floats(0.5, 2), st.floats(-200, 200), st.floats(-200, 200))
def test_shift_and_scale_are_no_motion(scale: float, x: float, y: float) -> None:
    points = head()
    moved = points * scale + np.array([x, y, 0])
    assert geometry.motion(points, moved) < 1e-9
    assert geometry.residual(points, moved) < 1e-6


def test_motion_tells_a_nod_from_stillness() -> None:
    points = head()
    shaken = points + np.random.default_rng(1).normal(0, 0.3, points.shape)
    assert geometry.motion(points, shaken) < 0.02 < geometry.motion(seen(points, 0, 0), seen(points, 0, 10))


@given(st.floats(-180, 180), st.floats(0.2, 5), st.floats(-300, 300), st.floats(-300, 300))
def test_a_similarity_is_found_again(angle: float, scale: float, x: float, y: float) -> None:
    turn = np.radians(angle)
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    source = head()[list(FIRM[:5]), :2]
    found = geometry.similarity(source, source @ linear.T + np.array([x, y]))
    assert np.allclose(found, np.hstack([linear, [[x], [y]]]), atol=1e-6 * max(1.0, scale) * 300)
    there_and_back = np.vstack([found, [0, 0, 1]]) @ np.vstack([geometry.inverse(found), [0, 0, 1]])
    assert np.allclose(there_and_back, np.eye(3), atol=1e-6)


def test_an_open_mouth_is_high_for_its_width() -> None:
    points = head()
    points[[13, 14, 78, 308]] = [(0, 0, 0), (0, 6, 0), (-30, 3, 0), (30, 3, 0)]
    assert geometry.mouth_opening(points) == pytest.approx(0.1)
