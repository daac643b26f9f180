"""Finds and runs PostgreSQL's own pg_dump and pg_restore; passwords go by a private file, never by arguments."""

import os
import shutil
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

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
    pipe = subprocess.PIPE
    with TemporaryDirectory(prefix="daogang-") as folder:
        if password is not None:
            escaped = str(password).replace("\\", "\\\\").replace(":", "\\:")
            parts["passfile"] = str(_private_file(Path(folder) / "pgpass", f"*:*:*:*:{escaped}\n"))
        command = [find_tool(name), *arguments, "--dbname=" + make_conninfo("", **parts)]
        with subprocess.Popen(
            command, stdin=pipe if reads else None, stdout=None if reads else pipe, stderr=pipe
        ) as process:
            try:
                yield process
            except BaseException:
                process.kill()
                raise


def _private_file(path: Path, content: str) -> Path:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(content)
    return path


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
