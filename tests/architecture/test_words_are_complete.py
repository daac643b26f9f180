"""Every code has words in every language, with the same placeholders, and no words wait for a code that is gone."""

import re
from collections.abc import Iterable
from typing import get_args

import pytest

from backend.decision.ruling import COMPASS, REASONS
from backend.kit.errors import DaogangError
from backend.kit.messages import LANGUAGES, catalogue
from mobile_api.schemas import NoFixReason
from tests.support.routes import application
from tools.house import ROOT

PLACEHOLDER = re.compile(r"{([^{}]*)}")
PACKAGES = ("backend", "mobile_api", "geofences")


def codes() -> set[str]:
    """Return the codes of all errors and reasons; the application imports every module."""
    application()
    spoken = {f"compass.{point}" for point in COMPASS}
    spoken |= {f"no_fix.{cause}" for cause in (*get_args(NoFixReason), "none")}
    return set(DaogangError.registry) | set(REASONS) | spoken


def source() -> str:
    paths: Iterable[str] = (path.read_text() for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py")))
    return "\n".join(paths)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_words(language: str) -> None:
    assert codes() - set(catalogue(language)) == set()


def test_no_words_are_left_over() -> None:
    text = source()
    spare = {code for language in LANGUAGES for code in catalogue(language)} - codes()
    prefixes = set(re.findall(r'f"([a-z_]+)\.{', text))
    assert {
        code
        for code in spare
        if f'"{code}"' not in text and f"'{code}'" not in text and code.split(".")[0] not in prefixes
    } == set()


def test_the_languages_say_the_same_with_the_same_numbers() -> None:
    first, *others = (catalogue(language) for language in LANGUAGES)
    for other in others:
        assert set(first) == set(other)
        for code, message in first.items():
            for mine, theirs in zip(message, other[code], strict=True):
                assert sorted(set(PLACEHOLDER.findall(mine))) == sorted(set(PLACEHOLDER.findall(theirs))), code
                assert bool(mine) == bool(theirs), f"{code}: advice in one language only"


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_for_people(language: str) -> None:
    for code, message in catalogue(language).items():
        assert message.title.strip(), code
        for text in message:
            assert text == text.strip() or code.split(".")[0] in {"place", "demo"}, code
            assert all(name.isidentifier() for name in PLACEHOLDER.findall(text)), code
            if language == "zh-CN" and text and not re.fullmatch(r"[\x00-\x7f]*", text):
                assert re.search(r"[\u4e00-\u9fff]", text), code


def test_a_code_names_its_module() -> None:
    for code in codes():
        assert re.fullmatch(r"[a-z_]+\.[A-Za-z_]+", code), code
