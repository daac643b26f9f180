"""Says what a device does with an answer, and how long it waits (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

LONGEST_WAIT_S: Final = 300.0
FIRST_WAIT_S: Final = 1.0
STANDING_WAIT_S: Final = 60.0
"""How long to wait when somebody has to do something on the server's side: activate, unblock, state networks."""

Move = Literal["done", "sign_anew", "wait", "smaller", "stop"]

_OK, _FORBIDDEN, _BUSY = 200, 403, 429
_NO_USE: Final = frozenset({400, 413, 422})
_AWAY: Final = 500


@dataclass(frozen=True, slots=True)
class Next:
    """What to do next: after `wait_s`, and with `offset` between the server's clock and the device's if it was told."""

    move: Move
    wait_s: float = 0.0
    offset: timedelta | None = None


def judge_answer(
    status: int, problem: Mapping[str, Any], *, failures: int, retry_after: str | None, now: datetime
) -> Next:
    """Return what follows an answer; `failures` counts those in a row before it, `now` is the device's own clock.

    What is not named here (an unknown key, a wrong signature) no retry mends.
    A device whose clock is wrong takes the offset to the server's and signs with it; its events keep its own time.
    """
    code = problem.get("code")
    if code == "gates.clock_skew":
        return Next("sign_anew", offset=datetime.fromisoformat(str(problem["server_time"])) - now)
    if status == _BUSY or status >= _AWAY:
        return Next("wait", _stated(retry_after) or backoff(failures))
    if status == _FORBIDDEN:
        return Next("wait", STANDING_WAIT_S)
    move: Move = "stop"
    if status == _OK:
        move = "done"
    elif code == "gates.nonce_replayed":
        move = "sign_anew"
    elif status in _NO_USE:
        move = "smaller"
    return Next(move)


def backoff(failures: int) -> float:
    """Return how many seconds to wait after so many failures in a row: 1, 2, 4 … 300."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(failures, 20))


def _stated(retry_after: str | None) -> float | None:
    if retry_after is None or not retry_after.isascii() or not retry_after.isdigit():
        return None
    return min(LONGEST_WAIT_S, float(retry_after))
