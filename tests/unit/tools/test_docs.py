"""README and docs name only paths, make targets and commands that exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from backend.cli import app
from tools.house import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
# Made when something runs, or named as an example of what an operator makes.
MADE_LATER = (".local", ".venv", "/", "~", "wheels/", "/var/", "secrets.env")
COMMANDS = typer.main.get_command(app)
EXTENSIONS = "py|md|toml|txt|json|yaml|sql|csv|geojson|lua|sh|xlsx"


def ids(page: Path) -> str:
    return str(page.relative_to(ROOT))


def code_of(page: Path) -> Iterator[str]:
    """Yield the code spans and the lines of code blocks of a page."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield from block.splitlines()
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def command_exists(words: list[str]) -> bool:
    """Tell whether the words after `daogang` lead to a command; what comes after a command are its arguments."""
    at: object = COMMANDS
    for word in words:
        # typer brings its own click, so a group is known by what it has.
        children: dict[str, object] | None = getattr(at, "commands", None)
        if children is None:
            return True
        if not re.fullmatch(r"[a-z][a-z-]*", word):
            return at is not COMMANDS
        if word not in children:
            return False
        at = children[word]
    return True


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in links if link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_files_that_are_named_exist(page: Path) -> None:
    named = {
        path
        for code in code_of(page)
        for path in re.findall(rf"(?<![\w./*-])[\w.-]+(?:/[\w.-]+)+\.(?:{EXTENSIONS})\b", code)
    }
    gone = [name for name in sorted(named) if not name.startswith(MADE_LATER) and not (ROOT / name).exists()]
    # A page may speak from where it stands, or of a module of the backend by its short name.
    assert [name for name in gone if not any((at / name).exists() for at in (page.parent, ROOT / "backend"))] == []


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_make_targets_that_are_named_exist(page: Path) -> None:
    named = {target for code in code_of(page) for target in re.findall(r"\bmake ([a-z-]+)\b", code)}
    assert named - make_targets() == set()


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_commands_that_are_named_exist(page: Path) -> None:
    calls = [call for code in code_of(page) for call in re.findall(r"(?:^|\s|bin/)daogang ([a-z][^|;&#\n]*)", code)]
    assert [call for call in calls if not command_exists(call.split())] == []
