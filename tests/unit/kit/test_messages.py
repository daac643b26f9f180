import pytest

from backend.kit import messages
from backend.kit.messages import pick_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh-CN"),
        ("", "zh-CN"),
        ("en", "en"),
        ("EN-gb", "en"),
        ("zh", "zh-CN"),
        ("zh-TW,en;q=0.9", "zh-CN"),
        ("en;q=0.3, zh;q=0.8", "zh-CN"),
        ("fr, en;q=0.1", "en"),
        ("fr", "zh-CN"),
        ("*", "zh-CN"),
        ("en;q=0", "zh-CN"),
        ("en;q=high, zh;q=0.1", "zh-CN"),
        ("en;q=nan", "zh-CN"),
        ("en-US,en;q=0.9,zh-CN;q=0.8", "en"),
        (";;,,q=1", "zh-CN"),
        ("en ; q=0.5", "en"),
        ("x" * 100_000, "zh-CN"),
    ],
)
def test_a_language_is_picked(header: str | None, language: str) -> None:
    assert pick_language(header) == language


def test_placeholders_are_filled_and_unknown_ones_become_a_dash() -> None:
    told = messages.text("en", "decision.outside_fence", {"distance_m": 812})
    assert "812" in told.title
    assert "—" in told.advice
    assert "{" not in told.title + told.advice


def test_a_value_is_never_read_as_a_template() -> None:
    told = messages.text("en", "decision.outside_fence", {"distance_m": "{0.__class__}"})
    assert "{0.__class__}" in told.title


def test_a_code_nobody_wrote_a_sentence_for_is_its_own_title() -> None:
    assert messages.text("en", "nobody.wrote_this") == messages.Message("nobody.wrote_this", "")
