"""Finds a PostgreSQL that has PostGIS, or has Debian install one without starting a cluster of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools import debian
from tools.say import Trouble, say

if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST = 15
NEEDED = ("initdb", "pg_ctl", "postgres", "pg_isready", "psql")
CLUSTER_RULES = Path("/etc/postgresql-common")
BY_HAND = (
    "install PostgreSQL 15 or newer with PostGIS 3.3 or newer, then run the same command again:\n"
    "    Debian, Ubuntu   sudo apt-get install postgresql postgresql-NN-postgis-3   (NN: the version apt offers)\n"
    "    Fedora           sudo dnf install postgresql-server postgresql-contrib postgis\n"
    "    macOS            brew install postgis        (brings its PostgreSQL), or Postgres.app\n"
    "  or say where the binaries are:     PG_BINDIR=/path/to/bin make run\n"
    "  or give a database of your own:    DATABASE_URL=postgresql://user:password@host/name make run"
)


@dataclass(frozen=True)
class Server:
    """One installed PostgreSQL: its directory of programs and its major version."""

    bindir: Path
    major: int

    def program(self, name: str) -> str:
        """Return the full path of one of its programs."""
        return str(self.bindir / name)


def find_server(*, major: int | None = None) -> Server:
    """Return an installed PostgreSQL with PostGIS, installing Debian's when there is none and we may.

    `major` asks for one major version, because a data directory belongs to one.
    """
    wanted = f"PostgreSQL {major}" if major else f"PostgreSQL {OLDEST} or newer"
    server = installed_server(major)
    if server is None and "PG_BINDIR" in os.environ:
        what = f"PG_BINDIR={os.environ['PG_BINDIR']} has no {wanted} with PostGIS"
        raise Trouble(what, f"correct or unset PG_BINDIR, or {BY_HAND}")
    if server is None and debian.can_install():
        install_server(major)
        server = installed_server(major)
    if server is None:
        what = f"{wanted} with PostGIS is not installed"
        if debian.has_apt():
            what += " and we are neither root nor have a working sudo to install it"
        anew = (
            f"\n  or begin with new data for another PostgreSQL (these are version {major}'s): make clean"
            if major
            else ""
        )
        raise Trouble(what, BY_HAND + anew)
    return server


def installed_server(major: int | None = None) -> Server | None:
    """Return the newest usable server, or the one that PG_BINDIR points at; None when there is none."""
    found: list[Server] = []
    for bindir in _places():
        version = _version(bindir)
        if version is None or version < OLDEST or (major is not None and version != major):
            continue
        if has_postgis(bindir, version):
            found.append(Server(bindir, version))
            if "PG_BINDIR" in os.environ:
                break
    return max(found, key=lambda server: server.major, default=None)


def _places() -> Iterator[Path]:
    """Yield directories that may hold PostgreSQL's programs; PG_BINDIR, when set, is the only one."""
    told = os.environ.get("PG_BINDIR")
    if told:
        yield Path(told)
        return
    pg_config = shutil.which("pg_config")
    if pg_config:
        answer = subprocess.run([pg_config, "--bindir"], check=False, capture_output=True, text=True)
        if answer.returncode == 0:
            yield Path(answer.stdout.strip())
    for pattern in (
        "usr/lib/postgresql/*/bin",
        "usr/pgsql-*/bin",
        "opt/homebrew/opt/postgresql*/bin",
        "usr/local/opt/postgresql*/bin",
        "home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
        "Applications/Postgres.app/Contents/Versions/*/bin",
    ):
        yield from sorted(Path("/").glob(pattern))
    initdb = shutil.which("initdb")
    if initdb:
        yield Path(initdb).resolve().parent


def _version(bindir: Path) -> int | None:
    """Return the major version of the programs in a directory, None when some are missing."""
    if not all((bindir / name).exists() for name in NEEDED):
        return None
    answer = subprocess.run([str(bindir / "postgres"), "--version"], check=False, capture_output=True, text=True)
    match = re.search(r"(\d+)", answer.stdout)
    return int(match.group(1)) if match else None


def has_postgis(bindir: Path, major: int) -> bool:
    """Tell whether PostGIS' control file lies where this server looks for extensions."""
    shares = [
        Path(f"/usr/share/postgresql/{major}"),
        bindir.parent / "share/postgresql",
        bindir.parent / f"share/postgresql@{major}",
        bindir.parent / "share",
    ]
    pg_config = bindir / "pg_config"
    if pg_config.exists():
        answer = subprocess.run([str(pg_config), "--sharedir"], check=False, capture_output=True, text=True)
        if answer.returncode == 0:
            shares = [Path(answer.stdout.strip())]
    return any((share / "extension/postgis.control").exists() for share in shares)


def newest_postgis_package(names: list[str], major: int | None) -> tuple[int, str] | None:
    """Choose among Debian's postgresql-NN-postgis-3 packages: the asked version, else the newest one we can use."""
    offers = [(int(name.split("-")[1]), name) for name in names]
    return max(((v, n) for v, n in offers if v >= OLDEST and major in (None, v)), default=None)


def install_server(major: int | None) -> None:
    """Have apt install PostgreSQL and PostGIS, with Debian's own cluster switched off meanwhile."""
    say("no PostgreSQL with PostGIS here; installing Debian's packages (about 110 MB to fetch, 470 MB on disk)")
    debian.refresh()
    # An installed server that merely lacks PostGIS is completed, not accompanied by a second one.
    present = [int(p.parent.name) for p in Path("/usr/lib/postgresql").glob("*/bin") if (p / "postgres").exists()]
    names = debian.available("postgresql-[0-9]+-postgis-3")
    choice = None
    for version in [major] if major else [*sorted(present, reverse=True), None]:
        choice = choice or newest_postgis_package(names, version)
    if choice is None:
        what = f"apt offers no postgresql-NN-postgis-3 package for PostgreSQL {major or f'{OLDEST} or newer'}"
        raise Trouble(what, BY_HAND)
    version, package = choice
    if version in present:
        debian.install(package)
        return
    # postgresql-common decides whether a new server gets a cluster, so its rule comes before the server.
    debian.install("postgresql-common")
    rule = CLUSTER_RULES / "createcluster.d" / "daogang.conf"
    debian.write_as_root(str(rule), "# Written by daogang while it installs PostgreSQL.\ncreate_main_cluster = false\n")
    try:
        debian.install(f"postgresql-{version}", package)
    finally:
        debian.remove_as_root(str(rule))
