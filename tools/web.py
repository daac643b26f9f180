"""Makes and refreshes web/node_modules from the locked, hashed list; does nothing when nothing changed.

`python3 -m tools.web`. Node.js, npm and Chromium come from the distribution where they are missing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

from tools import debian
from tools.environment import digest_of
from tools.house import ROOT
from tools.locks import locked
from tools.say import Trouble, step, told

WEB = ROOT / "web"
MODULES = WEB / "node_modules"
STAMP = MODULES / ".daogang.stamp"
LEAST_NODE = 18
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def ensure() -> None:
    """Bring web/node_modules to the state that package-lock.json describes."""
    with locked(ROOT / ".local" / "web.lock"):
        missing = [name for name, is_there in _needed() if not is_there]
        if missing:
            _install(missing)
        digest = digest_of([WEB / "package-lock.json", WEB / "package.json", WEB / ".npmrc"])
        if STAMP.exists() and STAMP.read_text() == digest:
            return
        with step("installing the locked npm packages of web/"):
            made = subprocess.run(
                ["npm", "ci", "--ignore-scripts", "--prefer-offline", "--loglevel=error"],
                cwd=WEB,
                check=False,
                stdout=sys.stderr,
            )
        if made.returncode != 0:
            what = "npm could not install the packages of web/ (its own words stand above)"
            raise Trouble(what, "check the network or your npm registry (`npm config get registry`), and run it again.")
        STAMP.write_text(digest)


def browser() -> str | None:
    """Return the path of a Chromium, `DAOGANG_CHROMIUM` first."""
    named = os.environ.get("DAOGANG_CHROMIUM")
    return named or next((path for name in BROWSERS if (path := shutil.which(name))), None)


def _needed() -> list[tuple[str, bool]]:
    return [
        ("nodejs", _node_version() >= LEAST_NODE),
        ("npm", shutil.which("npm") is not None),
        ("chromium", browser() is not None),
    ]


def _node_version() -> int:
    node = shutil.which("node")
    if node is None:
        return 0
    said = subprocess.run([node, "--version"], check=False, capture_output=True, text=True).stdout
    found = re.match(r"v(\d+)\.", said)
    return int(found[1]) if found else 0


def _install(missing: list[str]) -> None:
    if not debian.can_install():
        what = f"{', '.join(missing)} missing: the phone library is checked with Node.js and tested in Chromium"
        remedy = (
            f"on Debian or Ubuntu: sudo apt-get install {' '.join(missing)}; elsewhere install Node.js 18 or newer."
        )
        raise Trouble(what, remedy)
    debian.install(*missing)


def main() -> int:
    """Bring web/node_modules up to date."""
    ensure()
    return 0


if __name__ == "__main__":
    sys.exit(told(main))
