"""The pages of acceptance cases name tests that exist, for each of their cases."""

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from tools.house import ROOT

PAGE = ROOT / "docs/gate-acceptance.md"
CASES = range(1, 26)
PAGES = {
    PAGE: CASES,
    ROOT / "docs/offline-acceptance.md": range(1, 23),
    ROOT / "docs/ledger-acceptance.md": range(1, 35),
    ROOT / "docs/bulletin-acceptance.md": range(1, 17),
    ROOT / "docs/photo-acceptance.md": range(1, 19),
    ROOT / "docs/alert-acceptance.md": range(1, 17),
}
ROW = re.compile(r"^\| (\d+) \|.*\| (.*) \|$", re.MULTILINE)
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@cache
def functions_in(path: Path) -> set[str]:
    """Return the names of a file's functions."""
    body = ast.parse(path.read_text()).body
    return {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_case_names_tests_that_exist(page: Path) -> None:
    named: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    for case, tests in ROW.findall(page.read_text()):
        named[int(case)] += NAMED.findall(tests)
        assert not re.sub(NAMED, "", tests).strip(), f"case {case} names something that is no test"
    assert sorted(named) == list(PAGES[page])
    assert [case for case in PAGES[page] if not named[case]] == []
    missing = [
        f"{file}::{test}" for tests in named.values() for file, test in tests if test not in functions_in(ROOT / file)
    ]
    assert missing == []


def test_a_test_that_says_it_shows_a_case_stands_on_the_page() -> None:
    page = PAGE.read_text()
    said = {
        test
        for path in (ROOT / "tests").rglob("test_*.py")
        for test in functions_in(path)
        if re.match(r"test_case_\d+_", test)
    }
    assert len(said) > len(CASES)
    assert {test for test in said if f"::{test}`" not in page} == set()
