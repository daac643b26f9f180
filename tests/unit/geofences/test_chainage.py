"""Chainage labels, both ways."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofences.chainage import format_chainage, parse_chainage
from geofences.errors import ChainageInvalid


@pytest.mark.parametrize(
    ("metres", "label"),
    [(0.0, "K0+000.000"), (12_345.678, "K12+345.678"), (12_999.9996, "K13+000.000"), (3_420.05, "K3+420.050")],
)
def test_metres_become_a_label(metres: float, label: str) -> None:
    assert format_chainage(metres) == label


def test_labels_can_be_short() -> None:
    assert format_chainage(3_420.4, decimals=0) == "K3+420"
    assert format_chainage(3_999.96, "ZK", decimals=1) == "ZK4+000.0"


@given(st.integers(0, 9_999_999_999))
def test_a_label_is_read_back_to_the_millimetre(millimetres: int) -> None:
    assert parse_chainage(format_chainage(millimetres / 1000.0)).metres == pytest.approx(millimetres / 1000.0, abs=1e-6)


def test_people_write_spaces_small_letters_and_wide_signs() -> None:
    # Wide signs and digits are what Chinese keyboards type.
    assert parse_chainage(" zk3 ＋420 ") == ("ZK", 3_420.0, "")
    assert parse_chainage("K１２+000") == ("K", 12_000.0, "")


@pytest.mark.parametrize("label", ["K50+621.5A", "k50+621.500（a）", "K50+621.50 (A)"])
def test_a_mark_stands_behind_the_metres(label: str) -> None:
    assert parse_chainage(label) == ("K", 50_621.5, "A")


@pytest.mark.parametrize(
    "label", ["", "12345", "K12", "K12+34", "K12+3456", "K12-345", "K12+345.6789", "KK+1", "K1+000ABC", "K1+0001"]
)
def test_what_is_no_label_is_refused(label: str) -> None:
    with pytest.raises(ChainageInvalid):
        parse_chainage(label)


@pytest.mark.parametrize("metres", [-0.001, math.nan, math.inf, 1e7])
def test_there_is_no_label_before_the_origin(metres: float) -> None:
    with pytest.raises(ChainageInvalid):
        format_chainage(metres)
