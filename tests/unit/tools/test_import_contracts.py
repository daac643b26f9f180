"""The import contracts see every module, and the pure list names what exists."""

import tomllib
from pathlib import Path

from tools.house import ROOT

LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
FLOORS, PURE = LINTER["contracts"]


def module_exists(pattern: str) -> bool:
    """Tell whether a dotted pattern names at least one module of ours."""
    path = pattern.replace(".", "/").replace("**", "*")
    return any(ROOT.glob(f"{path}.py")) or any(ROOT.glob(f"{path}/__init__.py"))


def test_every_module_of_the_backend_has_its_floor() -> None:
    named = {part.strip("() ") for layer in FLOORS["layers"] for part in layer.replace("|", ":").split(":")}
    children: list[Path] = [*(ROOT / "backend").glob("*.py"), *(ROOT / "backend").glob("*/__init__.py")]
    modules = {
        "backend." + (child.parent.name if child.name == "__init__.py" else child.stem)
        for child in children
        if child.parent != ROOT / "backend" or child.name != "__init__.py"
    }
    assert modules - named == set()


def test_every_entry_of_the_pure_list_names_something() -> None:
    assert [name for name in PURE["source_modules"] if not module_exists(name)] == []


def test_the_contracts_cover_every_package() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(LINTER["root_packages"]) == set(wheel["packages"])
