"""Calls functions of the web apps' pure TypeScript files, so that they can be held against the server's own."""

import json
import subprocess
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeAlias

from tools import web

ENDS_WITHIN_S = 60

Call: TypeAlias = tuple[str, list[Any]]


def call_all(file: str, calls: list[Call]) -> list[Any]:
    """Return what the functions of a file under web/ answer, each called by name with its arguments."""
    with calling(file) as ask:
        return ask(calls)


@contextmanager
def calling(file: str) -> Generator[Callable[[list[Call]], list[Any]]]:
    """Keep a Node.js with a file under web/, for whoever calls its functions again and again."""
    node = subprocess.Popen(
        ["node", "tests/pure.mjs"],  # noqa: S607 - of the distribution, as tools.web has it
        cwd=web.WEB,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def ask(calls: list[Call]) -> list[Any]:
        assert node.stdin
        assert node.stdout
        # One that hangs is ended, so that the line which is waited for comes, empty.
        ender = threading.Timer(ENDS_WITHIN_S, node.kill)
        ender.start()
        try:
            node.stdin.write(json.dumps({"file": file, "calls": calls}) + "\n")
            node.stdin.flush()
            answers: Any = json.loads(node.stdout.readline() or '{"trouble": "it ended"}')
        finally:
            ender.cancel()
        assert isinstance(answers, list), answers["trouble"]
        return answers

    with node:
        try:
            yield ask
            assert node.stdin
            node.stdin.close()
            assert node.wait(ENDS_WITHIN_S) == 0
        finally:
            node.kill()
