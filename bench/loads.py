"""Runs the two load generators, pgbench and wrk, and reads what they measured."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tools.say import Trouble
from tools.servers import find_server

HERE = Path(__file__).resolve().parent
TRANSACTIONS_PER_SECOND = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)
FAILED = re.compile(r"^number of failed transactions: ([0-9]+)", re.MULTILINE)
INSTALL_WRK = "install it: `sudo apt-get install wrk` (Debian, Ubuntu) or `brew install wrk` (macOS)."


@dataclass(frozen=True)
class Taken:
    """What wrk saw of one window: answers, seconds, and times to the answer in milliseconds."""

    answers: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds


class _Seen(msgspec.Struct):
    requests: int
    duration_us: int
    refused: int
    broken: int
    p50_us: int
    p99_us: int


def find_wrk() -> str:
    """Return wrk's path; raises Trouble that says how to install it."""
    found = shutil.which("wrk")
    if found is None:
        what = "wrk, which sends the check-ins, is not installed"
        raise Trouble(what, INSTALL_WRK)
    return found


def run_sql(url: str, *arguments: str) -> str:
    """Run psql, stopping at the first mistake."""
    psql = find_server().program("psql")
    return _checked(psql, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *arguments, url)


def run_pgbench(url: str, script: str, *arguments: str) -> float:
    """Run a script of this directory with pgbench and prepared statements; return transactions per second."""
    pgbench = find_server().program("pgbench")
    said = _checked(pgbench, "-n", "-M", "prepared", "-f", str(HERE / script), *arguments, url)
    failed, found = FAILED.search(said), TRANSACTIONS_PER_SECOND.search(said)
    if found is None or failed is None or int(failed[1]):
        raise Trouble(f"pgbench failed on bench/{script}:\n{said}", "mend what its words above say.")
    return float(found[1])


def run_wrk(requests: Path, address: str, *, clients: int, seconds: int, prepared: int) -> Taken:
    """Send the requests of a file from `clients` connections for some seconds; every answer must be a 2xx."""
    said = _checked(
        find_wrk(),
        "--threads=1",
        f"--connections={clients}",
        f"--duration={seconds}s",
        "--timeout=10s",
        f"--script={HERE / 'check_in.lua'}",
        address,
        "--",
        str(requests),
    )
    seen = msgspec.json.decode(said.splitlines()[-1], type=_Seen)
    if seen.refused or seen.broken:
        what = f"of {seen.requests} check-ins {seen.refused} were not answered with 2xx and {seen.broken} not at all"
        raise Trouble(what, "read .local/bench/server.log; figures with failures in them say nothing.")
    if seen.requests + clients > prepared:
        what = f"{prepared} prepared check-ins were not enough for {seconds} s"
        raise Trouble(what, "raise MOST_PER_SECOND in bench/run.py.")
    return Taken(seen.requests, seen.duration_us / 1e6, seen.p50_us / 1e3, seen.p99_us / 1e3)


def _checked(*command: str) -> str:
    answer = subprocess.run(command, check=False, capture_output=True, text=True)
    if answer.returncode != 0:
        what = f"{Path(command[0]).name} failed:\n{answer.stderr.strip()}\n{answer.stdout.strip()}"
        raise Trouble(what, "mend what its words above say, then `make bench` again.")
    return answer.stdout
