"""The phone library as it is run: by Node.js, and bundled in a browser."""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

from tools import web

RUNS_AT_MOST_S = 240


def require_packages() -> None:
    """Fail with the remedy where the npm packages are not installed."""
    assert web.STAMP.exists(), "web/node_modules is not there: run `python3 -m tools.web` (make test does)"


def bundle(folder: Path) -> Path:
    """Bundle the library for a page, where it is `daogang`; return the file."""
    require_packages()
    made = folder / "daogang.js"
    command = [
        str(web.MODULES / ".bin" / "esbuild"),
        "src/lib/index.ts",
        "--bundle",
        "--format=iife",
        "--target=es2022",
    ]
    settings = ["--global-name=daogang", "--log-level=warning", f"--outfile={made}"]
    subprocess.run([*command, *settings], cwd=web.WEB, check=True)
    return made


async def run_node(script: str, order: dict[str, Any]) -> dict[str, Any]:
    """Run a script of web/tests with an order on its standard input; return the last line that it prints."""
    require_packages()
    node = await asyncio.create_subprocess_exec(
        "node",
        f"tests/{script}",
        cwd=web.WEB,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, trouble = await asyncio.wait_for(node.communicate(json.dumps(order).encode()), RUNS_AT_MOST_S)
    finally:
        if node.returncode is None:
            node.kill()
    assert node.returncode == 0, f"{said.decode()[-3000:]}\n{trouble.decode()[-3000:]}"
    return json.loads(said.decode().strip().split("\n")[-1])
