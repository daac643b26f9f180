"""What stands in the style sheets of the apps."""

import re
from collections import Counter

import pytest

from tools import web

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
# Rules within @media change what a sheet of their own area says elsewhere.
WITHIN = re.compile(r"@[^{]+\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
RULE = re.compile(r"([^{}]+)\{[^{}]*\}")
CLASS = re.compile(r"\.[\w-]+")


def bare_classes(text: str) -> set[str]:
    """Return the classes that a style sheet has a rule for wherever they stand, and not within something of its own."""
    plain = WITHIN.sub("", COMMENT.sub("", text))
    selectors = {one.strip() for given in RULE.findall(plain) for one in given.split(",")}
    return {one for one in selectors if CLASS.fullmatch(one)}


@pytest.mark.parametrize("app", ["phone", "desk"])
def test_no_sheet_shapes_what_another_one_has_named(app: str) -> None:
    sheets = [bare_classes(path.read_text()) for path in sorted((web.WEB / app).rglob("*.css"))]
    assert any(sheets)
    assert [name for name, count in Counter(name for one in sheets for name in one).items() if count > 1] == []


def test_a_rule_is_bare_only_by_itself() -> None:
    text = (
        "/* .a {} */ .b, .c li { x: y } .d .e { x: y } :is(.f, .g) > .h { x: y } @media (x) { .i { x: y } } .j { x: y }"
    )
    assert bare_classes(text) == {".b", ".j"}
