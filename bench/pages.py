"""Measures how soon the phone app is seen and can be used on a slow phone.

`make bench` puts it beside the other figures; `.venv/bin/python -m bench.pages http://127.0.0.1:8000` measures a server
that runs.
"""

import json
import subprocess
import sys

from tools import web
from tools.say import Trouble

ROUNDS = 5
WITHIN_S = 240


def measure_pages(base_url: str) -> dict[str, float]:
    """Return the figures by name; raises Trouble when the app is not served there."""
    chromium = web.browser()
    if chromium is None:
        what = "no Chromium is there to measure the phone app in"
        raise Trouble(what, "run `python3 -m tools.web`, which installs it.")
    command = ["node", "tests/paint.mjs", chromium, base_url, str(ROUNDS)]
    told = subprocess.run(command, cwd=web.WEB, check=False, capture_output=True, text=True, timeout=WITHIN_S)
    if told.returncode != 0:
        what = f"the phone app at {base_url}/app/ could not be measured: {told.stderr.strip()[-500:]}"
        raise Trouble(what, "mend what it says, then run it again.")
    figures: dict[str, float] = json.loads(told.stdout)
    return figures


if __name__ == "__main__":
    for name, value in measure_pages(sys.argv[1]).items():
        print(f"{name} {value}")
