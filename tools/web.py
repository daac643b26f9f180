"""Makes and refreshes web/node_modules, the API's types and the built apps; does nothing when nothing changed.

`python3 -m tools.web`. Node.js, npm and Chromium come from the distribution where they are missing.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys

from tools import debian
from tools.environment import digest_of
from tools.house import ROOT
from tools.locks import locked
from tools.say import Trouble, say, step, told

WEB = ROOT / "web"
MODULES = WEB / "node_modules"
STAMP = MODULES / ".daogang.stamp"
DIST = WEB / "dist"
BUILT = DIST / "daogang.stamp"
TYPES = WEB / "generated" / "api.d.ts"
TYPED = WEB / "generated" / "daogang.stamp"
DOCUMENT = ROOT / "docs" / "openapi.json"
SOURCES = ("src", "phone", "desk")
LEAST_NODE = 18
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def ensure(*, with_browser: bool = True) -> None:
    """Bring web/node_modules to the state that package-lock.json describes; tests want a browser besides."""
    with locked(ROOT / ".local" / "web.lock"):
        missing = [name for name, is_there in _needed() if not is_there and (with_browser or name != "chromium")]
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


def ensure_types() -> None:
    """Write the API's types for TypeScript anew when the document changed."""
    with locked(ROOT / ".local" / "web-types.lock"):
        digest = digest_of([DOCUMENT, WEB / "package-lock.json"])
        if TYPES.exists() and TYPED.exists() and TYPED.read_text() == digest:
            return
        with step("writing the API's types for TypeScript"):
            _run(["node_modules/.bin/openapi-typescript", str(DOCUMENT), "--output", str(TYPES)])
        TYPED.write_text(digest)


def ensure_built() -> None:
    """Build the apps into web/dist when a source of theirs changed."""
    with locked(ROOT / ".local" / "web-build.lock"):
        digest = source_digest()
        if is_built(digest):
            return
        ensure(with_browser=False)
        with step("building the web apps"):
            _run(["node", "build.mjs"])
        BUILT.write_text(digest)


def is_built(digest: str) -> bool:
    """Tell whether web/dist was built of sources with a digest."""
    return BUILT.exists() and BUILT.read_text() == digest


def ensure_built_or_go_on() -> None:
    """Build the apps; where that cannot be done the server runs without them and says so."""
    try:
        ensure_built()
    except Trouble as trouble:
        say(f"the web apps are not built, /app/ and /desk/ will say so; the API is not affected ({trouble})")


def source_digest() -> str:
    """Return a digest of all that decides what a build holds; the same whichever Python asks."""
    files = [path for name in SOURCES for path in (WEB / name).rglob("*") if path.is_file()]
    files += [WEB / name for name in ("package.json", "package-lock.json", "vite.config.mjs", "build.mjs", ".npmrc")]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.relative_to(WEB)}\n".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _run(command: list[str]) -> None:
    ended = subprocess.run(command, cwd=WEB, check=False, capture_output=True, text=True)
    if ended.returncode != 0:
        said = "".join(f"\n    {line}" for line in (ended.stdout + ended.stderr).splitlines()[-25:])
        what = f"`{' '.join(command)}` failed in web/{said}"
        raise Trouble(what, "mend what it says, then run it again.")


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
        what = f"{', '.join(missing)} missing: the web apps are built with Node.js and tested in Chromium"
        remedy = (
            f"on Debian or Ubuntu: sudo apt-get install {' '.join(missing)}; elsewhere install Node.js 18 or newer."
        )
        raise Trouble(what, remedy)
    debian.install(*missing)


def main() -> int:
    """Bring packages, types and builds up to date."""
    ensure()
    ensure_types()
    ensure_built()
    return 0


if __name__ == "__main__":
    sys.exit(told(main))
