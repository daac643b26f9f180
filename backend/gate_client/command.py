"""The command line's side of the reference client."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from backend.gate_client.client import KeyRefused
from backend.gate_client.simulation import Plan, play


def read_outages(written: list[str]) -> list[tuple[float, float]]:
    """Read spans such as `30-120` (seconds from the start); raises ValueError."""
    spans: list[tuple[float, float]] = []
    for one in written:
        begin, _, end = one.partition("-")
        span = (float(begin), float(end))
        if not 0 <= span[0] < span[1]:
            msg = f"{one} is no span of seconds"
            raise ValueError(msg)
        spans.append(span)
    return spans


def simulate(
    plan: Plan,
    url: str,
    key: tuple[str, str],
    queue: Path,
    *,
    clock: Callable[[], datetime],
    say: Callable[[str], None],
) -> int:
    """Play a gate; returns the exit status: 0 all delivered, 1 something waits, 2 without a usable key."""
    if not key[1]:
        say("put the key's secret into DAOGANG_GATE_SECRET")
        return 2
    try:
        played = asyncio.run(play(plan, url, key, queue, clock=clock, say=say))
    except KeyRefused as refusal:
        say(f"the server does not take the key: {refusal}")
        return 2
    say(f"{played.recorded} recorded, {played.waiting} waiting, {played.refused} set aside")
    return 0 if played.waiting == 0 else 1
