"""The server and the worker as real processes, on a database and a port of the test's own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tools.house import ROOT

DAOGANG = (sys.executable, "-c", "from backend.cli.main import main; main()")
UP_WITHIN_S = 60
DOWN_WITHIN_S = 40


@dataclass
class Process:
    """A running process of ours; `base_url` is empty for one that does not listen."""

    popen: subprocess.Popen[bytes]
    log: Path
    base_url: str = ""

    def stop(self) -> int:
        """Send SIGTERM and return the exit status; AssertionError with the log when it does not end."""
        self.popen.send_signal(signal.SIGTERM)
        try:
            return self.popen.wait(DOWN_WITHIN_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not stop:\n{said(self)}") from None

    def ends_within(self, seconds: float) -> bool:
        """Wait for its end, so long at most; tell whether it has ended."""
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """Kill it and everything of its session at once, as a power cut would."""
        if self.popen.poll() is None:
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(url: str, folder: Path, **more: str) -> dict[str, str]:
    """Return the environment of a process on a database; its keys are made in `folder` on first use."""
    from backend.kit.keyfiles import init_keys

    init_keys(folder / "keys")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DAOGANG_", "PG"))}
    ours = {
        "DATABASE_URL": url,
        "DAOGANG_KEYS_DIR": str(folder / "keys"),
        "DAOGANG_BLOBS": str(folder / "blobs"),
        "DAOGANG_SMS_OUTBOX": str(folder / "sms.ndjson"),
        "DAOGANG_WEB_DIR": str(ROOT / "web" / "dist"),
        "DAOGANG_ENV": "test",
        "DAOGANG_PROCESSES": "1",
    }
    return inherited | ours | more


@contextmanager
def started(command: str, settings: Mapping[str, str], log: Path) -> Generator[Process]:
    """Run `daogang COMMAND` in a session of its own; whatever is left of it at the end is killed."""
    with log.open("ab") as output:
        popen = subprocess.Popen(
            [*DAOGANG, command],
            cwd=ROOT,
            env=dict(settings),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    process = Process(popen, log)
    try:
        yield process
    finally:
        process.kill()


@contextmanager
def server(url: str, folder: Path, **more: str) -> Generator[Process]:
    """Run the server until it is ready to take punches; `more` adds to its environment."""
    port = free_port()
    settings = environment(url, folder, **more, PORT=str(port))
    with started("serve", settings, folder / "server.log") as process:
        process.base_url = f"http://127.0.0.1:{port}"
        wait_until_ready(process)
        yield process


def wait_until_ready(process: Process) -> None:
    """Wait for a 200 of /health/ready; AssertionError with the log when the process ends or takes too long."""
    until = time.monotonic() + UP_WITHIN_S
    while time.monotonic() < until and not process.ends_within(0.05):
        try:
            if httpx.get(f"{process.base_url}/health/ready", timeout=5, trust_env=False).is_success:
                return
        except httpx.TransportError:
            continue
    raise AssertionError(f"not ready:\n{said(process)}")


def wait_for_line(process: Process, text: str, within_s: float = UP_WITHIN_S) -> None:
    """Wait until the process has logged a text; AssertionError with the log when it ends or takes too long."""
    until = time.monotonic() + within_s
    while True:
        if text in said(process):
            return
        if process.ends_within(0.05) or time.monotonic() > until:
            raise AssertionError(f"never said {text!r}:\n{said(process)}")


def said(process: Process) -> str:
    """Return the process's log; a letter that is only half written stands as a replacement sign."""
    return process.log.read_text(encoding="utf-8", errors="replace")
