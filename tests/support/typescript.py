"""Calls functions of the web apps' pure TypeScript files, so that they can be held against the server's own."""

import json
import subprocess
from typing import Any

from tools import web

ENDS_WITHIN_S = 60


def call_all(file: str, calls: list[tuple[str, list[Any]]]) -> list[Any]:
    """Return what the functions of a file under web/ answer, each called by name with its arguments."""
    order = json.dumps({"file": file, "calls": calls})
    made = subprocess.run(
        ["node", "tests/pure.mjs"],  # noqa: S607 - of the distribution, as tools.web has it
        cwd=web.WEB,
        input=order,
        capture_output=True,
        text=True,
        check=False,
        timeout=ENDS_WITHIN_S,
    )
    assert made.returncode == 0, made.stderr
    answers: list[Any] = json.loads(made.stdout)
    return answers
