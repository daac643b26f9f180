"""What the apps say: both languages have the same words with the same values, and no word is left over."""

import re
from pathlib import Path

import pytest

from tests.support.typescript import call_all
from tools import web

WORD = re.compile(r'^  ([A-Za-z]\w*):\s+(?:"(.*)"|\'(.*)\'),$', re.MULTILINE)
VALUE = re.compile(r"{([a-z_]+)}")
# Names that are put together: `state_${one.state}`, `${name}_title`.
BEGINNING = re.compile(r"`([a-z]+(?:_[a-z]+)*_)\$\{")
# `sayCode("time", code)`: the function puts the two together.
PREFIX = re.compile(r"\b(?:sayCode|coded)\(\s*[\"'](\w+)[\"'],")
# Marks of Chinese between words; a catalogue has its own, and what people typed is read with either.
WIDE_MARK = re.compile("[，。、；：（）]")
READS_BOTH = {"desk/fences/plan.ts", "desk/fences/stations.ts"}
ENDING = re.compile(r"`\$\{\w+\}(_[a-z]+)`")


def catalogue(path: Path) -> dict[str, str]:
    """Return the words of a file by their keys."""
    return {key: first or second for key, first, second in WORD.findall(path.read_text())}


def catalogues(app: str) -> dict[str, Path]:
    """Return an app's Chinese catalogues by what they are of; the main one is ''."""
    return {path.name.removesuffix("zh-CN.ts"): path for path in sorted((web.WEB / app / "words").glob("*zh-CN.ts"))}


def source(app: str) -> str:
    """Return all that may say a word."""
    paths = [*(web.WEB / app).rglob("*.vue"), *(web.WEB / app).rglob("*.ts"), *(web.WEB / "src").rglob("*.ts")]
    return "\n".join(path.read_text() for path in paths if not re.search(r"(zh-CN|en)\.ts$", path.name))


@pytest.mark.parametrize("app", ["phone", "desk"])
def test_both_languages_have_the_same_words_with_the_same_values(app: str) -> None:
    found = catalogues(app)
    assert found
    for name, path in found.items():
        first, other = catalogue(path), catalogue(path.with_name(f"{name}en.ts"))
        # Each line that begins a word is read, however it is quoted.
        assert len(first) == len(re.findall(r"^  \w+:", path.read_text(), re.MULTILINE)), path
        assert set(first) == set(other), path
        for key, text in first.items():
            assert text.strip(), key
            assert other[key].strip(), key
            assert set(VALUE.findall(text)) == set(VALUE.findall(other[key])), key


@pytest.mark.parametrize("app", ["phone", "desk"])
def test_no_word_is_left_over(app: str) -> None:
    text = source(app)
    named = set(re.findall(r"""["'`](\w+)["'`]""", text))
    beginnings = (*BEGINNING.findall(text), *(f"{one}_" for one in PREFIX.findall(text)))
    endings = tuple(ENDING.findall(text))
    assert beginnings
    words = {key for path in catalogues(app).values() for key in catalogue(path)}
    assert {key for key in words - named if not key.startswith(beginnings) and not key.endswith(endings)} == set()


def test_parts_are_put_beside_each_other_with_the_marks_of_the_language() -> None:
    parts = ["甲", "乙", "丙"]
    asked = [(language, mark) for language in ("zh-CN", "en") for mark in ("names", "phrases", "sentences", "telling")]
    found = call_all("src/shared/marks.ts", [("joinedIn", [language, parts, mark]) for language, mark in asked])
    assert found == [
        "甲、乙、丙",
        "甲，乙，丙",
        "甲；乙；丙",
        "甲：乙：丙",
        "甲, 乙, 丙",
        "甲, 乙, 丙",
        "甲; 乙; 丙",
        "甲: 乙: 丙",
    ]
    assert call_all("src/shared/marks.ts", [("joinedIn", ["en", few, "names"]) for few in ([], ["甲"])]) == ["", "甲"]


def test_no_mark_of_one_language_stands_outside_the_words() -> None:
    paths = [
        path
        for app in ("phone", "desk", "src")
        for kind in ("vue", "ts")
        for path in (web.WEB / app).rglob(f"*.{kind}")
    ]
    of_a_language = {"src/shared/marks.ts"} | READS_BOTH
    named = {str(path.relative_to(web.WEB)): path for path in paths if not re.search(r"(zh-CN|en)\.ts$", path.name)}
    assert set(named) > of_a_language
    assert [name for name in set(named) - of_a_language if WIDE_MARK.search(named[name].read_text())] == []
