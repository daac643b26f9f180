"""Rules of the house that no linter knows."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.house import ROOT

PACKAGES = ("backend", "mobile_api", "geofences")
# A file that outgrows 300 lines is split by use case; what lists one thing after the other may be a little longer.
LINES = 350
SOURCES = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))
# Spelled apart, so that this file does not name what it forbids.
FORBIDDEN = [
    re.compile(pattern)
    for pattern in (
        r"pypi\." + r"org",
        r"files\.python" + r"hosted",
        r"registry\.npm" + r"js",
        r"(?:deb|security)\.debian\." + r"org",
        r"archive\.ubuntu\." + r"com",
        r"--(?:extra-)?index" + r"-url(?!\b.*--no-emit)[ =]https?:",
        r"(?<![\w./])/work" + r"/main",
        r"(?<![\w./])/root" + r"/",
        r"/home/[a-z]" + r"\w+/",
    )
]


def tracked() -> list[Path]:
    """Return the files of the project, as git knows them where it is one of its work trees."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        skipped = {".venv", ".local", "__pycache__", ".git"}
        return [path for path in ROOT.rglob("*") if path.is_file() and not skipped & set(path.parts)]
    listed = subprocess.run([git, "-C", str(ROOT), "ls-files", "-z"], check=True, capture_output=True).stdout
    return [path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_names_a_registry_or_a_machine() -> None:
    found: list[str] = []
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for form in FORBIDDEN for match in form.finditer(text)]
    assert found == []


def test_no_file_grows_without_bound() -> None:
    sizes = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in SOURCES}
    assert {name: size for name, size in sizes.items() if size > LINES} == {}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_its_one_responsibility(path: Path) -> None:
    first = path.read_text().lstrip()
    assert first.startswith('"""'), path
    assert first.split("\n", 1)[0].strip('"').strip(), path


def test_routes_are_read_at_run_time() -> None:
    """Litestar resolves a handler's names when it starts; deferred or hidden ones stop it, or change its meaning."""
    for path in SOURCES:
        if path.name.endswith("routes.py"):
            text = path.read_text()
            assert "from __future__" not in text, path
            assert "TYPE_CHECKING" not in text, path


def test_time_comes_from_the_clock() -> None:
    """Neither the machine's clock nor the database's decides about people: the demo and the tests play other days."""
    clocks = re.compile(
        r"datetime\.now\(|datetime\.utcnow|time\.time\(|date\.today\(|\bCURRENT_(?:DATE|TIME)|func\.now\("
    )
    in_sql = re.compile(r"(?<![\w.])now\(\)")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in SOURCES
        if path.name not in {"clock.py", "keyfiles.py"}  # keys are dated by the machine that makes them
        for form in (clocks, in_sql)
        for match in form.finditer(path.read_text())
    ]
    assert found == []


def test_only_commands_and_what_servers_start_read_the_environment() -> None:
    readers = {path for path in SOURCES if re.search(r"os\.environ|getenv\(", path.read_text())}
    elsewhere = {path.relative_to(ROOT) for path in readers if path.parent != ROOT / "backend/cli"}
    assert elsewhere == {Path("backend/main.py"), Path("backend/health.py")}


def test_what_a_check_is_told_to_pass_over_says_why() -> None:
    """`# noqa: CODE - reason`; the type checker's marks alike, and the last of several on a line gives the reason."""
    mark = r"(?:noqa: [A-Z0-9]+(?:, [A-Z0-9]+)*|(?:pyright|type): ignore\[[A-Za-z, -]+\])"
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked()
        if path.suffix == ".py"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(rf"# {mark}", line) and not re.search(rf"# {mark} - \S", line)
    ]
    assert found == []
