"""Every bar has its figure, and a figure on the wrong side of its bar is told."""

import pytest

from bench.figures import AT_LEAST, AT_MOST, MEANINGS, missed_bars

MET = AT_LEAST | AT_MOST


def test_every_bar_is_explained() -> None:
    assert set(MET) <= set(MEANINGS)
    assert not set(AT_LEAST) & set(AT_MOST)


def test_figures_on_their_bars_are_met() -> None:
    assert missed_bars(MET) == []


@pytest.mark.parametrize("name", MET)
def test_each_bar_can_be_missed(name: str) -> None:
    worse = MET[name] * (0.9 if name in AT_LEAST else 1.1)
    (sentence,) = missed_bars({**MET, name: worse})
    assert sentence.startswith(f"{name} is {worse}")
