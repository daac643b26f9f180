"""Chooses where a private cluster keeps its data and its socket, and as which user of the machine it runs."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.house import LOCAL, local_id
from tools.say import Trouble

# A Unix socket's path has room for 107 bytes; libpq adds "/.s.PGSQL.5432" and some systems stop earlier.
LONGEST_SOCKET_PATH = 100
SOCKET_FILE = "/.s.PGSQL.5432"
OUTSIDE = Path("/var/tmp")  # noqa: S108 - its use is guarded: owned by us, not a link, closed to others


@dataclass(frozen=True)
class Runner:
    """The user of the machine that the server runs as; None means: as ourselves."""

    uid: int | None = None
    gid: int | None = None

    def run(self, *command: str, stdin: str | None = None, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command as this user, from a directory that everyone can enter, free of PG* settings of ours."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return subprocess.run(
            command,
            check=False,
            capture_output=True,
            input=stdin,
            text=True,
            cwd="/",
            env=environment | {"LC_MESSAGES": "C"},
            timeout=timeout_s,
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
        )

    def reaches(self, directory: Path) -> bool:
        """Tell whether this user can enter a directory and write there."""
        return self.run("/bin/sh", "-c", 'cd "$1" && [ -w . ]', "sh", str(directory)).returncode == 0

    def owns(self, path: Path) -> bool:
        """Tell whether this user is the owner of a path that is no symbolic link."""
        status = path.lstat()
        return not stat.S_ISLNK(status.st_mode) and status.st_uid == (os.geteuid() if self.uid is None else self.uid)


def unprivileged_runner() -> Runner:
    """Return ourselves, or, since PostgreSQL refuses to run as root, a harmless user when we are root."""
    if os.geteuid() != 0:
        return Runner()
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Runner(entry.pw_uid, entry.pw_gid)
    what = "PostgreSQL must not run as root and this machine has neither a user postgres nor nobody"
    raise Trouble(what, "make one (`useradd --system postgres`) or run the command as an ordinary user.")


@dataclass(frozen=True)
class Home:
    """Where one cluster lives."""

    data: Path
    socket_dir: Path


def home_of(name: str, runner: Runner, *, local: Path = LOCAL) -> Home:
    """Return, and make, the places of a named cluster.

    Data lie in .local/pg/NAME when the server's user can reach that, else in /var/tmp/daogang-HASH/NAME; the file
    .local/pg/NAME.where then names the place. The socket goes beside the data unless its path would be too long.
    """
    inside = local / "pg"
    inside.mkdir(parents=True, exist_ok=True)
    base = inside / name
    if not base.exists():
        _make(base, runner)
    if not runner.reaches(base):
        base = _outside(name, runner, local)
        (inside / f"{name}.where").write_text(f"{base}\n")
    socket_dir = base / "socket"
    if len(f"{socket_dir}{SOCKET_FILE}".encode()) > LONGEST_SOCKET_PATH:
        socket_dir = _outside(f"{name}-socket", runner, local)
    _make(socket_dir, runner)
    return Home(base / "data", socket_dir)


def forget(local: Path = LOCAL) -> None:
    """Remove what lies outside the checkout; the clusters must be stopped."""
    shutil.rmtree(OUTSIDE / f"daogang-{local_id(local)}", ignore_errors=True)


def _outside(name: str, runner: Runner, local: Path) -> Path:
    common = OUTSIDE / f"daogang-{local_id(local)}"
    try:
        common.mkdir(mode=0o755)
    except FileExistsError:
        if not Runner().owns(common):
            what = f"{common} belongs to somebody else"
            raise Trouble(what, "remove it, or move the checkout to another directory.") from None
    _make(common / name, runner)
    return common / name


def _make(directory: Path, runner: Runner) -> None:
    """Make a directory that only the server's user enters; one that exists must be so already."""
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        if not runner.owns(directory):
            what = f"{directory} belongs to another user than the one PostgreSQL runs as"
            raise Trouble(what, "run as the user who made it, or `make clean` as that user first.") from None
        return
    if runner.uid is not None and runner.gid is not None:
        os.chown(directory, runner.uid, runner.gid)
