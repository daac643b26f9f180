"""README and docs name only paths, commands and routes that exist."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from tests.support.routes import routes
from tools.house import ROOT

DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
HOUSES = ("backend", "mobile_api", "geofences", "migrations", "tests", "docs", "tools", "bench", ".ci", "requirements")
CODE = re.compile(r"`([^`\n]+)`")
FENCED = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
PATH = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, HOUSES))})/[\w./*{{}}<>…-]*")
ROUTE = re.compile(r"(?<![\w.])/(?:admin/v1|mobile/v1|gates/v1)/[\w/{}$.:%-]+")
VARIABLE = re.compile(r"{[^}]*}|\$\{?\w+}?|[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d(?:-\d\d)?")


def spans(path: Path) -> str:
    text = path.read_text()
    return "\n".join([*CODE.findall(text), *FENCED.findall(text)])


def named(document: Path) -> str:
    return str(document.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_lead_somewhere(document: Path) -> None:
    local = [link for link in LINK.findall(document.read_text()) if "://" not in link and not link.startswith("mailto")]
    assert [link for link in local if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_paths_exist(document: Path) -> None:
    found = {path.rstrip("./") for path in PATH.findall(spans(document))}
    plain = {path for path in found if not set(path) & set("{}<>…")}
    assert {path for path in plain if not (ROOT / path).exists() and not any(ROOT.glob(path))} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_commands_exist(document: Path) -> None:
    from backend.cli import app

    text = spans(document)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?<![\w-])make ([a-z-]+)", text)) - targets == set()
    command = get_command(app)
    known = set(getattr(command, "commands", {}))
    assert known >= {"serve", "worker", "migrate", "openapi", "keys"}
    assert set(re.findall(r"(?:^|[\s(]|bin/)daogang ([a-z][a-z-]*)", text, re.MULTILINE)) - known == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_routes_exist(document: Path) -> None:
    forms = [re.compile(re.sub(r"{[^}]*}", "[^/]+", route.template)) for route in routes()]
    for path in {VARIABLE.sub("x", path).rstrip("/.:") for path in ROUTE.findall(spans(document))}:
        # A prefix (`/admin/v1/projects/{id}`) of a route is fine where a whole family is meant.
        assert any(form.fullmatch(path) for form in forms) or any(
            re.sub(r"{[^}]*}", "x", route.template).startswith(path) for route in routes()
        ), path
