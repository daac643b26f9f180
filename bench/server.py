"""Starts the server as in production, with two processes, and reads what they use from /proc."""

import os
import socket
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.children import Children
from tools.house import VENV
from tools.run import wait_until_ready
from tools.say import Trouble

HOST = "127.0.0.1"
PROCESSES = 2
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
USER_TIME, SYSTEM_TIME = 11, 12
"""Places in /proc/PID/stat after the closing bracket of the program's name."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    address: str
    port: int
    leader: int

    def cpu_s(self) -> float:
        """Return the processor seconds of all its processes so far."""
        return sum(_cpu_s(pid) for pid in self._family())

    def peak_rss_mb(self) -> float:
        """Return the most memory (10^6 bytes) that one of its processes ever had."""
        return max(_peak_rss_kb(pid) for pid in self._family()) * 1024 / 1e6

    def _family(self) -> list[int]:
        """Return the leader and whatever it started."""
        found = [self.leader]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").iterdir():
                found.extend(int(child) for child in (task / "children").read_text().split())
        return found


@contextmanager
def serving(url: str, keys: Path, folder: Path) -> Generator[Server]:
    """Yield a server on a free port of this machine; `folder` takes its log."""
    if not Path("/proc/self/stat").exists():
        what = "this machine has no /proc, from which memory and processor time of the server are read"
        raise Trouble(what, "run `make bench` on Linux, or in the development container.")
    port = _free_port()
    children = Children(folder, folder / "children.json")
    children.log("server").unlink(missing_ok=True)
    environment = dict(os.environ) | {
        "DATABASE_URL": url,
        "DAOGANG_KEYS_DIR": str(keys),
        "DAOGANG_ENV": "production",
        "DAOGANG_HOST": HOST,
        "DAOGANG_PROCESSES": str(PROCESSES),
        "PORT": str(port),
    }
    try:
        children.start("server", [str(VENV / "bin/daogang"), "serve"], environment, nudged=True)
        wait_until_ready(port, children)
        yield Server(f"http://{HOST}:{port}", port, children.pid("server"))
    finally:
        children.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[USER_TIME]) + int(fields[SYSTEM_TIME])) / TICKS_PER_SECOND


def _peak_rss_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
