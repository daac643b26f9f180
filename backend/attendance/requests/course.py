"""The course of a request: which step leads from which state to which (pure)."""

from typing import Final, Literal

from backend.attendance.requests.kinds import RequestKind, State

Step = Literal[
    "deputy_confirmed", "deputy_declined", "endorsed", "approved", "rejected", "withdrawn", "escalated", "overturned"
]

_NEXT: Final[dict[tuple[State, Step], State]] = {
    ("deputy", "deputy_confirmed"): "deciding",
    ("deputy", "deputy_declined"): "rejected",
    ("deputy", "withdrawn"): "withdrawn",
    ("endorsing", "endorsed"): "deciding",
    ("endorsing", "rejected"): "rejected",
    ("endorsing", "withdrawn"): "withdrawn",
    ("deciding", "approved"): "approved",
    ("deciding", "rejected"): "rejected",
    ("deciding", "withdrawn"): "withdrawn",
    ("deciding", "escalated"): "deciding",
    ("rejected", "overturned"): "approved",
}


def first_state(kind: RequestKind, *, deputy: bool) -> State:
    """Return where a request begins: with the deputy, with the project, or with who decides."""
    if kind == "make_up":
        return "endorsing"
    return "deputy" if deputy else "deciding"


def next_state(kind: RequestKind, state: State, step: Step) -> State | None:
    """Return where a step leads, None where it cannot be taken; only appeals go one office up."""
    if step == "escalated" and kind != "appeal":
        return None
    return _NEXT.get((state, step))


def leads_anywhere(state: State) -> bool:
    """Tell whether any step but an appeal's success can still be taken."""
    return any(before == state and step != "overturned" for before, step in _NEXT)
