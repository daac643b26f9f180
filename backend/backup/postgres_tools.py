"""Finds and runs PostgreSQL's own pg_dump and pg_restore; passwords go by the environment, never by arguments."""

import os
import shutil
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo


class ToolFailed(Exception):
    """A tool of PostgreSQL is missing or failed; the message holds its last line."""


def find_tool(name: str) -> str:
    """Return the newest of the installed tools of that name; raises ToolFailed."""
    installed = [path for path in Path("/usr/lib/postgresql").glob(f"*/bin/{name}") if path.parts[-3].isdigit()]
    homes = sorted(installed, key=lambda path: int(path.parts[-3]))
    found = str(homes[-1]) if homes else shutil.which(name)
    if found is None:
        msg = f"{name} is not installed: install PostgreSQL's client programs"
        raise ToolFailed(msg)
    return found


@contextmanager
def running_tool(name: str, url: str, arguments: Sequence[str], *, reads: bool) -> Generator[subprocess.Popen[bytes]]:
    """Run a tool on the database of `url`; it writes to a pipe, or reads from one if `reads`; an error ends it."""
    parts = conninfo_to_dict(url)
    password = parts.pop("password", None)
    environment = dict(os.environ) if password is None else {**os.environ, "PGPASSWORD": str(password)}
    command = [find_tool(name), *arguments, f"--dbname={make_conninfo("", **parts)}"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=environment, stdin=pipe if reads else None, stdout=None if reads else pipe, stderr=pipe
    ) as process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise


def feed(process: subprocess.Popen[bytes], content: bytes, name: str) -> None:
    """Give a tool bytes to read; raises ToolFailed, with what it said, when it takes no more."""
    try:
        if process.stdin is not None:
            process.stdin.write(content)
    except BrokenPipeError:
        require_success(process, name)
        raise


def require_success(process: subprocess.Popen[bytes], name: str) -> None:
    """End a tool's input and wait for its end; raises ToolFailed with what it said last."""
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()
    said = process.stderr.read().decode(errors="replace").strip().splitlines() if process.stderr else []
    if process.wait() != 0:
        msg = f"{name} failed: {said[-1] if said else 'it said nothing'}"
        raise ToolFailed(msg)
