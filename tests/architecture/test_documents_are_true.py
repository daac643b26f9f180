"""README and docs name only paths, commands and routes that exist."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from backend.cli.main import app
from tests.support.routes import routes
from tools.house import ROOT

DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
HOUSES = ("backend", "mobile_api", "geofences", "migrations", "tests", "docs", "tools", "bench", ".ci", "requirements")
CODE = re.compile(r"`([^`\n]+)`")
FENCED = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
PATH = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, HOUSES))})/[\w./*{{}}<>…-]*")
FILE = re.compile(r"(?<![\w./*-])[\w.-]+(?:/[\w.-]+)+\.(?:py|md|toml|txt|json|yaml|sql|csv|geojson|lua|sh|xlsx)\b")
# Made when something runs, or named as an example of what an operator makes.
MADE_LATER = (".local", ".venv", "/", "~", "wheels/", "/var/", "secrets.env")
ROUTE = re.compile(r"(?<![\w.])/(?:admin/v1|mobile/v1|gates/v1)/[\w/{}$.:%-]+")
VARIABLE = re.compile(r"{[^}]*}|\$\{?\w+}?|[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d(?:-\d\d)?")


def spans(path: Path) -> str:
    text = path.read_text()
    return "\n".join([*CODE.findall(FENCED.sub("", text)), *FENCED.findall(text)])


def named(document: Path) -> str:
    return str(document.relative_to(ROOT))


def command_exists(words: list[str]) -> bool:
    """Tell whether the words after `daogang` lead to a command; what comes after a command are its arguments."""
    top = at = get_command(app)
    for word in words:
        # typer brings its own click, so a group is known by what it has.
        children = getattr(at, "commands", None)
        if children is None:
            return True
        if not re.fullmatch(r"[a-z][a-z-]*", word):
            return at is not top
        if word not in children:
            return False
        at = children[word]
    return True


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_lead_somewhere(document: Path) -> None:
    text = FENCED.sub("", document.read_text())
    local = [link for link in LINK.findall(text) if "://" not in link and not link.startswith("mailto")]
    assert [link for link in local if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_paths_exist(document: Path) -> None:
    found = {path.rstrip("./") for path in PATH.findall(spans(document))}
    plain = {path for path in found if not set(path) & set("{}<>…")}
    assert {path for path in plain if not (ROOT / path).exists() and not any(ROOT.glob(path))} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_files_exist(document: Path) -> None:
    found = {file for file in FILE.findall(spans(document)) if not file.startswith(MADE_LATER)}
    # A page may speak from where it stands, or of a module of the backend by its short name.
    places = (ROOT, document.parent, ROOT / "backend")
    assert {file for file in found if not any((place / file).exists() for place in places)} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_make_targets_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?<![\w-])make ([a-z-]+)", spans(document))) - targets == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_commands_exist(document: Path) -> None:
    calls = re.findall(r"(?:^|[\s(]|bin/)daogang ([a-z][^|;&#\n]*)", spans(document), re.MULTILINE)
    assert [call for call in calls if not command_exists(call.split())] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_routes_exist(document: Path) -> None:
    forms = [re.compile(re.sub(r"{[^}]*}", "[^/]+", route.template)) for route in routes()]
    for path in {VARIABLE.sub("x", path).rstrip("/.:") for path in ROUTE.findall(spans(document))}:
        # A prefix (`/admin/v1/projects/{id}`) of a route is fine where a whole family is meant.
        assert any(form.fullmatch(path) for form in forms) or any(
            re.sub(r"{[^}]*}", "x", route.template).startswith(path) for route in routes()
        ), path


def test_every_picture_of_a_screen_is_shown() -> None:
    """`make screenshots` takes them; one that nobody sees shows what was once."""
    shown = set(re.findall(r"\]\(docs/screens/([\w-]+\.png)\)", (ROOT / "README.md").read_text()))
    assert shown == {path.name for path in (ROOT / "docs/screens").glob("*.png")}
