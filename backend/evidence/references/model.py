"""Says which step may follow which in the life of a person's reference photos (pure)."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final, Literal

Step = Literal[
    "approved", "rejected", "disputed", "upheld", "renewal_wanted", "superseded", "exit", "withdrawn", "deleted"
]
State = Literal["awaiting", "approved", "rejected", "disputed", "ended", "deleted"]
"""`ended`: not used any more, its pictures are about to be deleted."""

MOST_PHOTOS: Final = 3
EXIT_GRACE: Final = timedelta(days=30)
"""So long after the last exit was confirmed the photos stay: people come back, and disputes come late."""

ENDING: Final[frozenset[Step]] = frozenset({"superseded", "exit", "withdrawn"})
LIVE: Final[frozenset[State]] = frozenset({"awaiting", "approved", "disputed"})

_AFTER: Final[Mapping[Step, Mapping[State, State]]] = {
    "approved": {"awaiting": "approved"},
    "rejected": {"awaiting": "rejected", "disputed": "rejected"},
    "disputed": {"approved": "disputed"},
    "upheld": {"disputed": "approved"},
    "renewal_wanted": {"approved": "approved", "disputed": "disputed"},
    **{one: dict.fromkeys(LIVE, "ended") for one in ENDING},
    "deleted": {"rejected": "deleted", "ended": "deleted"},
}


def state_after(state: State, step: Step) -> State | None:
    """Return the state that a step leads to; None when it may not be made."""
    return _AFTER[step].get(state)


def state_of(steps: Iterable[Step]) -> State:
    """Return how reference photos stand after their steps, in the order in which they were made."""
    state: State = "awaiting"
    for step in steps:
        state = state_after(state, step) or state
    return state
