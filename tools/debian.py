"""Installs Debian and Ubuntu packages, when we are allowed to, with the package manager's own progress."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tools.say import Trouble, say, step

# The mirror may be slow and another installation may hold the lock; waiting is better than failing.
PATIENCE = ("-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3")


def has_apt() -> bool:
    """Tell whether this is a machine whose packages come from apt."""
    return shutil.which("apt-get") is not None


@cache
def privilege() -> tuple[str, ...] | None:
    """Return what to put before a command that needs root: nothing, sudo, or None when neither works.

    sudo may ask for the password when somebody sits at a terminal; it is asked once.
    """
    if os.geteuid() == 0:
        return ()
    sudo = shutil.which("sudo")
    if sudo is None:
        return None
    if subprocess.run([sudo, "-n", "true"], check=False, capture_output=True).returncode == 0:
        return (sudo,)
    if sys.stdin.isatty():
        say("Debian packages are missing; sudo asks for your password to install them")
        if subprocess.run([sudo, "-v"], check=False).returncode == 0:
            return (sudo,)
    return None


def can_install() -> bool:
    """Tell whether `install` has a chance."""
    return has_apt() and privilege() is not None


@cache
def refresh() -> None:
    """Fetch the package lists once per run; a failing mirror is told with its remedy."""
    with step("apt-get update"):
        _apt("update")


def install(*packages: str) -> None:
    """Install Debian packages without questions and without recommended extras."""
    refresh()
    with step(f"apt-get install {' '.join(packages)}"):
        _apt("install", "--yes", "--no-install-recommends", *packages)


def write_as_root(path: str, content: str, mode: str = "644") -> None:
    """Write a small file that belongs to root, with the directory above it."""
    _run(("mkdir", "-p", str(Path(path).parent)))
    _run(("tee", path), content)
    _run(("chmod", mode, path))


def link_as_root(path: str, target: str) -> None:
    """Make a symbolic link that belongs to root, with the directory above it."""
    _run(("mkdir", "-p", str(Path(path).parent)))
    _run(("ln", "-sfn", target, path))


def remove_as_root(path: str) -> None:
    """Remove a file that belongs to root; nothing happens when it is gone."""
    _run(("rm", "-f", path))


def available(pattern: str) -> list[str]:
    """Return the names of packages whose whole name matches a regular expression."""
    answer = subprocess.run(
        ["apt-cache", "search", "--names-only", f"^{pattern}$"], check=False, capture_output=True, text=True
    )
    return [line.split(" ", 1)[0] for line in answer.stdout.splitlines() if line]


def _apt(*arguments: str) -> None:
    command = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", *PATIENCE, *arguments)
    try:
        _run(command)
    except subprocess.CalledProcessError as error:
        what = f"`apt-get {' '.join(arguments)}` failed (its own words stand above)"
        remedy = (
            "check the network and the free disk (`df -h /`), let `sudo apt-get update` succeed, "
            "then run the same command again; it goes on where it stopped."
        )
        raise Trouble(what, remedy) from error


def _run(command: tuple[str, ...], content: str | None = None) -> None:
    before = privilege()
    if before is None:
        what = "installing Debian packages needs root"
        raise Trouble(what, "run it again as root or with a sudo that works.")
    # apt's own progress goes to standard error, so that a tool's standard output stays its answer.
    subprocess.run([*before, *command], check=True, input=content, text=True, stdout=sys.stderr)
