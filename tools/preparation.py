"""Brings a run's keys, schema and, on an empty database, its demo; remembers that it did, for a quick next start."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tools.environment import digest_of
from tools.house import KEYS, LOCAL, ROOT, VENV
from tools.say import Trouble, say, step

if TYPE_CHECKING:
    from pathlib import Path

DAOGANG = str(VENV / "bin" / "daogang")
PYTHON = str(VENV / "bin" / "python")
# Present from the demo's begin to its end: a demo that was interrupted is played again from an empty database.
UNFINISHED = LOCAL / "demo-unfinished"
PREPARED = LOCAL / "prepared.stamp"


def prepare(settings: dict[str, str], *, private: bool) -> str:
    """Make the database of DATABASE_URL ready for the server; return the demo's log-ins as text.

    A private database that these migrations prepared this month is taken as it is: only we change it, and partitions
    are made two years ahead. Anybody else's database is looked at each time.
    """
    state = f"{_fingerprint()} {datetime.now(UTC):%Y-%m}"
    for exposed in (path for path in LOCAL.glob("demo-logins-*.txt") if path.stat().st_mode & 0o077):
        exposed.unlink()  # written by an earlier version, for everybody to read
    if private and PREPARED.exists() and PREPARED.read_text() == state and any(KEYS.iterdir()):
        return _logins(settings)
    PREPARED.unlink(missing_ok=True)
    if private and UNFINISHED.exists():
        say("the demo was interrupted last time; it begins again with an empty database")
        _checked(settings, PYTHON, "-m", "tools.newcomer", "recreate")
    empty = _is_empty(settings)
    with ThreadPoolExecutor() as pool:
        keys = pool.submit(_checked, settings, DAOGANG, "keys", "init")
        with step("bringing the database to the current schema"):
            _checked(settings, DAOGANG, "migrate")
        keys.result()
    if empty:
        UNFINISHED.touch()
        with step("loading the demo and playing its day (once)"):
            _checked(settings, DAOGANG, "demo", shown=True)
        UNFINISHED.unlink()
    for old in LOCAL.glob("demo-logins-*.txt"):
        old.unlink()
    if not private:
        return _output(settings, DAOGANG, "demo", "--logins")
    PREPARED.write_text(state)
    return _logins(settings)


def _logins(settings: dict[str, str]) -> str:
    """Return the demo's log-ins, which name the port, from the file that an earlier start on this port kept."""
    kept = LOCAL / f"demo-logins-{settings['PORT']}.txt"
    if not kept.exists():
        keep_private(kept, _output(settings, DAOGANG, "demo", "--logins"))
    return kept.read_text()


def keep_private(path: Path, text: str) -> None:
    """Write a file that holds passwords: its owner's alone from the first moment, whole or not at all.

    The folder stays open to others, since the database's user passes through it.
    """
    half = path.with_suffix(".new")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    half.replace(path)


def _fingerprint() -> str:
    """Return a digest of what decides schema and keys; the demo, once played, stays what it was."""
    files = [path for path in (ROOT / "migrations").rglob("*") if path.suffix in {".py", ".sql"}]
    files += [ROOT / "backend" / "migrate.py", *(ROOT / "backend" / "kit").glob("key*.py")]
    return digest_of(sorted(files))


def _is_empty(settings: dict[str, str]) -> bool:
    asked = subprocess.run(
        [PYTHON, "-m", "tools.newcomer", "state"], check=False, cwd=ROOT, env=settings, capture_output=True, text=True
    )
    if asked.returncode != 0:
        what = f"the database does not let us in:\n    {asked.stderr.strip()}"
        raise Trouble(what, "correct DATABASE_URL, or unset it to get a private database.")
    return asked.stdout.strip() == "empty"


def _checked(settings: dict[str, str], *command: str, shown: bool = False) -> None:
    """Run one of our own commands to its end; its output is shown, or kept for the case that it fails."""
    ended = subprocess.run(
        command,
        check=False,
        cwd=ROOT,
        env=settings,
        stdout=None if shown else subprocess.PIPE,
        stderr=None if shown else subprocess.STDOUT,
        text=True,
    )
    if ended.returncode != 0:
        said = "".join(f"\n    {line}" for line in (ended.stdout or "").splitlines()[-25:])
        what = f"`{' '.join(command)}` failed with status {ended.returncode}{said}"
        remedy = (
            "mend what it says (a full disk: `df -h .`; a database too old: PostgreSQL 15 with PostGIS 3.3), "
            "then run it again. `make clean` removes the private database and begins anew."
        )
        raise Trouble(what, remedy)


def _output(settings: dict[str, str], *command: str) -> str:
    ended = subprocess.run(command, check=False, cwd=ROOT, env=settings, capture_output=True, text=True)
    if ended.returncode != 0:
        what = f"`{' '.join(command)}` failed: {ended.stderr.strip()}"
        raise Trouble(what, "mend what it says, then run it again.")
    return ended.stdout
