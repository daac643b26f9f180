"""Tells from a gate's last live events whether its clock is off (pure)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Literal

KEPT = 20
"""How many skews of a device are remembered."""
FEWEST = 3
LIMIT_S = 120.0
RIGHT_AGAIN_S = 60.0
TOGETHER = timedelta(seconds=60)

Change = Literal["off", "right"]


def live_skews_s(live: Iterable[datetime], received_at: datetime) -> list[float]:
    """Return by how many seconds a device was behind us at the live events of one delivery, at most the last twenty.

    Events made over a minute before the latest of the same delivery were waiting, whatever the device says of them:
    they show how long, not how late its clock is.
    """
    instants = sorted(live)[-KEPT:]
    return [(received_at - at).total_seconds() for at in instants if instants[-1] - at <= TOGETHER]


def typical_skew_s(skews: Sequence[float]) -> float | None:
    """Return the median, None while there are fewer than three."""
    return median(skews) if len(skews) >= FEWEST else None


def judge_clock(skews: Sequence[float], *, was_off: bool) -> Change | None:
    """Tell whether the clock went off or became right; None while it stays as it was.

    Two thresholds, so that a clock at the edge of one is told once.
    """
    typical = typical_skew_s(skews)
    if typical is None:
        return None
    if not was_off and abs(typical) > LIMIT_S:
        return "off"
    if was_off and abs(typical) <= RIGHT_AGAIN_S:
        return "right"
    return None
