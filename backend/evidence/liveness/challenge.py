"""What a person is asked to do before the camera: drawn anew each time, short-lived, used once (pure)."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, Literal

Step = Literal["neutral", "turn_left", "turn_right", "look_up", "look_down", "open_mouth"]
Kind = Literal["online", "sealed"]
"""`sealed`: issued ahead with a field pack, for where there is no network; it can be seen before it is used."""

MOVES: Final[tuple[Step, ...]] = ("turn_left", "turn_right", "look_up", "look_down", "open_mouth")
DRAWN: Final = 4
"""Moves after the neutral look: with a left and a right turn among them there are 128 sequences."""
FRAMES: Final = DRAWN + 1

NONCE_BYTES: Final = 16
LIFE: Final = timedelta(seconds=60)
SEALED_AHEAD: Final = 3
"""So many unused challenges a phone has ahead for one project."""
MOST_WITHIN: Final = timedelta(minutes=10)
MOST: Final = 10
"""So many challenges a person may ask for within MOST_WITHIN."""

Choose = Callable[[Sequence[Step]], Step]


def draw_steps(choose: Choose) -> tuple[Step, ...]:
    """Return the steps of a challenge, each sequence as likely as any other.

    The neutral look comes first; among four moves there is a left and a right turn, and no move follows itself.
    `choose` draws one of several with equal chances (`secrets.choice`). What does not fit is drawn anew as a
    whole: mending it would make some sequences likelier.
    """
    while True:
        moves: tuple[Step, ...] = tuple(choose(MOVES) for _ in range(DRAWN))
        if is_fit(moves):
            return ("neutral", *moves)


def is_fit(moves: Sequence[Step]) -> bool:
    """Tell whether moves hold a left and a right turn, and none follows itself."""
    repeated = any(one == other for one, other in pairwise(moves))
    return "turn_left" in moves and "turn_right" in moves and not repeated


def wait_for_challenge(recent: Sequence[datetime], now: datetime) -> timedelta | None:
    """Return None if one more challenge may be issued, else how long to wait; `recent` is when others were."""
    counted = sorted(at for at in recent if at > now - MOST_WITHIN)
    if len(counted) < MOST:
        return None
    return counted[len(counted) - MOST] + MOST_WITHIN - now
