import string

import pytest

from backend.decision.ruling import COMPASS, REASONS
from mobile_api.words import reason_words

FULL = {
    "distance_m": 812,
    "accuracy_m": 8,
    "percent": 1,
    "direction": "NE",
    "chainage_m": 12345.6,
    "offset_m": -3.2,
    "suspected_crs": "gcj02",
    "shift_m": 550,
    "cause": "timeout",
    "face": "K12+400.000–K12+800.000",
    "face_distance_m": 54,
}


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("code", REASONS)
def test_every_reason_is_a_sentence_without_gaps(code: str, language: str) -> None:
    (told,) = reason_words(language, [{"code": code, **FULL}])
    assert told.code == code
    assert told.title
    assert not {"{", "}", "—"} & set(told.title + told.advice)
    if language == "en":
        assert set(told.title + told.advice) <= set(string.printable) | set("–’é°")


def test_numbers_are_given_beside_the_words() -> None:
    (told,) = reason_words("en", [{"code": "decision.outside_fence", **FULL}])
    assert told.numbers == FULL
    assert "812" in told.title + told.advice
    assert "north" in told.advice.lower()


def test_a_chainage_is_spoken_of_only_on_a_corridor() -> None:
    (with_it,) = reason_words("en", [{"code": "decision.inside_fence", "accuracy_m": 8, "chainage_m": 12345.6}])
    (without,) = reason_words("en", [{"code": "decision.inside_fence", "accuracy_m": 8}])
    assert "K12+346" in with_it.title
    assert "+" not in without.title


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_direction_has_a_word(language: str) -> None:
    said = {
        reason_words(language, [{"code": "decision.outside_fence", **FULL, "direction": point}])[0].advice
        for point in COMPASS
    }
    assert len(said) == len(COMPASS)


@pytest.mark.parametrize("cause", ["denied", "timeout", "unavailable", "approximate", "none"])
def test_every_cause_of_a_missing_fix_has_words(cause: str) -> None:
    (told,) = reason_words("zh-CN", [{"code": "decision.no_fix", "cause": cause}])
    assert "no_fix" not in told.title
