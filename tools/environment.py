"""Makes and refreshes .venv from the pinned, hashed requirements; does nothing when nothing changed.

`python3 -m tools.environment runtime|dev`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools import debian
from tools.house import ROOT, VENV
from tools.locks import locked
from tools.say import Trouble, say, step, told

# `build` is the build back end, so that installing the project itself needs no network.
SETS = {
    "runtime": ("requirements/runtime.txt", "requirements/build.txt"),
    "dev": ("requirements/dev.txt",),
}
NEEDED_BYTES = 1_500_000_000
PYTHON = VENV / "bin" / "python"
PIP_NOISE = ("Requirement already satisfied", "Ignoring ", "Looking in ", "Collecting ", "Using cached ", "Stored in ")


def ensure(kind: str) -> None:
    """Bring .venv to the state that the requirement files of `kind` and pyproject.toml describe."""
    with locked(ROOT / ".local" / "venv.lock"):
        _ensure_venv()
        # What develops also runs: dev.txt is resolved on top of runtime.txt.
        if any(_stamp(name).exists() and _stamp(name).read_text() == _digest(name) for name in {kind, "dev"}):
            return
        _ensure_pip()
        with step(f"installing the pinned packages of {' and '.join(SETS[kind])}"):
            _pip("--require-hashes", *(part for name in SETS[kind] for part in ("--requirement", name)))
        with step("installing daogang itself, so that edits count at once"):
            _pip("--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--editable", ".")
        _stamp(kind).write_text(_digest(kind))


def digest_of(files: list[Path]) -> str:
    """Return a digest of the files' bytes and of the Python that uses them."""
    digest = hashlib.sha256(sys.version.encode())
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _stamp(kind: str) -> Path:
    return VENV / f"daogang-{kind}.stamp"


def _digest(kind: str) -> str:
    return digest_of([*(ROOT / name for name in SETS[kind]), ROOT / "pyproject.toml"])


def _ensure_venv() -> None:
    """Make .venv unless it works already; one whose Python went away is made anew."""
    if PYTHON.exists() and subprocess.run([PYTHON, "-c", ""], check=False).returncode == 0:
        return
    free = shutil.disk_usage(ROOT).free
    if free < NEEDED_BYTES:
        what = f"only {free // 1_000_000} MB of disk are free for the packages ({ROOT})"
        raise Trouble(what, f"free at least {NEEDED_BYTES // 1_000_000} MB and run it again.")
    if importlib.util.find_spec("ensurepip") is None:
        _install_venv_package()
    with step(f"making .venv with Python {sys.version.split()[0]}"):
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=False)
    if made.returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        what = f"`{sys.executable} -m venv .venv` failed (its own words stand above)"
        raise Trouble(what, "mend that, or name another Python: make run PYTHON=python3.12")


def _install_venv_package() -> None:
    """Install what Debian cuts out of its Python."""
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if not debian.can_install():
        what = "this Python comes without venv and pip"
        raise Trouble(what, f"on Debian or Ubuntu: sudo apt-get install {package}; then run it again.")
    debian.install(package)


def _ensure_pip() -> None:
    if subprocess.run([PYTHON, "-c", "import pip"], check=False, capture_output=True).returncode != 0:
        say("putting pip into .venv")
        subprocess.run([PYTHON, "-m", "ensurepip", "--upgrade"], check=True, stdout=sys.stderr)


def _pip(*arguments: str) -> None:
    environment = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    pip = [str(PYTHON), "-m", "pip", "install", "--progress-bar", "off", *arguments]
    with subprocess.Popen(
        pip, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        for line in running.stdout or ():
            # One line for each download is progress; one for each package that is there already is noise.
            if not line.lstrip().startswith(PIP_NOISE):
                sys.stderr.write(f"  {line}")
                sys.stderr.flush()
    if running.returncode != 0:
        what = "pip could not install the packages (its own words stand above)"
        remedy = (
            "check the network or your pip mirror (`pip config list`), the free disk (`df -h .`), and run it again; "
            "if a hash differs, the mirror serves another file than the one that was reviewed."
        )
        raise Trouble(what, remedy)


def main() -> int:
    """Bring .venv to the set named on the command line."""
    if sys.argv[1:] not in ([name] for name in SETS):
        what = "one set must be named"
        raise Trouble(what, f"python3 -m tools.environment {'|'.join(SETS)}")
    ensure(sys.argv[1])
    return 0


if __name__ == "__main__":
    sys.exit(told(main))
