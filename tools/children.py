"""Long-running child processes: started together, watched, told to stop in order, never left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tools.house import LOCAL, ROOT, VENV
from tools.say import Trouble, say

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE_S = 25
NUDGE_AFTER_S = 2.0
BIGGEST_LOG = 10_000_000


class Children:
    """The processes of one run, each writing to its own log file."""

    def __init__(self, folder: Path, register: Path) -> None:
        """Take the folder for logs and the file that remembers process numbers, for a run that was killed."""
        self._folder = folder
        self._register = register
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._nudged: set[str] = set()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # development logs tell codes

    def start(self, name: str, command: list[str], environment: Mapping[str, str], *, nudged: bool = False) -> None:
        """Start one in a session of its own, so that Ctrl-C reaches us alone and we decide the order of stopping.

        `nudged` is for programs with worker processes that lose a signal while they start: when such a program has
        not ended after two seconds, its whole session is asked once more.
        """
        log = self.log(name)
        if log.exists() and log.stat().st_size > BIGGEST_LOG:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            self._running[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if nudged:
            self._nudged.add(name)
        self._register.write_text(json.dumps([child.pid for child in self._running.values()]))

    def pid(self, name: str) -> int:
        """Return the process number of a child."""
        return self._running[name].pid

    def log(self, name: str) -> Path:
        """Return the log file of a child."""
        return self._folder / f"{name}.log"

    def check(self) -> None:
        """Raise Trouble when one of them has ended by itself."""
        for name, child in self._running.items():
            if child.poll() is None:
                continue
            what = f"the {name} ended by itself with status {child.returncode}; its last words:\n{self.tail(name)}"
            raise Trouble(what, f"read {self.log(name)}, mend what it says, then run it again.")

    def tail(self, name: str, lines: int = 15) -> str:
        """Return the last lines of a child's log, indented."""
        words = self.log(name).read_text(errors="replace").splitlines()[-lines:]
        return "\n".join(f"    {line}" for line in words)

    def stop(self) -> None:
        """Ask all to finish, the first started first; kill what does not within its time."""
        for name, child in self._running.items():
            if child.poll() is None:
                say(f"stopping the {name}")
                _signal(child.pid, signal.SIGTERM)
        until = time.monotonic() + PATIENCE_S
        for name, child in self._running.items():
            if name in self._nudged and not _ended(child, NUDGE_AFTER_S):
                _signal(-child.pid, signal.SIGTERM)
            if not _ended(child, max(0.0, until - time.monotonic())):
                say(f"the {name} did not finish within {PATIENCE_S} s and is killed")
            # Whatever of its session is left has lost its parent.
            _signal(-child.pid, signal.SIGKILL)
            child.wait()
        self._running.clear()
        self._register.unlink(missing_ok=True)


def sweep(register: Path) -> None:
    """End the children of an earlier run that was killed before it could; only those that are ours."""
    if not register.exists():
        return
    for pid in json.loads(register.read_text() or "[]"):
        if _is_ours(pid):
            say(f"ending process {pid}, left behind by an earlier run that was killed")
            _signal(-pid, signal.SIGTERM)
            until = time.monotonic() + PATIENCE_S
            while _is_ours(pid) and time.monotonic() < until:
                time.sleep(0.05)
            _signal(-pid, signal.SIGKILL)
    register.unlink()


def _ended(child: subprocess.Popen[bytes], within_s: float) -> bool:
    try:
        child.wait(within_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def _is_ours(pid: int) -> bool:
    """Tell whether a process runs from our .venv, or with a file of our local state, as a broker does."""
    command = _command_of(pid)
    return any(str(place) in command for place in (VENV, LOCAL))


def _command_of(pid: int) -> str:
    """Return a process's command line, empty when there is no such process or it is a zombie."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        pass
    if Path("/proc/self").exists():
        return ""
    return subprocess.run(["ps", "-o", "command=", "-p", str(pid)], check=False, capture_output=True, text=True).stdout


def _signal(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process, or to the whole session of -pid; one that is gone needs none."""
    try:
        if pid < 0:
            os.killpg(-pid, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        pass
